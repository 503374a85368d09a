import { closeSync, constants, copyFileSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Line } from '../line.ts';
import { makeLaterLook } from '../macs.ts';
import { run } from '../process.ts';
import { fleetStore } from '../stores.ts';

/** What is not on the disk yet would be written while a snapshot waits for it. */
const copyOnDisk = (from: string, to: string): void => {
  copyFileSync(from, to, constants.COPYFILE_FICLONE);
  const file = openSync(to, 'r+');
  fsyncSync(file);
  closeSync(file);
};

export const unchanged: Line = {
  number: 7,
  name: 'unchanged',
  title: 'a snapshot of one Mac that did not change, into a database of many',
  least: 'one Node, the files of one bundle, and some pages of the database; 82 bytes are written',
  sizes: { unit: 'hosts', short: [1, 10], usual: [1, 2000, 10_000] },
  rounds: { short: 1, usual: 10 },
  works: async (hosts, place) => {
    const db = place.fresh('unchanged.db');
    copyOnDisk(await fleetStore(place, hosts), db);
    const bundle = join(place.folder, 'unchanged-look');
    const words = [...place.program, 'snapshot', '--db', db, '--source', bundle];
    let minutes = 0;
    /** A snapshot that was stored before would not be judged. */
    const lookAgain = () => {
      makeLaterLook(bundle, (minutes += 1));
      return run(words);
    };
    // The first one brings the Mac.
    lookAgain();
    return [{ name: 'snapshot', run: lookAgain, limits: [{ figure: 'seconds', most: 0.13 }] }];
  },
};
