/** Native exports that somebody made to harm a fleet file: each is refused in words, or what it brings can be told. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { mergeInto, sampleStore } from '../fuzz/stores.ts';
import { temporaryFolder } from '../standin.ts';

type Json = Readonly<Record<string, unknown>>;

/** What no field of ours holds, or holds only at its edge. */
const values: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  '../../x',
  '\u001b[31m',
  '\u0000',
  'x'.repeat(100_000),
  -1,
  0,
  1.5,
  2 ** 53,
  1e308,
  [],
  {},
  [[['x']]],
  { __proto__: [1] },
];

/** The first lines of an export: a snapshot, a table, a row, the end. */
const linesOf = (native: string): readonly Json[] => {
  const lines = native.split('\n').filter((line) => line !== '');
  const end = lines.findIndex((line) => line.startsWith('{"kind":"end"'));
  return lines.slice(0, end + 1).map((line) => JSON.parse(line) as Json);
};

interface Variant {
  readonly name: string;
  readonly lines: readonly Json[];
}

/** One field of the first line of each kind, with every value. */
const variantsOf = (lines: readonly Json[]): readonly Variant[] =>
  ['snapshot', 'table', 'row', 'end'].flatMap((kind) => {
    const index = lines.findIndex((line) => line['kind'] === kind);
    return Object.keys(lines[index] ?? {}).flatMap((field) =>
      values.map((value) => ({
        name: `${kind}.${field} = ${JSON.stringify(value).slice(0, 40)}`,
        lines: lines.map((line, at) => (at === index ? { ...line, [field]: value } : line)),
      })),
    );
  });

/** Each column of each table, with each of a few values, in turn. */
const columnVariantsOf = (lines: readonly Json[]): readonly Variant[] => {
  const tables = new Set<unknown>();
  return lines.flatMap((line, index) => {
    if (line['kind'] !== 'row' || tables.has(line['table'])) return [];
    tables.add(line['table']);
    const columns = line['columns'] as Json;
    return Object.keys(columns).map((column, at): Variant => {
      const value = values[(index + at) % values.length];
      return {
        name: `${String(line['table'])}.${column} = ${JSON.stringify(value).slice(0, 40)}`,
        lines: lines.map((own, place) =>
          place === index ? { ...own, columns: { ...columns, [column]: value } } : own,
        ),
      };
    });
  });
};

const shapes = (lines: readonly Json[]): readonly Variant[] => {
  const [first = {}, ...rest] = lines;
  return [
    { name: 'no lines', lines: [] },
    { name: 'no end', lines: lines.slice(0, -1) },
    { name: 'no snapshot', lines: rest },
    { name: 'two snapshots begun', lines: [first, ...lines] },
    { name: 'the end twice', lines: [...lines, ...lines.slice(-1)] },
    { name: 'every line twice', lines: lines.flatMap((line) => [line, line]) },
    { name: 'backwards', lines: lines.toReversed() },
    { name: 'the same snapshot twice', lines: [...lines, ...lines] },
    { name: 'an unknown kind', lines: [first, { kind: 'other' }, ...rest] },
    { name: 'a line that is a list', lines: [first, [1] as unknown as Json, ...rest] },
  ];
};

test('every hostile export is refused in words, or can be told whole', async (t) => {
  t.timeout(240_000);
  const folder = temporaryFolder(t);
  const lines = linesOf((await sampleStore()).native);
  const variants = [...variantsOf(lines), ...columnVariantsOf(lines), ...shapes(lines)];
  t.true(variants.length >= 60, `${variants.length}`);
  const inputs = variants.map(({ lines: own }, index) => {
    const path = join(folder, `${index}.ndjson`);
    writeFileSync(path, own.map((line) => `${JSON.stringify(line)}\n`).join(''));
    return { path, kind: 'native' as const };
  });
  const said = await mergeInto(join(folder, 'fleet.db'), inputs);
  t.true(said.length > 60, `${said.length} are refused`);
});
