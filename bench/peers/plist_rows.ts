/** Makes rows of user records, as a collection does: the same fields as bench/peers/plist_rows.py. */
import { readFileSync } from 'node:fs';
import { parseDsUsers } from '../../collector/parsers/ds_users.ts';

const [used, began] = [process.cpuUsage(), performance.now()];
const stdout = readFileSync(process.argv[2] ?? '', 'utf8');
const rows = parseDsUsers({ stdout, stderr: '', exitCode: 0, euid: 0 }).map((user) => [
  ...[user.uid, user.gid, user.recordName, user.realName, user.home, user.shell, user.uuid],
  user.authenticationAuthority,
]);
const seconds = (performance.now() - began) / 1000;
const { user, system } = process.cpuUsage(used);
process.stdout.write(
  `${JSON.stringify({ rows: rows.length, last: rows.at(-1), seconds, processor: (user + system) / 1e6 })}\n`,
);
