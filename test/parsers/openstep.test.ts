import test from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import {
  BrokenDict,
  parseOpenStep,
  readOpenStepAt,
  writeOpenStep,
} from '../../collector/parsers/openstep.ts';
import { failsOnlyAsCollectError, fuzzRuns, fuzzText } from './fuzz.ts';
import { textOf } from './more.ts';

const fails = (text: string): string | undefined => {
  try {
    parseOpenStep(text);
  } catch (problem) {
    return problem instanceof CollectError && problem.code === 'parse_failed'
      ? problem.message
      : String(problem);
  }
  return undefined;
};
const dict = (entries: Readonly<Record<string, unknown>>): Map<string, unknown> =>
  new Map(Object.entries(entries));
const data = { kind: 'data' };

test('a deferral as fdesetup prints it', (t) => {
  t.deepEqual(
    parseOpenStep(textOf('fdesetup-showdeferralinfo-01.txt')),
    dict({
      Defer: '1',
      OutputPath: '/var/db/ConfigurationProfiles/fdesetup.plist',
      ProfileUUID: '418DEB1B-XXXX-XXXX-XXXX-60BC894B1558',
      ShowRecoveryKey: '1',
      Usernames: [],
    }) as never,
  );
});

test('bytes are recognised in both forms and dropped', (t) => {
  t.deepEqual(
    parseOpenStep('( <>, <0a0b 0C0D\n0e>, {length = 0, bytes = 0x}, {length = 2, bytes = 0x0a0b} )'),
    [data, data, data, data] as never,
  );
  const long = '{length = 872, bytes = 0x30820364 3082024c a0030201 02020900 ... 1b70eb29 e243dfba }';
  t.deepEqual(
    parseOpenStep(`{ AnchorCertificates = ( ${long} ); }`),
    dict({ AnchorCertificates: [data] }) as never,
  );
  t.is(
    JSON.stringify([...(parseOpenStep(`{ a = ${long}; }`) as Map<string, unknown>)]).includes('30820364'),
    false,
  );
  // A dictionary that has these keys is one.
  t.deepEqual(parseOpenStep('{ length = 1; bytes = 0x0a; }'), dict({ length: '1', bytes: '0x0a' }) as never);
});

test('strings, escapes, white space', (t) => {
  t.deepEqual(
    parseOpenStep(
      '{\r\n\t"a \\"b\\" \\\\" = "l1\\nl2\\t\\U00e9\\u00E9\\033\\Ud83d\\Udd11";\n\tb = x-y_z/1.2:$;\n}\n',
    ),
    dict({ 'a "b" \\': 'l1\nl2\t\u00e9\u00e9\u001b\u{1f511}', b: 'x-y_z/1.2:$' }) as never,
  );
  t.is(parseOpenStep('"a\nb ünï"'), 'a\nb ünï');
  t.is(parseOpenStep('(null)'), null);
  t.deepEqual(parseOpenStep('( null )'), ['null']);
  t.deepEqual(
    parseOpenStep('{ __proto__ = 1; constructor = 2; }'),
    dict({ ['__proto__']: '1', constructor: '2' }) as never,
  );
});

test('a key that stands twice counts where it is the same, and has no value where it differs', (t) => {
  const opaque = { kind: 'data' };
  t.deepEqual(parseOpenStep('{ a = 1; b = 2; a = 1; }'), dict({ a: '1', b: '2' }) as never);
  t.deepEqual(
    parseOpenStep('{ a = ( x, { c = 1; } ); a = ( x, { c = 1; } ); }'),
    parseOpenStep('{ a = ( x, { c = 1; } ); }'),
  );
  t.deepEqual(parseOpenStep('{ a = 1; b = 2; a = 2; }'), dict({ a: opaque, b: '2' }) as never);
  t.deepEqual(parseOpenStep('{ a = 1; a = 2; a = 1; }'), dict({ a: opaque }) as never);
  t.deepEqual(parseOpenStep('{ a = (null); a = 1; }'), dict({ a: opaque }) as never);
  t.deepEqual(
    parseOpenStep('{ a = { x = 1; y = 2; }; a = { x = 1; y = 3; z = 4; }; }'),
    dict({ a: dict({ x: '1', y: data, z: '4' }) }) as never,
  );
});

