import fc from '../property.ts';
import test from 'ava';
import { Statements, scan } from '../../cli/shell/statements.ts';

/** What may stand in a statement: a piece, and whether it is more than blanks and comments. */
const pieces: readonly (readonly [string, boolean])[] = [
  ['SELECT', true],
  ['1', true],
  ["'a;b'", true],
  ["'it''s;'", true],
  ["'two\nlines;'", true],
  ["''", true],
  ['"a;b"', true],
  ['"say ""x;"""', true],
  ['`a;b`', true],
  ['[a;b]', true],
  ['[it\'s;"]', true],
  ['-- a ; comment \' "\n', false],
  ["/* a ; ' comment */", false],
  ['/* two\nlines ; -- */', false],
  ['/**/', false],
  ['\n', false],
  [' ', false],
  ['.tables\n', true],
  ['-', true],
  ['/', true],
  ['*', true],
];
const statement = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 8 }).map((chosen) => ({
  // Between blanks no two make a third.
  text: chosen.map(([text]) => text).join(' '),
  isOne: chosen.some(([, isMore]) => isMore),
}));

const readAll = (text: string): { whole: string[]; statements: Statements } => {
  const statements = new Statements();
  return { whole: text.split('\n').flatMap((line) => [...statements.add(line)]), statements };
};

/** Comments may be lost in front of a statement; blanks may at its end. */
const core = (text: string): string => {
  let at = 0;
  for (;;) {
    const rest = text.slice(at);
    const skipped = /^(?:\s+|--[^\n]*\n?|\/\*[^]*?\*\/)/.exec(rest);
    if (skipped === null) return rest.trimEnd();
    at += skipped[0].length;
  }
};

test('statements are told apart, whatever is quoted or a comment in them', (t) => {
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 5 }), (given) => {
      const { whole, statements } = readAll(given.map(({ text }) => `${text};`).join(''));
      t.deepEqual(
        whole.map(core),
        given.filter(({ isOne }) => isOne).map(({ text }) => core(text)),
      );
      t.true(statements.isEmpty);
      t.deepEqual(statements.end(), []);
    }),
  );
});

test('the last statement needs no semicolon where no more comes', (t) => {
  fc.assert(
    fc.property(statement, ({ text, isOne }) => {
      const { whole, statements } = readAll(text);
      t.deepEqual(whole, []);
      t.is(statements.isEmpty, !isOne);
      t.deepEqual(statements.end().map(core), isOne ? [core(text)] : []);
    }),
  );
});

test('where a statement is cut into lines makes no difference', (t) => {
  const one = readAll("SELECT 'a\nb;c' -- d;\n, 2;").whole;
  t.is(one.length, 1);
  t.is(core(one[0] ?? ''), "SELECT 'a\nb;c' -- d;\n, 2");
});

test('what is open is known, for the prompt', (t) => {
  for (const [text, inside] of [
    ['SELECT 1', null],
    ["SELECT 'a", "'"],
    ['SELECT "a', '"'],
    ['SELECT [a', '['],
    ['SELECT /* a', '/*'],
    ["SELECT 'it''s", "'"],
    ["SELECT 'it''", null],
  ] as const) {
    t.is(readAll(text).statements.inside, text.endsWith("''") ? "'" : inside, text);
  }
  t.is(scan("SELECT 'it'''", null).inside, null);
});

test('a dot command is none within a statement or a comment', (t) => {
  const { statements } = readAll('SELECT 1');
  t.false(statements.isEmpty);
  t.false(readAll('/* a').statements.isEmpty);
  t.true(readAll('-- a').statements.isEmpty);
  t.true(readAll('/* a */  ').statements.isEmpty);
  t.true(readAll(';;  ; ').statements.isEmpty);
});

test('of a statement that is too long, no more is kept than the guard needs to refuse it', (t) => {
  const statements = new Statements();
  const line = `'${'x'.repeat(100_000)}' ||`;
  for (let count = 0; count < 100; count += 1) t.deepEqual(statements.add(line), []);
  const [only = '', ...others] = statements.add('1; SELECT 2');
  t.deepEqual(others, []);
  t.true(only.length > 1024 * 1024 && only.length < 1024 * 1024 + 10);
  t.deepEqual(statements.add(';'), [' SELECT 2\n']);
});
