import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { fitColumns, tableLines } from '../../cli/table_text.ts';
import type { Cells, Cut } from '../../cli/table_text.ts';
import { visible } from '../../export/visible.ts';
import { cutTo, widthOf, wrapWords } from '../../cli/width.ts';

interface Drawn extends Cut {
  readonly lines: readonly string[];
}

const drawn = (
  names: readonly string[],
  rows: readonly Cells[],
  width: number,
  times: readonly number[] = [],
): Drawn => {
  const lines = tableLines(names, rows, { width, times: new Set(times) });
  let text = '';
  let next = lines.next();
  for (; next.done !== true; next = lines.next())
    text += next.value.map((part) => (typeof part === 'string' ? part : part.text)).join('');
  return { ...next.value, lines: text.slice(0, -1).split('\n') };
};

const endless = Number.POSITIVE_INFINITY;
const odd = fc.constantFrom(
  '山',
  'e\u0301',
  '🇫🇷',
  '\u001b[31m',
  '\u202e',
  '😀',
  'ﾊ',
  '\n',
  '\u200b',
  'ä',
  'x',
  ' ',
);
const cell = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.array(odd, { maxLength: 60 }).map((all) => all.join('')),
  fc.integer(),
  fc.constant(null),
  fc.constant('z'.repeat(3000)),
);
const name = fc.constantFrom(
  'host_id',
  'username',
  'is_admin',
  'secure_token',
  'a',
  '山田',
  'max(creation_time)',
);
const table = fc
  .integer({ min: 1, max: 14 })
  .chain((count) =>
    fc.tuple(
      fc.array(name, { minLength: count, maxLength: count }),
      fc.array(fc.array(cell, { minLength: count, maxLength: count }), { maxLength: 5 }),
    ),
  );

test('no line of a table is wider than the terminal, all are as wide as each other, and what is cut is told', (t) => {
  fc.assert(
    fc.property(table, fc.integer({ min: 20, max: 200 }), ([names, rows], width) => {
      const { lines, columns, isCut } = drawn(names, rows, width);
      const widths = new Set(lines.map(widthOf));
      t.is(widths.size, 1, JSON.stringify(lines));
      t.true(
        [...widths].every((one) => one <= width),
        JSON.stringify(lines),
      );
      const whole = drawn(names, rows, endless);
      t.false(whole.isCut);
      t.is(whole.columns, names.length);
      // Nothing is left out where all of it would fit, and nothing is lost without a word.
      if (widthOf(whole.lines[0] ?? '') <= width) t.deepEqual(lines, whole.lines);
      else t.true(columns < names.length || isCut || lines.length > whole.lines.length);
      // eslint-disable-next-line no-control-regex
      t.notRegex(lines.join(''), /[\u0000-\u001f\u202e\u200b]/);
    }),
    { numRuns: runsOf(300) },
  );
});

test('what is cut keeps its beginning, ends in … and is as wide as it may be', (t) => {
  fc.assert(
    fc.property(fc.array(odd), fc.integer({ min: 1, max: 40 }), (all, width) => {
      const text = visible(all.join(''));
      const cut = cutTo(text, width);
      t.true(widthOf(cut) <= width);
      if (widthOf(text) <= width) t.is(cut, text);
      else {
        t.true(cut.endsWith('…'));
        t.true(text.startsWith(cut.slice(0, -1)));
        t.true(widthOf(cut) >= width - 1);
      }
    }),
  );
  t.is(cutTo('山田太郎', 5), '山田…');
  t.is(cutTo('e\u0301e\u0301e\u0301', 2), 'e\u0301…');
  t.is(widthOf('\u0301'), 0);
  t.is(widthOf('🇫🇷'), 2);
});

test('short columns keep their width, the longest are cut first, and names last', (t) => {
  const uuid = 36;
  t.deepEqual(fitColumns(['username', 'reason'], [8, 200], 60), [8, 45]);
  t.deepEqual(fitColumns(['uid', 'uuid', 'reason'], [4, uuid, 200], 80), [4, uuid, 30]);
  t.deepEqual(fitColumns(['a', 'b', 'c'], [5, 60, 80], 60), [5, 23, 22]);
  // A name stands in two lines before a column is left out.
  t.deepEqual(fitColumns(['secure_token', 'username'], [1, 20], 33), [7, 19]);
  const many = fitColumns(Array(30).fill('username'), Array(30).fill(20), 80);
  t.is(many.length, 5);
});

test('a moment is a date, its fraction is left out, and 0 is none', (t) => {
  const rows: Cells[] = [
    [1_790_691_356n],
    [1_772_453_740.527826],
    [0n],
    [null],
    [9_999_999_999_999_999n],
    ['x'],
  ];
  const { lines } = drawn(['change_time'], rows, 80, [0]);
  t.deepEqual(
    lines.slice(3, -1).map((line) => line.slice(2, -2).trim()),
    ['2026-09-29 14:15:56Z', '2026-03-02 12:15:40Z', '0', 'NULL', '9999999999999999', 'x'],
  );
  t.true(drawn(['change_time'], rows, endless).lines[3]?.includes('1790691356') === true);
});

test('text is wrapped at words, and a word that is wider than a line is broken', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(odd, fc.constantFrom('word', ' ', 'a-long-word-of-a-name'))), (all) => {
      const text = all.join('');
      const lines = wrapWords(text, { width: 30, indent: '    ', first: '  - ' }).split('\n');
      t.true(
        lines.every((line) => widthOf(line) <= 31),
        JSON.stringify(lines),
      );
      t.is(
        lines
          .map((line) => line.slice(4))
          .join('')
          .replaceAll(' ', ''),
        visible(text).replaceAll(' ', ''),
      );
    }),
  );
  const once = wrapWords('one two three', { width: endless });
  t.is(once, 'one two three\n');
});

test('a moment that has no room is its day, and never half of it', (t) => {
  const uuid = '6C894B5E-566C-47E3-9E7E-C4370769ADD9';
  const rows: Cells[] = [['deskops', 1_772_453_740n, 1_784_025_843n, uuid]];
  const names = ['username', 'creation_time', 'password_last_set_time', 'uuid'];
  const at = (width: number): string => drawn(names, rows, width, [1, 2]).lines.at(-2) ?? '';
  t.regex(at(80), /\| 2026-03-02 12:15:40Z \| 2026-07-14 10:44:03Z \| 6C894B5E-.*… \|/);
  t.regex(at(60), /\| 2026-03-02 \| 2026-07-14 \| 6C894B5E-.*… \|/);
  for (let width = 20; width < 120; width += 1)
    t.notRegex(at(width), /2026-\d\d-\d\d \d[\d:]*…|2026-[\d-]*…/, String(width));
});

test('letters that are measured without looking at them are each one sign of one column, beside any other', (t) => {
  const between = (first: number, last: number): string[] =>
    Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index));
  const letters = [
    ...between(0x20, 0x7e),
    ...between(0xa0, 0x2ff),
    ...between(0x2010, 0x2027),
    ...between(0x2030, 0x205e),
  ];
  const signs = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const all = [...letters, ...letters.toReversed(), ...letters.map((letter) => letter + letter)].join('');
  t.deepEqual(
    [...signs.segment(all)].map((one) => one.segment),
    Array.from(all),
  );
  // A sign of two columns has it looked at, letter by letter.
  for (const letter of letters) t.is(widthOf(`${letter}字`), 3, JSON.stringify(letter));
  t.is(widthOf(all), all.length);
  t.is(cutTo('Élowen’s – Mac', 8), 'Élowen’…');
});
