/** What is packed here is what two readers that others wrote unpack: DuckDB, and hyparquet. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import test from 'ava';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import type { LakeValue } from '../../../export/lake/column.ts';
import { partsOf } from '../../../export/lake/part.ts';
import type { LakeColumn } from '../../../export/lake/relations.ts';
import fc, { runsOf } from '../../property.ts';
import { temporaryFolder } from '../../standin.ts';
import { connect } from './world.ts';
import type { Reader } from './world.ts';

const limits = {
  rowsOfGroup: 700,
  charactersOfGroup: 100_000,
  rowsOfPart: 1_000_000,
  bytesOfPart: 1 << 24,
};

const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : (value ?? null));

const byHyparquet = async (bytes: Uint8Array, names: readonly string[]): Promise<unknown[][]> => {
  const file = bytes.slice().buffer;
  const compressors = { ZSTD: (packed: Uint8Array): Uint8Array => zstdDecompressSync(packed) };
  const rows = await parquetReadObjects({ file, compressors });
  return rows.map((row) => names.map((name) => plain(row[name])));
};

type Columns = readonly (readonly [column: LakeColumn, values: readonly LakeValue[]])[];

/** @returns How the values of each column are told, group by group, and its least and greatest value. */
const unpacked = async (
  reader: Reader,
  path: string,
  columns: Columns,
): Promise<{
  readonly read: readonly unknown[][][];
  readonly rows: unknown[][];
  readonly encodings: string[];
}> => {
  const names = columns.map(([[name]]) => name);
  const rows = (columns[0]?.[1] ?? []).map((_, at) => columns.map(([, values]) => values[at] ?? null));
  const [part, ...more] = [
    ...partsOf(
      columns.map(([column]) => column),
      [rows],
      limits,
    ),
  ];
  if (part === undefined || more.length > 0) throw new Error('one part was expected');
  writeFileSync(path, part.bytes);
  const encodings = parquetMetadata(part.bytes.slice().buffer).row_groups.flatMap((group) =>
    group.columns.map(({ meta_data: data }) => `${data?.path_in_schema[0]} ${data?.encodings.at(-1)}`),
  );
  const list = names.map((name) => `"${name}"`).join(', ');
  const read = [
    await reader.rows(`SELECT ${list} FROM read_parquet('${path}')`),
    await byHyparquet(part.bytes, names),
  ];
  return { read, rows, encodings };
};

const of = (length: number, value: (at: number) => LakeValue): LakeValue[] =>
  Array.from({ length }, (_, at) => value(at));

const count = 3000;
const edges = [0, 1, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 53 - 1, 1 - 2 ** 53];
const uuid = (at: number): string => `${(at * 2_654_435_761) % 2 ** 32}-ABCD-${at * 7919}`;

const hard: Columns = [
  [['nothing', 'TEXT'], of(count, () => null)],
  [['no_number', 'INTEGER'], of(count, () => null)],
  [['one_text', 'TEXT'], of(count, () => 'same')],
  [['edges', 'INTEGER'], of(count, (at) => edges[at % edges.length] ?? null)],
  [['each_other', 'TEXT'], of(count, uuid)],
  [['each_number', 'INTEGER'], of(count, (at) => (at - 1500) * 3_000_000_019)],
  [['each_real', 'REAL'], of(count, (at) => at / 7 - 99)],
  [['few_reals', 'REAL'], of(count, (at) => [0.1, -2e300, 5e-324, 3][at % 4] ?? null)],
  // Some of each host are the same on all, some are of this one alone: both ways are tried.
  [['mixed', 'TEXT'], of(count, (at) => (at % 10 < 7 ? `_service${at % 10}` : uuid(at)))],
  [['twice_each', 'TEXT'], of(count, (at) => `value ${Math.floor(at / 2)}`)],
  [['holes', 'TEXT'], of(count, (at) => (at % 3 === 0 ? null : `text ${at % 300}`))],
  [['long_runs', 'INTEGER'], of(count, (at) => (at % 500 < 250 ? Math.floor(at / 500) : null))],
  [['short_runs', 'INTEGER'], of(count, (at) => Math.floor(at / 9) % 17)],
  [
    ['words', 'TEXT'],
    of(count, (at) => ['', ' ', 'é', '日本', '👩‍🔧', "it's", '\u0000', '\t\n\\'][at % 8] ?? null),
  ],
];

