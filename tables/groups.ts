import { defineTable, integer, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'groups',
  description: 'One row per local group: its name, its group id, its UUID.',
  columns: {
    gid: integer('Group id.', { privacy: 'nobody', example: '80' }),
    groupname: required(
      text('Short name: the first RecordName.', { privacy: 'group_name', example: 'admin' }),
    ),
    uuid: text('GeneratedUID, upper case.', {
      privacy: 'device',
      example: 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050',
    }),
  },
  key: ['groupname', 'gid', 'uuid'],
  sources: ['ds_groups'],
  macos: '10.13+',
  examples: ['SELECT gid, groupname FROM groups WHERE gid >= 500;'],
  generate: async (context) =>
    (await context.read('ds_groups')).flatMap(({ gid, recordName, uuid }) =>
      recordName === null ? [] : [{ gid, groupname: recordName, uuid }],
    ),
});
