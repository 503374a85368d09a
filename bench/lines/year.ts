import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { nativeFormat } from '../../export/formats/native.ts';
import { wholeSnapshot } from '../../export/rows/snapshots.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { dayTime, fleet, movesOf } from '../fleet.ts';
import type { Fleet } from '../fleet.ts';
import type { Limit, Line, Measured, Peer } from '../line.ts';
import type { Place } from '../place.ts';
import { run, runHere } from '../process.ts';
import { accountsOfFleet, plainTables } from '../stores.ts';

const changing = 0.01;
const days = 365;

/** Snapshots of one host: what a day without news has is made once. */
const daysOf = (snapshotOfHost: Fleet, host: number): ((day: number) => Snapshot) => {
  let known: { readonly moves: number; readonly snapshot: Snapshot } | null = null;
  return (day) => {
    const moves = movesOf(host, day, changing, known?.moves ?? 0);
    known =
      known?.moves === moves
        ? known
        : { moves, snapshot: snapshotOfHost(host, { accounts: accountsOfFleet, day, changing }) };
    const same = { ...known.snapshot, collectedTime: dayTime(day) };
    return { ...same, snapshotId: snapshotIdOf(same) };
  };
};

const writeYear = (path: string, snapshotOfHost: Fleet, hosts: number): void => {
  const store = openForWriting(path, tables);
  store.db.pragma('synchronous = NORMAL');
  const writer = storeWriter(store.db, tables);
  const all = Array.from({ length: hosts }, (_, host) => daysOf(snapshotOfHost, host));
  for (let day = 0; day < days; day += 1)
    transact(store, () => {
      for (const of of all) writer.add([of(day)], dayTime(day));
    });
  store.db.pragma('wal_checkpoint(TRUNCATE)');
  store.close();
};

const sized = (bytes: number): Measured => ({ seconds: 0, processor: null, megabytes: null, bytes });

/** One day, times the days: each day is written anew, as whole rows. */
const fullRows = async (place: Place, hosts: number): Promise<Peer> => {
  const folder = await plainTables(place, hosts);
  return {
    name: 'full rows each day in SQLite',
    needs: 'sqlite3',
    run: () => {
      const path = place.fresh('full.db');
      // Of a table without rows there is no file, and sqlite3 would end there.
      const imports = readdirSync(folder)
        .filter((name) => name.endsWith('.csv'))
        .map((name) => `.import "${join(folder, name)}" ${basename(name, '.csv')}`);
      run(['sqlite3', path, '.mode csv', ...imports]);
      return sized(statSync(path).size * days);
    },
  };
};

const packedLines = (snapshotOfHost: Fleet, hosts: number): Peer => ({
  name: 'NDJSON, gzip, each day',
  run: () => {
    let bytes = 0;
    // By hundreds of hosts, as files of such exports are.
    for (let first = 0; first < hosts; first += 100) {
      const text = Array.from({ length: Math.min(100, hosts - first) }, (_, index) => {
        const own = snapshotOfHost(first + index, { accounts: accountsOfFleet, day: 0, changing: 0 });
        return Array.from(nativeFormat().snapshot(wholeSnapshot({ ...own, sequence: 1 }, tables)), (chunk) =>
          typeof chunk === 'string' ? chunk : chunk.text,
        ).join('');
      }).join('');
      bytes += gzipSync(text).length;
    }
    return sized(bytes * days);
  },
});

export const year: Line = {
  number: 11,
  name: 'year',
  title: 'the file after a year of daily snapshots, 1 % of the hosts changing each day',
  least: 'a row of 82 bytes a snapshot, and what changed',
  sizes: { unit: 'hosts', short: [2], usual: [10, 100], long: [1000] },
  rounds: { short: 1, usual: 1 },
  works: async (hosts, place) => {
    const snapshotOfHost = await fleet();
    const limits: readonly Limit[] = [
      { figure: 'bytes', of: 'full rows each day in SQLite', least: 400 },
      { figure: 'bytes', of: 'NDJSON, gzip, each day', least: 150 },
    ];
    return [
      {
        name: 'a year',
        run: () => {
          const path = place.fresh('year.db');
          const measured = runHere(() => writeYear(path, snapshotOfHost, hosts));
          return { ...measured, bytes: statSync(path).size };
        },
        peers: [await fullRows(place, hosts), packedLines(snapshotOfHost, hosts)],
        limits: hosts >= 100 || hosts < 10 ? limits : [],
      },
    ];
  },
};
