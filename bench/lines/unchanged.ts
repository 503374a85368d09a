import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Line } from '../line.ts';
import { root } from '../place.ts';
import { run } from '../process.ts';
import { fleetStore } from '../stores.ts';

export const unchanged: Line = {
  number: 7,
  name: 'unchanged',
  title: 'a snapshot of one Mac that did not change, into a database of many',
  least: 'one Node, the files of one bundle, and some pages of the database; 82 bytes are written',
  sizes: { unit: 'hosts', short: [1, 10], usual: [1, 2000, 10_000] },
  rounds: { short: 1, usual: 10 },
  works: async (hosts, place) => {
    const fleet = await fleetStore(place, hosts);
    const words = ['--source', join(root, 'samples/macos26-managed')];
    const db = await place.made(`unchanged-${hosts}.db`, (path) => {
      copyFileSync(fleet, path);
      run([...place.program, 'snapshot', '--db', path, ...words]);
    });
    return [
      {
        name: 'snapshot',
        run: () => run([...place.program, 'snapshot', '--db', db, ...words]),
        limits: [{ figure: 'seconds', most: 0.13 }],
      },
    ];
  },
};
