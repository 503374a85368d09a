import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Line, Work } from '../line.ts';
import { run } from '../process.ts';
import { askedStore } from '../stores.ts';

const bytesOf = (path: string): number =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(path, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);

export const others: Line = {
  number: 13,
  name: 'others',
  title: 'lake, report and status of a whole fleet',
  least: 'the database is read once; what is written is 50 MB, 2 MB, and some lines',
  sizes: { unit: 'hosts', short: [20], usual: [100, 1000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    const db = await askedStore(place, hosts);
    return [
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
