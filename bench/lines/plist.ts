import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Line, Measured } from '../line.ts';
import { userRecords } from '../macs.ts';
import { run } from '../process.ts';

const peer = 'plistlib';

interface Told {
  readonly rows: number;
  readonly seconds: number;
  readonly processor: number;
}

const peers = join(import.meta.dirname, '../peers');

export const plist: Line = {
  number: 4,
  name: 'plist',
  title: 'the records of all accounts, from a property list to rows',
  least:
    'each of its bytes is looked at once: 21 MB at 20,000 accounts, some 15 ms of a search for one letter',
  sizes: { unit: 'accounts', short: [200], usual: [200, 2000, 20_000], long: [200_000] },
  rounds: { short: 1, usual: 3 },
  works: async (accounts, place) => {
    const file = await place.made(`users-${accounts}.plist`, (path) =>
      writeFileSync(path, userRecords(accounts)),
    );
    const told = join(place.folder, 'plist_rows.json');
    // Each says what it took itself, without the start of its language; the memory is that of the whole process.
    const rowsBy =
      (...argv: readonly string[]) =>
      (): Measured => {
        const { megabytes } = run([...argv, file], { stdout: told });
        const { rows, seconds, processor } = JSON.parse(readFileSync(told, 'utf8')) as Told;
        if (rows !== accounts) throw new Error(`${argv.join(' ')} made ${rows} rows of ${accounts}`);
        return { seconds, processor, megabytes };
      };
    return [
      {
        name: 'read, parsed and made rows',
        run: rowsBy(process.execPath, '--disable-warning=ExperimentalWarning', join(peers, 'plist_rows.ts')),
        peers: [{ name: peer, needs: 'python3', run: rowsBy('python3', join(peers, 'plist_rows.py')) }],
        limits: accounts >= 20_000 ? [{ figure: 'seconds', of: peer, least: 2 }] : [],
      },
    ];
  },
};
