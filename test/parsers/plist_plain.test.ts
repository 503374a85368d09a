/** Two readers of one form must never disagree: what the quick one takes, the parser of XML takes for the same. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { decodeText } from '../../collector/parsers/decode.ts';
import { readPlain, readPlainArray } from '../../collector/parsers/plist_plain.ts';
import { PlistDate } from '../../collector/parsers/plist_value.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { readAnyDocument } from '../../collector/parsers/plist_xml.ts';
import fc, { runsOf } from '../property.ts';
import { root } from '../standin.ts';

/** Why the two do not agree; null where they do. */
const disagreement = (text: string): string | null => {
  const value = readPlain(text);
  if (value === null) return null;
  try {
    const document = readAnyDocument(text);
    if (!document.isPlain) return 'the parser of XML finds more than the value';
    return isDeepStrictEqual(document.value, value) ? null : 'the parser of XML reads another value';
  } catch (error) {
    return `the parser of XML refuses it: ${(error as Error).message}`;
  }
};

/** Every property list in XML that the project has, of Apple's tools and of the tests. */
const corpus: readonly string[] = [
  'samples',
  'test/corpus',
  'test/fixtures',
  'test/fuzz/kept',
  'test/hosts',
].flatMap((folder) => {
  let names: readonly string[];
  try {
    names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      const text = decodeText(readFileSync(join(root, folder, name)));
      return text?.includes('<plist') === true ? [text] : [];
    } catch {
      return [];
    }
  });
});
const plain = [...new Set(corpus)].filter((text) => readPlain(text) !== null);

test('what Apple’s tools print is mostly plain, and is read as the parser of XML reads it', (t) => {
  t.true(corpus.length >= 100, `${corpus.length}`);
  t.true(plain.length >= 50, `${plain.length} of ${corpus.length}`);
  for (const text of corpus) t.is(disagreement(text), null, text.slice(0, 400));
});

const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed() && !text.includes('\0')),
  fc.constantFrom(
    '',
    ' ',
    '\n',
    ' a ',
    '&',
    '<',
    '>',
    ']]>',
    '"',
    "'",
    '__proto__',
    '</plist>',
    '&lt;',
    'ü ☃',
    '\uFEFF',
  ),
);
const { value: values } = fc.letrec<{ value: PlistValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    texts,
    fc.integer(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 9 }),
    fc.integer({ min: 0, max: 2_000_000_000 }).map((seconds) => new PlistDate(seconds)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(texts, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  ),
}));

test('any value that is written is read alike by both', (t) => {
  let read = 0;
  fc.assert(
    fc.property(values, (value) => {
      const text = writeXmlPlist(value);
      if (readPlain(text) !== null) read += 1;
      return disagreement(text) === null;
    }),
    { numRuns: runsOf(400) },
  );
  t.true(read > 100, `only ${read} of them were plain`);
});

/** What a hand, a fault or an attack may put into a text, or leave out of it. */
const pieces = [
  ...[
    '<!-- a -->',
    '<!--',
    '-->',
    '<![CDATA[a]]>',
    '<![CDATA[',
    ']]>',
    '<?a b?>',
    '<!DOCTYPE plist>',
    '<!ENTITY a "b">',
  ],
  ...[
    '&',
    '&;',
    '&bogus;',
    '&lt',
    '&lt;',
    '&amp;lt;',
    '&quot;',
    '&#0;',
    '&#65;',
    '&#x1F;',
    '&#xD800;',
    '&#x110000;',
  ],
  ...[
    '\0',
    '\u0001',
    '\u001F',
    '\u007F',
    '\u0085',
    '\u2028',
    '\uFFFE',
    '\uFFFF',
    '\uDFFF',
    '\uFEFF',
    '\r',
    '\r\n',
    '\n',
    '\t',
    ' ',
  ],
  ...['<', '>', '/', '</', '/>', '<>', '</>', 'a', '"', "'", '=', ' a="b"', ' version="1.0"'],
  ...[
    '<dict>',
    '</dict>',
    '<dict/>',
    '<dict></dict>',
    '<array>',
    '</array>',
    '<array/>',
    '<plist version="1.0">',
    '</plist>',
  ],
  ...[
    '<key>a</key>',
    '<key>',
    '</key>',
    '<key/>',
    '<key></key>',
    '<string>a</string>',
    '<string>',
    '</string>',
    '<string/>',
  ],
  ...[
    '<true/>',
    '<true></true>',
    '<true>a</true>',
    '<false />',
    '<integer>1</integer>',
    '<integer>x</integer>',
    '<integer/>',
  ],
  ...[
    '<real>1.5</real>',
    '<real>nan</real>',
    '<date>2024-02-30T00:00:00Z</date>',
    '<data>AA=</data>',
    '<data>AAAA</data>',
  ],
  ...[
    '<b>a</b>',
    '<STRING>a</STRING>',
    '<string >a</string>',
    '<string>a</string >',
    '<string>a</key>',
    'text',
    '__proto__',
  ],
];

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly piece: string;
}
const edited = (text: string, { at, cut, piece }: Edit): string => {
  // At a tag where there is one near: between two letters of a text most edits are alike.
  const place = Math.floor(at * text.length);
  const near = text.indexOf('<', place);
  const start = cut % 2 === 0 && near >= 0 ? near : place;
  return text.slice(0, start) + piece + text.slice(start + (cut >> 1));
};
// Of doubles, most that are tried are next to nothing: the head of the text.
const place = fc.nat(9_999).map((share) => share / 10_000);
/** What any letter may be, without another meaning. */
const letters = ['a', '0', 'ü', '☃', '😀', ' ', '.', '&lt;', '&amp;', '&#65;', '"', "'", '-', '__proto__'];
const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.oneof(
    fc.record({ at: place, cut: fc.oneof(fc.nat(3), fc.nat(60)), piece: fc.constantFrom('', ...pieces) }),
    fc.record({ at: place, cut: fc.constantFrom(1, 3), piece: fc.constantFrom(...letters) }),
  ),
  { minLength: 1, maxLength: 3 },
);

