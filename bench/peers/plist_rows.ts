/** Makes rows of user records, as a collection does: the same fields as bench/peers/plist_rows.py. */
import { readFileSync } from 'node:fs';
import { parseDsUsers } from '../../collector/parsers/ds_users.ts';

const stdout = readFileSync(process.argv[2] ?? '', 'utf8');
const rows = parseDsUsers({ stdout, stderr: '', exitCode: 0, euid: 0 }).map((user) => [
  ...[user.uid, user.gid, user.recordName, user.realName, user.home, user.shell, user.uuid],
  user.authenticationAuthority,
]);
process.stdout.write(`${rows.length} ${JSON.stringify(rows.at(-1))}\n`);
