/**
 * Looks at this Mac, or judges a database, in a process of its own: osquery is answered meanwhile, and all the memory that it took
 * is given back. It ends with the extension, however that ends. What comes back are databases.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { UserError, codeOf } from '../../collector/errors.ts';
import { lookArgument } from '../../store/worker.ts';
import { programEntry } from '../delivered.ts';
import { Unframing } from '../shell/frames.ts';

export interface Looked {
  /** The tables; null where the database has them. */
  readonly facts: Uint8Array | null;
  readonly library: Uint8Array;
}

/** What the process tells, once. */
export type FromLook =
  | { readonly looked: Looked }
  | { readonly message: string; readonly hint: string }
  | { readonly fault: string };

/** Where it tells it: nothing that is printed comes between. */
export const answerPipe = 3;

const running = new Set<ChildProcess>();

/** Each command of a look has a time limit of its own, and all together take less. A look that takes longer hangs. */
const mostMs = 10 * 60_000;
/** So long a look may take to end by itself; one that hangs does not hear that it should. */
const leavingMs = 1000;

/** @param words The options that say what is looked at. */
export const look = (words: readonly string[]): Promise<Looked> =>
  new Promise((resolve, reject) => {
    const { script, isText } = programEntry;
    // The single executable is told its arguments alone.
    const program = isText ? [] : [...process.execArgv, script];
    const child = spawn(process.execPath, [...program, lookArgument, ...words], {
      stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
    });
    running.add(child);
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new UserError(`the look did not end within ${mostMs / 60_000} minutes`));
    }, mostMs).unref();
    const unframing = new Unframing<FromLook>();
    const hear = (told: FromLook): void => {
      if ('looked' in told) resolve(told.looked);
      else if ('message' in told) reject(new UserError(told.message, told.hint));
      else reject(new Error(told.fault));
    };
    (child.stdio[answerPipe] as Readable).on('data', (bytes: Buffer) => {
      for (const told of unframing.add(bytes)) hear(told);
    });
    // It ends when nobody holds the other end any more.
    child.stdin?.on('error', () => {});
    child.on('error', (error) =>
      reject(new UserError(`the process that looks cannot be started (${codeOf(error)})`)),
    );
    child.on('close', (code, signal) => {
      running.delete(child);
      clearTimeout(late);
      // After an answer this changes nothing.
      reject(new Error(`the process that looks ended with ${code ?? signal}`));
    });
  });

/** Ends all looks, with what they started. */
export const endLooks = (): void => {
  for (const child of running) {
    child.stdin?.end();
    // While it is there, it keeps this process; it alone is to.
    setTimeout(() => child.kill('SIGKILL'), leavingMs).unref();
  }
};
