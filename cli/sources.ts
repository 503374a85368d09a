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
import { lookAt } from './looks.ts';
import { includeOf } from './options.ts';
import { isMac } from './platform.ts';
import { printNote } from './output.ts';
import { withProgress } from './progress.ts';
import type { Progress } from './progress.ts';
import { cleaningUp } from './signals.ts';
import { currentTime } from './time.ts';
import { deliveredSamples } from './delivered.ts';

/** What is collected: the other tables speak of the collection itself. */
export const generatedTables: readonly Table[] = dataTables(tables);

const sampleBackends = (): Promise<Backend[]> =>
  Promise.all(deliveredSamples().map(({ name, place }) => evidenceBackend(place, `sample ${name}`)));

/** A source that was named and is not opened yet: what is open holds all that it says. */
interface Opening {
  readonly isLive: boolean;
  open(this: void): Promise<readonly Backend[]>;
}

const openingOf = (source: string, execRoot: string | null): Opening => {
  if (source === 'live') {
    if (!isMac && execRoot === null) {
      throw new UserError(
        '--source live needs a Mac',
        'use --source sample, or the path of an evidence bundle',
      );
    }
    const open = async (): Promise<readonly Backend[]> => {
      const { liveBackend } = await import(/* webpackMode: "eager" */ '../collector/backends/live.ts');
      return [liveBackend(execRoot === null ? {} : { execRoot })];
    };
    return { isLive: true, open };
  }
  if (source === 'sample') return { isLive: false, open: sampleBackends };
  if (!source.startsWith('volume:'))
    return { isLive: false, open: async () => [await evidenceBackend(source)] };
  const path = source.slice('volume:'.length);
  if (path === '') throw new UserError('--source volume: needs a path', 'volume:PATH', 2);
  const open = async (): Promise<readonly Backend[]> => {
    const { volumeBackend } = await import(/* webpackMode: "eager" */ '../collector/backends/volume.ts');
    return [await volumeBackend(path)];
  };
  return { isLive: false, open };
};

/** The sources that --source names; without it this Mac, or the sample hosts where this is none. */
const openingsOf = (given: Arguments): readonly Opening[] => {
  const named = given.texts('source');
  const execRoot = given.text('exec-root');
  const sources = named.length > 0 ? named : isMac || execRoot !== null ? ['live'] : ['sample'];
  if (named.length === 0 && sources[0] === 'sample') {
    printNote(
      'this is not a Mac: the answer is of the bundled sample hosts, which are constructed (--source names others)',
    );
  }
  return sources.map((source) => openingOf(source, execRoot));
};

const openAll = async (openings: readonly Opening[], hostId: string | null): Promise<Backend[]> => {
  const backends: Backend[] = [];
  for (const { open } of openings) backends.push(...(await open()));
  return withHostId(backends, hostId);
};

/** The backends that --source names. */
export const backendsOf = (given: Arguments): Promise<Backend[]> =>
  openAll(openingsOf(given), given.text('host-id'));

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

/** Collects tables of one backend after the other. */
const collecting = (
  wanted: readonly Table[],
  given: Arguments,
  hasLive: boolean,
): ((backend: Backend, progress?: Progress['at']) => Promise<Collection>) => {
  const now = currentTime();
  const options = { allowNetwork: given.flag('allow-network'), include: includeOf(given), now };
  if (hasLive && options.allowNetwork) {
    printNote('--allow-network: mdmclient may contact this Mac’s MDM server and Apple');
  }
  return async (backend, progress) => {
    const collection = await collect(
      wanted,
      backend,
      progress === undefined ? options : { ...options, progress },
    );
    noteOtherHost(collection);
    return collection;
  };
};

const cleanedUp = <T>(hasLive: boolean, work: () => Promise<T>): Promise<T> =>
  hasLive ? cleaningUp(killRunning, work) : work();

/** Collects tables of each backend in turn. */
export const collectAll = (
  backends: readonly Backend[],
  wanted: readonly Table[],
  given: Arguments,
): Promise<Collection[]> => {
  const hasLive = backends.some(({ origin }) => origin === 'live');
  const collectOne = collecting(wanted, given, hasLive);
  // One Mac alone may take long; of many, each is a step.
  const isOne = backends.length === 1;
  return cleanedUp(hasLive, () =>
    withProgress(isOne ? 'collecting table' : 'collecting host', async (at) => {
      const collections: Collection[] = [];
      for (const [index, backend] of backends.entries()) {
        if (!isOne) at(index, backends.length);
        collections.push(await collectOne(backend, isOne ? at : undefined));
      }
      return collections;
    }),
  );
};

/** What becomes of each of many sources. */
interface Taking {
  take(this: void, collection: Collection): void;
  /** Gets what one of several sources cannot be read for; the others are read. */
  fail(this: void, error: UserError): void;
}

/** Opens and collects everything that --source names, one after the other: no more than one need be held. */
export const collectEach = (
  given: Arguments,
  wanted: readonly Table[],
  { take, fail }: Taking,
): Promise<void> => {
  const named = openingsOf(given);
  const hasLive = named.some(({ isLive }) => isLive);
  const hostId = given.text('host-id');
  // Which of them it names is seen of all of them.
  const openings = hostId === null ? named : [{ open: () => openAll(named, hostId) }];
  const isOne = openings.length === 1;
  const collectOne = collecting(wanted, given, hasLive);
  const work = async (at: Progress['at']): Promise<void> => {
    for (const [index, { open }] of openings.entries()) {
      if (!isOne) at(index, openings.length);
      const failOne = (error: unknown, isOnly: boolean): void => {
        if (!(error instanceof UserError) || isOnly) throw error;
        fail(error);
      };
      const backends = await open().catch((error: unknown) => failOne(error, isOne));
      for (const backend of backends ?? []) {
        try {
          take(await collectOne(backend, isOne ? at : undefined));
        } catch (error) {
          failOne(error, isOne && backends?.length === 1);
        }
      }
    }
  };
  return cleanedUp(hasLive, () => withProgress(isOne ? 'collecting table' : 'storing host', work));
};

/** Collects tables of everything that --source names, where they are not kept. */
export const collectFrom = (given: Arguments, wanted: readonly Table[]): Promise<Collection[]> =>
  lookAt(wanted, (some) => uncounted(async () => collectAll(await backendsOf(given), some, given)));

/** The tables to collect for those that a statement touches: one that speaks of the collection needs them all. */
export const tablesToCollect = (touched: ReadonlySet<string>): readonly Table[] => {
  const needsAll = tables.some((table) => table.report !== undefined && touched.has(table.name));
  return generatedTables.filter((table) => needsAll || touched.has(table.name));
};
