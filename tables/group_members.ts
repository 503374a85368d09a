import {
  bit,
  boolean,
  defineTable,
  integer,
  oneOf,
  required,
  text,
  toldForCertain,
} from '../collector/table.ts';
import type { DsGroup } from '../collector/parsers/ds_groups.ts';
import { isUuid } from '../collector/uuid.ts';
import { localAccounts } from './shared/accounts.ts';
import type { DsUser } from '../collector/parsers/ds_users.ts';

const kinds = ['name', 'guid', 'nested_group'] as const;

/** The raw values of one group, each once. */
const valuesOf = (group: DsGroup): { readonly kind: (typeof kinds)[number]; readonly member: string }[] => [
  ...[...new Set(group.memberNames)].map((member) => ({ kind: 'name' as const, member })),
  ...[...new Set(group.memberUuids)].map((member) => ({ kind: 'guid' as const, member })),
  ...[...new Set(group.nestedGroupUuids)].map((member) => ({ kind: 'nested_group' as const, member })),
];

export default defineTable({
  name: 'group_members',
  description:
    'One row per member that a group names: by name, by UUID or as a nested group, and does it exist.',
  columns: {
    gid: integer('Group id.', { privacy: 'nobody', example: '80', from: ['ds_groups'] }),
    groupname: required(
      text('Short name of the group.', { privacy: 'group_name', example: 'admin', from: ['ds_groups'] }),
    ),
    member_kind: required(
      oneOf(kinds, 'How the group names the member.', { privacy: 'nobody', from: ['ds_groups'] }),
    ),
    member: required(
      text('Short name or GeneratedUID, as stored.', {
        privacy: 'member',
        example: 'alice',
        from: ['ds_groups'],
      }),
    ),
    uuid: text('GeneratedUID of the local account or group that is meant.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
      from: ['ds_users', 'ds_groups'],
      nullIsAnswer: 'the group names the member, and no local account has that name',
    }),
    is_resolved: boolean(
      '0 when no local account or group answers to the member: it dangles, or is of a directory.',
      { privacy: 'nobody', example: '1', from: ['ds_users', 'ds_groups'], settled: toldForCertain },
    ),
  },
  key: ['groupname', 'gid', 'member_kind', 'member'],
  sources: ['ds_groups', 'ds_users'],
  rowsFrom: ['ds_groups'],
  hasRowsOfValues: true,
  macos: '10.13+',
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { columns: ['is_resolved'], rows: true },
  },
  examples: ["SELECT member_kind, member FROM group_members WHERE groupname = 'admin' AND is_resolved = 0;"],
  generate: async (context) => {
    const [groups, users] = await Promise.all([
      context.read('ds_groups'),
      context.orUnknown(context.read('ds_users')),
    ]);
    // What was left out of an answer, or did not come, may be what a member means.
    const accounts = localAccounts(context, users);
    const knowsGroups = context.isComplete('ds_groups');
    const byName = new Map<string, DsUser>();
    for (const user of users ?? []) {
      for (const name of [user.recordName, ...user.aliases]) byName.set(name.toLowerCase(), user);
    }
    const groupUuids = new Set(groups.flatMap(({ uuid }) => uuid ?? []));
    return groups.flatMap((group) => {
      const { gid, recordName: groupname } = group;
      if (groupname === null) return [];
      return valuesOf(group).map(({ kind, member }) => {
        const common = { gid, groupname, member_kind: kind, member };
        if (kind === 'nested_group') {
          const isKnown = groupUuids.has(member);
          return {
            ...common,
            uuid: isKnown ? member : null,
            is_resolved: bit(isKnown || (knowsGroups && isUuid(member) ? false : null)),
          };
        }
        if (kind === 'guid') {
          // What is no GUID was one, or was meant to be.
          const isKnown = isUuid(member) ? accounts.has(member) : null;
          return { ...common, uuid: isKnown === true ? member : null, is_resolved: bit(isKnown) };
        }
        const user = byName.get(member.toLowerCase());
        const isResolved = user !== undefined || (accounts.isComplete ? false : null);
        return { ...common, uuid: user?.uuid ?? null, is_resolved: bit(isResolved) };
      });
    });
  },
});
