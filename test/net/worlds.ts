/**
 * What is asked of a program, and what it answers: name of a file to its text. A world is made in a folder of its own, by
 * command lines alone, so that no change inside of the program can change what is asked.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  packBundle,
  questions,
  readInput,
  reportNames,
  sampleNames,
  tables,
  writeBundle,
} from './evidence.ts';
import { matrix } from './matrix.ts';
import { dayTime, exportedAfter, month, nextNight, now, receivedTime, steps } from './month.ts';
import { runNamed, withRecordedVersion } from './program.ts';
import type { Run } from './program.ts';
import { readPacked } from './recorded.ts';

export type Texts = Map<string, string>;
export type World = (run: Run, folder: string) => Promise<Texts>;

const tableNames = Object.keys(tables);

/** A time after all evidence of the samples. */
const afterSamples = 1_790_100_000;
const modes = ['pretty', 'json', 'csv', 'line', 'list', 'markdown', 'osquery-json'];
/** In these every table is printed; in the others those that have values of every kind. */
const wholeModes = ['pretty', 'json', 'csv'];
const oddTables = ['account_policy_data', 'apfs_volumes', 'command_log', 'hosts', 'secure_tokens', 'users'];
const formats = ['native', 'json', 'csv', 'osquery', 'ocsf', 'ecs', 'hec'];

const extensions: Readonly<Record<string, string>> = { json: 'json', csv: 'csv' };

interface Export {
  readonly name: string;
  readonly options: readonly string[];
}
/** Exports into files; csv into a folder with a file for each table. */
const exportAll = async (
  run: Run,
  folder: string,
  db: string,
  wanted: readonly Export[],
  time: number,
): Promise<Texts> => {
  const out = `${db}-exports`;
  mkdirSync(join(folder, out), { recursive: true });
  const { stdout, end } = await run(
    wanted.map(({ name, options }) => ['export', '--db', db, '--output', `${out}/${name}`, ...options]),
    time,
  );
  const texts: Texts = new Map([['export.txt', stdout + end]]);
  for (const entry of readdirSync(join(folder, out), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(folder, out).length + 1).replaceAll('\\', '/');
    if (entry.isFile()) texts.set(`export/${name}`, readFileSync(path, 'utf8'));
  }
  return texts;
};

/** Every format of some rows; `kind` is part of the name. */
const everyFormat = (kind: string, options: readonly string[], some = formats): readonly Export[] =>
  some.map((format) => ({
    name:
      format === 'csv' && !options.includes('--findings')
        ? `${kind}-csv`
        : `${kind}-${format}.${extensions[format] ?? 'ndjson'}`,
    options: ['--format', format, ...options],
  }));

/** A database promises no order where none is asked for. Ids do not count: they may become other ones. */
const sorted = (text: string): string => {
  const keyed = text
    .split('\n')
    .flatMap((line): [string, string][] =>
      line === '' ? [] : [[`${line.replaceAll(/(?<=_id":)[0-9]+/g, '')} ${line}`, `${line}\n`]],
    );
  return keyed
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, line]) => line)
    .join('');
};

/** Each line once: every mode says the same of a table. */
const once = (text: string): string => [...new Set(text.split('\n'))].join('\n');

const under = (prefix: string, texts: ReadonlyMap<string, string>): [string, string][] =>
  [...texts].map(([name, text]) => [`${prefix}${name}`, text]);

