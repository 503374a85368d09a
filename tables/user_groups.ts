import { parseFailed } from '../collector/errors.ts';
import { memberships } from './shared/accounts.ts';
import { boolean, defineTable, integer, required, text } from '../collector/table.ts';

export default defineTable({
  name: 'user_groups',
  description: 'One row per account and group that it is in, also through nested groups.',
  columns: {
    uid: integer('User id.', { privacy: 'nobody', example: '501' }),
    gid: integer('Group id.', { privacy: 'nobody', example: '80' }),
    username: required(text('Short name of the user.', { privacy: 'name', example: 'alice' })),
    groupname: required(text('Short name of the group.', { privacy: 'group_name', example: 'admin' })),
    is_direct: boolean(
      '1 when named by the group itself, 0 when through a nested group or as primary group.',
      { privacy: 'nobody', example: '1' },
    ),
  },
  key: ['username', 'uid', 'groupname', 'gid'],
  sources: ['ds_groups', 'ds_users'],
  hasRowsOfValues: true,
  macos: '10.13+',
  notes: [
    'macOS puts every account into everyone and localaccounts; these two are not listed.',
    'A directory is never asked: membership through one of its groups is not listed.',
  ],
  examples: ["SELECT username, is_direct FROM user_groups WHERE groupname = 'admin';"],
  generate: async (context) => {
    const [groups, users] = await Promise.all([context.read('ds_groups'), context.read('ds_users')]);
    // Who has which primary group is told by the two ids alone.
    const lost = parseFailed('an id of a primary group cannot be read').costing('entry');
    if (groups.some((group) => group.gid === null)) context.note(lost, { source: 'ds_groups' });
    if (users.some((user) => user.gid === null)) context.note(lost, { source: 'ds_users' });
    return [...memberships(users, groups)].flatMap(([{ recordName, gid }, members]) =>
      (recordName === null ? [] : [...members]).map(([user, membership]) => ({
        uid: user.uid,
        gid,
        username: user.recordName,
        groupname: recordName ?? '',
        is_direct: membership === 'direct' ? (1 as const) : (0 as const),
      })),
    );
  },
});