test('a string that is not Unicode has no value, and costs nothing else', (t) => {
  t.deepEqual(parseOpenStep('{ a = "\\Ud800"; b = 2; }'), dict({ a: { kind: 'data' }, b: '2' }) as never);
});

test('lines of a log after the value change nothing', (t) => {
  const log = '2026-01-02 03:04:05.678 tool[1:2] more\nobjc[3]: and more\n';
  t.deepEqual(parseOpenStep(`{ a = 1; }\n${log}`), dict({ a: '1' }) as never);
  t.regex(fails(`{ a = 1; } ${log}`) ?? '', /something follows the value/);
});

test('everything else fails, and says where without saying what', (t) => {
  const bad = {
    '': 'the end comes too early at offset 0',
    '   ': 'the end comes too early at offset 3',
    '{ a = 1; } b': 'something follows the value at offset 11',
    '{ a = 1 }': 'a semicolon is missing at offset 8',
    '{ a 1; }': 'an equals sign is missing at offset 4',
    '{ a = ; }': 'an unknown character at offset 6',
    '{ a = 1;': 'the end comes too early at offset 8',
    '( 1 2 )': 'a comma or closing bracket is missing at offset 4',
    '( 1, )': 'an unknown character at offset 5',
    '"secret': 'a quotation mark is not closed at offset 0',
    '"\\q"': 'an unknown escape at offset 1',
    '"\\U12"': 'an escape without four hexadecimal digits at offset 1',
    '"\\377"': 'an octal escape outside ASCII at offset 1',
    '{ "\\Ud800" = 1; }': 'a string that is not Unicode at offset 2',
    '<0a zz>': 'data is not hexadecimal at offset 0',
    '{length = 2, bytes = 0xsecret}': 'an equals sign is missing',
    "'a'": 'an unknown character at offset 0',
  };
  for (const [text, message] of Object.entries(bad)) {
    const said = fails(text) ?? 'it is taken';
    if (text.startsWith('{length')) t.regex(said, /is missing at offset/);
    else t.is(said, `old-style property list: ${message}`, text);
    t.false(said.includes('secret'));
  }
});

test('64 levels and no more, however many there are', (t) => {
  t.is(fails(`${'('.repeat(64)}${')'.repeat(64)}`), undefined);
  t.regex(fails('('.repeat(1_000_000)) ?? '', /more than 64 levels/);
  t.regex(fails('{ a = '.repeat(1_000_000)) ?? '', /more than 64 levels/);
});

test('time grows with length, not with its square', (t) => {
  const shapes = [
    '{length = 1',
    '{ length = ',
    '"\\\\',
    '( ',
    '<0a ',
    '{ a = 1; ',
    '"a" ',
    '   ',
    '(null) ',
    '{length = 1, bytes = 0x0 ',
  ];
  for (const shape of shapes) {
    failsOnlyAsCollectError(() => parseOpenStep(shape.repeat(200_000)));
    failsOnlyAsCollectError(() => parseOpenStep(`(${shape.repeat(200_000)}`));
  }
  t.is((parseOpenStep(`( ${'"a b", '.repeat(200_000)}x )`) as string[]).length, 200_001);
});

test('a block inside other text ends where it ends', (t) => {
  const text = 'noise {\nDaemon response: { a = 1; }\nmore';
  const { value, end } = readOpenStepAt(text, text.indexOf(':') + 1);
  t.deepEqual(value, dict({ a: '1' }) as never);
  t.is(text.slice(end), '\nmore');
});

