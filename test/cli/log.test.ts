/** What a job writes on stderr, and how it ends where something was not seen. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { logState, restoreLog } from '../../cli/log.ts';
import { verbs } from '../../cli/main.ts';
import { ownPathOf } from '../../collector/sources.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { dataTables } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { askAt } from '../nights/clock.ts';
import { cli, makeStandIn, sample, temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';

const start = 1_790_000_000;
const stamp = '2026-09-21T14:13:20Z';
const uuid = '[0-9A-F-]{36}';
/** With the name of the Mac, where it has one. */
const host = `${uuid}(?:/\\S+)?`;

const jobs = ['lake', 'osquery-extension', 'snapshot', 'export', 'merge', 'retain', 'job'];

test('what a scheduler starts takes --log-lines, and nothing else does', async (t) => {
  for (const [name, { load }] of Object.entries(verbs)) {
    const command = await load();
    t.is(command.log !== undefined, jobs.includes(name), name);
    t.is('log-lines' in command.options, jobs.includes(name), name);
  }
});

test.serial(
  'each line of a job has a time and a host, also what is wrong with its command line',
  async (t) => {
    const folder = temporaryFolder(t);
    const db = join(folder, 'a.db');
    const ahead = makeBundle('macos15-unmanaged', join(folder, 'ahead'), { time: start + 90_000 });
    for (const [words, what] of [
      [['snapshot', '--db', db, '--nonsense'], `- tokenquery: error: `],
      [['merge', '--db', db, join(folder, 'nothing\nhere')], '- tokenquery: error: '],
      [['retain', '--db', join(folder, 'none.db'), '--older-than', '1d'], '- tokenquery: error: '],
      [['export', '--db', join(folder, 'none.db')], '- tokenquery: error: '],
      [['snapshot', '--db', db, '--source', ahead, '--strict'], `${host} tokenquery: `],
      [['export', '--db', db, '--output', join(folder, 'x.ndjson')], `${host} tokenquery: note: `],
    ] as const) {
      const { stderr } = await askAt(start, ...words);
      const lines = stderr.split('\n').slice(0, -1);
      t.true(lines.length > 0, words.join(' '));
      for (const line of lines)
        t.regex(line, new RegExp(`^${stamp} (?:-|${host}) tokenquery: (?:error|hint|note): `), words[0]);
      t.true(
        lines.some((line) => new RegExp(`^${stamp} ${what}`).test(line)),
        stderr,
      );
      const plain = await askAt(start, ...words.slice(0, 3), '--log-lines', 'plain', ...words.slice(3));
      for (const line of plain.stderr.split('\n').slice(0, -1))
        t.regex(line, words.some((word) => word === '--nonsense') ? /^20/ : /^tokenquery: \w+: /, words[0]);
    }
  },
);

test.serial('who asks reads plain lines, after a job in the same process too', async (t) => {
  const folder = temporaryFolder(t);
  const before = logState();
  t.deepEqual(before, { log: null, host: null });
  const both = await askAt(
    start,
    ...['merge', '--db', join(folder, 'a.db'), join(folder, 'none')],
    ...['--then', 'query', '--db', join(folder, 'a.db'), 'SELECT * FROM users'],
  );
  const lines = both.stderr.split('\n').slice(0, -1);
  t.true(lines[0]?.startsWith(`${stamp} - tokenquery: error: `), both.stderr);
  t.true(lines.at(-1)?.startsWith('tokenquery: '), both.stderr);
  restoreLog(before);
});

test('a pipe of query and findings has no times; the guard of a job has them', async (t) => {
  const folder = temporaryFolder(t);
  const asked = await cli(['query', '--source', sample('macos14-not-root'), 'SELECT * FROM filevault_users']);
  t.regex(asked.stderr, /^tokenquery: note: /);
  const bundle = makeBundle('macos15-unmanaged', join(folder, 'one'), { time: start });
  const words = ['snapshot', '--db', join(folder, 'a.db'), '--source', bundle];
  const journal = await cli(words, { env: { JOURNAL_STREAM: '1:1' } });
  t.is(journal.code, 0, journal.stderr);
});

