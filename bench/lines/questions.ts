import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queries } from '../../queries/index.ts';
import type { Line, Measured, Peer, Work } from '../line.ts';
import type { Place } from '../place.ts';
import { run } from '../process.ts';
import { askedStore, askedTime } from '../stores.ts';

const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
const bench = join(import.meta.dirname, '..');
const all = `all ${queries.length} questions, in one process`;

type Each = Readonly<Record<string, { readonly seconds: number; readonly cpu: number }>>;

const eachIn = (told: string): Each[string][] =>
  Object.values(JSON.parse(readFileSync(told, 'utf8')) as Each);

/** Asks all of them; what each took is then in the file. Of the process only the asking counts: it compiles sources first. */
const askAll = (db: string, told: string): Measured => {
  const argv = [...node, join(bench, 'questions.ts'), '--db', db, '--json'];
  const { megabytes } = run(argv, { stdout: told });
  const sum = (of: (one: Each[string]) => number): number =>
    eachIn(told).reduce((before, one) => before + of(one), 0);
  return { seconds: sum(({ seconds }) => seconds), processor: sum(({ cpu }) => cpu), megabytes };
};

const slowest = (told: string): Measured => {
  const each = eachIn(told);
  const seconds = Math.max(...each.map((one) => one.seconds));
  return { seconds, processor: Math.max(...each.map(({ cpu }) => cpu)), megabytes: null };
};

/** The same statements for the command line of SQLite, which prints what it finds into nothing. */
const shellPeer = async (place: Place, db: string): Promise<Peer> => {
  const script = await place.made('questions.sql', (path) =>
    writeFileSync(
      path,
      [
        `.parameter set :now ${askedTime}`,
        ...queries.map(({ sql }) => `${sql.trim().replace(/;$/, '')};`),
        '',
      ].join('\n'),
    ),
  );
  return {
    name: 'sqlite3',
    needs: 'sqlite3',
    run: () => run(['sqlite3', '-readonly', '-bail', db, `.read ${script}`]),
  };
};

const duckdbPeer = async (place: Place, db: string, hosts: number): Promise<Peer> => {
  const lake = await place.made(`asked-${hosts}-lake`, (path) =>
    run([...place.program, 'lake', '--db', db, '--out', path]),
  );
  const words = [join(bench, 'peers/duckdb_questions.ts'), lake, String(askedTime), '1'];
  const told = join(place.folder, 'duckdb.json');
  return {
    name: 'DuckDB on the lake, one thread',
    run: () => {
      const { megabytes } = run([...node, ...words], { stdout: told });
      const { seconds, processor } = JSON.parse(readFileSync(told, 'utf8')) as Measured;
      return { seconds, processor, megabytes };
    },
  };
};

export const questions: Line = {
  number: 10,
  name: 'questions',
  title: 'all questions of the library, of a whole fleet',
  least:
    'the accounts of all hosts are read once: 100 kB a host, 1 GB at 10,000, from the cache of the kernel',
  sizes: { unit: 'hosts', short: [20, 80], usual: [100, 1000, 10_000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place): Promise<readonly Work[]> => {
    const db = await askedStore(place, hosts);
    const told = join(place.folder, `questions-${hosts}.json`);
    const isFull = hosts >= 10_000;
    const one: Peer = { name: all, run: () => askAll(db, told) };
    return [
      {
        name: all,
        run: one.run,
        peers: [await shellPeer(place, db), await duckdbPeer(place, db, hosts)],
        limits: isFull ? [{ figure: 'seconds', most: 6 }] : [],
      },
      {
        name: 'the slowest of them',
        run: () => slowest(told),
        limits: isFull ? [{ figure: 'seconds', most: 0.6 }] : [],
      },
      {
        name: 'findings',
        run: () => run([...place.program, 'findings', '--db', db]),
        peers: [one],
        limits: isFull
          ? [
              { figure: 'seconds', of: all, most: 1.5 },
              { figure: 'megabytes', most: 300 },
            ]
          : [],
      },
    ];
  },
};
