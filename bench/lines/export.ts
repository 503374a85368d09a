import { statSync } from 'node:fs';
import { formatNames } from '../../export/formats/index.ts';
import type { Limit, Line, Measured, Peer } from '../line.ts';
import type { Place } from '../place.ts';
import { run } from '../process.ts';
import { usersStore } from '../stores.ts';

const shell = 'sqlite3 -json';
const jq = 'jq -c';
const most: Readonly<Record<string, number>> = { ecs: 1.2, ocsf: 1.5 };

const into = (place: Place, argv: (path: string) => readonly string[], isToStdout = false): Measured => {
  const path = place.fresh('out');
  const measured = run(argv(path), isToStdout ? { stdout: path } : {});
  return { ...measured, bytes: statSync(path).size };
};

export const exported: Line = {
  number: 9,
  name: 'export',
  title: 'rows of users out of a database, to a file',
  least: 'what is written: 190 to 1,500 bytes a row, by the format; what is read is 150 bytes a row',
  sizes: { unit: 'rows', short: [1000, 10_000], usual: [10_000, 100_000, 1_000_000] },
  rounds: { short: 1, usual: 2 },
  works: async (rows, place) => {
    const db = await usersStore(place, rows);
    const json = await place
      .made(`users-${rows}.json`, (path) =>
        run(['sqlite3', '-json', db, 'SELECT * FROM users'], { stdout: path }),
      )
      .catch(() => null);
    const sql: Peer = {
      name: shell,
      needs: 'sqlite3',
      run: () => into(place, () => ['sqlite3', '-json', db, 'SELECT * FROM users'], true),
    };
    const lines: Peer = {
      name: jq,
      needs: 'jq',
      ...(json === null ? { missing: 'its input is what sqlite3 writes, which is not here' } : {}),
      run: () => into(place, () => ['jq', '-c', '.[]', json ?? ''], true),
    };
    return formatNames.map((format) => {
      const limits: readonly Limit[] = [
        { figure: 'seconds', of: shell, most: most[format] ?? 0.75 },
        { figure: 'megabytes', most: 160 },
      ];
      return {
        name: format,
        run: () =>
          into(place, (path) => [
            ...[...place.program, 'export', '--db', db, '--table', 'users'],
            ...['--format', format, '--output', path],
          ]),
        peers: format === 'json' ? [sql, lines] : [sql],
        limits: rows >= 1_000_000 || rows < 10_000 ? limits : [],
      };
    });
  },
};
