/**
 * Whether work grows with what it is done on, and not with its square: `snapshot` of more and more bundles against `merge` of the
 * same, and the questions on a Mac with more and more accounts. Time is that of the processors, in one run.
 *
 * Run: npm run build && node bench/growth.ts [--bundles 30,120,1000] [--accounts 1250,5000,20000]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { uuidOf } from './fleet.ts';

const { values } = parseArgs({
  options: {
    bundles: { type: 'string', default: '30,120,1000' },
    accounts: { type: 'string', default: '1250,5000,20000' },
  },
});
const numbers = (text: string): number[] => text.split(',').map(Number);
const program = join(import.meta.dirname, '../dist/tokenquery.cjs');
const samples = join(import.meta.dirname, '../samples');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-growth-'));

/** Runs the program. Returns seconds of the processors and the most memory, in MB; it counts itself on the way out. */
const run = async (parameters: readonly string[]): Promise<{ seconds: number; megabytes: number }> => {
  const counter = join(folder, 'counter.cjs');
  const result = join(folder, 'counted.json');
  writeFileSync(
    counter,
    `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(result)}, JSON.stringify(process.resourceUsage())));`,
  );
  rmSync(result, { force: true });
  const child = spawn(process.execPath, ['--require', counter, program, ...parameters], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  if (!existsSync(result)) throw new Error(`tokenquery ${parameters.slice(0, 3).join(' ')} … did not end`);
  const used = JSON.parse(readFileSync(result, 'utf8')) as NodeJS.ResourceUsage;
  return { seconds: (used.userCPUTime + used.systemCPUTime) / 1e6, megabytes: used.maxRSS / 1000 };
};

const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );

/** The sums of a bundle that was changed. */
const sumAnew = (bundle: string): void => {
  const lines = filesOf(bundle)
    .filter((name) => name !== 'SHA256SUMS')
    .toSorted()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(bundle, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(bundle, 'SHA256SUMS'), lines.join(''));
};

/** The managed sample as another Mac. */
const bundleOf = (index: number): string => {
  const path = join(folder, `mac${index}`);
  if (existsSync(path)) return path;
  cpSync(join(samples, 'macos26-managed'), path, { recursive: true });
  const manifest = readFileSync(join(path, 'evidence.json'), 'utf8');
  const own = /"host_id":\s*"([0-9A-F-]{36})"/.exec(manifest)?.[1] ?? '';
  for (const name of filesOf(path)) {
    const text = readFileSync(join(path, name), 'latin1');
    if (text.includes(own))
      writeFileSync(join(path, name), text.replaceAll(own, uuidOf(`mac ${index}`)), 'latin1');
  }
  sumAnew(path);
  return path;
};

/** The unmanaged sample with more accounts like one of its own. */
const withAccounts = (count: number): string => {
  const path = join(folder, `accounts${count}`);
  cpSync(join(samples, 'macos15-unmanaged'), path, { recursive: true });
  for (const command of readdirSync(join(path, 'commands'))) {
    const file = join(path, 'commands', command, 'stdout');
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const record = text
      .match(/\t<dict>\n[\s\S]*?\n\t<\/dict>\n/g)
      ?.find((one) => one.includes('<string>cbrae</string>'));
    const uid = /UniqueID<\/key>\s*<array>\s*<string>(\d+)/.exec(record ?? '')?.[1];
    const uuid = /GeneratedUID<\/key>\s*<array>\s*<string>([0-9A-F-]+)/.exec(record ?? '')?.[1];
    if (record === undefined || uid === undefined || uuid === undefined) continue;
    const more = Array.from({ length: count }, (_, index) =>
      record
        .replaceAll('cbrae', `user${index}`)
        .replaceAll(`<string>${uid}</string>`, `<string>${1000 + index}</string>`)
        .replaceAll(uuid, uuidOf(`account ${index}`)),
    );
    const end = text.lastIndexOf('</array>');
    writeFileSync(file, text.slice(0, end) + more.join('') + text.slice(end));
  }
  sumAnew(path);
  return path;
};

const print = (...cells: readonly string[]): void => {
  process.stdout.write(
    `${cells.map((cell, index) => (index === 0 ? cell.padEnd(34) : cell.padStart(12))).join('')}\n`,
  );
};

try {
  print('bundles', 'snapshot s', 'MB', 'merge s', 'rate ÷ merge');
  for (const count of numbers(values.bundles)) {
    const bundles = Array.from({ length: count }, (_, index) => bundleOf(index));
    const [own, merged] = [join(folder, `own${count}.db`), join(folder, `merged${count}.db`)];
    const snapshot = await run(['snapshot', '--db', own, ...bundles.flatMap((path) => ['--source', path])]);
    const merge = await run(['merge', '--db', merged, ...bundles]);
    const ratio = merge.seconds / snapshot.seconds;
    print(
      String(count),
      snapshot.seconds.toFixed(1),
      snapshot.megabytes.toFixed(0),
      merge.seconds.toFixed(1),
      ratio.toFixed(2),
    );
  }
  print('accounts of one Mac', 'overview s', 'snapshot s', 'findings s');
  for (const count of numbers(values.accounts)) {
    const path = withAccounts(count);
    const db = join(folder, `accounts${count}.db`);
    const overview = await run(['overview', '--source', path]);
    const snapshot = await run(['snapshot', '--db', db, '--source', path]);
    const findings = await run(['findings', '--db', db]);
    print(String(count), ...[overview, snapshot, findings].map(({ seconds }) => seconds.toFixed(1)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
