/** Every text and every integer survives every format of JSON. */
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { csvFormat, csvLine } from '../../export/formats/csv.ts';
import { formats } from '../../export/formats/index.ts';
import type { FormatName } from '../../export/formats/index.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { tables } from '../../tables/index.ts';
import {
  currentText,
  editStore,
  linesOf,
  exportOf,
  sampleStore,
  tableOf,
  textOf,
  withStore,
} from './world.ts';
import type { Cell } from '../../export/format.ts';

/** JSON with its integers as they stand. */
const parseExact = (text: string): unknown =>
  JSON.parse(text, ((_key: string, value: unknown, { source }: { source?: string }): unknown =>
    typeof value === 'number' &&
    source !== undefined &&
    /^-?\d+$/.test(source) &&
    !Number.isSafeInteger(value)
      ? BigInt(source)
      : value) as Parameters<typeof JSON.parse>[1]);

type Json = Record<string, unknown>;
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((own, key) => (own as Json | undefined)?.[key as string], value);

/** The columns of the only row, out of the text of each format. */
const rowIn: Readonly<Record<Exclude<FormatName, 'csv'>, (text: string) => unknown>> = {
  native: (text) => at(parseExact(linesOf(text)[2] ?? ''), 'columns'),
  json: (text) => at(parseExact(text), 'snapshots', 0, 'tables', 0, 'rows', 0, 'columns'),
  osquery: (text) => at(parseExact(text), 'columns'),
  ocsf: (text) => at(parseExact(text), 'enrichments', 0, 'data', 'rows', 0),
  ecs: (text) => at(parseExact(text), 'tokenquery', 'deleted_users'),
  hec: (text) => at(parseExact(text), 'event'),
};
const jsonFormats = Object.keys(rowIn) as (keyof typeof rowIn)[];

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  // Lone surrogates, and pairs that are made of them.
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.string({ unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)) }),
  fc.constantFrom(
    '',
    '\u0000',
    '\u001f\u007f\u0080\u009f',
    '\u2028\u2029',
    '\ud800',
    '\udfff\ud800',
    '\u{10ffff}',
    '"\\/\b\f\n\r\t',
  ),
);
const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): Cell => (value >= -(2n ** 53n) + 1n && value <= 2n ** 53n - 1n ? Number(value) : value)),
  fc.constantFrom<Cell>(2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 9_007_199_254_740_991, null),
);

const deleted = tableOf('deleted_users');

for (const name of jsonFormats) {
  test(`${name}: every text and every integer survives`, (t) => {
    fc.assert(
      fc.property(texts, integers, (text, number) => {
        const cells = [text, number, 1_757_000_000] as const;
        for (const isNumeric of name === 'osquery' ? [true, false] : [false]) {
          const line = textOf(formats[name].make({ isNumeric }), [exportOf(deleted, cells)]);
          // What is sent is UTF-8: what is no Unicode must have become an escape before.
          const sent = Buffer.from(line, 'utf8').toString('utf8');
          t.is(sent, line);
          const row = rowIn[name](sent) as Json;
          t.is(row['username'], text);
          const uid = row['uid'];
          if (name === 'osquery' && number === null) t.is(uid, '');
          else if (name === 'osquery' && !isNumeric) t.is(uid, String(number));
          else t.is(uid, number);
        }
      }),
      { numRuns: runsOf(400) },
    );
  });
}

const every = Array.from({ length: 17 }, (_, plane) =>
  String.fromCodePoint(plane * 0x10000 + 0xfffd, plane * 0x10000 + 0x41),
).join('');
const controls = Array.from({ length: 0xa0 }, (_, code) => String.fromCodePoint(code))
  .slice(1)
  .join('');

