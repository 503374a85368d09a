import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import fc from '../property.ts';
import test from 'ava';
import { History, entriesOf, entryOf, historyPath, lineOf } from '../../cli/shell/history.ts';
import { temporaryFolder } from '../standin.ts';

const pathIn = (folder: string): string => historyPath({ HOME: folder }) ?? '';

test('an entry is one line, and comes back as it was', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\\', 'n', 'r', '\n', '\r', "'", 'ä') }), (entry) => {
      t.false(lineOf(entry).includes('\n'));
      t.is(entryOf(lineOf(entry)), entry);
    }),
  );
});

test('it lies in the folder of states, where one is named, or in the home', (t) => {
  t.is(historyPath({ XDG_STATE_HOME: '/s', HOME: '/h' }), '/s/tokenquery/shell_history');
  t.is(historyPath({ XDG_STATE_HOME: 'relative', HOME: '/h' }), '/h/.local/state/tokenquery/shell_history');
  t.is(historyPath({ HOME: '/h' }), '/h/.local/state/tokenquery/shell_history');
});

test('what one shell was told the next one knows, the newest first and each once', (t) => {
  const path = pathIn(temporaryFolder(t));
  const one = new History(path);
  for (const entry of ['SELECT 1;', 'SELECT\n2;', 'SELECT 1;', '', '.quit']) one.add(entry);
  t.is(one.fault, null);
  const expected = ['.quit', 'SELECT 1;', 'SELECT\n2;'];
  t.deepEqual(one.entries, expected);
  t.deepEqual(new History(path).entries, expected);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.is(statSync(dirname(path)).mode & 0o777, 0o700);
});

test('a file that was open to readers is so no longer', (t) => {
  const path = pathIn(temporaryFolder(t));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, 'SELECT 1;\n', { mode: 0o644 });
  new History(path).add('SELECT 2;');
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('it is bounded, in entries and in bytes', (t) => {
  const path = pathIn(temporaryFolder(t));
  const history = new History(path);
  const long = 'x'.repeat(9_000);
  for (let count = 0; count < 200; count += 1) history.add(`SELECT ${count}, '${long}';`);
  t.true(statSync(path).size <= 1024 * 1024 + 9_100);
  t.true(new History(path).entries[0]?.startsWith('SELECT 199'));
  t.is(entriesOf(Array.from({ length: 5_000 }, (_, index) => `SELECT ${index};`).join('\n')).length, 1000);
  history.add('y'.repeat(100_000));
  t.false(readFileSync(path, 'utf8').includes('yyyy'));
});

test('what others may have written, or may write to, is neither read nor written', (t) => {
  const spoil: Readonly<Record<string, (path: string, folder: string) => void>> = {
    'a link': (path, folder) => symlinkSync(join(folder, 'victim'), path),
    'another name': (path, folder) => linkSync(join(folder, 'victim'), path),
    'open to a group': (path) => {
      writeFileSync(path, 'SELECT evil;\n');
      chmodSync(path, 0o620);
    },
    'a folder': (path) => mkdirSync(path),
    'in a folder open to others': (path) => {
      writeFileSync(path, 'SELECT evil;\n');
      chmodSync(dirname(path), 0o777);
    },
    ...(process.geteuid?.() === 0
      ? {
          'another user’s': (path: string) => {
            writeFileSync(path, 'SELECT evil;\n');
            chownSync(path, 501, 20);
          },
          // As sudo leaves HOME on a Mac.
          'in the home of another user': (path: string, folder: string) => {
            writeFileSync(path, 'SELECT evil;\n');
            chownSync(folder, 501, 20);
          },
        }
      : {}),
  };
  for (const [what, work] of Object.entries(spoil)) {
    const folder = temporaryFolder(t);
    const path = pathIn(folder);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(join(folder, 'victim'), 'SELECT evil;\n');
    work(path, folder);
    const history = new History(path);
    t.not(history.fault, null, what);
    t.deepEqual(history.entries, [], what);
    history.add('SELECT secret;');
    t.deepEqual(history.entries, ['SELECT secret;'], what);
    t.is(readFileSync(join(folder, 'victim'), 'utf8'), 'SELECT evil;\n', what);
    if (existsSync(path) && statSync(path).isFile())
      t.false(readFileSync(path, 'utf8').includes('secret'), what);
  }
});

test('a home into which nothing can be written costs nobody a shell', (t) => {
  const history = new History('/proc/nowhere/tokenquery/shell_history');
  history.add('SELECT 1;');
  t.not(history.fault, null);
  t.deepEqual(history.entries, ['SELECT 1;']);
});