test('a plain text that was changed anywhere is read alike by both, or left to the parser of XML', (t) => {
  const small = plain.filter((text) => text.length < 6000);
  let read = 0;
  fc.assert(
    fc.property(fc.nat(small.length - 1), edits, (index, all) => {
      const text = all.reduce(edited, small[index] ?? '');
      if (readPlain(text) !== null) read += 1;
      const why = disagreement(text);
      if (why !== null) throw new Error(why);
    }),
    { numRuns: runsOf(4000) },
  );
  t.true(read > 200, `only ${read} of them stayed plain`);
});

test('the elements of a plain array are handed out one by one, and of anything else there is no answer', (t) => {
  const seen: PlistValue[] = [];
  const take = (value: PlistValue): number => seen.push(value);
  const value = ['a', ['b', new Map([['c', ['d']]])], true];
  t.deepEqual(readPlainArray(writeXmlPlist(value), take), [1, 2, 3]);
  t.deepEqual(seen, value);
  t.deepEqual(readPlainArray(writeXmlPlist([]), take), []);
  t.is(readPlainArray(writeXmlPlist(new Map([['a', ['b']]])), take), null);
  t.is(readPlainArray(writeXmlPlist('a'), take), null);
  t.is(readPlainArray(writeXmlPlist(value).replace('<true/>', '<true />'), take), null);
  for (const text of plain) {
    const whole = readPlain(text);
    t.deepEqual(
      readPlainArray(text, (each) => each),
      Array.isArray(whole) ? whole : null,
    );
  }
});

const document = (body: string): string =>
  writeXmlPlist('VALUE').replace('<string>VALUE</string>', () => body);

const notPlain: Readonly<Record<string, string>> = {
  'a comment': '<!-- a --><true/>',
  'a section': '<string><![CDATA[a]]></string>',
  'the end of a section': '<string>a]]></string>',
  'an attribute': '<string a="b">a</string>',
  'space in a tag': '<true />',
  'a text that closes itself': '<string/>',
  'a carriage return': '<string>a\r\nb</string>',
  'a control character': '<string>\u0001</string>',
  'a character that is none': '<string>\uFFFE</string>',
  'half a pair': '<string>\uDFFF</string>',
  'a reference that is not known': '<string>&bogus;</string>',
  'a reference to no character': '<string>&#0;</string>',
  'a reference without an end': '<string>&lt</string>',
  'a key twice': '<dict><key>a</key><true/><key>a</key><true/></dict>',
  'a key without a value': '<dict><key>a</key></dict>',
  'a key that is empty': '<dict><key></key><true/></dict>',
  'a value without a key': '<dict><true/></dict>',
  'a key in an array': '<array><key>a</key></array>',
  'two values': '<true/><true/>',
  'no value': '',
  'a wrong end': '<array><dict></array></dict>',
  'an end that is missing': '<array><true/>',
  'an element in a text': '<string>a<true/></string>',
  'a text between elements': '<array>a</array>',
  'an element that is not known': '<b>a</b>',
  'a number that is none': '<integer>x</integer>',
  'a day that is none': '<date>2024-02-30T00:00:00Z</date>',
  'bytes that are none': '<data>A</data>',
  'an end within the text': '<true/></plist><plist version="1.0">',
  'very deep nesting': `${'<array>'.repeat(60)}${'</array>'.repeat(60)}`,
};

for (const [what, body] of Object.entries(notPlain)) {
  test(`not plain: ${what}`, (t) => {
    t.not(readPlain(document('<true/>')), null);
    t.is(readPlain(document(body)), null);
  });
}

test('not plain: another head, a log before it, and anything behind it', (t) => {
  const text = document('<true/>');
  t.is(readPlain(text), true);
  for (const other of [
    ` ${text}`,
    `\uFEFF${text}`,
    `a log\n${text}`,
    `${text}\n`,
    `${text}a log\n`,
    text.replace('UTF-8', 'utf-8'),
    text.replace('<plist version="1.0">', '<plist>'),
    text.slice(text.indexOf('<plist')),
  ])
    t.is(readPlain(other), null, JSON.stringify(other.slice(0, 60)));
});
