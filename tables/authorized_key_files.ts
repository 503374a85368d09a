import type { AuthorizedKey, AuthorizedKeys } from '../collector/parsers/authorized_keys.ts';
import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, integer, required, text, time } from '../collector/table.ts';
import type { Owned } from '../collector/table.ts';
import { readOfUsers } from './shared/owned_files.ts';

export const keyFileIn = (home: string): string => `${home}/.ssh/authorized_keys`;

/** By the fingerprints: the same keys in another order have the same. */
const digestOf = (fingerprints: readonly string[]): string =>
  process.getBuiltinModule('node:crypto').hash('sha256', fingerprints.toSorted().join('\n')).slice(0, 16);

/** Null where not all of them are known. */
const keysOf = (file: Owned<AuthorizedKeys> | null): readonly AuthorizedKey[] | null => {
  if (file === null) return null;
  if (file.content === null) return [];
  return file.content.isWhole ? file.content.keys : null;
};

export default defineTable({
  name: 'authorized_key_files',
  description:
    'One row per account that can log in: how many keys may log in as it by Remote Login; with --include ssh_keys only.',
  columns: {
    uid: integer('User id of the account.', { privacy: 'nobody', example: '501' }),
    username: required(text('Short name of the account.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the account.', {
      privacy: 'account',
      example: 'A1B2C3D4-1111-4AAA-8BBB-000000000001',
    }),
    key_file: text('The file.', { privacy: 'name', example: '/Users/alice/.ssh/authorized_keys' }),
    file_exists: boolean('1 when it is there.', { privacy: 'nobody', example: '1' }),
    key_count: integer('How many keys stand in it; 0 where there is no file.', {
      privacy: 'nobody',
      example: '2',
    }),
    keys_digest: text('Digest of their fingerprints: another one where a key came, went or was replaced.', {
      privacy: 'hash',
      example: '3f1c5e0a9b7d2468',
    }),
    file_mode: text('Mode of the file.', {
      privacy: knownWords(/^[0-7]{4}$/),
      example: '0600',
      nullIsAnswer: 'there is no file, or the evidence does not say it',
    }),
    file_modified_time: time('When it was last written.', {
      privacy: 'behaviour',
      example: '1789200100',
      nullIsAnswer: 'there is no file, or the evidence does not say it',
    }),
  },
  key: ['username', 'uid', 'uuid'],
  sources: ['authorized_keys', 'ds_users'],
  rowsFrom: ['ds_users'],
  include: 'ssh_keys',
  macos: '10.13+',
  notes: [
    'A file is read only where the account owns it, it is a plain file of at most 1 MiB, and neither it, its folder nor the home is a link or lies on another disk than the accounts. Else key_count is NULL, and table_status says why.',
    'sshd takes keys of an account that cannot log in as well, for connections without a shell: such accounts are not looked at.',
    'The printed collector leaves it out, for it has no rules for the file.',
  ],
  examples: ['SELECT username, key_count, file_modified_time FROM authorized_key_files WHERE key_count > 0;'],
  generate: async (context) => {
    const files = await readOfUsers(context, 'authorized_keys', keyFileIn);
    return files.map(({ user, path, file }) => {
      const keys = keysOf(file);
      return {
        uid: user.uid,
        username: user.username,
        uuid: user.uuid,
        key_file: path,
        file_exists: file === null ? null : bit(file.content !== null),
        key_count: keys?.length ?? null,
        keys_digest: keys === null ? null : digestOf(keys.map(({ fingerprint }) => fingerprint)),
        file_mode: file?.look == null ? null : file.look.mode.toString(8).padStart(4, '0'),
        file_modified_time: file?.look?.mtime ?? null,
      };
    });
  },
});