/** The four sample hosts, from their evidence and from a database of it. */
export const samples: World = async (run, folder) => {
  for (const name of sampleNames) writeBundle(readInput(name), join(folder, name));
  const sources = sampleNames.flatMap((name) => ['--source', name]);
  // overview.json has the rows of all; here is what a query collects for the tables that it names.
  const some = ['macos14-not-root', 'macos26-managed'].flatMap((name) => ['--source', name]);
  const texts: Texts = new Map();

  const rows = await runNamed(
    run,
    folder,
    new Map(
      tableNames.map((name) => [`${name}.ndjson`, ['query', ...some, '--ndjson', `SELECT * FROM "${name}"`]]),
    ),
    afterSamples,
  );
  const told = await runNamed(
    run,
    folder,
    new Map([
      ['findings.json', ['findings', ...sources, '--json']],
      ['findings.txt', ['findings', ...sources]],
      ['overview.json', ['overview', ...sources, '--json']],
      ['overview.txt', ['overview', ...sources]],
    ]),
    afterSamples,
  );
  for (const [name, text] of [...under('tables/', rows.texts), ...told.texts]) texts.set(name, text);

  const stored = await run([['snapshot', '--db', 'samples.db', ...sources]], afterSamples);
  const printed = await runNamed(
    run,
    folder,
    new Map(
      modes.flatMap((mode) =>
        (wholeModes.includes(mode) ? tableNames : oddTables).map((name) => [
          `${mode}/${name}.txt`,
          [
            'query',
            '--db',
            'samples.db',
            `--${mode}`,
            `SELECT host_id, ${(tables[name]?.columns ?? []).map((column) => `"${column}"`).join(', ')} FROM "${name}" LIMIT 12`,
          ],
        ]),
      ),
    ),
    afterSamples,
  );
  // All tables of a mode in one file: three hundred files help nobody.
  for (const mode of modes) {
    const pieces = [...printed.texts].flatMap(([name, text]) =>
      name.startsWith(`${mode}/`) ? [`=== ${name.slice(mode.length + 1, -4)}\n${text}`] : [],
    );
    texts.set(`modes/${mode}.txt`, pieces.join(''));
  }
  texts.set(
    'ends.txt',
    `${stored.stdout}${stored.end}=== tables\n${rows.end}=== told\n${told.end}=== modes\n${printed.end}`,
  );

  writeFileSync(join(folder, 'key'), 'a key of pseudonyms for this test alone', { mode: 0o600 });
  const redact = (level: string): string[] => ['--redact', level, '--redact-key', 'key'];
  const exported = await exportAll(
    run,
    folder,
    'samples.db',
    [
      ...everyFormat('current', []),
      ...everyFormat('pseudonym', redact('pseudonym')),
      ...everyFormat('strict', redact('strict'), ['native', 'csv']),
      ...everyFormat('findings', ['--findings']),
      { name: 'osquery-batch.ndjson', options: ['--format', 'osquery', '--osquery-batch'] },
      { name: 'osquery-snapshot.ndjson', options: ['--format', 'osquery', '--osquery-snapshot'] },
      {
        name: 'osquery-numerics-escape.ndjson',
        options: ['--format', 'osquery', '--numerics', '--osquery-escape', '--table', 'users'],
      },
      { name: 'ecs-bulk.ndjson', options: ['--format', 'ecs', '--bulk', '--table', 'secure_tokens'] },
      { name: 'csv-spreadsheet.csv', options: ['--format', 'csv', '--spreadsheet', '--table', 'users'] },
    ],
    afterSamples,
  );
  for (const [name, text] of exported) texts.set(name, text);
  return texts;
};

/** What does not depend on any Mac: what is declared, and what may be run. */
export const declared: World = async (run, folder) => {
  const { texts, end } = await runNamed(
    run,
    folder,
    new Map<string, string[]>([
      ['access.json', ['access', '--json']],
      ['access.txt', ['access']],
      ['schema.json', ['schema', '--json']],
      ['schema.sql', ['schema', '--sql']],
      ['schema.md', ['schema', '--markdown']],
      ['json-schema.json', ['schema', '--json-schema']],
      ['tables.txt', ['tables']],
      ['tables.json', ['tables', '--json']],
      ['queries.json', ['queries', '--json']],
      ...questions.flatMap((name): [string, string[]][] => [
        [`queries/${name}.txt`, ['queries', name]],
        [`queries/${name}.unknown.sql`, ['queries', name, '--unknown-sql']],
      ]),
    ]),
    afterSamples,
  );
  const all: Texts = new Map([['ends.txt', end]]);
  for (const kind of ['.txt', '.unknown.sql']) {
    const pieces = questions.map((name) => `=== ${name}\n${texts.get(`queries/${name}${kind}`) ?? ''}`);
    all.set(`queries${kind}`, pieces.join(''));
  }
  for (const [name, text] of texts) if (!name.startsWith('queries/')) all.set(name, text);
  return all;
};

