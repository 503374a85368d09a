import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { bestOf, exponentOf, isTooSteep, judge } from '../bench/judge.ts';
import type { Line, Measured, Work } from '../bench/line.ts';
import { fleet } from '../bench/fleet.ts';
import { lines } from '../bench/lines/index.ts';
import { measureLine, measureWork } from '../bench/measure.ts';
import { placeIn } from '../bench/place.ts';
import { run } from '../bench/process.ts';
import { merged, sectionOf } from '../bench/results.ts';
import { root, temporaryFolder } from './standin.ts';

const took = (seconds: number, more: Partial<Measured> = {}): Measured => ({
  seconds,
  processor: seconds / 2,
  megabytes: 100,
  ...more,
});
const fixed = (seconds: number) => () => took(seconds);

test('a ratio is ours to theirs where at most so much is asked, and theirs to ours where at least so much is', (t) => {
  const [ours, theirs] = [took(3), took(2)];
  t.deepEqual(judge({ figure: 'seconds', of: 'x', most: 1.5 }, ours, theirs), { value: 1.5, isHeld: true });
  t.deepEqual(judge({ figure: 'seconds', of: 'x', most: 1.4 }, ours, theirs), { value: 1.5, isHeld: false });
  t.deepEqual(judge({ figure: 'processor', of: 'x', least: 0.5 }, ours, theirs), {
    value: 2 / 3,
    isHeld: true,
  });
  t.deepEqual(judge({ figure: 'processor', of: 'x', least: 0.7 }, ours, theirs), {
    value: 2 / 3,
    isHeld: false,
  });
  t.deepEqual(judge({ figure: 'megabytes', most: 99 }, ours, null), { value: 100, isHeld: false });
  t.deepEqual(judge({ figure: 'rate', least: 30 }, ours, null, { count: 90, unit: 'hosts' }), {
    value: 30,
    isHeld: true,
  });
});

test('what was not measured holds no target, and breaks none', (t) => {
  const unknown = { value: null, isHeld: null };
  t.deepEqual(judge({ figure: 'seconds', of: 'x', most: 9 }, took(1), null), unknown);
  t.deepEqual(judge({ figure: 'megabytes', most: 9 }, took(1, { megabytes: null }), null), unknown);
  t.deepEqual(judge({ figure: 'bytes', of: 'x', least: 1 }, took(1), took(1)), unknown);
});

test('the best round counts, and the most memory of any', (t) => {
  t.deepEqual(
    bestOf([took(3, { megabytes: 90, bytes: 7 }), took(2), took(4, { megabytes: 120, bytes: 7 })]),
    took(2, { megabytes: 120, bytes: 7 }),
  );
  t.deepEqual(bestOf([{ seconds: 2, processor: null, megabytes: null }]), {
    ...{ seconds: 2, processor: null, megabytes: null },
  });
});

test('work that grows with the square of its input has an exponent of 2, and is too steep where it is not by chance', (t) => {
  t.is(exponentOf([10, 1], [20, 4]), 2);
  t.true(isTooSteep([10, 1], [20, 4]));
  t.false(isTooSteep([10, 1], [20, 2.1]));
  t.false(isTooSteep([10, 0.001], [20, 0.004]), 'a millisecond is chance');
});

const lineOf = (works: Line['works'], more: Partial<Line> = {}): Line => ({
  ...{ number: 5, name: 'tiny', title: 'a line for a test', least: 'nothing', works },
  sizes: { unit: 'hosts', short: [1], usual: [1, 10] },
  rounds: { short: 1, usual: 2 },
  ...more,
});
const place = { folder: '', program: [], made: async () => '', fresh: () => '' };
const sectionFor = async (line: Line, length: 'short' | 'usual' = 'usual'): Promise<string> =>
  sectionOf(line, await measureLine(line, place, length, () => {}), 'here and now.', length !== 'short').text;

