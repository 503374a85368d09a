/**
 * Looks at this Mac, or judges a database, in a thread: osquery is answered meanwhile, and the memory that it took is given back
 * when it ends. What comes back are databases.
 */
import { Worker } from 'node:worker_threads';
import { UserError } from '../../collector/errors.ts';
import { killGroup } from '../../collector/leaving.ts';
import { workerArgument } from '../../store/worker.ts';
import { programEntry } from '../delivered.ts';

export interface LookTask {
  readonly task: 'osquery';
  /** The command line of the extension, as far as it says what is looked at. */
  readonly words: readonly string[];
}

export interface Looked {
  /** The tables; null where the database has them. */
  readonly facts: Uint8Array<ArrayBuffer> | null;
  readonly library: Uint8Array<ArrayBuffer>;
}

export type FromLook =
  | { readonly looked: Looked }
  | { readonly message: string; readonly hint: string }
  | { readonly fault: string }
  | { readonly group: number; readonly isThere: boolean };

/** Threads that look, and the programs that they started. */
const threads = new Set<Worker>();
const groups = new Set<number>();

export const look = (task: LookTask): Promise<Looked> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(programEntry.script, {
      eval: programEntry.isText,
      argv: [workerArgument],
      workerData: task,
    });
    threads.add(worker);
    const end = (outcome: () => void): void => {
      threads.delete(worker);
      void worker.terminate();
      outcome();
    };
    worker.on('message', (told: FromLook) => {
      if ('group' in told) groups[told.isThere ? 'add' : 'delete'](told.group);
      else if ('looked' in told) end(() => resolve(told.looked));
      else if ('message' in told) end(() => reject(new UserError(told.message, told.hint)));
      else end(() => reject(new Error(told.fault)));
    });
    worker.on('error', (error) => end(() => reject(error)));
    worker.on('exit', (code) => end(() => reject(new Error(`the thread that looks ended with ${code}`))));
  });

/** Ends all looks, and what they started. */
export const endLooks = (): void => {
  for (const worker of threads) void worker.terminate();
  for (const group of groups) killGroup(group, 'SIGKILL');
};
