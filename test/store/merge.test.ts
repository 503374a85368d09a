import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import test from 'ava';
import { programEntry } from '../../cli/delivered.ts';
import { readLogLine } from '../../cli/log.ts';
import { UserError } from '../../collector/errors.ts';
import { nativeLines } from '../native_lines.ts';
import { nativeDecoder } from '../../store/native/decode.ts';
import { readHostIds, snapshotReader } from '../../store/reader.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { findInputs, merge } from '../../store/merge.ts';
import { readNativeFile } from '../../store/native/file.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Cells, Report, Snapshot, TableObservation } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, snapshotOfBundle } from './evidence.ts';
import {
  addAll,
  everything,
  newPath,
  newStore,
  open,
  rowsOf,
  smallTables,
  snapshotAt,
  uuidOf,
} from './world.ts';

const start = 1_790_000_000;

const exported = (store: Pick<Store, 'db' | 'tables' | 'tableIds'>): string => {
  const reader = snapshotReader(store);
  let text = '';
  for (const hostId of readHostIds(store.db)) {
    for (const snapshot of reader.read(hostId)) text += [...nativeLines(snapshot, store.tables)].join('');
  }
  return text;
};

const visible = (path: string): Readonly<Record<string, string>> => {
  const store = openForReading(path, tables);
  // In which order it became known what happened to findings is another thing in each file (test/queries/life.test.ts).
  const views = Object.entries(everything(store))
    .filter(([name]) => name !== 'finding_events' && !/^(?:findings|verdicts)(?:_history)?$/.test(name))
    .map(([name, rows]) => [name, createHash('sha256').update(JSON.stringify(rows)).digest('hex')]);
  store.close();
  return Object.fromEntries(views) as Record<string, string>;
};

test('bundles, archives, databases and exports come to the same, in any order', async (t) => {
  const folder = temporaryFolder(t);
  const edits = [
    { time: start, replace: [] },
    { time: start + 100, replace: [['sw_vers', '26.1', '26.2']] as const },
    { time: start + 200, without: ['/usr/bin/fdesetup', '-readall'] },
    { time: start + 300, replace: [['sw_vers', '26.1', '26.3']] as const },
  ];
  const bundles = edits.map((edit, number) =>
    makeBundle('macos26-managed', join(folder, `b${number}`), edit),
  );
  bundles.push(sample('macos14-not-root'));
  const wanted = join(folder, 'wanted.db');
  for (const bundle of bundles) t.is((await cli(['snapshot', '--db', wanted, '--source', bundle])).code, 0);

  const halves = [join(folder, 'half1.db'), join(folder, 'half2.db')];
  for (const [index, bundle] of bundles.entries()) {
    for (const half of [0, 1]) {
      if (index % 2 === half || index === 2)
        await cli(['snapshot', '--db', halves[half] ?? '', '--source', bundle]);
    }
  }
  const text = (path: string): string => {
    const store = openForReading(path, tables);
    const lines = exported(store);
    store.close();
    return lines;
  };
  const plain = join(folder, 'all.ndjson');
  writeFileSync(plain, text(wanted));
  writeFileSync(join(folder, 'half1.ndjson.gz'), gzipSync(text(halves[0] ?? '')));
  writeFileSync(join(folder, 'half2.ndjson.zst'), zstdCompressSync(text(halves[1] ?? '')));

  const ways = [
    [...bundles].toReversed(),
    [halves[1] ?? '', halves[0] ?? '', bundles[3] ?? ''],
    [plain],
    [join(folder, 'half2.ndjson.zst'), halves[0] ?? '', join(folder, 'half1.ndjson.gz'), bundles[4] ?? ''],
  ];
  const goal = visible(wanted);
  for (const [index, inputs] of ways.entries()) {
    const db = join(folder, `way${index}.db`);
    const first = await cli(['merge', '--db', db, ...inputs]);
    t.is(first.code, 0, first.stderr);
    t.deepEqual(visible(db), goal, `way ${index}`);
    // Once more: nothing is written.
    const before = readFileSync(db);
    const again = await cli(['merge', '--db', db, ...inputs.toReversed()]);
    t.regex(again.stdout, /^0 snapshots of 2 hosts stored, \d+ there before\n$/);
    t.is(Buffer.compare(readFileSync(db), before), 0, `way ${index}`);
  }
});

