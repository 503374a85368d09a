import { boolean, bit, defineTable, oneOf } from '../collector/table.ts';
import type { Column, Context } from '../collector/table.ts';
import { parseFailed } from '../collector/errors.ts';
import type { DsGroup } from '../collector/parsers/ds_groups.ts';

const noOverride = 'launchd holds no override';
/** A switch of launchd: a label that it does not list is neither on nor off, for the job’s own file decides. */
const service = (what: string, keptSince?: string) =>
  boolean(`Whether launchd may start ${what}; NULL when launchd holds no override.`, {
    privacy: 'nobody',
    example: '0',
    from: ['launchctl_print_disabled'],
    nullIsAnswer: noOverride,
    ...(keptSince === undefined ? {} : { keptSince }),
  });

const whoWords = ['everybody', 'members'] as const;
type Who = (typeof whoWords)[number];
const who = (what: string, group: string): Column<Who | null> =>
  oneOf(
    whoWords,
    `Who may use ${what} while it is on: everybody, or the members of the group ${group} alone (user_groups).`,
    { privacy: 'nobody', from: ['ds_groups'] },
  );

/**
 * A group of its name limits the service to its members. With -disabled behind its name the limit is off, and without either
 * none was ever set: everybody may.
 */
const whoMay = (context: Context, groups: readonly DsGroup[] | null, name: string): Who | null => {
  if (groups === null) return null;
  const has = (wanted: string): boolean =>
    groups.some(({ recordName, aliases }) => recordName === wanted || aliases.includes(wanted));
  const [isLimited, isOpen] = [has(name), has(`${name}-disabled`)];
  if (isLimited && isOpen) {
    const both = parseFailed(`there is a group ${name} and a group ${name}-disabled`).costing('value');
    context.note(both, { source: 'ds_groups' });
    return null;
  }
  if (isLimited || isOpen) return isLimited ? 'members' : 'everybody';
  return context.isComplete('ds_groups') ? 'everybody' : null;
};

const remoteManagement = '/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd';

export default defineTable({
  name: 'sharing_preferences',
  description: 'One row per Mac: which services let others in over the network, and whom.',
  columns: {
    screen_sharing: service('screen sharing', '0.8.0'),
    file_sharing: service('file sharing by SMB', '0.8.0'),
    remote_login: service('sshd'),
    remote_apple_events: service('the server of remote Apple events', '0.8.0'),
    remote_management: boolean('Remote Management (Apple Remote Desktop) is on: its file is there.', {
      privacy: 'nobody',
      example: '0',
      from: ['stat'],
    }),
    remote_login_access: who('sshd', 'com.apple.access_ssh'),
    screen_sharing_access: who('screen sharing', 'com.apple.access_screensharing'),
    remote_apple_events_access: who('remote Apple events', 'com.apple.access_remote_ae'),
  },
  key: [],
  sources: ['launchctl_print_disabled', 'ds_groups', 'stat'],
  macos: '10.13+',
  notes: [
    'The first five columns have the names of osquery. A service that launchd does not list is NULL here, and 0 in osquery.',
    'With Remote Management on, screen sharing is part of it, whatever screen_sharing says.',
    'Who may is told also of a service that is off.',
  ],
  examples: [
    'SELECT screen_sharing, screen_sharing_access FROM sharing_preferences WHERE screen_sharing = 1;',
    "SELECT host_id FROM sharing_preferences WHERE remote_login = 1 AND remote_login_access = 'everybody';",
  ],
  generate: async (context) => {
    const [services, groups, management] = await Promise.all([
      context.orUnknown(context.read('launchctl_print_disabled')),
      context.orUnknown(context.read('ds_groups')),
      context.orUnknown(context.stat(remoteManagement)),
    ]);
    if (services === null && groups === null) await context.read('launchctl_print_disabled');
    const isOn = (label: string): 0 | 1 | null => {
      const isDisabled = services?.get(label);
      return isDisabled === undefined ? null : bit(!isDisabled);
    };
    return [
      {
        screen_sharing: isOn('com.apple.screensharing'),
        file_sharing: isOn('com.apple.smbd'),
        remote_login: isOn('com.openssh.sshd'),
        remote_apple_events: isOn('com.apple.AEServer'),
        remote_management: management === null ? null : bit(management.kind !== 'missing'),
        remote_login_access: whoMay(context, groups, 'com.apple.access_ssh'),
        screen_sharing_access: whoMay(context, groups, 'com.apple.access_screensharing'),
        remote_apple_events_access: whoMay(context, groups, 'com.apple.access_remote_ae'),
      },
    ];
  },
});
