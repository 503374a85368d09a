import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { cli, sample } from '../standin.ts';

const names = ['macos26-managed', 'macos14-not-root'];
const sources = names.flatMap((name) => ['--source', sample(name)]);
const sql =
  'SELECT u.username, count(*) AS groups FROM users u JOIN user_groups g ON g.uid = u.uid WHERE u.uid > 500 GROUP BY 1 ORDER BY 1';

const ask = async (
  ...words: readonly string[]
): Promise<{ rows: Record<string, unknown>[]; stderr: string }> => {
  const { code, stdout, stderr } = await cli(['query', '--json', ...words]);
  if (code !== 0) throw new Error(stderr);
  return { rows: JSON.parse(stdout) as Record<string, unknown>[], stderr };
};

/** Made once for both tests. */
const db = join(mkdtempSync(join(tmpdir(), 'tokenquery-test-')), 'two.db');
test.before(async (t) => t.is((await cli(['snapshot', '--db', db, ...sources])).code, 0));
test.after.always(() => rmSync(dirname(db), { recursive: true }));

test('--host asks one Mac, as --each-host asks it, of sources and of a database', async (t) => {
  for (const world of [sources, ['--db', db]]) {
    const { rows } = await ask(...world, '--each-host', sql);
    const hosts = [...new Set(rows.map(({ host_id: id }) => String(id)))];
    t.is(hosts.length, 2);
    for (const host of hosts) {
      const one = await ask(...world, '--host', host.toLowerCase(), sql);
      t.deepEqual(
        one.rows,
        rows.filter(({ host_id: id }) => id === host).map(({ username, groups }) => ({ username, groups })),
      );
      t.false(one.stderr.includes('are put together'), one.stderr);
    }
    const { code, stderr } = await cli(['query', ...world, '--host', `${hosts[0]}0`, sql]);
    t.is(code, 1);
    t.regex(stderr, /there is no host [^]*did you mean/);
  }
});

test('what could not be collected is told of the one host alone', async (t) => {
  const { rows } = await ask(
    '--db',
    db,
    "SELECT host_id, status FROM table_status WHERE table_name = 'filevault_users' ORDER BY 2",
  );
  const [denied, ok] = rows.map(({ host_id: id }) => String(id));
  for (const world of [sources, ['--db', db]]) {
    const what = 'SELECT count(*) FROM filevault_users';
    t.regex((await ask(...world, '--host', denied ?? '', what)).stderr, /note: filevault_users is denied/);
    t.false((await ask(...world, '--host', ok ?? '', what)).stderr.includes('filevault_users'));
  }
});
