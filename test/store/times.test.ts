/** A snapshot whose own time is no date: no format can write it, so no door takes it. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import { formatNames } from '../../export/formats/index.ts';
import { isoTimeOf } from '../../export/format.ts';
import { nativeLines } from '../native_lines.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, snapshotOfBundle } from './evidence.ts';

const last = 8_640_000_000_000;
const first = 978_307_200;
const noDates = [
  first - 1,
  0,
  -last,
  last + 1,
  -last - 1,
  1e15,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];
const noIntegers = ['1.5', '"1790000000"', 'null', 'true', '1e400', '[]'];

const native = async (): Promise<string> =>
  [...nativeLines(await snapshotOfBundle(sample('macos15-unmanaged')), tables)].join('');
const timed = (text: string, time: number | string): string =>
  text.replaceAll(/"collected_time":-?[0-9]+/g, `"collected_time":${time}`);

test('merge refuses an export, evidence and a database with such a time by name, and takes the others', async (t) => {
  const cwd = temporaryFolder(t);
  const text = await native();
  const bad: string[] = [];
  const put = (name: string): string => {
    bad.push(name);
    return join(cwd, name);
  };
  for (const [index, time] of [...noDates, ...noIntegers].entries()) {
    writeFileSync(put(`export${index}.ndjson`), timed(text, time));
    if (index >= noDates.length) continue;
    makeBundle('macos14-not-root', put(`evidence${index}`), { time: Number(time) });
  }
  const whole = join(cwd, 'whole.db');
  t.is((await cli(['snapshot', '--db', whole, '--source', sample('macos14-not-root')])).code, 0);
  for (const [index, time] of noDates.entries()) {
    const path = put(`database${index}.db`);
    copyFileSync(whole, path);
    const db = new Database(path);
    db.prepare('UPDATE _snapshot SET collected_time = ?').run(time);
    db.close();
  }
  writeFileSync(join(cwd, 'good.ndjson'), text);
  const ran = await cli(['merge', '--db', 'fleet.db', ...bad, 'good.ndjson'], { cwd });
  t.is(ran.code, 1);
  t.is(ran.stdout, '1 snapshot of 1 host stored\n');
  const errors = ran.stderr.split('\n').filter((line) => line.includes('tokenquery: error: '));
  t.is(errors.length, bad.length, ran.stderr);
  for (const name of bad)
    t.regex(
      errors.find((line) => line.includes(name)) ?? '',
      /no date|has no (?:snapshot_id|captured_time)/,
      name,
    );
});

test('query and findings refuse such evidence by name', async (t) => {
  const folder = temporaryFolder(t);
  for (const [index, time] of noDates.entries()) {
    const path = makeBundle('macos15-unmanaged', join(folder, `evidence${index}`), { time });
    const argv =
      index % 2 === 0 ? ['query', '--source', path, 'SELECT * FROM hosts'] : ['findings', '--source', path];
    const { code, stdout, stderr } = await cli(argv);
    t.deepEqual([code, stdout], [1, ''], stderr);
    t.true(
      stderr.startsWith(`tokenquery: error: ${path}: the captured_time of evidence.json is no date`),
      stderr,
    );
  }
});

test('export names the host whose snapshot has such a time and leaves it out, in every format, and exports the others', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'fleet.db');
  const hosts = ['macos15-unmanaged', 'macos14-not-root'];
  const sources = hosts.flatMap((name) => ['--source', sample(name)]);
  t.is((await cli(['snapshot', '--db', path, ...sources])).code, 0);
  const db = new Database(path);
  const [bad, good] = db.prepare('SELECT host_id FROM _host ORDER BY host_id').pluck().all() as string[];
  const host = db.prepare('SELECT host FROM _host WHERE host_id = ?').pluck().get(bad);
  db.prepare('UPDATE _snapshot SET collected_time = ? WHERE host = ?').run(last + 1, host);
  db.prepare('UPDATE _host SET last_time = ? WHERE host = ?').run(last + 1, host);
  db.close();
  for (const format of formatNames) {
    const to = format === 'csv' ? ['--output', join(folder, 'csv')] : [];
    const whole = await cli(['export', '--db', path, '--format', format, ...to]);
    t.is(whole.code, 0, `${format} ${whole.stderr}`);
    t.regex(
      whole.stderr,
      new RegExp(`left out: snapshots of 1 host with a collected_time that is no date: ${bad} `),
      format,
    );
    if (format === 'csv') continue;
    t.true(whole.stdout.includes(good ?? ''), `${format}: the other host goes out`);
    t.false(whole.stdout.includes(bad ?? ''), format);
  }
  for (const more of [['--changes'], ['--changes', '--format', 'osquery'], ['--findings']]) {
    const { code, stdout, stderr } = await cli(['export', '--db', path, ...more]);
    t.is(code, 0, stderr);
    t.true(stdout.includes(good ?? ''), more.join(' '));
  }
});

test('the first and the last date go through every door and every format', async (t) => {
  const folder = temporaryFolder(t);
  const text = await native();
  for (const time of [last, first]) {
    const file = join(folder, `t${time}.ndjson`);
    const path = join(folder, `t${time}.db`);
    writeFileSync(file, timed(text, time));
    const merged = await cli(['merge', '--db', path, file]);
    t.is(merged.stdout, '1 snapshot of 1 host stored\n', merged.stderr);
    for (const format of formatNames) {
      const to = join(folder, `out-${format}-${time}`);
      const { code, stderr } = await cli(['export', '--db', path, '--format', format, '--output', to]);
      t.is(code, 0, `${format} ${time} ${stderr}`);
      // What is dated later than it was stored is kept, and is not current.
      if (time === last) t.regex(stderr, /dated later than stored/);
      else if (format !== 'csv') t.true(readFileSync(to).length > 0, format);
    }
  }
});

test('a time in a row that is no date has no text of one', (t) => {
  t.is(isoTimeOf(0), '1970-01-01T00:00:00.000Z');
  t.is(isoTimeOf(last), '+275760-09-13T00:00:00.000Z');
  for (const value of [
    last + 1,
    -last - 1,
    1e15,
    Number.MAX_SAFE_INTEGER,
    1.5,
    null,
    undefined,
    '0',
    10n,
    Number.NaN,
    Infinity,
  ])
    t.is(isoTimeOf(value), undefined, String(value));
});
