/** The functions of osquery: what they answer was read in its sources and tests (osquery/sql/tests/sql.cpp and sqlite_network_tests.cpp). */
import { createHash } from 'node:crypto';
import fc, { runsOf } from '../property.ts';
import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import { openDatabase } from '../../store/database.ts';
import { prepareGuarded } from '../../store/guard.ts';
import { addFunctions, functionNames } from '../../store/osquery_functions.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { tables } from '../../tables/index.ts';

const db = openDatabase(':memory:');
const names = { tables: [], columns: [] };
const value = (expression: string): unknown =>
  prepareGuarded(db, `SELECT ${expression}`, names).pluck().get();

const answers: Readonly<Record<string, unknown>> = {
  // Parts are numbered from 0; empty ones do not count, and blanks around one do not belong to it.
  "split('/foo/bar', '/', 0)": 'foo',
  "split('/foo/bar', '/', 1)": 'bar',
  "split('/foo/bar', '/', 2)": null,
  "split('foo;;bar', ';;', 1)": 'bar',
  "split('192.168.0.1', '.0', 0)": '192',
  "split('192.168.0.1', '.0', 2)": '1',
  "split(' a , b ', ',', 1)": 'b',
  "split('a', ',', -1)": null,
  "split('a,b', ',', '1')": 'b',
  "split('a,b', ',', 1.9)": 'b',
  "split('', ',', 0)": null,
  "split(',,', ',', 0)": null,
  "split(1.5, '.', 0)": '1',
  'split(12345, 3, 1)': '45',
  "split(2.0, '.', 1)": '0',
  "split(NULL, ',', 0)": null,
  "split('a', NULL, 0)": null,
  "split('a', ',', NULL)": null,
  "split('a😀b', '😀', 1)": 'b',
  // Parts of a pattern: the first may be empty, one at the end is not there.
  "regex_split('/foo/bar', '/', 0)": '',
  "regex_split('/foo/bar', '/', 2)": 'bar',
  "regex_split('/foo/bar', '/', 3)": null,
  "regex_split('foo;bar//qux', '(;|/)+', 2)": 'qux',
  "regex_split('a;', ';', 1)": null,
  "regex_split('', ';', 0)": '',
  "regex_split('/filesystem/path/download.extension.zip', '(.*/)|(.extension.zip)', 1)": 'download',
  "regex_split('foo/bar', '|', 0)": '',
  // Group 0 is the whole of the first match.
  "regex_match('hello world', '(l)(o).*', 0)": 'lo world',
  "regex_match('hello world', '(l)(o).*', 2)": 'o',
  "regex_match('hello world', '(l)(o).*', 3)": null,
  "regex_match('hello world', 'no match', 0)": null,
  "regex_match('/filesystem/path/download.extension.zip', '.+/([^./]+)', 1)": 'download',
  "regex_match('hello world', '', 0)": '',
  "regex_match('foo/bar', '|', 0)": '',
  "regex_match('ab', '(x)?b', 1)": '',
  "regex_match('ab1', '[[:alpha:]]+', 0)": 'ab',
  "regex_match('ab_1', '[[:alpha:]_]+', 0)": 'ab_',
  "regex_match('a-b', '\\-b', 0)": '-b',
  "regex_match('Ünal', '^.', 0)": 'Ü',
  "regex_match('😀', '.', 0)": '😀',
  "regex_match('a', 'a', -1)": null,
  "regex_match(NULL, 'a', 0)": null,
  "md5('test')": '098f6bcd4621d373cade4e832627b4f6',
  "sha1('test')": 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3',
  "sha256('test')": '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'sha256(NULL)': null,
  "to_base64('test')": 'dGVzdA==',
  "from_base64('dGVzdA==')": 'test',
  "from_base64('dGVz' || char(10) || 'dA')": 'test',
  "from_base64('no base64')": '',
  "hex(from_base64('/w=='))": 'FF',
  "conditional_to_base64('test')": 'test',
  "conditional_to_base64('悪因悪果')": '5oKq5Zug5oKq5p6c',
  "inet_aton('1.2.3.4')": 16_909_060,
  "inet_aton('255.255.255.255')": 4_294_967_295,
  "inet_aton('::1')": null,
  "inet_aton('1.2.3')": null,
  "in_cidr_block('10.0.0.0/26', '10.0.0.24')": 1,
  "in_cidr_block('198.51.100.14/24', '198.51.100.14')": 1,
  "in_cidr_block('10.0.0.0/26', '10.0.0.0')": 0,
  "in_cidr_block('10.0.0.0/26', '10.0.0.63')": 0,
  "in_cidr_block('10.0.0.0/26', '10.0.0.64')": 0,
  "in_cidr_block('10.0.0.7/32', '10.0.0.7')": 1,
  "in_cidr_block('2001:db8::/48', '2001:db8:0:ffff::1')": 1,
  "in_cidr_block('2001:db8::/48', '2001:db8:1::1')": 0,
  "in_cidr_block('::ffff:1.2.3.0/120', '::ffff:1.2.3.4')": 1,
  "version_compare('1.0', '1.0')": 0,
  "version_compare('1:2.0-10', '1:2.0-10', 'DPKG')": 0,
  "version_compare('4:1.1.0', '4:1.1.0-3', 'arCH')": 0,
  "version_compare('50.4.1b', '50.4.1c')": -1,
  "version_compare('1.0.8-4', '1.0.8-6', 'arch')": -1,
  "version_compare('1.0.0~rc2^2021', '1.0.0', 'RHEL')": -1,
  "version_compare('1.1.0~BETA2^1', '1.1.0~CR1', 'RhEl')": -1,
  "version_compare('1.0.1.1', '1.0.1^2021', 'rhel')": 1,
  "version_compare('1.9.9-1ubuntu2.4', '1.9.9-1ubuntu2.3', 'dpkg')": 1,
  "version_compare('1:1.2.13-2', '4.2.1', 'ARCH')": 1,
  "version_compare('106.32.1', '106:32.1')": 0,
  "version_compare('15.6.1', '9.0')": 1,
  "version_compare('1.12.1', '1.13')": -1,
  "version_compare('20.10a', '20.102')": 1,
  "parent_directory('/Users/alice')": '/Users',
  "parent_directory('alice')": null,
  'cot(NULL)': null,
  'round(cot(1), 6)': 0.642_093,
};

