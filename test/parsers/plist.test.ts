import test from 'ava';
import { parseBuffer } from 'bplist-parser';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import { parsePlistFile } from '../../collector/parsers/plist.ts';
import { parseBinaryPlist } from '../../collector/parsers/plist_binary.ts';
import { sanitizeXmlPlist } from '../../collector/parsers/plist_sanitize.ts';
import {
  PlistDate,
  PlistOdd,
  asArray,
  asBoolean,
  asData,
  asDate,
  asDict,
  asInteger,
  asNumber,
  asString,
  optionalBoolean,
  optionalDate,
  optionalDict,
  optionalInteger,
  optionalString,
  unixSecondsOfIso,
} from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import type { AllowedKeys } from '../../collector/parsers/plist_sanitize.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import { anyText, bytesOf, casesOf, isHandled, mutated, mutatedText, numRuns, textOf } from './directory.ts';

const doctype =
  '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">';
const xml = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${doctype}\n<plist version="1.0">\n${body}\n</plist>\n`;
const value = (body: string): PlistValue => parseXmlPlist(xml(body));
const refuses = (
  t: { throws: (run: () => unknown, is: object, message?: string) => unknown },
  text: string,
): void =>
  void t.throws(
    () => parseXmlPlist(text),
    { instanceOf: CollectError, code: 'parse_failed' },
    text.slice(0, 200),
  );

test('each element has its value', (t) => {
  t.deepEqual(
    value(
      '<array><string>a</string><string/><string></string><true/><false></false><integer>12</integer>' +
        '<integer>-7</integer><integer>0x1F</integer><integer>-0x10</integer><real>-1.5e3</real>' +
        '<date>2024-02-29T03:04:05Z</date><data>\n\tAQID\n\tBA==\n\t</data><array/><dict/></array>',
    ),
    [
      'a',
      '',
      '',
      true,
      false,
      12,
      -7,
      31,
      -16,
      -1500,
      new PlistDate(1_709_175_845),
      Uint8Array.of(1, 2, 3, 4),
      [],
      new Map(),
    ],
  );
});

test('integers past 2^53 keep their digits, past 64 bits they are refused', (t) => {
  const integer = (digits: string): PlistValue => value(`<integer>${digits}</integer>`);
  t.is(integer('9007199254740991'), 9_007_199_254_740_991);
  t.is(integer('9007199254740993'), 9_007_199_254_740_993n);
  t.is(integer('18446744073709551615'), 2n ** 64n - 1n);
  t.is(integer('-9223372036854775808'), -(2n ** 63n));
  for (const digits of [
    '18446744073709551616',
    '-9223372036854775809',
    '1.5',
    '',
    'x',
    '1 2',
    '9'.repeat(5000),
  ]) {
    refuses(t, xml(`<integer>${digits}</integer>`));
  }
});

test('a real is a finite number', (t) => {
  for (const word of ['nan', 'inf', '-infinity', 'NaN', '1e999', '', '1,5', '0x10', '.']) {
    refuses(t, xml(`<real>${word}</real>`));
  }
  t.is(value('<real>1790226754.93116</real>'), 1_790_226_754.931_16);
});

test('a date is one of the calendar', (t) => {
  t.is(unixSecondsOfIso('1970-01-01T00:00:00Z'), 0);
  t.is(unixSecondsOfIso('2024-02-30T00:00:00Z'), null);
  t.is(unixSecondsOfIso('2024-01-01T24:00:00Z'), null);
  t.is(unixSecondsOfIso('2024-01-01'), null);
  refuses(t, xml('<date>2023-02-29T00:00:00Z</date>'));
  refuses(t, xml('<data>AQI</data>'));
  refuses(t, xml('<data>A=BC</data>'));
});

test('whitespace of strings is kept, character by character', (t) => {
  for (const text of ['   ', '\n', '\n a \n', '\t', ' -\nRecordName: root\n', '']) {
    t.is(value(`<string>${text}</string>`), text);
    t.deepEqual(value(`<dict><key>${text}</key><string>x</string></dict>`), new Map([[text, 'x']]));
  }
});

test('comments, CDATA and references', (t) => {
  t.is(
    value('<string>a<!-- <b> -->c<![CDATA[<&lt;]]>d&lt;&amp;&gt;&quot;&apos;&#10;&#x1F600;</string>'),
    'ac<&lt;d<&>"\'\n😀',
  );
  t.is(value('<!-- x --><string>&amp;lt;</string><!-- y -->'), '&lt;');
  t.is(parseXmlPlist(`\uFEFF${xml('<true/>')}`), true);
  t.is(parseXmlPlist('<plist version="1.0"><true/></plist>'), true);
  t.is(parseXmlPlist(`<?xml version="1.0"?><!-- c -->\r\n <plist><true/></plist><!-- end -->\r\n`), true);
  for (const text of ['&nbsp;', '&', '&#0;', '&#xD800;', '&#x110000;', '&#;', '&lt', '&#99999999999;']) {
    refuses(t, xml(`<string>${text}</string>`));
  }
});

test('names that reach a prototype are keys as others', (t) => {
  const dict = value(
    '<dict><key>__proto__</key><dict><key>a</key><true/></dict><key>constructor</key><true/></dict>',
  );
  t.deepEqual(
    dict,
    new Map<string, PlistValue>([
      ['__proto__', new Map([['a', true]])],
      ['constructor', true],
    ]),
  );
  t.is(({} as Record<string, unknown>)['a'], undefined);
  refuses(t, xml('<constructor/>'));
  refuses(t, xml('<toString/>'));
});

test('entities are never declared nor fetched', (t) => {
  const bomb = `<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>`;
  refuses(t, `<?xml version="1.0"?>${bomb}<plist><string>&c;</string></plist>`);
  refuses(
    t,
    `<!DOCTYPE plist SYSTEM "file:///etc/passwd" [<!ENTITY x SYSTEM "file:///etc/passwd">]><plist><string>&x;</string></plist>`,
  );
  refuses(t, `<!DOCTYPE plist []><plist><true/></plist>`);
  refuses(t, `<plist><!DOCTYPE plist [<!ENTITY a "b">]><string>&a;</string></plist>`);
  refuses(t, `<plist><string><!ENTITY a "b"></string></plist>`);
  refuses(t, `${doctype}${doctype}<plist><true/></plist>`);
  t.is(
    parseXmlPlist(
      '<!DOCTYPE plist SYSTEM "file://localhost/System/Library/DTDs/PropertyList.dtd"><plist><true/></plist>',
    ),
    true,
  );
});

test('a prolog that is cut or changed costs nothing, unless it may mean another text', (t) => {
  const body = '<plist version="1.0">\n<dict><key>a</key><string>b</string></dict>\n</plist>\n';
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>';
  const expected = parseXmlPlist(body);
  const prologs = [
    declaration.slice(0, 20),
    declaration.slice(5),
    `${declaration}\n${doctype.slice(0, 40)}`,
    `${declaration}\n${doctype.slice(12)}`,
    `${declaration.replace('1.0', '9.9')}\n${doctype.replace('plist', 'list')}`,
    `\uFEFF${declaration.slice(0, -2)}`,
    `garbage${declaration}\n${doctype}`,
  ];
  for (const prolog of prologs) {
    const text = `${prolog}\n${body}`;
    t.deepEqual(parseXmlPlist(text), expected, prolog);
    t.is(sanitizeXmlPlist(text, { a: true }), writeXmlPlist(expected), prolog);
  }
  for (const prolog of [
    declaration.replace('UTF-8', 'UTF-16'),
    declaration.replace('UTF-8', 'UTF-'),
    '<!DOCTYPE plist [<!ENTITY b "c">',
    '<!DOCTYPE plist [',
    '<dict>',
    '</plist>',
  ])
    refuses(t, `${prolog}\n${body}`);
});

test('what is not exactly one whole document is refused', (t) => {
  const whole = xml('<dict><key>a</key><array><string>b</string></array></dict>');
  for (let end = 0; end < whole.length - 1; end++) refuses(t, whole.slice(0, end));
  t.notThrows(() => parseXmlPlist(whole.slice(0, -1)));
  const bodies = [
    '',
    '<true/><true/>',
    'text',
    '<string>a</string>b',
    '<dict><string>a</string></dict>',
    '<dict>text</dict>',
    '<key>a</key>',
    '<string><string>a</string></string>',
    '<true>x</true>',
    '<unknown/>',
    '<plist><true/></plist>',
    '<string x="1">a</string>',
    '<array></dict>',
    '<array><string>a</array></string>',
    '<string>a</string  x>',
    '<?php ?><true/>',
    '<![CDATA[x]]>',
  ];
  for (const body of bodies) refuses(t, xml(body));
  const around = [
    whole + whole,
    `${whole}</plist>`,
    `<string>\n${whole}`,
    `${whole}<plist/>`,
    `${whole}<dict/>`,
    `${whole}<![CDATA[]]>`,
    `${whole}<?xml version="1.0"?>`,
    `${whole}\0`,
    xml('<string>a\0b</string>'),
    'read: Invalid Path\n',
    'Not found.',
    '<html><plist></plist></html>',
    '<plists><true/></plists>',
    '<plist encoding="x"><true/></plist>',
    '<plist/>',
    '<?xml version="1.0" encoding="UTF-16"?><plist><true/></plist>',
    '{ a = b; }',
    '',
  ];
  for (const text of around) refuses(t, text);
});

/** What is odd of a value is told from all else; why it is odd does not matter here. */
const plainly = (of: PlistValue): unknown =>
  of instanceof PlistOdd
    ? { odd: of.rest === null ? null : plainly(of.rest) }
    : Array.isArray(of)
      ? of.map(plainly)
      : of instanceof Map
        ? new Map([...(of as ReadonlyMap<string, PlistValue>)].map(([key, each]) => [key, plainly(each)]))
        : of;
const odd = { odd: null };

test('what cannot be read costs itself', (t) => {
  const cases: ReadonlyArray<readonly [string, unknown]> = [
    ['<dict><key>a</key></dict>', new Map([['a', odd]])],
    [
      '<dict><key>a</key><key>b</key><true/></dict>',
      new Map<string, unknown>([
        ['a', odd],
        ['b', true],
      ]),
    ],
    ['<dict><key>a</key><key>a</key><true/></dict>', new Map([['a', true]])],
    ['<dict><key>a</key><true/><key>a</key><false/></dict>', new Map([['a', odd]])],
    ['<dict><key>a</key><true/><key>a</key><true/></dict>', new Map([['a', true]])],
    [
      '<dict><key>a</key><array><data>AQ==</data></array><key>a</key><array><data>A Q==</data></array></dict>',
      new Map([['a', [Uint8Array.of(1)]]]),
    ],
    ['<array><key>a</key><true/></array>', [odd, true]],
    ['<array>text<true/></array>', [odd, true]],
    ['<array><integer>x</integer><true/></array>', [odd, true]],
    ['<array><string>a<b>c</b></string><true/></array>', [odd, true]],
    ['<array><null/><true x="1"/><true>1</true><true/></array>', [odd, odd, odd, true]],
    ['<array><foo><dict><key>a</key><true/></dict></foo><true/></array>', [odd, true]],
    ['<array><string>R&D</string><string>R&amp;D</string></array>', [odd, 'R&D']],
    ['<array><dict><true/></dict><true/></array>', [{ odd: new Map() }, true]],
    ['<array><dict><key>a</key><true/><false/></dict></array>', [{ odd: new Map([['a', true]]) }]],
    [
      '<array><dict><key>&x;</key><true/><key>a</key><true/></dict></array>',
      [{ odd: new Map([['a', true]]) }],
    ],
    ['<array><dict>text<key>a</key><true/></dict></array>', [{ odd: new Map([['a', true]]) }]],
  ];
  for (const [body, is] of cases) t.deepEqual(plainly(value(body)), is, body);
  t.deepEqual(
    parseBinaryPlist(
      binary([
        [0xd2, 1, 2, 1, 2],
        [0x51, 0x61],
        [0x51, 0x61],
      ]),
    ),
    new Map([['a', 'a']]),
  );
  t.deepEqual(plainly(parseBinaryPlist(binary([[0xa2, 1, 2], [0x80, 1], [0x09]]))), [odd, true]);
});

const logs = [
  '2026-09-23 08:49:47.123 dscl[123:456] +[NSXPCConnection x]: <private> is not known',
  'objc[501]: Class AMSupport is implemented in both /a and /b. One of the two will be used.',
  '+[ODSession defaultSession]: no answer yet',
  'fopen failed: a < b & c > d',
  '<?x y',
  '',
];
test('a line that a framework logs before or after costs nothing, and is not kept', (t) => {
  const whole = xml('<dict><key>a</key><string>x</string></dict>');
  for (const log of logs) {
    for (const text of [
      `${log}\n${whole}`,
      `${whole}${log}\n`,
      `${log}\n${log}\n${whole}${log}`,
      `\uFEFF${log}\n${whole}`,
    ]) {
      t.deepEqual(parseXmlPlist(text), new Map([['a', 'x']]), text);
      const reduced = sanitizeXmlPlist(text, { a: true });
      t.is(sanitizeXmlPlist(reduced, { a: true }), reduced);
      t.deepEqual(parseXmlPlist(reduced), new Map([['a', 'x']]));
      if (log !== '') t.false(reduced.includes(log));
    }
  }
});

/** One element of `whole` is changed so that its document stays one; with the texts of the elements that are untouched. */
const damages: Readonly<Record<string, (item: string) => string>> = {
  'a number that is none': (item) => item.replace('<integer>1</integer>', '<integer>one</integer>'),
  'a date that is none': (item) => item.replace('2024-01-02', '2024-13-02'),
  'an unknown element': (item) => item.replace('<true/>', '<maybe/>'),
  'a reference that is not known': (item) => item.replace('&amp;', '&nbsp;'),
  'an attribute': (item) => item.replace('<true/>', '<true why="x"/>'),
  'no key': (item) => item.replace('<key>d</key>', ''),
  'no value': (item) => item.replace('<true/>', ''),
  'a key twice': (item) => item.replace('<key>d</key>', '<key>d</key><key>d</key>'),
  'a pair twice': (item) => item.replace('<key>d</key><true/>', '<key>d</key><true/><key>d</key><true/>'),
  'a pair against itself': (item) => item.replace('<true/>', '<true/><key>d</key><false/>'),
  'a text in between': (item) => item.replace('<true/>', 'log<true/>'),
  'another kind': () => '<true/>',
  'nothing of it': () => '',
};
test('one odd item of many costs that item, reduced or not', (t) => {
  const item = (name: string): string =>
    `<dict><key>n</key><string>${name} &amp;</string><key>i</key><integer>1</integer>` +
    '<key>t</key><date>2024-01-02T03:04:05Z</date><key>d</key><true/></dict>';
  const allowed: AllowedKeys = { n: true, i: true, t: true, d: true };
  const whole = asDict(asArray(value(`<array>${item('x')}</array>`), 'it')[0], 'it');
  for (const [what, damage] of Object.entries(damages)) {
    for (let at = 0; at < 5; at += 1) {
      const items = Array.from({ length: 5 }, (_, index) => (index === at ? damage(item('x')) : item('x')));
      const text = xml(`<array>${items.join('\n')}</array>`);
      const read = asArray(parseXmlPlist(text), 'it');
      if (what !== 'nothing of it') {
        for (const [index, each] of read.entries()) if (index !== at) t.deepEqual(each, whole, what);
      } else t.deepEqual(read, Array(4).fill(whole));
      const reduced = sanitizeXmlPlist(text, allowed);
      t.is(sanitizeXmlPlist(reduced, allowed), reduced, what);
      t.deepEqual(plainly(parseXmlPlist(reduced)), plainly(read), what);
    }
  }
});

test('nothing is kept of what cannot be read', (t) => {
  for (const body of [
    '<integer>SECRET</integer>',
    '<foo>SECRET</foo>',
    '<string x="SECRET">SECRET</string>',
    '<string>SECRET &nbsp;</string>',
    '<string>a<b>SECRET</b></string>',
    '<data>SECRET</data>',
    '<true>SECRET</true>',
  ]) {
    for (const text of [
      xml(`<array><dict><key>a</key>${body}</dict></array>`),
      xml(`<array><dict><key>a</key><true/>${body}</dict></array>`),
      xml(`<array><dict><key>a</key><true/>SECRET</dict></array>`),
      xml(`<array><dict><key>a</key>${body}<key>a</key><string>x</string></dict></array>`),
    ]) {
      const reduced = sanitizeXmlPlist(text, { a: true });
      t.false(reduced.includes('SECRET'), text);
      t.deepEqual(plainly(parseXmlPlist(reduced)), plainly(parseXmlPlist(text)), text);
    }
  }
});

test('the message does not quote the document', (t) => {
  for (const text of [
    '<plist><SECRET></plist>',
    '<plist><string>&SECRET;</string></plist>',
    '<plist><SECRET/></plist>',
  ]) {
    const error = t.throws(() => parseXmlPlist(text), { instanceOf: CollectError });
    t.false(JSON.stringify([error.message, error.stack, error.cause]).includes('SECRET'));
  }
});

test('nesting ends at a hundred, whatever the depth', (t) => {
  const nested = (depth: number): string => xml('<array>'.repeat(depth) + '</array>'.repeat(depth));
  t.notThrows(() => parseXmlPlist(nested(100)));
  refuses(t, nested(102));
  refuses(t, nested(100_000));
  refuses(t, `<plist>${'<array>'.repeat(100_000)}`);
  refuses(t, xml(`${'<dict><key>a</key>'.repeat(50_000)}${'</dict>'.repeat(50_000)}`));
});

test('a Mac with 5,000 accounts has more references than the library allows by itself', (t) => {
  const authority = '<string>;ShadowHash;HASHLIST:&lt;SALTED-SHA512-PBKDF2&gt;</string>';
  const array = asArray(value(`<array>${authority.repeat(5000)}</array>`), 'it');
  t.is(array.length, 5000);
  t.is(array[4999], ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>');
});

// Each would take minutes in quadratic time, and fail by the time limit of the test runner.
test('hostile lengths end in linear time', (t) => {
  const length = 500_000;
  const parts = [
    ...'< <!-- <![CDATA[ & &#1 " <plist --> ]]> </ <key> <string> <!DOCTYPE <?xml <! /> 1 \t<a\t'.split(' '),
    '<a ',
    ' ',
    '<plist a="',
    "='",
  ];
  for (const part of parts) {
    const text = part.repeat(length / part.length);
    for (const document of [
      text,
      `<plist>${text}`,
      `<plist><string>${text}</string></plist>`,
      `<plist ${text}>`,
    ]) {
      t.true(isHandled(() => parseXmlPlist(document)));
    }
    for (const tag of ['integer', 'real', 'date', 'data']) {
      t.true(isHandled(() => value(`<${tag}>${text}</${tag}>`)));
    }
  }
  t.is(asString(value(`<string>${'&lt;'.repeat(length)}</string>`), 'it').length, length);
  t.is(asString(value(`<string>${'a<!---->'.repeat(length / 8)}</string>`), 'it').length, length / 8);
  t.is(
    asString(value(`<string>${'<![CDATA[a]]>'.repeat(length / 13)}</string>`), 'it').length,
    Math.floor(length / 13),
  );
  const keys = Array.from({ length: 100_000 }, (_, index) => `<key>k${index}</key><true/>`).join('');
  t.is(asDict(value(`<dict>${keys}</dict>`), 'it').size, 100_000);
});

const plistValue: fc.Arbitrary<PlistValue> = fc.letrec<{ value: PlistValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
    fc.integer({ min: -62_167_219_200, max: 253_402_300_799 }).map((seconds) => new PlistDate(seconds)),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => new Uint8Array(bytes)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc
      .uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), tie('value')), {
        maxLength: 5,
        selector: ([key]) => key,
      })
      .map((entries) => new Map(entries)),
  ),
})).value;

/** XML has no NUL. */
const holdsNul = (node: PlistValue): boolean =>
  node instanceof Map
    ? [...node].some(([key, element]) => key.includes('\0') || holdsNul(element))
    : Array.isArray(node)
      ? node.some(holdsNul)
      : typeof node === 'string' && node.includes('\0');

test('a value is written as it is read', (t) => {
  fc.assert(
    fc.property(plistValue, (written) => {
      if (holdsNul(written)) {
        t.throws(() => writeXmlPlist(written), { instanceOf: CollectError });
        return;
      }
      const text = writeXmlPlist(written);
      t.deepEqual(parseXmlPlist(text), written);
      t.is(writeXmlPlist(parseXmlPlist(text)), text);
    }),
    { numRuns: Math.ceil(numRuns / 5) },
  );
});

test('the text is that of Apple', (t) => {
  t.is(
    writeXmlPlist([new Map([['dsAttrTypeStandard:RealName', ['a & b <c>\r']]])]),
    `<?xml version="1.0" encoding="UTF-8"?>\n${doctype}\n<plist version="1.0">\n<array>\n\t<dict>\n` +
      '\t\t<key>dsAttrTypeStandard:RealName</key>\n\t\t<array>\n\t\t\t<string>a &amp; b &lt;c&gt;&#13;</string>\n' +
      '\t\t</array>\n\t</dict>\n</array>\n</plist>\n',
  );
  t.throws(() => writeXmlPlist(Number.NaN), { instanceOf: RangeError });
});

const bigEndian = (number: number, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Math.floor(number / 256 ** (size - 1 - index)) % 256);

/** A binary property list of these objects, as they are. */
const binary = (
  objects: ReadonlyArray<readonly number[]>,
  { root = 0, offsetSize = 4, referenceSize = 1, count = objects.length, table = -1 } = {},
): Uint8Array => {
  const bytes = [...Buffer.from('bplist00')];
  const offsets = objects.map((object) => {
    const offset = bytes.length;
    for (const byte of object) bytes.push(byte);
    return offset;
  });
  const tableOffset = table === -1 ? bytes.length : table;
  for (const offset of offsets) bytes.push(...bigEndian(offset, offsetSize));
  bytes.push(0, 0, 0, 0, 0, 0, offsetSize, referenceSize);
  bytes.push(...bigEndian(count, 8), ...bigEndian(root, 8), ...bigEndian(tableOffset, 8));
  return Uint8Array.from(bytes);
};
const refusesBinary = (t: { throws: (run: () => unknown, is: object) => unknown }, bytes: Uint8Array): void =>
  void t.throws(() => parseBinaryPlist(bytes), { instanceOf: CollectError, code: 'parse_failed' });

/** The values of this module as bplist-parser gives them. */
const plain = (of: PlistValue): unknown => {
  if (of instanceof Map) return Object.fromEntries([...of].map(([key, each]) => [key, plain(each)]));
  if (Array.isArray(of)) return of.map(plain);
  return of instanceof Uint8Array ? Buffer.from(of) : of;
};

const binaryCases = casesOf('dslocal-plist').filter(({ expect }) => expect.format === 'binary');

test('real files read as another parser reads them', (t) => {
  t.true(binaryCases.length >= 4);
  for (const { file, expect } of binaryCases) {
    const read = parseBinaryPlist(bytesOf(file));
    t.deepEqual(plain(read), parseBuffer(Buffer.from(bytesOf(file)))[0], file);
    t.deepEqual([...asDict(read, file).keys()].sort(), Object.keys(expect.values ?? {}).sort(), file);
    t.deepEqual(parsePlistFile(new TextEncoder().encode(writeXmlPlist(read))), read, file);
  }
});

test('objects of the binary form', (t) => {
  const only = (...object: number[]): PlistValue => parseBinaryPlist(binary([object]));
  t.is(only(0x08), false);
  t.is(only(0x09), true);
  t.is(only(0x10, 0xff), 255);
  t.is(only(0x13, ...Array<number>(8).fill(0xff)), -1);
  t.is(only(0x13, 0x7f, ...Array<number>(7).fill(0xff)), 2n ** 63n - 1n);
  t.is(only(0x14, ...Array<number>(8).fill(0), ...Array<number>(8).fill(0xff)), 2n ** 64n - 1n);
  t.is(only(0x22, 0x3f, 0xc0, 0, 0), 1.5);
  t.is(only(0x23, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0), 1.5);
  t.deepEqual(only(0x33, 0, 0, 0, 0, 0, 0, 0, 0), new PlistDate(978_307_200));
  t.deepEqual(only(0x42, 1, 2), Uint8Array.of(1, 2));
  t.is(only(0x62, 0xd8, 0x3d, 0xde, 0x00), '😀');
  t.is(only(0x5f, 0x10, 0x03, 0x61, 0x62, 0x63), 'abc');
  // A view into a larger buffer.
  const shifted = new Uint8Array([1, 2, 3, ...binary([[0x51, 0x61]])]).subarray(3);
  t.is(parsePlistFile(shifted), 'a');
});

test('hostile binary forms end at once', (t) => {
  const refused: readonly Uint8Array[] = [
    // Cycles: an array and a dictionary that hold themselves, and one that does so twice.
    binary([[0xa1, 0]]),
    binary([
      [0xd1, 1, 0],
      [0x51, 0x61],
    ]),
    binary([[0xa2, 0, 0]]),
    binary([
      [0xa1, 1],
      [0xa1, 0],
    ]),
    // Each level holds the next fifteen times.
    binary([
      ...Array.from({ length: 90 }, (_, level) => [0xaf, 0x10, 15, ...Array<number>(15).fill(level + 1)]),
      [0x09],
    ]),
    // Counts and offsets beyond the file.
    binary([[0xaf, 0x13, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0]]),
    binary([[0x4f, 0x12, 0x7f, 0xff, 0xff, 0xff]]),
    binary([[0x5f, 0x13, ...Array<number>(8).fill(0xff)]]),
    binary([[0xdf, 0x12, 0x7f, 0xff, 0xff, 0xff]]),
    binary([[0x4f, 0x14, ...Array<number>(16).fill(0xff)]]),
    binary([[0x4f, 0x51]]),
    binary([[0x1f]]),
    binary([[0x2f]]),
    binary([[0x09]], { root: 1 }),
    binary([[0x09]], { count: 2 ** 52 }),
    binary([[0x09]], { table: 2 ** 40 }),
    binary([[0x09]], { table: 0 }),
    binary([[0x09]], { offsetSize: 0 }),
    binary([[0xaf, 0x12, 0x7f, 0xff, 0xff, 0xff]], { referenceSize: 0 }),
    binary([[0xa1, 9]]),
    binary([]),
    // A key that is none; null, UID, set; numbers that are none.
    binary([[0xd1, 1, 1], [0x09]]),
    binary([[0x00]]),
    binary([[0x0f]]),
    binary([[0x80, 1]]),
    binary([[0xc0]]),
    binary([[0x23, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]]),
    binary([[0x23, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0]]),
    binary([[0x33, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]]),
    binary([[0x33, 0x7f, 0xef, 0, 0, 0, 0, 0, 0]]),
    binary([[0x52, 0xc3, 0x28]]),
    binary([[0x61, 0xd8, 0x00]]),
    binary([[0x55, 0x61]]),
    Uint8Array.of(),
    new TextEncoder().encode('bplist00'),
    new TextEncoder().encode(`bplist15${'\0'.repeat(40)}`),
  ];
  for (const bytes of refused) refusesBinary(t, bytes);
  // One string of a megabyte, held a thousand times.
  const megabyte = [0x5f, 0x12, 0, 0x10, 0, 0, ...Array<number>(2 ** 20).fill(0x61)];
  refusesBinary(t, binary([[0xaf, 0x12, 0, 0, 0x03, 0xe8, ...Array<number>(1000).fill(1)], megabyte]));
  // What Apple's writer does share is read: one empty array in two places.
  t.deepEqual(parseBinaryPlist(binary([[0xa2, 1, 1], [0xa0]])), [[], []]);
});

test('a file is binary or strict UTF-8', (t) => {
  const bytes = new TextEncoder().encode(xml('<string>é</string>'));
  t.is(parsePlistFile(bytes), 'é');
  const latin1 = Buffer.from(xml('<string>é</string>'), 'latin1');
  const utf16 = Buffer.from(`\uFEFF${xml('<true/>')}`, 'utf16le');
  // The one value in Latin-1 is all there is; beside others it costs itself.
  const names = Buffer.from(xml('<array><string>é</string><string>e</string></array>'), 'latin1');
  t.deepEqual(plainly(parsePlistFile(new Uint8Array(names))), [odd, 'e']);
  for (const text of ['\uFFFD', '\u{1F7FF}', '\u{10FFFF}'])
    t.is(parsePlistFile(new TextEncoder().encode(xml(`<string>${text}</string>`))), text);
  for (const wrong of [latin1, utf16, Buffer.from('{ a = b; }'), Buffer.alloc(0)]) {
    t.throws(() => parsePlistFile(new Uint8Array(wrong)), { instanceOf: CollectError, code: 'parse_failed' });
  }
  t.throws(() => parsePlistFile(bytesOf('dslocal-cat-bplist-01.txt')), {
    instanceOf: CollectError,
    code: 'parse_failed',
  });
});

test('kinds are told apart, and named when wrong', (t) => {
  const dict = asDict(
    value('<dict><key>a</key><string>x</string><key>n</key><integer>1</integer></dict>'),
    'it',
  );
  t.is(optionalString(dict, 'a'), 'x');
  t.is(optionalString(dict, 'b'), null);
  t.is(optionalInteger(dict, 'n'), 1);
  t.is(optionalDict(dict, 'b'), null);
  t.throws(() => optionalBoolean(dict, 'n'), { instanceOf: CollectError, message: 'n is not true or false' });
  t.throws(() => optionalDate(dict, 'n'), { instanceOf: CollectError, code: 'parse_failed' });
  t.throws(() => asString(dict.get('b'), 'the name'), {
    instanceOf: CollectError,
    message: 'the name is missing',
  });
  t.throws(() => asArray(dict, 'the list'), { message: 'the list is not an array' });
  t.throws(() => asDict([], 'it'), { message: 'it is not a dictionary' });
  t.throws(() => asDict(new PlistDate(0), 'it'), { message: 'it is not a dictionary' });
  t.throws(() => asInteger(1.5, 'it'), { message: 'it is not an integer' });
  t.throws(() => asInteger(2n ** 60n, 'it'), { message: 'it is not an integer' });
  t.throws(() => asNumber('1', 'it'), { message: 'it is not a number' });
  t.is(asBoolean(false, 'it'), false);
  t.is(asDate(new PlistDate(5), 'it').unixSeconds, 5);
  t.deepEqual(asData(Uint8Array.of(1), 'it'), Uint8Array.of(1));
});

test('only allowed keys are kept, by where they stand', (t) => {
  const reduce = (body: string, allowed: AllowedKeys): PlistValue =>
    parseXmlPlist(sanitizeXmlPlist(xml(body), allowed));
  const a = '<key>a</key><string>x</string>';
  const b = '<key>b</key><string>SECRET</string>';
  t.deepEqual(reduce(`<array><dict>${a}${b}</dict></array>`, { a: true }), [new Map([['a', 'x']])]);
  // Allowed at one level is not allowed at another.
  t.deepEqual(
    reduce(`<dict>${b}<key>c</key><dict>${a}${b}</dict></dict>`, { c: { b: true } }),
    new Map([['c', new Map([['b', 'SECRET']])]]),
  );
  t.deepEqual(
    reduce(`<dict><key>u</key><dict>${a}${b}</dict></dict>`, { '*': { a: true } }),
    new Map([['u', new Map([['a', 'x']])]]),
  );
  // A value of another kind than foreseen stays of its kind, without its content.
  t.deepEqual(reduce(`<dict><key>a</key><dict>${b}</dict></dict>`, { a: true }), new Map([['a', new Map()]]));
  t.deepEqual(
    reduce(`<dict><key>a</key><string>SECRET</string></dict>`, { a: { b: true } }),
    new Map([['a', '']]),
  );
  t.deepEqual(
    reduce(`<dict><key>a</key><data>AQID</data></dict>`, { a: {} }),
    new Map([['a', new Uint8Array()]]),
  );
  t.is(reduce('<string>SECRET</string>', { a: true }), '');
  t.deepEqual(reduce(`<dict><key>toString</key><string>SECRET</string></dict>`, { a: true }), new Map());
});

test('reducing keeps the text where there is nothing to drop, and twice is once', (t) => {
  const text = xml('<array>\n<dict><key>a</key><string> &#x41; </string></dict></array>');
  t.is(sanitizeXmlPlist(text, { a: true }), text);
  t.is(sanitizeXmlPlist('', { a: true }), '');
  const commented = sanitizeXmlPlist(xml('<!-- SECRET --><dict/>'), { a: true });
  t.false(commented.includes('SECRET'));
  t.deepEqual(parseXmlPlist(commented), new Map());
  const withheld = sanitizeXmlPlist('RecordName: é\nShadowHashData: SECRET\n', {});
  t.is(withheld, 'tokenquery: 38 bytes that are not a property list were withheld\n');
  t.is(sanitizeXmlPlist(withheld, {}), withheld);
  refuses(t, withheld);
  for (const secret of [
    `${text}SECRET`,
    text.replace('</array>', 'SECRET</array>'),
    '<plist><string>SECRET',
  ]) {
    t.false(sanitizeXmlPlist(secret, { a: true }).includes('SECRET'));
  }
});

test('reducing anything answers, and what it answers stays the same', (t) => {
  const allowed: AllowedKeys = { a: true, b: { c: true }, 'dsAttrTypeStandard:RecordName': true };
  const original = xml(
    '<array><dict><key>a</key><string>x &lt;</string><key>b</key><dict><key>c</key><true/>' +
      '<key>d</key><date>2024-01-02T03:04:05Z</date></dict></dict><!-- c --></array>',
  );
  fc.assert(
    fc.property(fc.oneof(anyText, mutatedText(original)), (text) => {
      const once = sanitizeXmlPlist(text, allowed);
      t.is(sanitizeXmlPlist(once, allowed), once);
    }),
    { numRuns },
  );
});

test('reducing any value keeps no key that is not allowed', (t) => {
  fc.assert(
    fc.property(plistValue, (of) => {
      fc.pre(!holdsNul(of));
      const reduced = sanitizeXmlPlist(
        writeXmlPlist(
          new Map([
            ['a', of],
            ['z', of],
          ]),
        ),
        { a: true },
      );
      t.deepEqual([...asDict(parseXmlPlist(reduced), 'it').keys()], ['a']);
      const inner = reduced.match(/<key>/g) ?? [];
      t.is(inner.length, 1);
    }),
    { numRuns: Math.ceil(numRuns / 5) },
  );
});

test('any XML is read or refused', (t) => {
  const originals = [
    ...casesOf('dscl-plist').map(({ file }) => textOf(file)),
    textOf('dslocal-user-08.plist'),
  ];
  fc.assert(
    fc.property(anyText, (text) => isHandled(() => parseXmlPlist(text))),
    { numRuns },
  );
  fc.assert(
    fc.property(mutatedText(...originals), (text) => isHandled(() => parseXmlPlist(text))),
    { numRuns },
  );
  t.pass();
});

test('any bytes are read or refused', (t) => {
  const originals = binaryCases.map(({ file }) => bytesOf(file));
  const magic = fc
    .uint8Array({ maxLength: 120 })
    .map((bytes) => Uint8Array.from([...Buffer.from('bplist00'), ...bytes]));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => isHandled(() => parsePlistFile(bytes))),
    { numRuns },
  );
  fc.assert(
    fc.property(magic, (bytes) => isHandled(() => parseBinaryPlist(bytes))),
    { numRuns },
  );
  fc.assert(
    fc.property(mutated(...originals), (bytes) => isHandled(() => parsePlistFile(bytes))),
    { numRuns },
  );
  t.pass();
});
