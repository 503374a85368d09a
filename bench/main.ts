/**
 * Measures each line of the table side by side with what people would use instead, and writes bench/results.md.
 *
 * Run: npm run bench [-- NAME…] [--short|--long] [--keep FOLDER] [--output FILE]. Names are those of `--list`.
 * --short takes a minute or two, judges no target and writes no results; --long adds the sizes that take long. --keep FOLDER
 * keeps what is worked on for the next run. Without Python, only the clock is read.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openDatabase } from '../store/database.ts';
import { lines } from './lines/index.ts';
import { measureLine } from './measure.ts';
import type { Length } from './measure.ts';
import { placeIn } from './place.ts';
import { merged, sectionOf } from './results.ts';
import type { Section } from './results.ts';
import { versions } from './tools.ts';

const note = (text: string): void => void process.stderr.write(`${text}\n`);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const sqliteVersion = (): string => {
  const db = openDatabase(':memory:');
  try {
    return db.prepare('SELECT sqlite_version()').pluck().get() as string;
  } finally {
    db.close();
  }
};

const circumstances = (): string => {
  const date = new Date().toISOString().slice(0, 10);
  const model = cpus()[0]?.model.trim() ?? '';
  const machine = `${availableParallelism()} cores${model === '' || model === 'unknown' ? '' : ` of ${model}`}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, load ${loadavg()[0]?.toFixed(1)}`;
  return `${date}; ${machine}; ${versions(sqliteVersion())}.`;
};

const given = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      short: { type: 'boolean', default: false },
      long: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      keep: { type: 'string' },
      output: { type: 'string' },
    },
  });

const chosen = (positionals: readonly string[]): typeof lines => {
  const unknown = positionals.filter((name) => !lines.some((line) => line.name === name));
  if (unknown.length === 0)
    return lines.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  throw new Error(`no line ${unknown.join(', ')}; there are ${lines.map(({ name }) => name).join(', ')}`);
};

const store = (path: string, section: Section): void =>
  writeFileSync(path, merged(existsSync(path) ? readFileSync(path, 'utf8') : '', [section]));

const main = async ({ values, positionals }: ReturnType<typeof given>): Promise<void> => {
  if (values.list) {
    for (const { number, name, title } of lines) say(`${number} ${name}: ${title}`);
    return;
  }
  const length: Length = values.short ? 'short' : values.long ? 'long' : 'usual';
  const output = values.output ?? (values.short ? null : join(import.meta.dirname, 'results.md'));
  const folder = resolve(values.keep ?? mkdtempSync(join(tmpdir(), 'tokenquery-bench-')));
  const own = chosen(positionals);
  const began = performance.now();
  try {
    for (const line of own) {
      const before = performance.now();
      const where = circumstances();
      const outcomes = await measureLine(line, placeIn(folder), length, note);
      const section = sectionOf(line, outcomes, where, length !== 'short');
      say(`${section.text}\n`);
      // At once: what was measured is not lost where a later line fails.
      if (output !== null) store(output, section);
      note(`${line.name} took ${((performance.now() - before) / 1000).toFixed(0)} s`);
    }
  } finally {
    if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
  note(`${own.length} lines in ${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
};

try {
  await main(given());
} catch (error) {
  note(`bench: error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
