import { anotherOption, keyAlgorithms, optionNames } from '../collector/parsers/authorized_keys.ts';
import type { AuthorizedKey } from '../collector/parsers/authorized_keys.ts';
import { knownWords } from '../collector/privacy.ts';
import { defineTable, integer, oneOf, required, text } from '../collector/table.ts';
import { keyFileIn } from './authorized_key_files.ts';
import { readOfUsers } from './shared/owned_files.ts';

/** Which of several that are kept alike it is, from 1. */
const numbered = (keys: readonly AuthorizedKey[]) => {
  const seen = new Map<string, number>();
  return keys.map((key) => {
    const occurrence = (seen.get(key.fingerprint) ?? 0) + 1;
    seen.set(key.fingerprint, occurrence);
    return { key, occurrence };
  });
};

export default defineTable({
  name: 'authorized_keys',
  description: 'One row per key that may log in as an account by Remote Login; with --include ssh_keys only.',
  columns: {
    uid: integer('User id of the account.', { privacy: 'nobody', example: '501' }),
    username: required(text('Short name of the account.', { privacy: 'name', example: 'alice' })),
    uuid: text('GeneratedUID of the account.', {
      privacy: 'account',
      example: 'A1B2C3D4-1111-4AAA-8BBB-000000000001',
    }),
    algorithm: required(oneOf(keyAlgorithms, 'Kind of the key.', { privacy: 'nobody' })),
    bits: required(integer('Size of the key.', { privacy: 'nobody', example: '256' })),
    fingerprint: required(
      text('Digest of the key, as `ssh-keygen -l` prints it: whose key it is, on whatever Mac.', {
        privacy: 'linkable',
        example: 'SHA256:L3k/oJubblSY0lB9Ulsl7emDMnRPKm/8udf2ccwk560',
      }),
    ),
    options: text('Names of its options, with commas; their values are not kept.', {
      privacy: knownWords([...optionNames, anotherOption], 'free'),
      example: 'restrict,command',
      nullIsAnswer: 'it has none',
    }),
    key_file: text('The file it stands in.', {
      privacy: 'name',
      example: '/Users/alice/.ssh/authorized_keys',
    }),
    occurrence: required(
      integer('1, or which of several that are alike in one file.', { privacy: 'nobody', example: '1' }),
    ),
  },
  key: ['username', 'uid', 'fingerprint', 'occurrence'],
  sources: ['authorized_keys', 'ds_users'],
  rowsFrom: ['authorized_keys'],
  include: 'ssh_keys',
  macos: '10.13+',
  notes: [
    'uid, algorithm, options and key_file are those of osquery; the key and its comment are not kept.',
    'Of accounts that can log in, and of homes on the disk of the Mac. authorized_key_files says of which it is not known.',
    'sshd may take keys from elsewhere, too (sshd_config.authorized_keys_file, has_authorized_keys_command, has_trusted_user_ca).',
    'The printed collector leaves it out, for it has no rules for the file.',
  ],
  examples: [
    'SELECT username, algorithm, bits, fingerprint FROM authorized_keys;',
    'SELECT fingerprint, COUNT(DISTINCT host_id) AS hosts FROM authorized_keys GROUP BY fingerprint ORDER BY hosts DESC;',
  ],
  generate: async (context) => {
    const files = await readOfUsers(context, 'authorized_keys', keyFileIn);
    return files.flatMap(({ user, path, file }) =>
      numbered(file?.content?.keys ?? []).map(({ key, occurrence }) => ({
        uid: user.uid,
        username: user.username,
        uuid: user.uuid,
        algorithm: key.algorithm,
        bits: key.bits,
        fingerprint: key.fingerprint,
        options: key.options.length === 0 ? null : key.options.join(','),
        key_file: path,
        occurrence,
      })),
    );
  },
});
