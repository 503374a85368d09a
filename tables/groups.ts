import { boolean, defineTable, integer, required, text } from '../collector/table.ts';

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
    gid_signed: integer('The same as gid, under the name by which osquery has it.', {
      privacy: 'nobody',
      example: '80',
    }),
    is_hidden: boolean('Never collected.', {
      privacy: 'nobody',
      from: [],
      nullBecause: 'dscl is not asked for it',
    }),
    comment: text('Never collected; osquery has it on Windows alone.', {
      privacy: 'private',
      from: [],
      nullBecause: 'dscl is not asked for it',
    }),
  },
  key: ['groupname', 'gid', 'uuid'],
  sources: ['ds_groups'],
  macos: '10.13+',
  examples: ['SELECT gid, groupname FROM groups WHERE gid >= 500;'],
  generate: async (context) =>
    (await context.read('ds_groups')).flatMap(({ gid, recordName, uuid }) =>
      recordName === null
        ? []
        : [{ gid, groupname: recordName, uuid, gid_signed: gid, is_hidden: null, comment: null }],
    ),
});
