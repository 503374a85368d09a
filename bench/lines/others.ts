import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Limit, Line, Measured, Work } from '../line.ts';
import type { Place } from '../place.ts';
import { run } from '../process.ts';
import { askedStore } from '../stores.ts';

const bytesOf = (path: string): number =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(path, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

/** What the extension takes; it is started once for all, and its figures are then in the file. */
const ofExtension = (place: Place): readonly Work[] => {
  const told = join(place.folder, 'extension.json');
  const bench = join(import.meta.dirname, '../extension.ts');
  const argv = [process.execPath, '--disable-warning=ExperimentalWarning', bench, '--json'];
  // Of the memory and the processors of others /proc tells, and nothing else.
  const missing = process.platform === 'linux' ? {} : { missing: 'there is no /proc' };
  const one = (name: string, figure: string, limits: readonly Limit[], isFirst = false): Work => ({
    name: `the extension of osquery: ${name}`,
    run: () => {
      if (isFirst) run(argv, { stdout: told });
      return (JSON.parse(readFileSync(told, 'utf8')) as Readonly<Record<string, Measured>>)[
        figure
      ] as Measured;
    },
    ...{ limits, grows: false, ...missing },
  });
  const idle: Limit = { figure: 'megabytes', most: 100 };
  return [
    one('registered', 'registered', [{ figure: 'seconds', most: 0.5 }, idle], true),
    one('rows of one Mac, from a look that is kept', 'kept', [{ figure: 'seconds', most: 0.02 }, idle]),
    one('120,000 rows', 'rows', [{ figure: 'megabytes', most: 150 }]),
  ];
};

export const others: Line = {
  number: 13,
  name: 'others',
  title: 'lake, report and status of a whole fleet; the extension of osquery',
  least: 'the database is read once; what is written is 50 MB, 2 MB, and some lines',
  sizes: { unit: 'hosts', short: [20], usual: [100, 1000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    const db = await askedStore(place, hosts);
    return [
      // It has no size of its own.
      ...(hosts <= 100 ? ofExtension(place) : []),
      {
        name: 'lake',
        run: () => {
          const out = place.fresh('lake');
          const measured = run([...place.program, 'lake', '--db', db, '--out', out]);
          return { ...measured, bytes: bytesOf(out) };
        },
        limits: [
          { figure: 'seconds', most: 60 },
          { figure: 'megabytes', most: 512 },
          { figure: 'bytes', most: 50e6 },
        ],
      },
      {
        name: 'report',
        run: () => {
          const out = place.fresh('report.html');
          const measured = run([...place.program, 'report', '--db', db, '--output', out]);
          return { ...measured, bytes: statSync(out).size };
        },
        limits: [
          { figure: 'seconds', most: 10 },
          { figure: 'megabytes', most: 500 },
          { figure: 'bytes', most: 2e6 },
        ],
      },
      // It answers with a code of its own where something is old or unseen.
      { name: 'status', run: () => run([...place.program, 'status', '--db', db], { codes: [0, 4, 5] }) },
    ];
  },
};
