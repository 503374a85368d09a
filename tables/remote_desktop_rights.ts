import { bit, boolean, defineTable, integer, required, text } from '../collector/table.ts';

const right = (description: string) => boolean(description, { privacy: 'nobody', example: '1' });

export default defineTable({
  name: 'remote_desktop_rights',
  description:
    'One row per account with rights of its own in Remote Management (Apple Remote Desktop): which.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '501' }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the user.', {
      privacy: 'device',
      example: 'FB756838-5C7D-4B0E-9A55-40FB5E7D5D3F',
    }),
    may_control: right('It may see the screen and control it.'),
    may_chat: right('It may send text messages.'),
    may_copy: right('It may copy files to the Mac and from it.'),
    may_delete: right('It may delete and replace items.'),
    may_report: right('It may make reports.'),
    may_launch: right('It may open and quit programs, and send commands.'),
    may_change_settings: right('It may change settings.'),
    may_restart: right('It may restart the Mac and shut it down.'),
    is_notified: right('Who sits at the screen is told that it is observed.'),
  },
  key: ['username', 'uuid', 'uid'],
  sources: ['ds_remote_rights'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'The rights are naprivs of the record. They count while Remote Management is on (sharing_preferences).',
    'An account without a row has no right of its own; all local accounts may have been granted them together.',
    'A row of NULLs has rights that could not be read; table_status says so.',
  ],
  examples: [
    'SELECT username, may_control, may_launch FROM remote_desktop_rights WHERE may_control = 1 OR may_launch = 1;',
  ],
  generate: async (context) => {
    const records = await context.read('ds_remote_rights');
    return records
      .filter(({ hasRights }) => hasRights)
      .map(({ recordName, uid, uuid, rights }) => ({
        uid,
        username: recordName,
        uuid,
        may_control: bit(rights?.mayControl),
        may_chat: bit(rights?.mayChat),
        may_copy: bit(rights?.mayCopy),
        may_delete: bit(rights?.mayDelete),
        may_report: bit(rights?.mayReport),
        may_launch: bit(rights?.mayLaunch),
        may_change_settings: bit(rights?.mayChangeSettings),
        may_restart: bit(rights?.mayRestart),
        is_notified: bit(rights?.isNotified),
      }));
  },
});