test('a peer that is missing is not run and named with why, and its target is neither held nor broken', async (t) => {
  const work: Work = {
    name: 'import',
    run: fixed(1),
    peers: [{ name: 'the other', missing: 'the other is not here (Debian: other)', run: () => t.fail() }],
    limits: [{ figure: 'seconds', of: 'the other', most: 2 }],
  };
  const { missing, theirs } = await measureWork(work, 1, 1);
  t.deepEqual([...missing], [['the other', 'the other is not here (Debian: other)']]);
  t.is(theirs.size, 0);
  const text = await sectionFor(lineOf(() => [work]));
  t.regex(text, /\| the other +\| the other is not here \(Debian: other\) +\| – .*\| not known +\|/);
});

test('a work that cannot be run here is named with why', async (t) => {
  const text = await sectionFor(lineOf(() => [{ name: 'own', missing: 'it was not made', run: fixed(1) }]));
  t.regex(text, /^What bounds it: nothing\.$/m);
  t.regex(text, /not run: it was not made/);
  t.regex(text, /not known/);
});

test('the table has a row for each peer and target, and tells what is held', async (t) => {
  const line = lineOf(() => [
    {
      name: 'work',
      run: fixed(2),
      peers: [
        { name: 'slow', run: fixed(8) },
        { name: 'quick', run: fixed(1) },
      ],
      limits: [
        { figure: 'seconds', of: 'slow', least: 5 },
        { figure: 'seconds', most: 3 },
      ],
    },
  ]);
  const text = await sectionFor(line);
  const rows = text.split('\n').filter((row) => row.startsWith('| work, 10 hosts') || row.startsWith('|  '));
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  t.deepEqual(cells.slice(-3), [
    [
      'work, 10 hosts',
      '2.00 s, CPU 1.00 s, 100 MB',
      'slow',
      '8.00 s, CPU 4.00 s, 100 MB',
      '4.00',
      '≥ 5',
      '**no**',
    ],
    ['', '', 'quick', '1.00 s, CPU 500 ms, 100 MB', '2.00 (CPU 2.00)', '–', '–'],
    ['', '', '–', '–', '2.00 s', '≤ 3.00 s', 'yes'],
  ]);
  t.is(
    new Set(
      text
        .split('\n')
        .filter((row) => row.startsWith('|'))
        .map((row) => row.length),
    ).size,
    1,
  );
  t.regex(await sectionFor(line, 'short'), /not judged/);
});

test('growth beyond its input is flagged', async (t) => {
  const text = await sectionFor(
    lineOf((size) => [
      { name: 'square', run: fixed(size * size) },
      { name: 'straight', run: fixed(size) },
    ]),
  );
  t.regex(text, /square, by hosts: 1: 500 ms, 10: 50\.0 s \(2\.00 \*\*grows faster than its input\*\*\)/);
  t.regex(text, /straight, by hosts: 1: 500 ms, 10: 5\.00 s \(1\.00\)\n?$/);
});

