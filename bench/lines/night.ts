import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Line, Work } from '../line.ts';
import { run } from '../process.ts';
import { addNight, askedStore } from '../stores.ts';

/**
 * Bytes that each may write of a host of which nothing is new: the one row of `table_status` that says so.
 * native and OCSF have whole snapshots, as docs/siem.md says.
 */
const formats = { native: null, ecs: 1100, hec: 650 } as const;

export const night: Line = {
  number: 12,
  name: 'night',
  title: 'an export with a cursor, after a night without news',
  least: 'one row a host: it was looked at, and nothing is new',
  sizes: { unit: 'hosts', short: [5, 20], usual: [100, 1000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    const before = await askedStore(place, hosts);
    const exporting = (db: string, format: string, cursor: string, out: string): readonly string[] => [
      ...[...place.program, 'export', '--db', db, '--format', format],
      ...['--cursor', cursor, '--output', out],
    ];
    const after = await place.made(`night-${hosts}`, (folder) => {
      mkdirSync(folder);
      const db = join(folder, 'night.db');
      copyFileSync(before, db);
      for (const format of Object.keys(formats))
        run(exporting(db, format, join(folder, format), place.fresh('first')));
      addNight(db, hosts);
    });
    return Object.entries(formats).map(([format, most]): Work => ({
      name: format,
      run: () => {
        const [cursor, out] = [place.fresh('night.cursor'), place.fresh('night.out')];
        copyFileSync(join(after, format), cursor);
        const measured = run(exporting(join(after, 'night.db'), format, cursor, out));
        // Where nothing is new, no file is made.
        return { ...measured, bytes: existsSync(out) ? statSync(out).size : 0 };
      },
      amount: { count: hosts, unit: 'hosts' },
      limits: [{ figure: 'each', ...(most === null ? {} : { most }) }],
    }));
  },
};
