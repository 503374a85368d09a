import { defineTable, integer, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'groups',
  description: 'Local groups.',
  columns: {
    gid: integer('Group id.', { example: '80' }),
    groupname: required(text('Short name: the first RecordName.', { example: 'admin' })),
    uuid: text('GeneratedUID, upper case.', { example: 'ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050' }),
  },
  key: ['groupname', 'gid', 'uuid'],
  sources: ['ds_groups'],
  privilege: 'user',
  macos: '10.13+',
  examples: ['SELECT gid, groupname FROM groups WHERE gid >= 500;'],
  generate: async (context) =>
    (await context.read('ds_groups')).flatMap(({ gid, recordName, uuid }) =>
      recordName === null ? [] : [{ gid, groupname: recordName, uuid }],
    ),
});
