/** The thread of a command that has a guard (cli/guardian.ts): what it tells the guard, and hears from it. */
import { totalmem } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../collector/errors.ts';
import { putInOrder, runningGroups, setClock, unfinishedFiles } from '../collector/leaving.ts';
import { sleep } from '../collector/sleep.ts';
import { places } from './guardian.ts';
import type { Limits, Told } from './guardian.ts';

const MiB = 1024 * 1024;

/** A quarter of what the machine has, but 256 MiB at least and 1 GiB at most. */
export const memoryLimit = (machine: number = totalmem()): number =>
  Math.min(1024 * MiB, Math.max(256 * MiB, Math.floor(machine / 4)));

/** So long the guard may take to stand; it has nothing else to do. */
const standingMs = 10_000;

const tell = (told: Told): void => parentPort?.postMessage(told);

/** Where both threads see it. */
const shared = (): Int32Array => (workerData as { readonly state: Int32Array }).state;

/** Puts in order what there is, and goes no further: the guard ends the process. */
const stayPut = (): void => {
  try {
    putInOrder();
  } finally {
    Atomics.store(shared(), places.inOrder, 1);
    sleep(5000);
  }
};

/** Begins to tell the guard what must not stay behind, and to hear when the end comes. */
export const beGuarded = (): void => {
  parentPort?.on('message', stayPut);
  // To hear is no work that must be waited for.
  parentPort?.unref();
  unfinishedFiles.follow((file, isThere) => tell({ file, isThere }));
  runningGroups.follow((group, isThere) => tell({ group, isThere }));
};

/** Returns when the guard watches; throws UserError where it does not. */
const stand = (limits: Limits): void => {
  const before = Atomics.load(shared(), places.standing);
  tell({ limits });
  if (Atomics.wait(shared(), places.standing, before, standingMs) === 'timed-out')
    throw new UserError(
      'the guard that ends what takes too long does not answer',
      'nothing was done without it',
    );
};

/**
 * Runs work that ends with a message when it takes too long or too much memory.
 *
 * @param isAsked Somebody asked for the limit: then what has limits of its own counts too.
 */
export const bounded = async <T>(limits: Limits, isAsked: boolean, work: () => Promise<T>): Promise<T> => {
  stand(limits);
  const clock = { pause: () => tell({ isPaused: true }), resume: () => tell({ isPaused: false }) };
  setClock(isAsked ? null : clock);
  try {
    return await work();
  } finally {
    setClock(null);
    tell({ limits: null });
  }
};
