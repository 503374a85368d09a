/** docs/adding-a-table.md, done as it says in a copy of the project: what the page has an author write is enough. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { root, temporaryFolder } from './standin.ts';

const copied = [
  'ava.config.js',
  'collector',
  'export',
  'package.json',
  'queries',
  'scripts',
  'store',
  'tables',
  'test/contract',
  'test/fixtures',
  'test/tables.test.ts',
];

const copyOf = (t: ExecutionContext): string => {
  const folder = temporaryFolder(t);
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  return folder;
};

// What V8 made of the copies is of use to these tests alone.
const compiled = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
test.after.always(() => rmSync(compiled, { recursive: true, force: true }));

const run = (folder: string, ...argv: readonly string[]) =>
  spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', ...argv], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], NO_COLOR: '1', NODE_COMPILE_CACHE: compiled },
  });
const newTable = (folder: string, ...words: readonly string[]) =>
  run(folder, join(folder, 'scripts/new-table.ts'), ...words);
/** The same for many command lines in one process: the script is loaded anew for each, and what it imports once. */
const newTables = (folder: string, lines: readonly (readonly string[])[]) => {
  const runner = join(folder, 'lines.mjs');
  writeFileSync(
    runner,
    `
    const ended = [];
    let now = {};
    for (const name of ['stdout', 'stderr']) process[name].write = (text) => Boolean((now[name] += text));
    for (const [index, words] of ${JSON.stringify(lines)}.entries()) {
      process.exitCode = 0;
      process.argv.splice(2, Infinity, ...words);
      now = { stdout: '', stderr: '' };
      await import('./scripts/new-table.ts?' + index);
      ended.push({ ...now, status: process.exitCode });
    }
    process.exitCode = 0;
    delete process.stdout.write;
    process.stdout.write(JSON.stringify(ended));
    `,
  );
  const { stdout, stderr } = run(folder, runner);
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as readonly {
    readonly status: number;
    readonly stdout: string;
    readonly stderr: string;
  }[];
};
const tableTests = (folder: string, table: string) =>
  run(folder, 'node_modules/ava/entrypoints/cli.js', 'test/tables.test.ts', '-m', `${table}: *`);

// Under other names, so that the table of the example may be there already.
const page = readFileSync(join(root, 'docs/adding-a-table.md'), 'utf8')
  .replaceAll('gatekeeper', 'an_example')
  .replaceAll('spctl_status', 'an_example_source')
  .replaceAll('SpctlStatus', 'AnExampleSource')
  .replaceAll('/usr/sbin/spctl', '/usr/sbin/anexample');
/** The blocks that the page says to write, by what stands above them. */
const blocks = new Map(
  Array.from(page.matchAll(/<!-- (.+) -->\n```[a-z]+\n([\s\S]*?)```\n/g), ([, what = '', text = '']) => [
    what,
    text,
  ]),
);
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

test('the example of docs/adding-a-table.md works: one entry, and files that are new', (t) => {
  const folder = copyOf(t);
  const before = new Map(
    ['tables', 'collector', 'test'].flatMap((name) =>
      filesBelow(join(folder, name)).map((path) => [path, readFileSync(path, 'utf8')] as const),
    ),
  );
  const written = newTable(folder, 'an_example', '--source', 'an_example_source');
  t.is(written.status, 0, written.stderr);
  t.is(written.stdout.match(/^wrote /gm)?.length, 11);
  for (const [path, content] of before) t.is(readFileSync(path, 'utf8'), content, path);

  t.is(blocks.size, 6);
  for (const [what, text] of blocks) {
    if (!what.startsWith('file ')) continue;
    const path = join(folder, what.slice('file '.length));
    t.notThrows(() => readFileSync(path), `${what} is a file that the scaffold wrote`);
    writeFileSync(path, text);
  }
  const sources = join(folder, 'collector/sources.ts');
  const entry = blocks.get('entry of collector/sources.ts') ?? '';
  writeFileSync(
    sources,
    readFileSync(sources, 'utf8').replace('\n} as const;', () => `\n${entry}} as const;`),
  );
  const registries = run(folder, 'scripts/generate.ts', '--registries');
  t.is(registries.status, 0, registries.stderr);

  const ended = tableTests(folder, 'an_example');
  t.is(ended.status, 0, ended.stdout);
  t.regex(ended.stdout, /5 tests passed/);
});

