import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsAtOnce } from '../../collector/source_reader.ts';
import { makeStandIn } from '../../test/standin.ts';
import type { Limit, Line, Measured } from '../line.ts';
import { makeConstructedMac, tokensOf } from '../macs.ts';
import { run } from '../process.ts';

const delay = '0.06';
const sql = 'SELECT count(*) AS users, sum(secure_token) AS tokens FROM secure_tokens';

/** What an administrator would write: each account asked in turn. */
const loop = (mac: string): string => `
for user in $("${mac}/usr/bin/dscl" . -list /Users); do
  if "${mac}/usr/sbin/sysadminctl" -secureTokenStatus "$user" 2>&1 | grep -q ENABLED; then echo "$user 1"; else echo "$user 0"; fi
done
`;

/** What the limit on processes allows: nothing but the commands themselves, so many at once. */
const allowance = (mac: string, accounts: number): Measured => {
  const tries = 5;
  const began = performance.now();
  for (let index = 0; index < tries; index += 1) {
    const words = ['-secureTokenStatus', `user${Math.floor(accounts / 2)}`];
    const { status } = spawnSync(join(mac, '/usr/sbin/sysadminctl'), words);
    if (status !== 0) throw new Error('the stand-in of sysadminctl failed');
  }
  const one = (performance.now() - began) / 1000 / tries;
  return { seconds: (accounts / commandsAtOnce()) * one, processor: null, megabytes: null };
};

const limitsAt = (accounts: number): readonly Limit[] => [
  ...(accounts >= 50
    ? [{ figure: 'seconds', of: 'a shell loop', least: accounts >= 1000 ? 10 : 5 } as const]
    : []),
  ...(accounts >= 200
    ? [{ figure: 'seconds', of: 'what the limit on processes allows', most: 1.15 } as const]
    : []),
];

export const collect: Line = {
  number: 3,
  name: 'collect',
  title: 'a live collection, where each command takes 60 ms',
  least:
    'one sysadminctl for each account that may log in, so many at once; and one dscl before them, which names them',
  sizes: { unit: 'accounts', short: [10], usual: [10, 50, 200, 1000] },
  rounds: { short: 1, usual: 1 },
  works: async (accounts, place) => {
    const at = await place.made(`live-${accounts}`, (folder) => {
      makeConstructedMac(join(folder, 'evidence'), accounts);
      makeStandIn(join(folder, 'evidence'), folder, { delay });
      writeFileSync(join(folder, 'loop.sh'), loop(join(folder, 'mac')));
    });
    const [mac, told] = [join(at, 'mac'), join(at, 'told.json')];
    return [
      {
        name: 'secure_tokens',
        run: () => {
          const words = ['query', '--json', '--source', 'live', '--exec-root', mac, sql];
          const measured = run([...place.program, ...words], { stdout: told });
          const [answer] = JSON.parse(readFileSync(told, 'utf8')) as { users: number; tokens: number }[];
          // What is not believed is quickly answered.
          if (answer?.users !== accounts || answer.tokens !== tokensOf(accounts))
            throw new Error(`a collection of ${accounts} accounts says ${JSON.stringify(answer)}`);
          return measured;
        },
        peers: [
          { name: 'a shell loop', needs: 'sh', run: () => run(['sh', join(at, 'loop.sh')]) },
          { name: 'what the limit on processes allows', run: () => allowance(mac, accounts) },
        ],
        limits: limitsAt(accounts),
        amount: { count: accounts, unit: 'accounts' },
      },
    ];
  },
};