test('a run by name replaces its own lines of the results, and no others', (t) => {
  const section = (number: number, text: string) => ({ number, text: `## ${number} name: ${text}\n\nrows` });
  const before = merged('', [section(3, 'three'), section(12, 'twelve'), section(1, 'one')]);
  t.true(before.startsWith('# Measured\n'));
  const after = merged(before, [section(3, 'three again')]);
  t.is(after, before.replace('three', 'three again'));
  t.deepEqual(
    [...after.matchAll(/^## (\d+)/gm)].map(([, number]) => number),
    ['1', '3', '12'],
  );
});

test('lines have names, numbers and rising sizes of their own', (t) => {
  t.is(new Set(lines.map(({ name }) => name)).size, lines.length);
  t.deepEqual(
    lines.map(({ number }) => number),
    lines.map((_, index) => index + 1),
  );
  for (const { name, sizes } of lines) {
    for (const own of [sizes.short, [...sizes.usual, ...(sizes.long ?? [])]]) {
      t.true(own.length > 0, name);
      t.deepEqual(
        own,
        own.toSorted((a, b) => a - b),
        name,
      );
    }
  }
});

test('a process that fails is an error, and not a time', (t) => {
  t.throws(() => run([process.execPath, '-e', 'process.exit(3)']), { message: /ended with 3/ });
  t.notThrows(() => run([process.execPath, '-e', 'process.exit(3)'], { codes: [3] }));
});

test('what a process takes is that of the process, with all that it starts', (t) => {
  const busy = 'while (process.cpuUsage().user < 200_000);';
  const measured = run(['sh', '-c', `"${process.execPath}" -e '${busy}'; true`]);
  t.true(measured.seconds > 0.1);
  if (measured.processor === null) return t.log('no python3: only the clock is read');
  t.true(measured.processor >= 0.2, `${measured.processor}`);
  t.true((measured.megabytes ?? 0) > 20 && (measured.megabytes ?? 0) < 500, `${measured.megabytes}`);
});

test('what is made in a place is made once, and again where it was cut off', async (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, 'program.cjs');
  writeFileSync(program, '');
  const { made } = placeIn(folder, program);
  let count = 0;
  const make = (path: string): void => {
    count += 1;
    mkdirSync(path);
    if (count === 1) throw new Error('cut off');
  };
  await t.throwsAsync(made('fixture', make), { message: 'cut off' });
  const path = await made('fixture', make);
  t.is(await made('fixture', make), path);
  t.is(count, 2);
  t.throws(() => placeIn(folder, join(folder, 'none.cjs')), { message: /npm run build/ });
});

test('with each change of a host of the fleet, one account gains or loses its token', async (t) => {
  const of = await fleet();
  const tokensOn = (day: number): unknown[] => {
    const { rowCount = 0, cells = [] } =
      of(7, { accounts: 20, day, changing: 1 }).observations.get('secure_tokens') ?? {};
    const width = cells.length / rowCount;
    return Array.from({ length: rowCount }, (_, row) => cells.slice(row * width, (row + 1) * width));
  };
  for (let day = 1; day < 10; day += 1) {
    const before = tokensOn(day - 1);
    const changed = tokensOn(day).filter(
      (row, index) => JSON.stringify(row) !== JSON.stringify(before[index]),
    );
    t.is(changed.length, 1, `day ${day}`);
  }
});

const bench = (environment: Readonly<Record<string, string>>, ...words: readonly string[]) =>
  spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'bench/main.ts'), ...words],
    { encoding: 'utf8', env: { ...process.env, ...environment } },
  );

test('a line is run by its name, from end to end', (t) => {
  const folder = temporaryFolder(t);
  const program = join(folder, 'program.cjs');
  writeFileSync(program, '');
  const output = join(folder, 'results.md');
  // Of plist, nothing is the built program.
  const { status, stdout, stderr } = bench(
    { TOKENQUERY_PROGRAM: program },
    ...['plist', '--short', '--keep', join(folder, 'kept'), '--output', output],
  );
  t.is(status, 0, stderr);
  t.true(stdout.startsWith('## 4 plist: '));
  t.regex(stdout, /\d cores.*Node \d+\.\d+\.\d+, SQLite 3\.\d+\.\d+ inside, DuckDB /);
  t.regex(stdout, /read, parsed and made rows, 200 accounts +\| \d/);
  t.true(readFileSync(output, 'utf8').includes(stdout.trim()));
  t.true(existsSync(join(folder, 'kept', 'users-200.plist')));
});

test('a name of no line is refused, with the names that there are', (t) => {
  const { status, stderr } = bench({}, 'nothing');
  t.is(status, 1);
  t.regex(stderr, /^bench: error: no line nothing; there are start, sample, collect/);
  const unknown = bench({}, '--unknown');
  t.is(unknown.status, 1);
  t.regex(unknown.stderr, /^bench: error: [^\n]*--unknown[^\n]*\n$/);
});
