/** From --source to machines, and from machines to a database in memory. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { collect } from '../collector/collect.ts';
import type { Collection } from '../collector/collect.ts';
import { UserError } from '../collector/errors.ts';
import { evidenceMachine } from '../collector/evidence.ts';
import type { Machine } from '../collector/machine.ts';
import { isUuid } from '../collector/parsers/lines.ts';
import type { Table, Value } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { loadRows } from '../store/memory.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { includeOf } from './options.ts';
import { endProgress, printNote, printProgress } from './render.ts';
import { deliveredFolder } from './root.ts';

export const isMac = process.platform === 'darwin';

const sampleMachines = async (): Promise<Machine[]> => {
  const folder = deliveredFolder('samples');
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(names.toSorted().map((name) => evidenceMachine(join(folder, name), `sample ${name}`)));
};

/** The machines that --source names; without it this Mac, or the sample hosts where this is none. */
export const machinesOf = async (given: Arguments): Promise<Machine[]> => {
  const named = given.texts('source');
  const execRoot = given.text('exec-root');
  if (execRoot !== null && named.some((source) => source !== 'live')) {
    throw new UserError('--exec-root goes with --source live', '', 2);
  }
  const sources = named.length > 0 ? named : isMac || execRoot !== null ? ['live'] : ['sample'];
  if (named.length === 0 && sources[0] === 'sample') {
    printNote(
      'this is not a Mac: the answer is of the bundled sample hosts, which are constructed (--source names others)',
    );
  }
  const machines: Machine[] = [];
  for (const source of sources) {
    if (source === 'live') {
      if (!isMac && execRoot === null) {
        throw new UserError(
          '--source live needs a Mac',
          'use --source sample, or the path of an evidence bundle',
        );
      }
      const { liveMachine } = await import(/* webpackMode: "eager" */ '../collector/live.ts');
      machines.push(liveMachine(execRoot === null ? {} : { execRoot }));
    } else if (source === 'sample') machines.push(...(await sampleMachines()));
    else if (source.startsWith('volume:')) {
      const path = source.slice('volume:'.length);
      if (path === '') throw new UserError('--source volume: needs a path', 'volume:PATH', 2);
      const { volumeMachine } = await import(/* webpackMode: "eager" */ '../collector/volume.ts');
      machines.push(await volumeMachine(path));
    } else machines.push(await evidenceMachine(source));
  }
  return withHostId(machines, given.text('host-id'));
};

/** Names the one machine that does not name itself; what evidence says of itself is never overruled. */
const withHostId = (machines: readonly Machine[], hostId: string | null): Machine[] => {
  if (hostId === null) return [...machines];
  if (!isUuid(hostId)) {
    throw new UserError(
      `--host-id takes a UUID, not ${JSON.stringify(hostId)}`,
      'ioreg -d2 -c IOPlatformExpertDevice prints it on the Mac, and an MDM server has it',
      2,
    );
  }
  const given = hostId.toUpperCase();
  const nameless = machines.filter((machine) => machine.origin !== 'live' && machine.hostId === null);
  if (nameless.length > 1)
    throw new UserError(`--host-id names one host, and ${nameless.length} sources lack a name`, '', 2);
  if (nameless.length === 0 && !machines.some((machine) => machine.hostId === given)) {
    throw new UserError(
      '--host-id goes with a source that does not say which Mac it is of',
      'such as volume:PATH',
      2,
    );
  }
  return machines.map((machine) => (nameless.includes(machine) ? { ...machine, hostId: given } : machine));
};

/** Signals end the processes that a collection started, and then this one. */
const whileCollecting = async <T>(work: () => Promise<T>): Promise<T> => {
  const { killRunning } = await import(/* webpackMode: "eager" */ '../collector/run.ts');
  const end = (signal: NodeJS.Signals): void => {
    killRunning();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    return await work();
  } finally {
    // With a listener, Ctrl-C would wait for a running query to end.
    for (const signal of signals) process.removeListener(signal, end);
  }
};

/** Collects tables of each machine in turn. */
export const collectAll = async (
  machines: readonly Machine[],
  wanted: readonly Table[],
  given: Arguments,
): Promise<Collection[]> => {
  const options = { allowNetwork: given.flag('allow-network'), include: includeOf(given) };
  const hasLive = machines.some(({ origin }) => origin === 'live');
  if (hasLive && options.allowNetwork) {
    printNote('--allow-network: mdmclient may contact this Mac’s MDM server and Apple');
  }
  const work = async (): Promise<Collection[]> => {
    const collections: Collection[] = [];
    for (const [index, machine] of machines.entries()) {
      if (machines.length > 4) printProgress(`collecting ${index + 1} of ${machines.length}`);
      collections.push(await collect(wanted, machine, options));
    }
    endProgress();
    return collections;
  };
  return hasLive ? whileCollecting(work) : work();
};

/** Rows of the tables that speak of the collection itself. */
const reportRows = (table: Table, collection: Collection): Readonly<Record<string, Value>>[] =>
  (table.report?.(collection) ?? []).map(
    (row) => ({ ...row, host_id: collection.hostId }) as Record<string, Value>,
  );

/** All rows of a table in a collection. */
export const rowsOf = (table: Table, collection: Collection): readonly Readonly<Record<string, Value>>[] =>
  table.report === undefined
    ? (collection.results.find((result) => result.table === table)?.rows ?? [])
    : reportRows(table, collection);

export const loadCollections = (
  db: Db,
  wanted: readonly Table[],
  collections: readonly Collection[],
): void => {
  for (const table of wanted) {
    const rows = collections.flatMap((collection) => rowsOf(table, collection));
    loadRows(db, table, rows);
  }
};

/** The tables to collect for those that a statement touches: one that speaks of the collection needs them all. */
export const tablesToCollect = (touched: ReadonlySet<string>): readonly Table[] => {
  const needsAll = tables.some((table) => table.report !== undefined && touched.has(table.name));
  return tables.filter((table) => table.generate !== undefined && (needsAll || touched.has(table.name)));
};

const good = new Set(['ok', 'empty']);

/** Says on stderr which of the tables that were asked could not be looked at; returns whether all could. */
export const noteBlindSpots = (collections: readonly Collection[], touched: ReadonlySet<string>): boolean => {
  const notes = new Map<string, number>();
  for (const { results } of collections) {
    for (const { table, status, reason } of results) {
      if (!touched.has(table.name) || good.has(status)) continue;
      const note = `${table.name} is ${status}: ${reason ?? 'no reason is known'}`;
      notes.set(note, (notes.get(note) ?? 0) + 1);
    }
  }
  const many = collections.length > 1;
  for (const [note, hosts] of notes)
    printNote(many ? `on ${hosts} of ${collections.length} hosts, ${note}` : note);
  return notes.size === 0;
};