/** What a database answers: rows, histories, the past, findings, exports. */
const askAll = async (run: Run, folder: string, db: string): Promise<Texts> => {
  const query = (sql: string, ...options: string[]): string[] => [
    'query',
    '--db',
    db,
    ...options,
    '--ndjson',
    sql,
  ];
  const named = new Map<string, string[]>();
  for (const name of tableNames) {
    named.set(`tables/${name}.ndjson`, query(`SELECT * FROM "${name}"`));
    if (!reportNames.includes(name)) {
      named.set(`histories/${name}.ndjson`, query(`SELECT * FROM "${name}_history"`));
    }
  }
  for (const view of ['snapshots', 'latest_snapshots', 'changes', 'findings', 'findings_history']) {
    named.set(`${view}.ndjson`, query(`SELECT * FROM ${view}`));
  }
  for (const day of [1.6, 10, 16, 22.5]) {
    const asOf = ['--as-of', String(dayTime(day))];
    for (const name of ['table_status', 'latest_snapshots', 'users', 'secure_tokens', 'filevault_users']) {
      named.set(`as-of-day-${day}/${name}.ndjson`, query(`SELECT * FROM ${name}`, ...asOf));
    }
  }
  const then = ['--as-of', String(dayTime(22.5))];
  named.set('findings-as-of.ndjson', ['findings', '--db', db, ...then, '--ndjson']);
  named.set('changes.txt', ['changes', '--db', db]);
  named.set('changes-since.json', ['changes', '--db', db, '--since', String(dayTime(12)), '--json']);
  named.set('findings-asked.ndjson', ['findings', '--db', db, '--ndjson']);
  named.set('findings-asked.txt', ['findings', '--db', db]);
  const { texts, end } = await runNamed(run, folder, named, now);
  const all: Texts = new Map([['ends.txt', once(end)]]);
  for (const [name, text] of texts) {
    const isUnordered = named.get(name)?.at(-1)?.startsWith('SELECT *') === true;
    const own = isUnordered ? sorted(text) : text;
    // One file for the past: its pieces are small.
    if (!name.startsWith('as-of-day-')) all.set(name, own);
    else all.set('as-of.txt', `${all.get('as-of.txt') ?? ''}=== ${name}\n${own}`);
  }
  const exported = await exportAll(
    run,
    folder,
    db,
    [
      ...everyFormat('current', []),
      ...everyFormat('changes', ['--changes'], ['csv', 'osquery', 'ecs']),
      ...everyFormat('all', ['--cursor', `${db}.all.cursor`], ['native']),
      ...everyFormat('as-of', ['--as-of', String(dayTime(16))], ['native', 'osquery']),
      ...everyFormat('findings', ['--findings'], ['ocsf', 'hec']),
    ],
    now,
  );
  for (const [name, text] of exported) all.set(name, text);
  return all;
};

const fileOf = (bundle: string): string => `${bundle}.tar.gz`;

const writeMonth = (folder: string): void => {
  for (const [name, bundle] of Object.entries({ ...month, ...nextNight })) {
    packBundle(bundle, join(folder, fileOf(name)));
  }
};

