import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Limit, Line } from '../line.ts';
import { makeAnotherMac } from '../macs.ts';
import { run } from '../process.ts';

const peer = 'merge of the same';

export const snapshot: Line = {
  number: 6,
  name: 'snapshot',
  title: 'many bundles into a database, each judged',
  least: 'some 300 small files a bundle; what merge does, and the questions asked of each Mac',
  sizes: { unit: 'bundles', short: [4, 12], usual: [10, 60, 240, 1000] },
  rounds: { short: 1, usual: 1 },
  works: async (count, place) => {
    const folder = await place.made(`bundles-${count}`, (path) => {
      mkdirSync(path);
      for (let index = 0; index < count; index += 1) makeAnotherMac(join(path, `mac${index}`), index);
    });
    const bundles = Array.from({ length: count }, (_, index) => join(folder, `mac${index}`));
    const limits: readonly Limit[] = [
      { figure: 'processor', of: peer, least: 0.5 },
      { figure: 'megabytes', most: 300 },
    ];
    return [
      {
        name: 'snapshot',
        run: () =>
          run([
            ...place.program,
            ...['snapshot', '--db', place.fresh('snapshot.db')],
            ...bundles.flatMap((path) => ['--source', path]),
          ]),
        peers: [
          {
            name: peer,
            run: () => run([...place.program, 'merge', '--db', place.fresh('merge.db'), ...bundles]),
          },
        ],
        limits,
      },
    ];
  },
};