test('columns of every kind come back as they were, from both readers, and each way to tell them is taken', async (t) => {
  const path = join(temporaryFolder(t), 'hard.parquet');
  const reader = await connect();
  const { read, rows, encodings } = await unpacked(reader, path, hard);
  for (const one of read) t.deepEqual(one, rows);
  const taken = new Set(encodings);
  for (const expected of [
    'nothing PLAIN',
    'one_text RLE_DICTIONARY',
    'each_other DELTA_LENGTH_BYTE_ARRAY',
    'each_number PLAIN',
    'mixed DELTA_LENGTH_BYTE_ARRAY',
    'mixed RLE_DICTIONARY',
    'edges RLE_DICTIONARY',
  ])
    t.true(taken.has(expected), `${expected} of ${[...taken].join(', ')}`);
  reader.close();
});

test('the least and the greatest value of a group are those by bytes, and an engine skips groups by them', async (t) => {
  const path = join(temporaryFolder(t), 'bounds.parquet');
  const reader = await connect();
  const ids = ['\u{1F600}', '\uFFFD', 'a', 'B', 'é'];
  const columns: Columns = [
    [['host_id', 'TEXT'], of(1400, (at) => (at < 700 ? 'a' : (ids[at % 5] ?? null)))],
    [['valid_from_time', 'INTEGER'], of(1400, (at) => (at < 700 ? null : at - 1000))],
    [['value', 'INTEGER'], of(1400, (at) => at)],
  ];
  await unpacked(reader, path, columns);
  const bounds = (column: string): Promise<unknown[][]> =>
    reader.rows(
      'SELECT stats_min_value, stats_max_value, stats_null_count FROM ' +
        `parquet_metadata('${path}') WHERE path_in_schema = '${column}' ORDER BY row_group_id`,
    );
  t.deepEqual(await bounds('host_id'), [
    ['a', 'a', 0],
    ['B', '\u{1F600}', 0],
  ]);
  t.deepEqual(await bounds('valid_from_time'), [
    [null, null, 700],
    ['-300', '399', 0],
  ]);
  t.deepEqual(await bounds('value'), [
    [null, null, null],
    [null, null, null],
  ]);
  for (const id of ids)
    t.deepEqual(await reader.rows(`SELECT count(*) FROM read_parquet('${path}') WHERE host_id = '${id}'`), [
      [columns[0]?.[1].filter((value) => value === id).length],
    ]);
  reader.close();
});

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('', 'a', 'b'));
const columnOf = (length: number): fc.Arbitrary<Columns[number]> => {
  const list = (value: fc.Arbitrary<LakeValue>): fc.Arbitrary<LakeValue[]> =>
    fc.array(fc.option(value, { freq: 4 }), { minLength: length, maxLength: length, size: 'max' });
  return fc.oneof(
    list(text).map((values) => [['c', 'TEXT'], values] as const),
    list(fc.maxSafeInteger()).map((values) => [['c', 'INTEGER'], values] as const),
    list(fc.integer({ min: 0, max: 3 })).map((values) => [['c', 'INTEGER'], values] as const),
    list(fc.double({ noNaN: true }).map((value) => value + 0)).map(
      (values) => [['c', 'REAL'], values] as const,
    ),
  );
};

test('what is generated comes back as it was', async (t) => {
  const path = join(temporaryFolder(t), 'made.parquet');
  const reader = await connect();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }).chain(columnOf), async (column) => {
      const { read, rows } = await unpacked(reader, path, [column]);
      for (const one of read) t.deepEqual(one, rows);
    }),
    { numRuns: runsOf(150) },
  );
  reader.close();
  t.pass();
});

test('a value that tokenquery would not have written is named, and is not published as another', (t) => {
  for (const [type, value] of [
    ['INTEGER', 2 ** 53],
    ['INTEGER', 0.5],
    ['INTEGER', '7'],
    ['TEXT', 7],
    ['REAL', 'x'],
  ] as const)
    t.throws(() => [...partsOf([['size', type]], [[[null], [value]]], limits)], {
      name: 'UserError',
      message: new RegExp(`a value of the column size is no ${type} that tokenquery writes`),
    });
});
