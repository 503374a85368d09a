/**
 * Prints the figures of the house: `node scripts/figures.ts [FOLDER]`, by default this project. FOLDER may be a checkout
 * of any version, so that two can be compared; it is measured with the tools and by the rules of this one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { backArrowsOf, circlesOf, mayImport, sourcesOf } from './imports.ts';

const root = join(import.meta.dirname, '..');
const project = resolve(process.argv[2] ?? root);
const product = Object.keys(mayImport);
const all = [...product, 'scripts', 'bench'];
const scratch = mkdtempSync(join(tmpdir(), 'tokenquery-figures-'));

const read = (file: string): string => readFileSync(join(project, file), 'utf8');
const isGenerated = (text: string): boolean => text.startsWith('// GENERATED');
const files = sourcesOf(project, all).map((file) => ({ file, text: read(file) }));
const written = files.filter(({ text }) => !isGenerated(text));
const ofProduct = written.filter(({ file }) => product.includes(file.split('/')[0] ?? ''));
const linesOf = (of: readonly { text: string }[]): number =>
  of.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);

const run = (tool: string, ...parameters: readonly string[]): string =>
  spawnSync(process.execPath, [join(root, 'node_modules', tool), ...parameters], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}` },
  }).stdout;
interface Diagnostic {
  readonly code: string;
  readonly message: string;
  readonly filename: string;
}
const lint = (...parameters: readonly string[]): readonly Diagnostic[] =>
  (
    JSON.parse(run('oxlint/bin/oxlint', '--format', 'json', ...parameters)) as {
      diagnostics: readonly Diagnostic[];
    }
  ).diagnostics;
const configuration = (name: string, content: object): string => {
  const path = join(scratch, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
};

/** Lines of each function, without blank ones and comments: what the rule says of a limit of none. */
const functions = lint(
  '-c',
  configuration('functions.json', {
    categories: { correctness: 'off' },
    rules: { 'max-lines-per-function': ['error', { max: 0, skipBlankLines: true, skipComments: true }] },
  }),
  ...all,
)
  .map(({ message, filename }) => ({ filename, lines: Number(/\((\d+)\)/.exec(message)?.[1] ?? 0) }))
  .toSorted((a, b) => b.lines - a.lines);
const longerThan = (limit: number): number => functions.filter(({ lines }) => lines > limit).length;

/** The rules of this project for a folder that is elsewhere: those for some files go by their path in the project. */
const rules = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
  readonly overrides: readonly { readonly files: readonly string[] }[];
};
const overrides = rules.overrides.map((one) => ({ ...one, files: one.files.map((glob) => `**/${glob}`) }));
const warnings = lint('-c', configuration('rules.json', { ...rules, overrides }), '--type-aware').filter(
  // Layers and lengths have figures of their own.
  ({ code }) => !/no-restricted-imports|max-lines-per-function/.test(code),
);

const unused = JSON.parse(
  run(
    'knip/bin/knip.js',
    '--config',
    join(root, 'scripts/knip.json'),
    '--reporter',
    'json',
    '--no-exit-code',
  ),
) as { issues: readonly Readonly<Record<string, unknown>>[] };
const countOf = (kind: string): number =>
  unused.issues.reduce((sum, issue) => sum + (Array.isArray(issue[kind]) ? issue[kind].length : 0), 0);

/** The files, apart from that of the table, in which nine of ten columns of a table are told by name, by hand. */
const listings = (): ReadonlyMap<string, readonly string[]> => {
  const { tables } = JSON.parse(read('docs/schema.json')) as {
    tables: readonly { name: string; columns: readonly { name: string }[] }[];
  };
  const contract = readdirSync(join(project, 'test/contract')).filter((name) => name !== 'released.json');
  const places = [
    ...written,
    ...contract.map((name) => ({ file: `test/contract/${name}`, text: read(`test/contract/${name}`) })),
  ].map(({ file, text }) => ({ file, words: new Set(text.match(/\b[a-z][a-z0-9_]*\b/g)) }));
  return new Map(
    tables
      .filter(({ columns }) => columns.length >= 5)
      .map(({ name, columns }) => [
        name,
        places
          .filter(
            ({ file, words }) =>
              file !== `tables/${name}.ts` &&
              columns.filter((column) => words.has(column.name)).length >= columns.length * 0.9,
          )
          .map(({ file }) => file),
      ]),
  );
};
const elsewhere = listings();
const counts = [...elsewhere.values()].map((places) => places.length + 1);
const longest = functions[0];
const circles = [
  ...new Set(circlesOf(project, sourcesOf(project, product)).map((circle) => circle.join(' -> '))),
];
const backArrows = backArrowsOf(project, sourcesOf(project, product));
const exportedTypes = ofProduct.reduce(
  (sum, { text }) => sum + (text.match(/^export (?:type|interface) \w/gm)?.length ?? 0),
  0,
);

const figures: Readonly<Record<string, string | number>> = {
  'lines of the product, without what is generated': linesOf(ofProduct),
  'files of the product': ofProduct.length,
  'lines of scripts and bench': linesOf(written) - linesOf(ofProduct),
  'functions over 40 lines': longerThan(40),
  'functions over 60 lines': longerThan(60),
  'functions over 100 lines': longerThan(100),
  'longest function': `${longest?.lines} (${longest?.filename})`,
  'exported types': exportedTypes,
  'unused exports and types': countOf('exports') + countOf('types'),
  'unused files': unused.issues.filter(({ files: unusedFiles }) => (unusedFiles as unknown[])?.length > 0)
    .length,
  circles: circles.length,
  'back arrows': backArrows.length,
  'lint warnings and errors': warnings.length,
  'places that list the columns of a table': `${Math.min(...counts)} to ${Math.max(...counts)}`,
};
for (const [what, figure] of Object.entries(figures)) process.stdout.write(`${what.padEnd(50)} ${figure}\n`);
for (const one of [...circles, ...backArrows]) process.stdout.write(`  ${one}\n`);
for (const [table, places] of elsewhere)
  if (places.length > 0) process.stdout.write(`  ${table}: also ${places.join(', ')}\n`);
rmSync(scratch, { recursive: true });