test('out of a store too: what SQLite writes is what JavaScript would', async (t) => {
  const path = await sampleStore(t);
  const quoted = `${every}${controls}"\\`.replaceAll("'", "''");
  editStore(
    path,
    `UPDATE _current_users SET description = '${quoted}', gid = 9223372036854775807, uid = -9007199254740993 WHERE _n = 2;
    UPDATE _current_users SET description = 'a' || char(0) || ',b', directory = '', shell = NULL, uid = NULL, is_admin = NULL WHERE _n = 3;
    UPDATE _current_users SET username = NULL, uid = NULL, description = NULL, is_admin = 1 WHERE _n = 4;
    UPDATE _current_users SET username = NULL, uid = NULL, description = NULL, is_admin = 0 WHERE _n = 5;
    UPDATE _current_users SET uuid = NULL, uid = NULL WHERE _n = 6;
    UPDATE _current_users SET username = ',null,null]', uuid = ',null,null]', uid = NULL WHERE _n = 7;
    UPDATE _current_user_groups SET gid = NULL, groupname = NULL WHERE _n = 2;
    UPDATE _current_user_groups SET gid = -2, groupname = '${quoted}', username = '' WHERE _n = 3`,
  );
  const find = (name: FormatName, path_: readonly string[]): unknown[] =>
    linesOf(currentText(path, name)).flatMap((line) => {
      const row = at(parseExact(line), ...path_) as Json | undefined;
      return row?.['description'] === `${every}${controls}"\\` ? [[row['gid'], row['uid']]] : [];
    });
  const expected = [9_223_372_036_854_775_807n, -9_007_199_254_740_993n];
  for (const [name, where] of [
    ['native', ['columns']],
    ['hec', ['event']],
    ['ecs', ['tokenquery', 'users']],
  ] as const) {
    t.deepEqual(find(name, where), [expected, expected, expected, expected], name);
  }
  // The row that SQLite wrote, and the one that was made of cells, to the byte.
  withStore(path, (store) => {
    for (const [name, options] of [
      ['native', {}],
      ['json', {}],
      ['hec', {}],
      ['osquery', {}],
      ['osquery', { isNumeric: true }],
      ['ecs', {}],
      ['ecs', { isBulk: true }],
      ['ocsf', {}],
    ] as const) {
      const { rowSql } = formats[name].make(options);
      t.truthy(rowSql, name);
      const [text, cells] = [rowSql, null].map((own) =>
        textOf(formats[name].make(options), exportReader(store, { tables, rowSql: own }).currentSnapshots()),
      );
      t.is(text, cells, name);
    }
  });
});

/** A reader of RFC 4180, and of nothing more. */
const readCsv = (text: string): (string | null)[][] => {
  const records: (string | null)[][] = [];
  let record: (string | null)[] = [];
  let index = 0;
  while (index < text.length) {
    let value: string | null;
    if (text[index] === '"') {
      let own = '';
      index += 1;
      for (;;) {
        const quote = text.indexOf('"', index);
        if (quote === -1) throw new Error('a quote is not closed');
        own += text.slice(index, quote);
        index = quote + 1;
        if (text[index] !== '"') break;
        own += '"';
        index += 1;
      }
      value = own;
    } else {
      const end = /[,\r\n"]|$/.exec(text.slice(index))?.index ?? 0;
      value = end === 0 ? null : text.slice(index, index + end);
      index += end;
    }
    record.push(value);
    if (text[index] === ',') {
      index += 1;
      if (index === text.length) record.push(null);
    } else if (text.startsWith('\r\n', index)) {
      index += 2;
      records.push(record);
      record = [];
    } else throw new Error(`a field ends with ${JSON.stringify(text[index])}`);
  }
  return records;
};

test('CSV is RFC 4180, and NULL is not the empty text', (t) => {
  const cell = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', '=', '-', '\t', 'é', '\u{1f600}') }),
    fc.constant(null),
  );
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 5 }),
      (rows) => {
        t.deepEqual(readCsv(rows.map((row) => csvLine(row)).join('')), rows);
      },
    ),
    { numRuns: runsOf(2_000) },
  );
  t.is(csvLine(['', null, 'a,b', 'c"d', 5, -5, 2n ** 60n]), '"",,"a,b","c""d",5,-5,1152921504606846976\r\n');
});

test('a cell that a spreadsheet would calculate is neutralised only when it is asked for', (t) => {
  const risky = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '=cmd|"/c calc"!A0'];
  for (const text of [...risky, '\rx', 'safe', '1=1', '']) {
    const plain = readCsv(csvLine([text, 'x']))[0]?.[0];
    t.is(plain, text);
    const neutral = readCsv(csvLine([text, 'x'], true))[0]?.[0];
    t.is(neutral, /^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  }
  // A number is no formula.
  t.is(csvLine([-2, -5n], true), '-2,-5\r\n');
  const text = textOf(csvFormat({ isForSpreadsheet: true }), [exportOf(deleted, ['=1', -2, null])]);
  t.is(readCsv(text)[1]?.[0], "'=1");
  t.is(readCsv(text)[1]?.[1], '-2');
});
