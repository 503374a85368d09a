/** Each hostile database, and each command that takes one, in this process; `npm run hostile` starts the program for each. */
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'ava';
import { openForReading, openForWriting } from '../../store/file.ts';
import { prepareGuarded, visibleNames } from '../../store/guard.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { sample, temporaryFolder } from '../standin.ts';
import { snapshotOfBundle } from '../store/evidence.ts';
import { makeVariant, variants } from './databases.ts';
import type { Variant } from './databases.ts';
import { runHere } from './in_process.ts';

/** Commands that only read, each of which may find more or less of a file; the last for the target of a merge. */
const reading: Readonly<Record<string, (path: string, target: string) => readonly string[]>> = {
  query: (path) => ['query', '--db', path, '--json', 'SELECT count(*) FROM users, latest_snapshots'],
  changes: (path) => ['changes', '--db', path, '--json'],
  findings: (path) => ['findings', '--db', path, '--json'],
  export: (path) => ['export', '--db', path, '--format', 'native', '--output', `${path}.out`],
  merge: (path, target) => ['merge', '--db', target, path],
};

const digestOf = (path: string): string | null => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return null;
  return createHash('sha256').update(readFileSync(path)).digest('hex');
};

/** A file and what was put beside it. */
const stateOf = (path: string): string =>
  ['', '-journal', '-wal', '-shm'].map((suffix) => digestOf(path + suffix)).join();

const makeGood = async (path: string): Promise<void> => {
  const made = openForWriting(path, tables);
  const snapshot = await snapshotOfBundle(sample('macos26-managed'));
  made.db.exec('BEGIN');
  storeWriter(made.db, tables).add([snapshot], snapshot.collectedTime);
  made.db.exec('COMMIT');
  made.close();
};

/** What is wrong with how a command met a hostile database; null when nothing is. */
const faultOf = (
  { outcome }: Variant,
  what: string,
  path: string,
  { code, stderr }: { readonly code: number; readonly stderr: string },
): string | null => {
  if (/should not happen|^ {4}at /m.test(stderr)) return `ends as a fault of the program: ${stderr}`;
  if (code !== 0 && !stderr.includes(basename(path))) return `does not name the file: ${stderr}`;
  if (code !== 0 && !stderr.includes('hint: ')) return `does not say what to do: ${stderr}`;
  if (outcome === 'harmless') return code === 0 ? null : `refuses it: ${stderr}`;
  if (outcome === 'refused' || what === 'merge') return code === 0 ? 'takes it' : null;
  return null;
};

/** What is refused is refused where all commands open a file: one that reads is enough, each in turn, and a merge or a snapshot. */
const commandsFor = ({ outcome }: Variant, index: number) => {
  const all = Object.entries(reading);
  if (outcome !== 'refused') return all;
  return [...all.slice(index % 4, (index % 4) + 1), ...(index % 2 === 0 ? all.slice(4) : [])];
};
const isSnapshotTried = ({ outcome }: Variant, index: number): boolean =>
  outcome !== 'refused' || index % 2 === 1;

test('a hostile database is refused, told as damaged, or read without harm, by every command', async (t) => {
  t.timeout(900_000);
  const folder = temporaryFolder(t);
  const [good, target] = [join(folder, 'good.db'), join(folder, 'target.db')];
  await makeGood(good);
  t.true(variants.length >= 40);
  const faults: string[] = [];
  for (const [index, variant] of variants.entries()) {
    const path = join(folder, `hostile${index}.db`);
    makeVariant(good, path, variant);
    const [before, bytes] = [stateOf(path), digestOf(path)];
    const note = (what: string, fault: string | null): void => {
      if (fault !== null) faults.push(`${variant.name}, ${what}: ${fault.slice(0, 300)}`);
    };
    for (const [what, argv] of commandsFor(variant, index)) {
      note(what, faultOf(variant, what, path, await runHere(argv(path, target))));
      if (digestOf(path) !== bytes) note(what, 'changes it');
    }
    // Last, for it may write.
    const argv = ['snapshot', '--db', path, '--source', sample('macos14-not-root')];
    if (isSnapshotTried(variant, index))
      note('snapshot', faultOf(variant, 'snapshot', path, await runHere(argv)));
    if (variant.outcome === 'refused' && digestOf(path) !== bytes) note('snapshot', 'changes it');
    if (variant.isBeside === true && stateOf(path) !== before) note('all', 'change what lies beside it');
  }
  t.deepEqual(faults, []);
  t.false(existsSync('/tmp/tokenquery-harm.db'));
  const { maxRSS } = process.resourceUsage();
  t.true(maxRSS < 1024 * 1024, `${maxRSS} KiB`);
});

test('of a file whose views are not ours, no name reaches a view of the file', async (t) => {
  const folder = temporaryFolder(t);
  const [good, path] = [join(folder, 'good.db'), join(folder, 'views.db')];
  await makeGood(good);
  const variant = variants.find(({ name }) => name === 'every view that does not end');
  makeVariant(good, path, variant as Variant);
  const store = openForReading(path, tables);
  const names = visibleNames(store);
  for (const name of names.tables)
    t.true(Array.isArray(prepareGuarded(store.db, `SELECT * FROM ${name} LIMIT 9`, names).all()), name);
  for (const main of ['main.users', '"main" . users', '[main].users', '`main`.users', 'main/**/.users'])
    t.throws(() => prepareGuarded(store.db, `SELECT * FROM ${main}`, names), {
      message: /^main\. is refused/,
    });
  store.close();
});
