/** From --source to backends, and from backends to collections. What becomes of these is in collected.ts. */
import { collect } from '../collector/collect.ts';
import type { Collection } from '../collector/collection.ts';
import { UserError } from '../collector/errors.ts';
import { killRunning, uncounted } from '../collector/leaving.ts';
import { evidenceBackend } from '../collector/backends/evidence.ts';
import type { Backend } from '../collector/backends/backend.ts';
import { dataTables } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import { tables } from '../tables/index.ts';
import type { Arguments } from './command.ts';
import { includeOf } from './options.ts';
import { isMac } from './platform.ts';
import { printNote } from './output.ts';
import { withProgress } from './progress.ts';
import { cleaningUp } from './signals.ts';
import { currentTime } from './time.ts';
import { deliveredSamples } from './delivered.ts';

/** What is collected: the other tables speak of the collection itself. */
export const generatedTables: readonly Table[] = dataTables(tables);

const sampleBackends = (): Promise<Backend[]> =>
  Promise.all(deliveredSamples().map(({ name, place }) => evidenceBackend(place, `sample ${name}`)));

/** The backends that --source names; without it this Mac, or the sample hosts where this is none. */
export const backendsOf = async (given: Arguments): Promise<Backend[]> => {
  const named = given.texts('source');
  const execRoot = given.text('exec-root');
  const sources = named.length > 0 ? named : isMac || execRoot !== null ? ['live'] : ['sample'];
  if (named.length === 0 && sources[0] === 'sample') {
    printNote(
      'this is not a Mac: the answer is of the bundled sample hosts, which are constructed (--source names others)',
    );
  }
  const backends: Backend[] = [];
  for (const source of sources) {
    if (source === 'live') {
      if (!isMac && execRoot === null) {
        throw new UserError(
          '--source live needs a Mac',
          'use --source sample, or the path of an evidence bundle',
        );
      }
      const { liveBackend } = await import(/* webpackMode: "eager" */ '../collector/backends/live.ts');
      backends.push(liveBackend(execRoot === null ? {} : { execRoot }));
    } else if (source === 'sample') backends.push(...(await sampleBackends()));
    else if (source.startsWith('volume:')) {
      const path = source.slice('volume:'.length);
      if (path === '') throw new UserError('--source volume: needs a path', 'volume:PATH', 2);
      const { volumeBackend } = await import(/* webpackMode: "eager" */ '../collector/backends/volume.ts');
      backends.push(await volumeBackend(path));
    } else backends.push(await evidenceBackend(source));
  }
  return withHostId(backends, given.text('host-id'));
};

/** Names the one backend that does not name itself; what evidence says of itself is never overruled. */
const withHostId = (backends: readonly Backend[], hostId: string | null): Backend[] => {
  if (hostId === null) return [...backends];
  const given = hostId.toUpperCase();
  const nameless = backends.filter((backend) => backend.origin !== 'live' && backend.hostId === null);
  if (nameless.length > 1)
    throw new UserError(`--host-id names one host, and ${nameless.length} sources lack a name`, '', 2);
  if (nameless.length === 0 && !backends.some((backend) => backend.hostId === given)) {
    throw new UserError(
      '--host-id goes with a source that does not say which Mac it is of',
      'such as volume:PATH',
      2,
    );
  }
  return backends.map((backend) => (nameless.includes(backend) ? { ...backend, hostId: given } : backend));
};

/** Evidence that names two Macs is shown, and not stored. */
const noteOtherHost = ({ backend, hostId }: Collection): void => {
  if (backend.hostId === null || backend.hostId === hostId) return;
  printNote(
    `${backend.label}: ioreg says that it is of ${hostId}, and evidence.json or --host-id of ${backend.hostId}; one of the two is wrong`,
  );
};

/** Collects tables of each backend in turn. */
export const collectAll = async (
  backends: readonly Backend[],
  wanted: readonly Table[],
  given: Arguments,
): Promise<Collection[]> => {
  const now = currentTime();
  const options = { allowNetwork: given.flag('allow-network'), include: includeOf(given), now };
  const hasLive = backends.some(({ origin }) => origin === 'live');
  if (hasLive && options.allowNetwork) {
    printNote('--allow-network: mdmclient may contact this Mac’s MDM server and Apple');
  }
  // One Mac alone may take long; of many, each is a step.
  const isOne = backends.length === 1;
  const work = (): Promise<Collection[]> =>
    withProgress(isOne ? 'collecting table' : 'collecting host', async (at) => {
      const collections: Collection[] = [];
      for (const [index, backend] of backends.entries()) {
        if (!isOne) at(index, backends.length);
        const collection = await collect(wanted, backend, isOne ? { ...options, progress: at } : options);
        noteOtherHost(collection);
        collections.push(collection);
      }
      return collections;
    });
  if (!hasLive) return work();
  return cleaningUp(killRunning, work);
};

/** Collects tables of everything that --source names. */
export const collectFrom = (given: Arguments, wanted: readonly Table[]): Promise<Collection[]> =>
  uncounted(async () => collectAll(await backendsOf(given), wanted, given));

/** The tables to collect for those that a statement touches: one that speaks of the collection needs them all. */
export const tablesToCollect = (touched: ReadonlySet<string>): readonly Table[] => {
  const needsAll = tables.some((table) => table.report !== undefined && touched.has(table.name));
  return generatedTables.filter((table) => needsAll || touched.has(table.name));
};
