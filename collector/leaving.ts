/** What has to be put in order before the program ends in the middle of its work. */

const cleanUps = new Set<() => void>();

/** What is to be done before an end; returns what takes it back. */
export const beforeLeaving = (cleanUp: () => void): (() => void) => {
  cleanUps.add(cleanUp);
  return () => void cleanUps.delete(cleanUp);
};

export const putInOrder = (): void => {
  for (const cleanUp of cleanUps) cleanUp();
  cleanUps.clear();
};

type Listener<T> = (one: T, isThere: boolean) => void;

/**
 * What must not stay behind, one by one: where this thread is in the middle of something when the end comes, another one
 * takes it away.
 */
class Leftovers<T> implements Iterable<T> {
  readonly #all = new Set<T>();
  #listener: Listener<T> = () => {};

  add(one: T): void {
    this.#all.add(one);
    this.#listener(one, true);
  }

  delete(one: T): void {
    if (this.#all.delete(one)) this.#listener(one, false);
  }

  [Symbol.iterator](): IterableIterator<T> {
    return this.#all.values();
  }

  /** Tells of each that comes and goes from here on. */
  follow(listener: Listener<T>): void {
    this.#listener = listener;
  }
}

/** Paths of files that are not whole yet. */
export const unfinishedFiles = new Leftovers<string>();
/** Leaders of the process groups that were started and still run. */
export const runningGroups = new Leftovers<number>();

/** Ends a process group; one that is gone is no error. */
export const killGroup = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone.
  }
};

/** Ends every process group that this program started and that still runs. */
export const killRunning = (): void => {
  for (const pid of runningGroups) killGroup(pid, 'SIGKILL');
};

interface Clock {
  pause(): void;
  resume(): void;
}
let clock: Clock | null = null;

/** The clock that `uncounted` stops; null for none. */
export const setClock = (current: Clock | null): void => {
  clock = current;
};

/** Work that has limits of its own: a limit that nobody asked for does not count it. */
export const uncounted = async <T>(work: () => Promise<T>): Promise<T> => {
  clock?.pause();
  try {
    return await work();
  } finally {
    clock?.resume();
  }
};
