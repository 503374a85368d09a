/** What stands for the names of a store while the library is asked has the same rows. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openForReading, openForWriting } from '../../store/file.ts';
import { quoteName } from '../../store/ddl.ts';
import { withPlainHosts } from '../../store/plain_hosts.ts';
import { retain } from '../../store/retention.ts';
import { tables } from '../../tables/index.ts';
import { readPacked } from '../net/recorded.ts';
import { temporaryFolder } from '../standin.ts';

/** The rows of every view of a file, in the order of their text: nothing else promises one. */
const rowsOf = (path: string, isPlain: boolean): ReadonlyMap<string, readonly string[]> => {
  const store = openForReading(path, tables);
  const { db } = store;
  if (isPlain) withPlainHosts(db, tables);
  const names = db
    .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'view'")
    .pluck()
    .all() as string[];
  const rows = new Map(
    names.map((name) => [
      name,
      db
        .prepare(`SELECT * FROM ${quoteName(name)}`)
        .raw(true)
        .all()
        .map((row) => JSON.stringify(row))
        .toSorted(),
    ]),
  );
  store.close();
  return rows;
};

test('every name has the rows that it has without, in a month of late, partial and denied looks, and after it was cut', (t) => {
  const path = join(temporaryFolder(t), 'fleet.db');
  writeFileSync(path, readPacked('fleet.db'), { mode: 0o600 });
  const check = (what: string): void => {
    const [own, plain] = [rowsOf(path, false), rowsOf(path, true)];
    t.true((own.get('users_history')?.length ?? 0) > (own.get('users')?.length ?? 0), what);
    for (const [name, rows] of own) t.deepEqual(plain.get(name), rows, `${what}: ${name}`);
  };
  const store = openForWriting(path, tables);
  check('a month');
  const times = store.db
    .prepare('SELECT DISTINCT collected_time FROM snapshots ORDER BY 1')
    .pluck()
    .all() as number[];
  retain(store, times[Math.floor(times.length / 2)] ?? 0);
  check('half a month');
  store.close();
});

test('a history is found by the times of its rows, and a row of now by its host', (t) => {
  const path = join(temporaryFolder(t), 'fleet.db');
  writeFileSync(path, readPacked('fleet.db'), { mode: 0o600 });
  openForWriting(path, tables).close();
  const store = openForReading(path, tables);
  const { db } = store;
  withPlainHosts(db, tables);
  const planOf = (sql: string): string =>
    (db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[])
      .map(({ detail }) => detail)
      .join('\n');
  const recent = planOf('SELECT DISTINCT username FROM users_history WHERE valid_from_time > 1790000000');
  t.regex(recent, /r USING INDEX _current_users_from \(_from_time>\?\)/);
  t.notRegex(recent, /SCAN s/);
  const of = planOf(
    'SELECT h.host_id FROM hosts h JOIN authorized_key_files f ON f.host_id = h.host_id WHERE f.uid = 0 AND h.remote_login_enabled = 1',
  );
  t.notRegex(of, /AUTOMATIC/);
  store.close();
});
