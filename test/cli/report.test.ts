import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { hmacOf } from '../../export/pseudonyms.ts';
import { storedQueries } from '../../queries/findings.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { fleet, hostileHost, hostileNames, makeStore, reportTime } from '../export/report/world.ts';
import { askAt } from '../nights/clock.ts';
import { sample } from '../standin.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-report-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const hosts = 30;
const [db, unjudged, key] = [at('fleet.db'), at('unjudged.db'), at('redact.key')];
const keyText = 'c'.repeat(64);
test.before(() => {
  makeStore(db, fleet(hosts));
  makeStore(unjudged, fleet(hosts), false);
  writeFileSync(key, keyText, { mode: 0o600 });
});

const ask = (...words: readonly string[]) => askAt(reportTime, 'report', ...words);
let made = 0;
/** Makes a page and returns its text. */
const pageOf = async (...words: readonly string[]): Promise<string> => {
  const path = at(`${(made += 1)}.html`);
  const { exitCode, stderr } = await ask('--output', path, ...words);
  if (exitCode !== 0) throw new Error(stderr);
  return readFileSync(path, 'utf8');
};

/** The cells of the tables of a tile, row by row. */
const cellsOf = (page: string, tile: string): readonly (readonly string[])[] =>
  Array.from(
    page.matchAll(new RegExp(`<table class="cards" data-tile="${tile}">(.*?)</table>`, 'gs')),
  ).flatMap(([, text = '']) =>
    Array.from(text.slice(text.indexOf('<tbody>')).matchAll(/<tr>(.*?)<\/tr>/gs), ([, row = '']) =>
      Array.from(row.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/gs), ([, cell = '']) =>
        cell
          .replaceAll(/<[^>]*>/g, ' ')
          .replaceAll(/\s+/g, ' ')
          .trim(),
      ),
    ),
  );