test('of a source that is known, the scaffold shows what its parser answers', (t) => {
  const folder = copyOf(t);
  for (const [table, source, answer] of [
    ['an_example', 'csrutil_status', /todo: '\{"enabled":(?:true|false)\}'/],
    ['another_example', 'loginwindow_preferences', /todo: '\{.*"guestEnabled":/],
  ] as const) {
    const written = newTable(folder, table, source);
    t.is(written.status, 0, written.stderr);
    t.is(written.stdout.match(/^wrote /gm)?.length, 10);
    t.is(run(folder, 'scripts/generate.ts', '--registries').status, 0);
    const ended = tableTests(folder, table);
    // The normal fixture is what is left to fill in; what nobody knows, and what is not there, are right already.
    t.regex(ended.stdout, /1 test failed/, ended.stdout);
    t.regex(ended.stdout, answer);
  }
});

test('a source without its parser is named when the registries are written', (t) => {
  const folder = copyOf(t);
  const sources = join(folder, 'collector/sources.ts');
  const entry = blocks.get('entry of collector/sources.ts') ?? '';
  writeFileSync(
    sources,
    readFileSync(sources, 'utf8').replace('\n} as const;', () => `\n${entry}} as const;`),
  );
  const { status, stderr } = run(folder, 'scripts/generate.ts', '--registries');
  t.not(status, 0);
  t.regex(
    stderr,
    /no file of collector\/parsers exports parseAnExampleSource: write collector\/parsers\/an_example_source\.ts/,
  );
});

test('new-table refuses what cannot be, says why, and writes nothing', (t) => {
  const folder = copyOf(t);
  const count = filesBelow(join(folder, 'tables')).length;
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['', 2, /usage: npm run new-table/],
    ['an_example', 2, /usage: npm run new-table/],
    ['an_example a b', 2, /usage: npm run new-table/],
    ['an_example --sorce csrutil_status', 2, /Unknown option '--sorce'/],
    ['Users csrutil_status', 2, /"Users" is no name for a table\n.*lower case/],
    ['a-b csrutil_status', 2, /"a-b" is no name for a table/],
    ['../x csrutil_status', 2, /"\.\.\/x" is no name for a table/],
    ['users csrutil_status', 1, /there is a table users already/],
    ['changes csrutil_status', 1, /the store has a table changes of its own/],
    ['users_history csrutil_status', 1, /the store has a table users_history of its own/],
    ['order csrutil_status', 1, /SQLite does not take order as the name of a table/],
    [
      'an_example csrutil_statu',
      1,
      /there is no source csrutil_statu; did you mean csrutil_status\?\n.*--new-source/,
    ],
    ['an_example /usr/bin/csrutil', 2, /is no name for a source/],
    ['tokens sysadminctl_secure_token_status', 1, /asked once for each \{username\}.*\n.*tables\//],
    ['rows plist', 1, /collector\/parsers\/plist\.ts is there/],
  ];
  const ended = newTables(
    folder,
    cases.map(([words]) => words.split(' ').filter((word) => word !== '')),
  );
  for (const [index, [words, code, pattern]] of cases.entries()) {
    const { status, stdout = '', stderr = '' } = ended[index] ?? {};
    t.is(status, code, `${words}\n${stderr}`);
    t.regex(stderr, pattern);
    t.regex(stderr, /^new-table: error: /);
    t.notRegex(stderr, /\n\s+at /);
    t.is(stdout, '');
  }
  t.is(filesBelow(join(folder, 'tables')).length, count);
});