for (const [expression, expected] of Object.entries(answers))
  test(`${expression} is as in osquery`, (t) => t.deepEqual(value(expression), expected));

const refused = [
  "split('foo;;bar', '', 0)",
  "regex_split('foo/bar', '', 0)",
  "regex_match('foo/bar', '(/', 0)",
  "regex_match('foo/bar', '+', 0)",
  "regex_match('a', '[[:nothing:]]', 0)",
  "regex_match('a', '[[.a.]]', 0)",
  `regex_match('foo/bar', '${'|'.repeat(257)}', 0)`,
  "in_cidr_block('10.0.0.0/33', '10.0.0.1')",
  "in_cidr_block('10.0.0.0', '10.0.0.1')",
  "in_cidr_block('10.0.0.0/8', 'x')",
  "in_cidr_block('10.0.0.0/8', '::1')",
  'in_cidr_block(1, 2)',
  "version_compare('1')",
  "version_compare(1, '2')",
  "version_compare('1', '2', 'npm')",
  "version_compare('1', '2', '')",
  'parent_directory(1)',
  "sha256(printf('%.*c', 17000000, 'x'))",
];

for (const expression of refused)
  test(`${expression.slice(0, 60)} is an error with a hint, as it is one in osquery`, (t) => {
    const error = t.throws(() => value(expression), { instanceOf: UserError });
    t.regex(error.message, /^\w+\(\): /);
    t.not(error.hint, '');
  });