test('bad inputs are named, and the good ones are in', async (t) => {
  const folder = temporaryFolder(t);
  const inputs = join(folder, 'inputs');
  mkdirSync(inputs);
  const good = join(inputs, 'good');
  makeBundle('macos26-managed', good);
  makeBundle('macos15-unmanaged', join(inputs, 'nameless'), { hostId: null, without: ['/usr/sbin/ioreg'] });
  writeFileSync(join(inputs, 'broken.tar.gz'), 'not packed');
  writeFileSync(join(inputs, 'broken.ndjson'), '{"kind":"row"}\n');
  writeFileSync(join(inputs, 'notes.txt'), 'remember the milk\n');
  symlinkSync(good, join(inputs, 'linked'));
  const whole = await snapshotOfBundle(sample('macos10.15-mobile'));
  const lines = [...nativeLines(whole, tables)];
  writeFileSync(join(inputs, 'broken.ndjson.gz'), gzipSync(lines.join('')).subarray(0, 2000));
  writeFileSync(join(inputs, 'cut.ndjson'), lines.join('') + lines.slice(0, 40).join(''));
  const ran = await cli(['merge', '--db', join(folder, 'fleet.db'), inputs, join(folder, 'absent')]);
  t.is(ran.code, 1);
  t.is(ran.stdout, '2 snapshots of 2 hosts stored\n');
  const errors = ran.stderr.split('\n').filter((line) => line.includes('error:'));
  for (const [name, what] of [
    ['nameless', /nothing says which Mac/],
    ['broken.tar.gz', /not a \.tar\.gz/],
    ['broken.ndjson', /line 1: /],
    ['broken.ndjson.gz', /cannot be read/],
    ['cut.ndjson', /ends within a snapshot .* cut off/],
    ['absent', /is not there/],
  ] as const) {
    const own = errors.filter((line) => line.includes(`/${name}: `) || line.includes(`/${name} is `));
    t.is(own.length, 1, name);
    t.regex(own[0] ?? '', what);
  }
  t.is(errors.length, 6, ran.stderr);
  t.regex(ran.stderr, /note: left alone.*linked, .*notes\.txt/);
  t.notRegex(ran.stderr, /\n\s+at /);
});

test('every bad input is named once, also one whose name its message begins with', async (t) => {
  const cwd = temporaryFolder(t);
  const files = ['i', 'it', 'it is', 'plain', 'own.tar.gz'];
  const folders = ['n', 'nothing', 'nothing in it', 'there'];
  for (const name of files) writeFileSync(join(cwd, name), 'remember the milk\n');
  for (const name of folders) mkdirSync(join(cwd, name));
  writeFileSync(join(cwd, 'other.db'), `SQLite format 3\0${'\0'.repeat(200)}`);
  const absent = ['t', 'there is', 'no such'];
  const inputs = [...files, ...folders, ...absent, 'other.db'];
  const ran = await cli(['merge', '--db', 'fleet.db', ...inputs], { cwd });
  const errors = ran.stderr
    .split('\n')
    .map((line) => readLogLine(line).text)
    .filter((line) => line.startsWith('tokenquery: error: '))
    .map((line) => line.slice('tokenquery: error: '.length));
  t.is(errors.length, inputs.length, ran.stderr);
  const none = 'it is none of what can be merged';
  const nothing = 'nothing in it can be merged';
  t.deepEqual(
    errors.filter((line) => !line.startsWith('own.tar.gz')).toSorted(),
    [
      ...['i', 'it', 'it is', 'plain'].map((name) => `${name}: ${none}`),
      ...folders.map((name) => `${name}: ${nothing}`),
      ...absent.map((name) => `${name} is not there`),
      'other.db is not a tokenquery database',
    ].toSorted(),
  );
  t.regex(
    errors.find((line) => line.startsWith('own.tar.gz')) ?? '',
    /^own\.tar\.gz is not a \.tar\.gz that/,
  );
});

