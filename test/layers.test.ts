/** Imports go one way: .oxlintrc.json says which, and here each of its rules is seen to fire. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'ava';
import { backArrowsOf, circlesOf, importsOf, mayImport, sourcesOf } from '../scripts/imports.ts';
import { root, temporaryFolder } from './standin.ts';

const folders = Object.keys(mayImport);

/** A file of each kind that has a rule of its own, and what of the world it may import. */
const places: Readonly<Record<string, readonly string[]>> = {
  'collector/some.ts': ['node:fs'],
  'collector/backends/process.ts': ['node:fs', 'execa'],
  'collector/parsers/some.ts': [],
  'tables/some.ts': [],
  'tables/shared/some.ts': [],
  'store/some.ts': ['node:fs'],
  'store/writer/some.ts': ['node:fs'],
  'store/database.ts': ['node:fs', 'better-sqlite3'],
  'queries/some.ts': ['node:fs'],
  'export/formats/some.ts': ['node:fs'],
  'cli/some.ts': ['node:fs'],
  'cli/commands/some.ts': ['node:fs'],
};
const world = ['node:fs', 'execa', 'better-sqlite3'];

interface Case {
  readonly from: string;
  readonly specifier: string;
  readonly isAllowed: boolean;
}

const up = (from: string): string => '../'.repeat(from.split('/').length - 1);
const cases: readonly Case[] = Object.entries(places).flatMap(([from, allowed]) => {
  const own = from.split('/')[0] ?? '';
  const reachable = new Set([own, ...(mayImport[own] ?? [])]);
  return [
    ...world.map((specifier) => ({ from, specifier, isAllowed: allowed.includes(specifier) })),
    ...folders
      .filter((folder) => folder !== own)
      .flatMap((folder) =>
        ['other.ts', 'deep/other.ts'].map((file) => ({
          from,
          specifier: `${up(from)}${folder}/${file}`,
          isAllowed: reachable.has(folder),
        })),
      ),
  ];
});
const commands: readonly Case[] = [
  { from: 'cli/commands/some.ts', specifier: './other.ts', isAllowed: false },
  { from: 'cli/commands/some.ts', specifier: '../commands/other.ts', isAllowed: false },
  { from: 'cli/commands/some.ts', specifier: '../args.ts', isAllowed: true },
  { from: 'cli/main.ts', specifier: './commands/other.ts', isAllowed: true },
];

test('each layer rule fires, on types too, and on nothing that is allowed', (t) => {
  const folder = temporaryFolder(t);
  copyFileSync(join(root, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  const all = [...cases, ...commands].flatMap((one) => [
    { ...one, kind: 'import ' },
    { ...one, kind: 'import type ' },
  ]);
  // A file for each import, in the folder of its kind; those with a rule of their own keep their name.
  const byFile = Map.groupBy(all, ({ from }) => from);
  for (const [from, imports] of byFile) {
    mkdirSync(dirname(join(folder, from)), { recursive: true });
    const lines = imports.map(
      ({ kind, specifier }, index) => `${kind}{ a as a${index} } from '${specifier}';`,
    );
    writeFileSync(join(folder, from), `${lines.join('\n')}\n`);
  }
  const { stdout } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'json'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; filename: string; labels: { span: { line: number } }[] }[];
  };
  const fired = new Set(
    diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename, labels }) => `${filename}:${labels[0]?.span.line}`),
  );
  for (const [from, imports] of byFile) {
    for (const [index, { kind, specifier, isAllowed }] of imports.entries())
      t.is(fired.has(`${from}:${index + 1}`), !isAllowed, `${from}: ${kind}${specifier}`);
  }
});

const sources = sourcesOf(root, folders);

test('what is loaded when a command runs keeps to the layers as well', (t) => {
  t.deepEqual(backArrowsOf(root, sources), []);
  t.true(sources.flatMap((file) => importsOf(root, file, true)).length > 400);
});

test('no file imports itself by way of others, as types neither', (t) => {
  t.deepEqual(circlesOf(root, sources), []);
});

/** The files that are loaded with a file, and the packages. */
const loadedWith = (file: string, found = new Set<string>()): ReadonlySet<string> => {
  if (found.has(file)) return found;
  found.add(file);
  if (!file.endsWith('.ts')) return found;
  const text = readFileSync(join(root, file), 'utf8');
  for (const [, specifier = ''] of text.matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)';/gms))
    loadedWith(specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier, found);
  return found;
};

test('SELECT 1 is answered without tables, parsers of answers and the layout of a store: start-up counts', (t) => {
  const loaded = new Set([...loadedWith('cli/main.ts'), ...loadedWith('cli/commands/query.ts')]);
  t.true(loaded.has('store/guard.ts') && loaded.has('better-sqlite3'));
  const heavy = /^(?:tables|collector\/parsers|queries\/.*\.ts|fast-xml-parser|execa|store\/schema\.ts)/;
  t.deepEqual(
    [...loaded].filter((file) => heavy.test(file) && file !== 'queries/expectations.ts'),
    [],
  );
});