/** Two Macs in a month, as they are collected, stored, merged and exported night by night. */
export const fleet: World = async (run, folder) => {
  writeMonth(folder);
  const cursored = ['native', 'ecs'];
  const ends: string[] = [];
  const exported: Texts = new Map();
  for (const [index, { command, bundles, day }] of steps.entries()) {
    const files = bundles.map(fileOf);
    const what = command === 'merge' ? files : files.flatMap((file) => ['--source', file]);
    const commands = [[command, '--db', 'fleet.db', ...what]];
    const names = exportedAfter.includes(index)
      ? cursored.map(
          (format) => [format, `cursor-${String(index).padStart(2, '0')}-${format}.ndjson`] as const,
        )
      : [];
    for (const [format, file] of names) {
      commands.push([
        'export',
        '--db',
        'fleet.db',
        '--format',
        format,
        '--cursor',
        `${format}.cursor`,
        '--output',
        file,
      ]);
    }
    const { stdout, end } = await run(commands, receivedTime(day));
    ends.push(`=== ${command} ${bundles.join(' ')}\n${stdout}${end}`);
    for (const [, file] of names) {
      exported.set(
        `cursor/${file}`,
        existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8') : '(not written)\n',
      );
    }
  }
  const asked = await askAll(run, folder, 'fleet.db');
  copyFileSync(join(folder, 'fleet.db'), join(folder, 'retained.db'));
  const query = ['query', '--db', 'retained.db', '--ndjson'];
  const rest = await runNamed(
    run,
    folder,
    new Map([
      ['retain', ['retain', '--db', 'retained.db', '--older-than', '14d']],
      ...['snapshots', 'changes', 'secure_tokens_history'].map((name): [string, string[]] => [
        name,
        [...query, `SELECT * FROM ${name}`],
      ]),
    ]),
    now,
  );
  // How large the file is no one promises.
  const isSize = /[0-9.]+ [kMG]?B(?= (?:before|now))/g;
  const retained = [...rest.texts].map(([name, text]) => `=== ${name}\n${sorted(text)}`);
  return new Map([
    ['steps.txt', ends.join('')],
    ...exported,
    ...under('asked/', asked),
    ['retained.txt', retained.join('').replaceAll(isSize, '{size}') + rest.end],
  ]);
};

/** The database that the first program wrote, opened by this one; and a next night in which nothing is new. */
export const stored: World = async (run, folder) => {
  writeMonth(folder);
  writeFileSync(join(folder, 'fleet.db'), readPacked('fleet.db'), { mode: 0o600 });
  copyFileSync(join(folder, 'fleet.db'), join(folder, 'again.db'));
  const texts: Texts = new Map(under('asked/', await askAll(run, folder, 'fleet.db')));
  const isNew = ['--changes', '--cursor', 'c'];
  const again = await run(
    [
      // Begins the cursor.
      ['export', '--db', 'again.db', '--format', 'ecs', ...isNew, '--output', 'before.ndjson'],
      ['merge', '--db', 'again.db', ...Object.keys(month).map(fileOf)],
      [
        'snapshot',
        '--db',
        'again.db',
        ...Object.keys(nextNight).flatMap((name) => ['--source', fileOf(name)]),
      ],
      ['export', '--db', 'again.db', '--format', 'ecs', ...isNew, '--output', 'new.ndjson'],
      ['query', '--db', 'again.db', '--ndjson', 'SELECT * FROM changes'],
    ],
    dayTime(29.5),
  );
  texts.set('next-night/changes.ndjson', again.stdout);
  texts.set('next-night/ends.txt', again.end);
  texts.set(
    'next-night/exported.ndjson',
    existsSync(join(folder, 'new.ndjson'))
      ? readFileSync(join(folder, 'new.ndjson'), 'utf8')
      : '(not written)\n',
  );
  return texts;
};

/** The native export that the first program wrote, merged into an empty file by this one. */
export const merged: World = async (run, folder) => {
  const native = withRecordedVersion(readPacked('fleet.ndjson').toString());
  writeFileSync(join(folder, 'fleet.ndjson'), native);
  const { stdout, end } = await run([['merge', '--db', 'merged.db', 'fleet.ndjson']], now);
  return new Map([['merge.txt', stdout + end], ...under('asked/', await askAll(run, folder, 'merged.db'))]);
};

export const worlds: Readonly<Record<string, World>> = {
  samples,
  declared,
  fleet,
  stored,
  merged,
  // Every question on hosts of which one table has each status.
  matrix,
};

/** Whoever wrote a database, it answers the same: of these worlds only what differs from another one is recorded. */
export const recordedAs: Readonly<Record<string, string>> = { stored: 'fleet', merged: 'fleet' };
/** What these worlds have in common. */
export const common = 'asked/';
