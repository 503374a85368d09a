import { copyFileSync, rmSync, statSync } from 'node:fs';
import type { Line, Work } from '../line.ts';
import { run } from '../process.ts';
import { askedStore } from '../stores.ts';

const formats = ['native', 'ecs', 'ocsf', 'hec', 'osquery'] as const;

export const night: Line = {
  number: 12,
  name: 'night',
  title: 'an export with a cursor, after a night without news',
  least:
    'nothing: no row is new. What is written tells that each host was seen, and that it still has its blind spots',
  sizes: { unit: 'hosts', short: [5, 20], usual: [100, 1000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    // The first export sees the last but one night; the second one what the last night brought.
    const before = await askedStore(place, hosts, 1);
    const after = await askedStore(place, hosts, 2);
    return Promise.all(
      formats.map(async (format): Promise<Work> => {
        const words = (db: string, cursor: string, out: string): readonly string[] => [
          ...[...place.program, 'export', '--db', db, '--format', format],
          ...['--cursor', cursor, '--output', out],
        ];
        const cursor = await place.made(`night-${hosts}-${format}.cursor`, (path) => {
          const db = place.fresh('night.db');
          copyFileSync(before, db);
          run(words(db, path, place.fresh('first')));
          rmSync(db);
        });
        return {
          name: format,
          run: () => {
            const [db, own, out] = ['night.db', 'night.cursor', 'night.out'].map((name) => place.fresh(name));
            copyFileSync(after, db ?? '');
            copyFileSync(cursor, own ?? '');
            const measured = run(words(db ?? '', own ?? '', out ?? ''));
            return { ...measured, bytes: statSync(out ?? '').size };
          },
          amount: { count: hosts, unit: 'hosts' },
          limits: [{ figure: 'bytes', most: 0 }],
        };
      }),
    );
  },
};