test.serial('what a job did is a line of its log, and stdout of snapshot is an answer', async (t) => {
  const folder = temporaryFolder(t);
  const { root: mac } = makeStandIn(sample('macos15-unmanaged'), folder);
  const settings = join(mac, ownPathOf('local_settings'));
  mkdirSync(dirname(settings), { recursive: true });
  writeFileSync(settings, writeXmlPlist(new Map([['Enabled', true]])), { mode: 0o644 });
  const words = ['job', '--exec-root', mac, '--db', join(folder, 'a.db'), '--cursor', join(folder, 'c')];
  const output = ['--output', join(folder, 'r.ndjson')];
  const done = await askAt(start, ...words, ...output);
  t.is(done.exitCode, 0, done.stderr);
  for (const line of done.stdout.split('\n').slice(0, -1))
    t.regex(line, new RegExp(`^${stamp} ${host} tokenquery: info: `));
  t.regex(done.stdout, /\/frontdesk-mini tokenquery: info: .*first snapshot/);
  const next = start + 2 * 86_400;
  const strict = await askAt(next, ...words, ...output, '--log-lines', 'plain', '--require', 'users');
  t.is(strict.exitCode, 0, strict.stderr);
  t.regex(strict.stdout, new RegExp(`^${uuid}: `));
});

/** The status of each table of a bundle whose commands with such a word are gone. */
const storedWith = async (folder: string, name: string, without: readonly string[]) => {
  const path = makeBundle('macos26-managed', join(folder, name), { time: start, without });
  const db = join(folder, `${name}.db`);
  await askAt(start, 'snapshot', '--db', db, '--source', path);
  const { stdout } = await askAt(
    start,
    ...['query', '--db', db, '--json', 'SELECT table_name AS name, status FROM table_status'],
  );
  const rows = JSON.parse(stdout) as { name: string; status: string }[];
  return { path, statuses: new Map(rows.map((row) => [row.name, row.status])) };
};

test.serial(
  '--strict and --require end with 4 for exactly what was not seen, and what was seen is stored',
  async (t) => {
    const folder = temporaryFolder(t);
    const seen = new Set(['ok', 'empty', 'unsupported']);
    for (const [index, without] of [[], ['-extended'], ['listUsers'], ['dscl', 'profiles']].entries()) {
      const { path, statuses } = await storedWith(folder, `m${index}`, without);
      const ended = async (...more: readonly string[]): Promise<number> => {
        const db = join(folder, 'again.db');
        const { exitCode, stdout } = await askAt(start, 'snapshot', '--db', db, '--source', path, ...more);
        t.regex(stdout, /first snapshot|stored before|changed|added|removed/);
        return exitCode;
      };
      t.is(await ended(), 0);
      const isWhole = [...statuses.values()].every((status) => seen.has(status) || status === 'skipped');
      t.is(await ended('--strict'), isWhole ? 0 : 4, without.join());
      const all = dataTables(tables).map(({ name }) => name);
      t.deepEqual(all.toSorted(), [...statuses.keys()].toSorted());
      const bad = all.filter((name) => !seen.has(statuses.get(name) ?? ''));
      const good = all.filter((name) => seen.has(statuses.get(name) ?? ''));
      t.is(await ended('--require', good.join(',')), 0);
      for (const name of bad.slice(0, 2)) t.is(await ended('--require', 'users', '--require', name), 4, name);
      if (index > 0) t.true(bad.length > 0);
    }
    // A clock that fell back behind what is retained: nothing is stored, night after night.
    const db = join(folder, 'again.db');
    await askAt(start + 86_400, 'retain', '--db', db, '--older-than', '1h');
    const path = makeBundle('macos26-managed', join(folder, 'past'), { time: start - 86_400 });
    for (const more of [[], ['--strict'], ['--require', 'users']]) {
      const { exitCode, stdout } = await askAt(start, 'snapshot', '--db', db, '--source', path, ...more);
      t.regex(stdout, /nothing was stored/);
      t.is(exitCode, more.length === 0 ? 0 : 4, more.join());
    }
    const wrong = await askAt(start, 'snapshot', '--db', join(folder, 'x.db'), '--require', 'user');
    t.is(wrong.exitCode, 2);
    t.regex(wrong.stderr, /there is no table "user"\n.*did you mean users\?/);
  },
);