test('an entry that cannot be read costs itself, where each has lines of its own (constructed)', (t) => {
  const text = `{
    Defer = 1;
    List =     (
        one,
        "two three"
    );
    Sub =     {
        Deep = "a b";
        Own = 7;
    };
    Last = "x";
}
`;
  const whole = parseOpenStep(text) as ReadonlyMap<string, unknown>;
  const entries: readonly (readonly [key: string, line: string])[] = [
    ['Defer', '    Defer = 1;'],
    ['List', '        "two three"'],
    ['Last', '    Last = "x";'],
  ];
  for (const [key, line] of entries) {
    for (const odd of [`${line.slice(0, -1)} =`, `${line} "`, `${line.slice(0, 14)} = = ;`]) {
      const found = parseOpenStep(text.replace(line, odd)) as ReadonlyMap<string, unknown>;
      t.false(found instanceof BrokenDict, odd);
      t.deepEqual(found, new Map([...whole, [key, data]]) as never, odd);
    }
  }
  const sub = parseOpenStep(text.replace('"a b"', '"a b')) as ReadonlyMap<string, unknown>;
  t.deepEqual(
    sub,
    new Map([
      ...whole,
      [
        'Sub',
        new Map<string, unknown>([
          ['Deep', data],
          ['Own', '7'],
        ]),
      ],
    ]) as never,
  );
  const unclosed = parseOpenStep(text.replace('    };\n', ''));
  t.deepEqual(unclosed, new Map([...whole, ['Sub', data]]) as never);
});

test('an entry that is lost with its key makes its dictionary one that may lack any (constructed)', (t) => {
  const text = '{\n    A = 1;\n    B = 2;\n    C = 3;\n}\n';
  for (const at of ['A = 1', 'B = 2', 'C = 3']) {
    const found = parseOpenStep(
      text.replace(`    ${at};`, 'tokenquery: 9 bytes that are not UTF-8 were withheld'),
    );
    t.true(found instanceof BrokenDict, at);
    t.is((found as ReadonlyMap<string, unknown>).size, 2);
  }
  const logged = parseOpenStep(
    text.replace('B = 2;', 'B = 2;\n2026-01-02 03:04:05.678 tool[1:2] it happened'),
  );
  t.deepEqual(logged, parseOpenStep(text));
  // Nobody can tell what belongs to what.
  for (const odd of [
    '{ A = 1; B = ; C = 3; }',
    text.slice(0, -3),
    text.replace('{\n', '{ '),
    text.replace('}', ''),
  ])
    t.truthy(fails(odd.replace('B = 2', 'B = ')), odd);
});

test('what is written is what fdesetup writes', (t) => {
  const text = textOf('fdesetup-showdeferralinfo-01.txt');
  const value = parseOpenStep(text) as Parameters<typeof writeOpenStep>[0];
  t.is(`${writeOpenStep(value)}\n`, text);
});

test('what is written reads back', (t) => {
  const written = fc.letrec((tie) => ({
    text: fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.string({ maxLength: 8 })),
    value: fc.oneof(
      { depthSize: 'small' },
      tie('text'),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(tie('text'), tie('value')), { maxLength: 4 })
        .map((entries) => new Map(entries as [string, unknown][])),
    ),
  })).value;
  fc.assert(
    fc.property(written, (value) => {
      t.deepEqual(parseOpenStep(writeOpenStep(value as string)), value as string);
    }),
    { numRuns: Math.min(fuzzRuns, 2000) },
  );
});

test('any text is read or refused', (t) => {
  const samples = [
    'fdesetup-showdeferralinfo-01.txt',
    'profiles-show-enrollment-01.txt',
    'mdmclient-querysecurityinfo-03.txt',
  ];
  fuzzText(
    samples.map((file) => textOf(file).slice(textOf(file).indexOf('{'))),
    (text) => {
      failsOnlyAsCollectError(() => parseOpenStep(text));
    },
  );
  t.pass();
});
