import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Line } from '../line.ts';
import { userRecords } from '../macs.ts';
import { run } from '../process.ts';

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
    const peer = { name: 'plistlib', needs: 'python3' } as const;
    return [
      {
        name: 'records to rows, whole processes',
        run: () =>
          run([
            ...[process.execPath, '--disable-warning=ExperimentalWarning'],
            ...[join(peers, 'plist_rows.ts'), file],
          ]),
        peers: [{ ...peer, run: () => run(['python3', join(peers, 'plist_rows.py'), file]) }],
        limits: accounts >= 20_000 ? [{ figure: 'seconds', of: peer.name, least: 2 }] : [],
      },
    ];
  },
};