/** A reference of another form: by what std::regex and boost say of themselves. */
const splitByHand = (text: string, tokens: string, index: number): string | null => {
  const parts = text
    .split(/(?:)/u)
    .reduce<string[]>(
      (all, one) => (tokens.includes(one) ? [...all, ''] : [...all.slice(0, -1), (all.at(-1) ?? '') + one]),
      [''],
    );
  return parts.filter((one) => one !== '')[index]?.replace(/^[ \t-\r]+|[ \t-\r]+$/g, '') ?? null;
};

test('split numbers the parts of any text as osquery does', (t) => {
  const characters = fc.string({ unit: fc.constantFrom('a', 'b', '/', ';', ' ', '\t'), maxLength: 12 });
  const dividers = fc.string({ unit: fc.constantFrom('/', ';', 'a'), minLength: 1, maxLength: 2 });
  const statement = prepareGuarded(
    db,
    "SELECT split(json_extract(:among, '$[0]'), json_extract(:among, '$[1]'), json_extract(:among, '$[2]'))",
    names,
  ).pluck();
  fc.assert(
    fc.property(characters, dividers, fc.integer({ min: 0, max: 4 }), (text, tokens, index) => {
      t.is(statement.get({ among: JSON.stringify([text, tokens, index]) }), splitByHand(text, tokens, index));
    }),
  );
  t.pass();
});

test('a long text of one character takes no time that grows with its square', (t) => {
  const many = (character: string): string => `'a' || printf('%.*c', 200000, '${character}') || 'a'`;
  const begin = performance.now();
  t.is(value(`from_base64(${many('=')})`), '');
  for (const character of [' ', '\t', ',', '/'])
    t.is(String(value(`split(${many(character)}, ',', 0)`)).at(0), 'a');
  t.is(value("split(' \t\n\v\f\r a \v ', ',', 0)"), 'a');
  // The square is 20 s each.
  t.true(performance.now() - begin < 5000);
});

test('a comparison of versions has an order: it turns round with its sides', (t) => {
  const version = fc.string({ unit: fc.constantFrom('0', '1', '9', '.', '-', 'a'), maxLength: 8 });
  fc.assert(
    fc.property(version, version, (left, right) => {
      const compare = (a: string, b: string): unknown => value(`version_compare('${a}', '${b}')`);
      t.is(Number(compare(left, right)) + 0, 0 - Number(compare(right, left)));
    }),
    { numRuns: runsOf(200) },
  );
});

test('a number is the text that SQLite makes of it', (t) => {
  const text = db.prepare('SELECT CAST(CAST(:now AS REAL) AS TEXT)').pluck();
  addFunctions(db, 'sha256');
  const told = db.prepare('SELECT sha256(CAST(:now AS REAL))').pluck();
  // Beyond 15 digits the last one may be another.
  const numbers = fc.oneof(
    fc.integer().map((number) => number / 1_000_000),
    fc.integer(),
    fc.constantFrom(1e15, 1e300, 1e-5, -0.1, Infinity),
  );
  fc.assert(
    fc.property(numbers, (now) => {
      t.is(
        told.get({ now }),
        createHash('sha256')
          .update(String(text.get({ now })))
          .digest('hex'),
      );
    }),
    { numRuns: runsOf(300) },
  );
});

test('no view of a file can call them, and a statement that names none adds none', (t) => {
  const store = openEmptyStore(tables);
  addFunctions(store, functionNames.join(' '));
  store.exec("CREATE VIEW planted AS SELECT sha256('x') AS digest");
  t.throws(() => store.prepare('SELECT * FROM planted').all(), { message: /unsafe use of sha256/ });
  store.close();
  const plain = openDatabase(':memory:');
  prepareGuarded(plain, 'SELECT 1', names);
  const count = plain.prepare(
    `SELECT count(*) FROM pragma_function_list WHERE name IN (${functionNames.map((name) => `'${name}'`).join(', ')})`,
  );
  t.is(count.pluck().get(), 0);
  plain.close();
});
