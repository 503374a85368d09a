import { defineTable, integer, text, time } from '../collector/table.ts';

export default defineTable({
  name: 'deleted_users',
  description: 'One row per account that was deleted in System Settings: its name, its user id, and when.',
  columns: {
    username: text('Short name of the account that was deleted.', { privacy: 'name', example: 'carol' }),
    uid: integer('Its user id.', { privacy: 'nobody', example: '503' }),
    deleted_time: time('When it was deleted.', { privacy: 'nobody', example: '1757000000' }),
  },
  key: ['deleted_time', 'username', 'uid'],
  sources: ['accounts_preferences'],
  macos: '10.13+',
  notes: [
    'Only System Settings keeps this log: an account deleted by sysadminctl, dscl or MDM is not in it.',
    'The log has no GeneratedUID: apfs_crypto_users tells whether an unknown one can still unlock the disk.',
  ],
  examples: [
    'SELECT username, uid, deleted_time FROM deleted_users ORDER BY deleted_time DESC;',
    'SELECT d.username FROM deleted_users d JOIN users u ON u.username = d.username;',
  ],
  generate: async (context) => {
    const deleted = await context.readFile(
      'accounts_preferences',
      '/Library/Preferences/com.apple.preferences.accounts.plist',
    );
    return (deleted ?? []).map(({ username, uid, deletedTime }) => ({
      username,
      uid,
      deleted_time: deletedTime,
    }));
  },
});
