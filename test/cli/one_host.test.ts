import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { queries } from '../../queries/index.ts';
import { askAt } from '../nights/clock.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';

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

test('a query of the library tells of one Mac what its last look told, as it does of all', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'looks.db');
  const start = 1_790_000_000;
  // What was seen once and not again is known, and told by no question.
  const without = ['-extended', 'listUsers', 'dscl', 'profiles'];
  const looks = [
    makeBundle('macos26-managed', join(folder, 'a'), { time: start }),
    makeBundle('macos26-managed', join(folder, 'b'), { time: start + 3600, without }),
    makeBundle('macos15-unmanaged', join(folder, 'c'), { time: start }),
  ];
  const given = looks.flatMap((look) => ['--source', look]);
  t.is((await askAt(start + 7200, 'snapshot', '--db', path, ...given)).exitCode, 0);
  type Row = Readonly<Record<string, unknown>>;
  const told = async (...words: readonly string[]): Promise<Row[]> => {
    const { stdout } = await askAt(start + 7200, 'query', '--db', path, '--json', ...words);
    return JSON.parse(stdout) as Row[];
  };
  const hosts = (await told('SELECT host_id FROM hosts')).map((row) => String(row['host_id']));
  t.is(hosts.length, 2);
  const texts = (rows: readonly Row[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
  let compared = 0;
  for (const { name } of queries.filter((query) =>
    /^(?:lock|token|posture|user|filevault)/.test(query.name),
  )) {
    const all = await told('-n', name);
    for (const host of hosts) {
      const own = all.filter((row) => row['host_id'] === host);
      if (own.length === 0) continue;
      compared += 1;
      t.deepEqual(texts(await told('-n', name, '--host', host)), texts(own), `${name} --host`);
      const each = (await told('-n', name, '--each-host')).filter((row) => row['host_id'] === host);
      t.is(each.length, own.length, `${name} --each-host`);
    }
  }
  t.true(compared > 2);
});