test.serial(
  'a page is written whole, for its owner alone, in one file without a script or an address',
  async (t) => {
    const page = await pageOf('--db', db);
    const path = at(`${made}.html`);
    t.is(statSync(path).mode & 0o777, 0o600);
    t.regex(page, /^<!doctype html>/);
    t.true(page.endsWith('</html>\n'));
    t.false(/<script|<link|<img|<iframe|<[^>]*\son[a-z]+=|url\((?!#)/i.test(page));
    t.false(/https?:|javascript:/.test(page));
    t.true(/default-src &#39;none&#39;; style-src &#39;sha256-[A-Za-z0-9+/=]+&#39;;/.test(page));
    const { exitCode, stdout } = await ask('--db', db, '--output', '-');
    t.is(exitCode, 0);
    t.is(stdout, page);
    await ask('--db', db, '--output', at('page.html.gz'));
    t.is(gunzipSync(readFileSync(at('page.html.gz'))).toString('utf8'), page);
  },
);

test.serial(
  'the numbers on the page are those that the program answers to the statements that it names',
  async (t) => {
    const page = await pageOf('--db', db);
    for (const tile of ['controls', 'not-seen', 'ways', 'trend', 'standing', 'age']) {
      const [, sql = ''] =
        new RegExp(`<h3 id="sql-${tile}">.*?<pre><code>(.*?)</code></pre>`, 's').exec(page) ?? [];
      const statement = sql
        .replaceAll('&#39;', "'")
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&amp;', '&');
      const { stdout, stderr } = await askAt(reportTime, 'query', '--db', db, '--json', statement);
      const rows = JSON.parse(stdout) as Record<string, unknown>[];
      t.is(stderr.includes('error'), false);
      const numbers = (cells: readonly string[]): number[] =>
        cells.filter((cell) => /^\d+$/.test(cell)).map(Number);
      const told = cellsOf(page, tile).map((cells) => numbers(cells.slice(1)).join());
      const answered = rows.map((row) =>
        Object.values(row)
          .slice(1)
          .filter((value) => typeof value === 'number')
          .join(),
      );
      t.deepEqual(told.toSorted(), answered.toSorted(), tile);
      t.true(told.length > 1, tile);
    }
  },
);

interface Summary {
  readonly query_name: string;
  readonly hit: number;
  readonly suppressed: number;
  readonly clean: number;
  readonly unknown: number;
  readonly not_asked: number;
}

test.serial('judged anew, a page tells what findings tells at the same moment', async (t) => {
  const accepted = at('exceptions.json');
  const exception = {
    ...{ query: 'guest_login_on', owner: 'Mara Lindqvist', reason: 'A kiosk.', until: '2027-03-01' },
    ...{ host: '*', subject: '*' },
  };
  writeFileSync(accepted, JSON.stringify({ version: 1, exceptions: [exception] }));
  const overlay = at('overlay');
  mkdirSync(overlay);
  const change = { query: 'filevault_off', severity: 'off', owner: 'Endpoint team', reason: 'A lab.' };
  writeFileSync(join(overlay, 'site.json'), JSON.stringify({ version: 1, changes: [change] }));
  for (const [file, ...site] of [[db], [unjudged], [db, '--overlay', overlay]]) {
    const page = await pageOf('--db', file ?? '', '--judge', '--exceptions', accepted, ...site);
    const told = cellsOf(page, 'controls').map(([name = '', , ...counts]) =>
      [name.split(' ').at(-1), ...counts.slice(0, 5)].join(),
    );
    const { stdout } = await askAt(
      reportTime,
      ...['findings', '--db', file ?? '', '--summary', '--json', '--exceptions', accepted, ...site],
    );
    const names = new Set(storedQueries.map(({ name }) => name));
    const byName = Map.groupBy(JSON.parse(stdout) as Summary[], (row) => row.query_name);
    const found = [...byName]
      .filter(([name]) => names.has(name))
      .map(([name, rows]) =>
        [
          name,
          ...(['hit', 'suppressed', 'clean', 'unknown', 'not_asked'] as const).map((word) =>
            rows.reduce((sum, row) => sum + row[word], 0),
          ),
        ].join(),
      );
    t.deepEqual(told.toSorted(), found.toSorted());
    t.is(told.length, storedQueries.length);
  }
  const { stderr } = await ask('--db', unjudged, '--output', at('unjudged.html'));
  t.regex(stderr, /last look at 30 of 30 hosts was not judged/);
  t.true(readFileSync(at('unjudged.html'), 'utf8').includes('No Mac was judged'));
});

test.serial('the page of one Mac goes down to the commands, and is asked for by name', async (t) => {
  const page = await pageOf('--db', db, '--host', hostileNames[6]);
  t.true(page.includes('o&#39;brien&#96;${1}&#96;'));
  t.deepEqual(cellsOf(page, 'witnesses')[0]?.slice(1, 4), [
    'no: absent capfs',
    'yes: tag (disagrees) copendirectory',
    'yes: ENABLED (disagrees) csysadminctl',
  ]);
  const of = await pageOf('--source', sample('macos26-managed'), '--host', 'mquist-mbp');
  const ids = Array.from(of.matchAll(/href="#(c-[0-9a-z]+)"/g), ([, id = '']) => id);
  t.true(ids.length > 50);
  for (const id of new Set(ids)) t.true(of.includes(` id="${id}"`), id);
  const missing = await ask('--db', db, '--host', 'nobody', '--output', at('none.html'));
  t.is(missing.exitCode, 1);
  t.regex(missing.stderr, /there is no host nobody/);
  t.false(existsSync(at('none.html')));
});

test.serial('evidence is judged in memory, and leaves nothing behind', async (t) => {
  const before = readdirSync(folder).length;
  const page = await pageOf('--source', 'sample');
  t.is(readdirSync(folder).length, before + 1);
  t.regex(page, /The keys of 4 Macs/);
  t.regex(page, /Judged for this page/);
  t.is(cellsOf(page, 'controls').length, storedQueries.length);
});

test.serial(
  'redacted, a page tells no name and no UUID of a Mac, and the pseudonyms of the exports',
  async (t) => {
    const store = openForReading(db, tables);
    const names = (sql: string): string[] => store.db.prepare(sql).pluck().all() as string[];
    const secrets = [
      ...names(
        'SELECT host_id FROM hosts UNION SELECT hostname FROM hosts UNION SELECT computer_name FROM hosts',
      ),
      ...names('SELECT uuid FROM users UNION SELECT username FROM users'),
    ].filter((name) => name !== null && name.length > 4 && !/^root$|^_|guest/i.test(name));
    store.close();
    t.true(secrets.length > 50);
    for (const level of ['pseudonym', 'strict'])
      for (const more of [[], ['--host', hostileHost(0)]]) {
        const page = await pageOf('--db', db, '--redact', level, '--redact-key', key, ...more);
        const text = page.replaceAll(/<style>.*?<\/style>/gs, '');
        for (const secret of secrets) t.false(text.includes(secret), `${level}: ${secret}`);
        for (const part of [
          'document.title',
          'onerror',
          'right to left',
          'nnnnnnnn',
          'brien',
          'Lindqvist',
          'kiosk',
        ])
          t.false(text.includes(part), `${level}: ${part}`);
        t.true(text.includes(hmacOf(Buffer.from(keyText))(hostileHost(0))), level);
      }
    const appendix = at('redacted.csv');
    await pageOf('--db', db, '--redact', 'pseudonym', '--redact-key', key, '--appendix', appendix);
    const csv = readFileSync(appendix, 'utf8');
    for (const secret of secrets) t.false(csv.includes(secret), secret);
  },
);

test.serial(
  'the appendix has a line for each question and Mac, and no cell that a spreadsheet calculates',
  async (t) => {
    const path = at('appendix.csv');
    await pageOf('--db', db, '--appendix', path);
    const text = readFileSync(path, 'utf8');
    t.is(statSync(path).mode & 0o777, 0o600);
    const records = text
      .replaceAll(/"(?:[^"]|"")*"/g, 'quoted')
      .trimEnd()
      .split('\r\n');
    t.is(records.length, 1 + hosts * storedQueries.length);
    t.regex(records[0] ?? '', /^query_name,title,severity,mscp,cis,stig,nist_800_53,/);
    t.true(text.includes(",'=1+1,"));
    t.false(text.includes(',=1+1'));
    const store = openForReading(db, tables);
    const hits = store.db
      .prepare("SELECT COUNT(*) FROM verdicts WHERE verdict = 'hit'")
      .pluck()
      .get() as number;
    store.close();
    t.is(records.filter((line) => line.includes(',hit,')).length, hits);
    const blank = at('unjudged.csv');
    await pageOf('--db', unjudged, '--appendix', blank);
    t.is(readFileSync(blank, 'utf8').match(/,not_judged,/g)?.length, hosts);
  },
);

test.serial(
  'what cannot be is refused before anything is written, in the words of the other outputs',
  async (t) => {
    const nothing = at('nothing.db');
    writeFileSync(nothing, '');
    const empty = at('empty.db');
    openForWriting(empty, tables).close();
    writeFileSync(at('open.key'), keyText, { mode: 0o644 });
    const page = at('refused.html');
    const cases: readonly (readonly [RegExp, number, ...string[]])[] = [
      [/name the page to write/, 2, '--db', db],
      [/there is no .*absent\.db/, 1, '--db', at('absent.db'), '--output', page],
      [/holds no snapshot/, 1, '--db', nothing, '--output', page],
      [/holds no snapshot/, 1, '--db', empty, '--output', page],
      [/would replace the database/, 2, '--db', db, '--output', db],
      [/would replace the database/, 2, '--db', db, '--output', `${db}-wal`],
      [/would replace the database/, 2, '--db', db, '--output', page, '--appendix', db],
      [/would replace the appendix/, 2, '--db', db, '--output', page, '--appendix', page],
      [/would replace the key/, 2, '--db', db, '--output', key, '--redact', 'strict', '--redact-key', key],
      [/is a folder/, 1, '--db', db, '--output', folder],
      [/there is no folder/, 1, '--db', db, '--output', at('none/page.html'), '--appendix', at('beside.csv')],
      [/exclude each other/, 2, '--db', db, '--source', 'sample', '--output', page],
      [/--judge goes with --db/, 2, '--source', 'sample', '--judge', '--output', page],
      [/--expect goes with --judge/, 2, '--db', db, '--expect', 'managed', '--output', page],
      [/--overlay goes with --judge/, 2, '--db', db, '--overlay', folder, '--output', page],
      [/--redact needs --redact-key/, 2, '--db', db, '--redact', 'strict', '--output', page],
      [
        /can be read by others/,
        1,
        '--db',
        db,
        '--redact',
        'strict',
        '--redact-key',
        at('open.key'),
        '--output',
        page,
      ],
      [/exclude each other/, 2, '--db', db, '--host', 'x', '--appendix', at('x.csv'), '--output', page],
    ];
    for (const [words, code, ...line] of cases) {
      const { exitCode, stderr } = await ask(...line);
      t.regex(stderr, words, line.join(' '));
      t.is(exitCode, code, stderr);
      t.notRegex(stderr, /should not happen/);
    }
    t.false(existsSync(page));
    t.false(existsSync(at('beside.csv')));
    t.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.tmp')),
      [],
    );
  },
);

test.serial(
  'what is written into the database meanwhile is not on the page, and its digest is not told of a part',
  async (t) => {
    const writer = openForWriting(db, tables);
    writer.db.exec("INSERT INTO _setting VALUES ('test', 1)");
    const page = await pageOf('--db', db);
    t.regex(page, /not told: it is no one file/);
    writer.db.exec("DELETE FROM _setting WHERE name = 'test'");
    writer.close();
    const after = await pageOf('--db', db);
    const digest = createHash('sha256').update(readFileSync(db)).digest('hex');
    t.true(after.includes(digest));
  },
);

test.serial('snapshots that are redacted in different ways are not told on one page', async (t) => {
  const mixed = at('mixed.db');
  makeStore(mixed, fleet(4));
  const store = openForWriting(mixed, tables);
  store.db.exec("UPDATE _snapshot SET redaction = 'strict' WHERE host = 1");
  store.close();
  const { exitCode, stderr } = await ask('--db', mixed, '--output', at('mixed.html'));
  t.is(exitCode, 1);
  t.regex(stderr, /redacted in different ways: not at all, strict/);
  t.true((await pageOf('--db', mixed, '--host', hostileHost(1))).length > 1000);
});
