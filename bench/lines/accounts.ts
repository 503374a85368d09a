import type { Limit, Line } from '../line.ts';
import { makeMacWithAccounts } from '../macs.ts';
import { run } from '../process.ts';

export const accounts: Line = {
  number: 5,
  name: 'accounts',
  title: 'one Mac with very many accounts',
  least: 'its evidence is read once (1 kB an account), and each question looks at each account once',
  sizes: { unit: 'accounts', short: [100, 400], usual: [50, 500, 5000, 20_000] },
  rounds: { short: 1, usual: 1 },
  works: async (count, place) => {
    const source = await place.made(`accounts-${count}`, (path) => makeMacWithAccounts(path, count));
    const limits: readonly Limit[] =
      count === 5000
        ? [
            { figure: 'seconds', most: 2.5 },
            { figure: 'megabytes', most: 400 },
          ]
        : [];
    return [
      {
        name: 'overview',
        run: () => run([...place.program, 'overview', '--source', source]),
        limits,
      },
      {
        name: 'findings',
        run: () => run([...place.program, 'findings', '--source', source]),
        limits,
      },
    ];
  },
};
