import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { verbs } from '../cli/main.ts';
import { version } from '../cli/version.ts';
import { collect } from '../collector/collect.ts';
import { errorCodes } from '../collector/errors.ts';
import { evidenceBackend } from '../collector/backends/evidence.ts';
import { statuses } from '../collector/status.ts';
import { allColumns } from '../collector/table.ts';
import { loadCollections } from '../cli/collected.ts';
import { prepareGuarded } from '../store/guard.ts';
import { openMemory } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import { root, sample } from './standin.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const inCode = (text: string, from: string, to: string): string[] =>
  Array.from(
    text.slice(text.indexOf(from), text.indexOf(to)).matchAll(/^\| `([a-z_]+)` \|/gm),
    ([, name]) => name ?? '',
  );

test('docs/errors.md has every status and every code, and no other', (t) => {
  const page = read('docs/errors.md');
  t.deepEqual(inCode(page, '## table_status.status', '## Codes').toSorted(), [...statuses].toSorted());
  t.deepEqual(inCode(page, '## Codes', '## Exit codes').toSorted(), [...errorCodes].toSorted());
});

test('docs/cli.md has every command', (t) => {
  const page = read('docs/cli.md');
  for (const verb of Object.keys(verbs)) t.true(page.includes(`## ${verb}\n`), verb);
});

test('every command has a help with examples that name it', async (t) => {
  for (const [verb, { load }] of Object.entries(verbs)) {
    const { name, examples, summary, usage } = await load();
    t.is(name, verb);
    t.true(examples.length > 0 && examples.every((example) => example.includes('tokenquery ')), verb);
    t.true(usage.startsWith(`tokenquery ${verb}`), verb);
    t.regex(summary, /^[A-Z].*\.$/, verb);
  }
});

test('the version is that of package.json', (t) => {
  t.is(version, (JSON.parse(read('package.json')) as { version: string }).version);
});

test('columns are described as users read them', (t) => {
  for (const table of tables) {
    t.regex(table.description, /^[A-Z].*\.$/, table.name);
    for (const [name, column] of allColumns(table)) {
      t.regex(column.description, /[.…]$/, `${table.name}.${name}`);
      t.notRegex(name, /[^a-z0-9_]/);
      if (column.type === 'INTEGER' && name.endsWith('_time'))
        t.is(column.unit, 'unix_seconds', `${table.name}.${name}`);
    }
  }
});

test('the examples of every table run on the sample hosts', async (t) => {
  const backends = await Promise.all(
    ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged'].map((name) =>
      evidenceBackend(sample(name)),
    ),
  );
  const collections = await Promise.all(
    backends.map((backend) =>
      collect(
        tables.filter(({ generate }) => generate !== undefined),
        backend,
      ),
    ),
  );
  const db = openMemory(tables);
  loadCollections(db, tables, collections);
  for (const { name, examples } of tables) {
    for (const sql of examples) {
      t.notThrows(() => prepareGuarded(db, sql, { tables: [], columns: [] }).all(), `${name}: ${sql}`);
    }
  }
});

test('README names the two commands, and no path or host of a machine', (t) => {
  const readme = read('README.md');
  t.regex(readme, /^ {4}npm start/m);
  t.regex(readme, /^ {4}npm test/m);
  t.notRegex(readme, /registry\.|\/work\/|\/root\//);
});

const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

test('every link from one page to another leads somewhere', (t) => {
  let count = 0;
  for (const page of pages) {
    for (const [, path = '', at] of read(page).matchAll(/\]\(([^)#\s:]+)(?:#([^)]*))?\)/g)) {
      count += 1;
      const target = join(dirname(page), path);
      t.true(existsSync(join(root, target)), `${page}: ${path}`);
      if (at === undefined || !target.endsWith('.md')) continue;
      const headings = Array.from(read(target).matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
          .replaceAll(' ', '-'),
      );
      t.true(headings.includes(at), `${page}: ${path}#${at}`);
    }
  }
  t.true(count > 100);
});

test('every file that the pages for developers name is there', (t) => {
  const named = ['CONTRIBUTING.md', 'docs/architecture.md'].flatMap((page) =>
    Array.from(read(page).matchAll(/`([a-z]+\/[a-z_/.]*)`/g), ([, path = '']) => path),
  );
  t.deepEqual(
    named.filter((path) => !existsSync(join(root, path))),
    [],
  );
  t.true(named.length > 40);
});

test('every decision is in the list, numbered, and short', (t) => {
  const decisions = readdirSync(join(root, 'docs/decisions')).filter((file) => file !== 'README.md');
  const list = read('docs/decisions/README.md');
  for (const [index, file] of decisions.toSorted().entries()) {
    const number = String(index + 1).padStart(4, '0');
    const text = read(join('docs/decisions', file));
    const [, title] = /^# \d{4}: (.*)$/m.exec(text) ?? [];
    t.true(list.includes(`| ${number} | [${title}](${file}) |`), file);
    t.true(text.split('\n').length <= 26, file);
  }
});
