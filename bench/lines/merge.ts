import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Line, Measured, Peer, Work } from '../line.ts';
import type { Place } from '../place.ts';
import { run } from '../process.ts';
import { fleetExport, plainTables } from '../stores.ts';

const withSize = (measured: Measured, path: string): Measured => ({
  ...measured,
  bytes: statSync(path).size,
});

const peersOf = async (place: Place, hosts: number): Promise<readonly Peer[]> => {
  const folder = await plainTables(place, hosts);
  const tables = readdirSync(folder)
    .filter((name) => name.endsWith('.csv'))
    .map((name) => basename(name, '.csv'));
  const to = (name: string, argv: (path: string) => readonly string[]) => (): Measured => {
    const path = place.fresh(name);
    return withSize(run(argv(path)), path);
  };
  return [
    {
      name: 'sqlite-utils insert',
      needs: 'sqlite-utils',
      run: to('utils.db', (path) => [
        ...['sh', '-ec'],
        tables
          .map(
            (table) => `sqlite-utils insert "${path}" ${table} "${join(folder, table)}.ndjson" --nl --silent`,
          )
          .join('\n'),
      ]),
    },
    {
      name: 'sqlite3 .import',
      needs: 'sqlite3',
      run: to('import.db', (path) => [
        ...['sqlite3', path, '.mode csv'],
        ...tables.map((table) => `.import "${join(folder, table)}.csv" ${table}`),
      ]),
    },
    {
      name: 'DuckDB read_ndjson',
      run: to('duck.db', (path) => [
        process.execPath,
        join(import.meta.dirname, '../peers/duckdb_insert.ts'),
        folder,
        path,
      ]),
    },
  ];
};

/** They get plain rows, and keep neither history nor ids. */
const peered = 2000;

export const merge: Line = {
  number: 8,
  name: 'merge',
  title: 'exports of many Macs into one database',
  least:
    'the export is read once (49 kB a host packed, 390 kB unpacked) and the database written once (100 kB a host)',
  sizes: { unit: 'hosts', short: [10, 40], usual: [100, 1000, 2000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    const input = await fleetExport(place, hosts);
    const isPeered = hosts === peered || hosts < 100;
    return [
      {
        name: 'merge',
        run: () => {
          const path = place.fresh('merged.db');
          return withSize(run([...place.program, 'merge', '--db', path, input]), path);
        },
        peers: isPeered ? await peersOf(place, hosts) : [],
        amount: { count: hosts, unit: 'hosts' },
        limits: [
          ...(isPeered
            ? [
                { figure: 'seconds', of: 'sqlite-utils insert', least: 8 } as const,
                { figure: 'seconds', of: 'sqlite3 .import', least: 0.8 } as const,
              ]
            : []),
          { figure: 'rate', least: 400 },
        ],
      },
    ];
  },
};