test('a folder of nothing, and the database itself, are refused', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'fleet.db');
  mkdirSync(join(folder, 'empty'));
  t.deepEqual(
    (await findInputs([join(folder, 'empty')], db)).bad.map(({ message }) => message),
    ['nothing in it can be merged'],
  );
  await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')]);
  t.regex((await cli(['merge', '--db', db, db])).stderr, /it is the database that is merged into/);
  // In a folder it is passed over in silence.
  copyFileSync(db, join(folder, 'copy.db'));
  const { inputs, bad } = await findInputs([folder], db);
  t.deepEqual([inputs.map(({ path }) => path), bad], [[join(folder, 'copy.db')], []]);
});

const decode = (text: string): Snapshot[] => {
  const decoder = nativeDecoder(smallTables);
  const found: Snapshot[] = [];
  const bytes = Buffer.from(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  decoder.bytes(bytes, (snapshot) => found.push(snapshot));
  decoder.end();
  return found;
};

const example = snapshotAt('H1', 10, {
  people: {
    status: 'ok',
    rows: [
      ['ann', 'A', 1, 30, 0.1 + 0.2],
      ['bob "x"\u2028\n', null, null, -5, null],
    ],
  },
  machine: { status: 'partial', affected: ['state'], rows: [[null, 0]] },
});

test('an export says again what it was made of', (t) => {
  const text = [...nativeLines({ ...example, sequence: 3 }, smallTables)].join('');
  t.deepEqual(decode(text), [example]);
  // However others may have written it.
  const reordered = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .map((line) =>
      JSON.stringify(Object.fromEntries(Object.entries(line).toReversed()), null, ' ').replaceAll('\n', ' '),
    )
    .join('\r\n');
  t.deepEqual(decode(reordered), [example]);
  const people = (line: string): boolean => line.includes('"kind":"row","table":"people"');
  const lines = text.split('\n');
  const unsorted = [
    ...lines.filter((line) => !people(line)).slice(0, 2),
    ...lines.filter(people).toReversed(),
    ...lines.filter((line) => !people(line)).slice(2),
  ];
  t.deepEqual(decode(unsorted.join('\n')), [example]);
  // A column that no row has is one that an older tool did not know.
  const without = snapshotAt('H1', 10, { machine: { status: 'ok', rows: [[null, 1]] } }, { report: null });
  const older = [...nativeLines(without, smallTables)].join('').replace('"state":null,', '');
  const machine = without.observations.get('machine') as TableObservation;
  const observations = new Map([['machine', { ...machine, absent: ['state'] }]]);
  t.deepEqual(decode(older), [{ ...without, observations }]);
  // It is told again, and another that is NULL is not taken for one.
  t.deepEqual(decode([...nativeLines({ ...without, observations }, smallTables)].join('')), [
    { ...without, observations },
  ]);
});

test('an export is UTF-8', (t) => {
  for (const [what, where] of [
    ['a row', '"name":"ann"'],
    ['a header', '"origin":"live"'],
  ] as const) {
    const [before = '', after = ''] = text.split(where);
    const bytes = Buffer.concat([
      Buffer.from(before + where.slice(0, -1)),
      Buffer.from([0xc3, 0x28]),
      Buffer.from(`"${after}`),
    ]);
    const error = t.throws<UserError>(() => nativeDecoder(smallTables).bytes(bytes, () => {}), {
      instanceOf: UserError,
    });
    t.regex(error.message, /^line \d+: .*not UTF-8/, what);
  }
});

test('some of the tables are another snapshot than all of them', (t) => {
  const part = { ...example, observations: new Map([...example.observations].slice(0, 1)), report: null };
  const [decoded] = decode([...nativeLines(part, smallTables)].join(''));
  t.not(decoded?.snapshotId, example.snapshotId);
  t.is(decoded?.collectedTime, example.collectedTime);
});

const text = [...nativeLines(example, smallTables)].join('');
const malformed: readonly (readonly [string, string, RegExp])[] = [
  ['not JSON', text.replace('"kind":"table"', '"kind":'), /not JSON/],
  ['another version', text.replace('"tokenquery":1', '"tokenquery":2'), /version 2/],
  ['a newer layout', text.replace('"schema_version":1', '"schema_version":99'), /newer tokenquery/],
  ['no host', text.replace('"host_id":"H1"', '"host_id":""'), /no host_id/],
  ['a table without a name', text.replace('"table":"machine"', '"table":7'), /no name/],
  [
    'a table without a status',
    text.replace('"status":"partial","row_count"', '"state":"partial","row_count"'),
    /no status/,
  ],
  [
    'a row too few',
    text
      .split('\n')
      .filter((line) => !line.includes('"name":"ann"'))
      .join('\n'),
    /should have 2 rows and has 1/,
  ],
  [
    'two rows in one',
    text.replace('"seen":0.30000000000000004}}', '"seen":1},{"name":"eve"}}'),
    /not one JSON object|not JSON/,
  ],
  ['a wrong type', text.replace('"age":30', '"age":"30"'), /age of people is not a number/],
  ['a fraction', text.replace('"age":30', '"age":30.5'), /age of people is not a number/],
  ['a boolean of 2', text.replace('"token":1', '"token":2'), /token of people is 2/],
  [
    'rows of another host',
    text.replaceAll(
      '"kind":"row","table":"machine","host_id":"H1"',
      '"kind":"row","table":"machine","host_id":"H2"',
    ),
    /another snapshot/,
  ],
  ['a wrong sum', text.replace(/"rows":\d+/, '"rows":7'), /should have 7 rows/],
  ['an end that is missing', text.slice(0, text.lastIndexOf('{')), /cut off/],
  [
    'two snapshots at once',
    text.slice(0, text.indexOf('\n') + 1).repeat(2),
    /before the one before it has ended/,
  ],
  [
    'rows of what failed',
    text.replace('"status":"partial","row_count"', '"status":"denied","row_count"'),
    /denied and has rows/,
  ],
  ['nothing', '', /empty/],
  ['lines of another kind alone', '{"kind":"heartbeat"}\n', /no line of the native export/],
  ['a line without a kind', text.replace('"kind":"end"', '"sort":"end"'), /no line of the native export/],
];
for (const [what, lines, message] of malformed) {
  test(`an export with ${what} is refused`, (t) => {
    t.not(lines, text);
    const error = t.throws<UserError>(() => decode(lines), { instanceOf: UserError });
    t.regex(error.message, message);
    t.regex(error.hint, /docs\/native\.md/);
  });
}

const line = (lines: string, kind: string): string =>
  lines.split('\n').find((one) => one.includes(`"kind":"${kind}"`)) ?? '';
const foreign = (status: string, rows: number): string =>
  [
    line(text, 'table')
      .replace(/"table":"\w+"/, '"table":"engine"')
      .replace(/"status":"\w+"/, `"status":"${status}"`),
    ...Array.from({ length: rows }, () => line(text, 'row').replace(/"table":"\w+"/, '"table":"engine"')),
    '',
  ]
    .join('\n')
    .replace(/"row_count":\d+/, `"row_count":${rows}`);
const more = (rows: number): string =>
  text.replace(/"rows":(\d+)/, (_, sum) => `"rows":${Number(sum) + rows}`);

test('what only a newer tokenquery knows is left out of an export, and named', (t) => {
  const known = (lines: string, leftOut: readonly string[], expected: Snapshot = example): void => {
    const found = new Set<string>();
    const decoder = nativeDecoder(smallTables, found);
    const snapshots: Snapshot[] = [];
    t.not(lines, text);
    decoder.bytes(Buffer.from(lines), (snapshot) => snapshots.push(snapshot));
    decoder.end();
    t.deepEqual([...found], [...leftOut]);
    t.deepEqual(snapshots, [expected]);
  };
  const [head = '', ...rest] = more(2).split('\n');
  // A table, wherever it stands, and with a status of its own.
  known([head, foreign('ok', 2) + rest.join('\n')].join('\n'), ['table engine']);
  known([head, foreign('dreaming', 2) + rest.join('\n')].join('\n'), ['table engine']);
  known(text.replace('{"kind":"end"', `${foreign('ok', 0)}{"kind":"end"`), ['table engine']);
  const end = `${foreign('ok', 2)}{"kind":"end"`;
  known(more(2).replace('{"kind":"end"', end), ['table engine']);
  // A column, a line of another kind, also between a table and its rows.
  known(text.replaceAll('"age":', '"shoe":44,"age":'), ['column people.shoe']);
  const mark = '{"kind":"mark","of":"x"}';
  known(text.replaceAll('\n{"kind":"row"', `\n${mark}\n{"kind":"row"`), ['lines of the kind mark']);
  // A word is kept; what stands under a status that is not known is not.
  const odd = { ...(example.observations.get('machine') as TableObservation), status: 'dreaming' as never };
  const observations = new Map([
    ...example.observations,
    ['machine', { ...odd, failed: null, digest: '', rowCount: 0, cells: [] }],
  ] as const);
  const report = example.report as Report;
  const status = report.status.map((row) => (row[0] === 'machine' ? row.with(1, 'dreaming') : row));
  const oddExample = { ...example, observations, report: { ...report, status } };
  known(
    text.replace('"status":"partial","row_count"', '"status":"dreaming","row_count"'),
    ['rows of machine under the status dreaming'],
    { ...oddExample, snapshotId: snapshotIdOf(oddExample) },
  );
  known(text.replace('"origin":"live"', '"origin":"satellite"'), [], {
    ...example,
    origin: 'satellite' as never,
  });
  // Still, what is cut off is seen.
  t.throws(() => decode(more(2).replace('{"kind":"end"', `${foreign('ok', 3)}{"kind":"end"`)), {
    message: /should have|rows/,
  });
});

test('exports are read in constant memory', async (t) => {
  const path = newPath('.ndjson');
  const lines: string[] = [];
  for (let number = 0; number < 4000; number += 1) {
    lines.push(
      ...nativeLines(
        snapshotAt(`H${number}`, 10, { people: { status: 'ok', rows: [[`ann${number}`, 'A', 1, 30, 1]] } }),
        smallTables,
      ),
    );
  }
  writeFileSync(path, lines.join(''));
  const sizes: number[] = [];
  await readNativeFile(path, smallTables, (snapshots) => void sizes.push(snapshots.length), {
    batchCells: 100,
  });
  t.true(sizes.length > 5 && Math.max(...sizes) < 1000, sizes.join());
  t.is(
    sizes.reduce((sum, size) => sum + size),
    4000,
  );
});

test('an export is read in a thread, and faults of the file that is written end the work', async (t) => {
  const folder = temporaryFolder(t);
  const base = await snapshotOfBundle(sample('macos26-managed'));
  const path = join(folder, 'big.ndjson');
  const many = Array.from({ length: 40 }, (_, number) => {
    const known = { ...base, hostId: uuidOf(number) };
    return [...nativeLines({ ...known, snapshotId: snapshotIdOf(known) }, tables)].join('');
  });
  writeFileSync(path, many.join(''));
  t.true(statSync(path).size > 2 * 1024 * 1024, 'large enough for a thread');
  const db = join(folder, 'fleet.db');
  const ran = await cli(['merge', '--db', db, path]);
  t.deepEqual([ran.stdout, ran.stderr], ['40 snapshots of 40 hosts stored\n', '']);
  const broken = join(folder, 'big_broken.ndjson');
  writeFileSync(
    broken,
    many.slice(0, 39).join('') + (many[39] ?? '').replace('"row_count":1,', '"row_count":7,'),
  );
  const again = await cli(['merge', '--db', join(folder, 'two.db'), broken]);
  t.is(again.code, 1);
  t.is(again.stdout, '39 snapshots of 39 hosts stored\n');
  t.regex(again.stderr, /big_broken\.ndjson: line \d+: .* should have 7 rows/);
});

test('what is left of a bad export in a thread is not taken for the next one', async (t) => {
  const folder = temporaryFolder(t);
  const base = await snapshotOfBundle(sample('macos26-managed'));
  const write = (name: string, redaction: string | null): string => {
    const path = join(folder, name);
    const many = Array.from({ length: 120 }, (_, number) => {
      const hostId = redaction === null ? uuidOf(number) : String(number).padStart(16, '0');
      const known = { ...base, hostId, redaction };
      return [...nativeLines({ ...known, snapshotId: snapshotIdOf(known) }, tables)].join('');
    });
    writeFileSync(path, many.join(''));
    t.true(statSync(path).size > 2 * 1024 * 1024, 'large enough for a thread');
    return path;
  };
  const db = join(folder, 'fleet.db');
  await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')]);
  const ran = await cli(['merge', '--db', db, write('bad.ndjson', 'strict'), write('good.ndjson', null)]);
  t.is(ran.code, 1);
  t.is(ran.stdout, '120 snapshots of 120 hosts stored\n', ran.stderr);
  t.deepEqual(
    ran.stderr.match(/error: \S+/g)?.map((error) => error.replace(folder, '')),
    ['error: /bad.ndjson:'],
  );
});

test('a host that is too large for the thread is read all the same', async (t) => {
  const folder = temporaryFolder(t);
  const base = await snapshotOfBundle(sample('macos26-managed'));
  const {
    digestOfCells,
    packRows,
    rowsOf: observedRows,
    snapshotIdOf: idOf,
  } = await import('../../store/snapshot.ts');
  const path = join(folder, 'big.ndjson');
  const table = tables.find(({ name }) => name === 'user_groups') as (typeof tables)[number];
  const names = Object.keys(table.columns);
  const observation = base.observations.get('user_groups') as NonNullable<
    ReturnType<typeof base.observations.get>
  >;
  const [row = []] = observedRows(observation, names.length);
  const count = 60_000;
  const at = names.indexOf('username');
  const cells = packRows(
    Array.from({ length: count }, (_, number) => row.with(at, `user${String(number).padStart(6, '0')}`)),
  );
  const large = { ...observation, cells, rowCount: count, digest: digestOfCells(names, cells) };
  const lines = [
    base.observations,
    new Map([...base.observations, ['user_groups', large]]),
    base.observations,
  ].map((observations, number) => {
    const known = { ...base, observations, hostId: uuidOf(number) };
    return [...nativeLines({ ...known, snapshotId: idOf(known) }, tables)].join('');
  });
  writeFileSync(path, lines.join(''));
  const store = openForWriting(join(folder, 'fleet.db'), tables);
  const merged = await merge(store, [{ path, kind: 'native' }], {
    readEvidence: async () => base,
    workerEntry: programEntry,
    workerMegabytes: 16,
    ...open,
    now: () => 2_000_000_000,
  });
  t.deepEqual([merged.bad, merged.stored, merged.known], [[], 3, 0]);
  t.is(store.db.prepare('SELECT count(*) FROM user_groups WHERE host_id = ?').pluck().get(uuidOf(1)), count);
  store.close();
});

test('a snapshot without end does not fill the memory', async (t) => {
  const path = newPath('.ndjson.gz');
  const rows = Array.from({ length: 3000 }, (_, number): Cells => [`ann${number}`, 'A', 1, 30, 1]);
  const small = [...nativeLines(snapshotAt('H1', 10, { people: { status: 'ok', rows: [] } }), smallTables)];
  const endless = [...nativeLines(snapshotAt('H2', 10, { people: { status: 'ok', rows } }), smallTables)];
  writeFileSync(path, gzipSync([...small, ...endless].join('')));
  const found: string[] = [];
  const take = (snapshots: readonly Snapshot[]): void =>
    void found.push(...snapshots.map(({ hostId }) => hostId));
  await t.throwsAsync(readNativeFile(path, smallTables, take, { maxSnapshotBytes: 100_000 }), {
    instanceOf: UserError,
    message: /a snapshot of more than/,
  });
  t.deepEqual(found, ['H1']);
  await readNativeFile(path, smallTables, take);
  t.deepEqual(found, ['H1', 'H1', 'H2']);
});

test('a row that its table refuses costs its own snapshot only', async (t) => {
  const store = newStore();
  const bad: Snapshot = {
    ...snapshotAt('H2', 10, { people: { status: 'ok', rows: [['bob', 'B', 1, 'old', 1]] } }),
  };
  const good = [
    snapshotAt('H1', 10, { machine: { status: 'ok', rows: [['on', 1]] } }),
    snapshotAt('H3', 10, { machine: { status: 'ok', rows: [['on', 1]] } }),
  ];
  const queue = [good[0], bad, good[1]] as Snapshot[];
  const merged = await merge(
    store,
    queue.map((_, index) => ({ path: `input${index}`, kind: 'evidence' as const })),
    {
      ...open,
      readEvidence: async (path) => queue[Number(path.slice(5))] as Snapshot,
      now: () => 2_000_000_000,
    },
  );
  t.deepEqual(
    merged.bad.map(({ path, message }) => [path, /H2: a row does not fit its table/.test(message)]),
    [['input1', true]],
  );
  t.is(merged.stored, 2);
  t.deepEqual(rowsOf(store, 'SELECT host_id FROM latest_snapshots'), [{ host_id: 'H1' }, { host_id: 'H3' }]);
  addAll(store, [snapshotAt('H2', 10, { machine: { status: 'ok', rows: [['on', 1]] } })]);
  t.is(rowsOf(store, 'SELECT * FROM machine').length, 3);
  store.close();
});

test('whatever an input brings about is its own fault, and the others are stored', async (t) => {
  const good = (host: string): Snapshot =>
    snapshotAt(host, 10, { machine: { status: 'ok', rows: [['on', 1]] } });
  const rows = (cells: Cells): Snapshot => snapshotAt('HX', 10, { people: { status: 'ok', rows: [cells] } });
  const thrown: readonly unknown[] = [
    new TypeError('x is not a function'),
    new RangeError('Invalid string length'),
    new Error('File size (10737418240) is greater than 2 GiB'),
    Object.assign(new Error('i/o error'), { code: 'EIO' }),
    Object.assign(new Error('malformed'), { code: 'SQLITE_CORRUPT' }),
    new UserError('it is no good'),
    'a text',
    null,
    undefined,
  ];
  const odd: readonly unknown[] = [
    { ...good('HX'), observations: null },
    { ...good('HX'), observations: new Map([['machine', null]]) },
    { ...good('HX'), hostId: { of: 'none' } },
    rows(['bob', 'B', 1, { of: 'none' }, 1] as unknown as Cells),
    rows(['bob', 'B', 1, Symbol('none'), 1] as unknown as Cells),
    null,
  ];
  const inputs = [
    ...thrown.map((error) => () => Promise.reject(error)),
    ...odd.map((snapshot) => async () => snapshot as Snapshot),
  ].flatMap((bad, index) => [async () => good(`A${index}`), bad, async () => good(`B${index}`)]);
  const store = newStore();
  const merged = await merge(
    store,
    inputs.map((_, index) => ({ path: `input${index}`, kind: 'evidence' as const })),
    {
      ...open,
      readEvidence: (path) => inputs[Number(path.slice(5))]?.() as Promise<Snapshot>,
      now: () => 2_000_000_000,
    },
  );
  const bad = inputs.flatMap((_, index) => (index % 3 === 1 ? [`input${index}`] : []));
  t.deepEqual(merged.bad.map(({ path }) => path).toSorted(), bad.toSorted());
  t.is(merged.stored, inputs.length - bad.length);
  t.is(rowsOf(store, 'SELECT * FROM latest_snapshots').length, merged.stored);
  store.close();
});
