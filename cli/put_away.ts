/** What becomes of the inputs of `merge`: those that were merged, and those that cannot be read. */
import { resolve, sep } from 'node:path';
import { UserError } from '../collector/errors.ts';
import { statOrNull } from '../collector/files.ts';
import { plural } from '../collector/plural.ts';
import type { BadInput, Found, Input, Merged } from '../store/merge.ts';
import type { Arguments } from './command.ts';
import { exitCodes } from './exit_codes.ts';
import { printDone, printError, printNote } from './output.ts';
import { besideDatabase, checkShelf, identityOf, isSettled, moveInto } from './set_aside.ts';
import type { Identity, Moving } from './set_aside.ts';
import { currentTime, isoSeconds } from './time.ts';
import { visible } from '../export/visible.ts';

/** How long nothing of an input must have changed before it is moved: until then it may still be on its way. */
const settledSeconds = 600;

/** Which folders inputs are moved into. */
interface Shelves {
  readonly done: string | null;
  readonly bad: string | null;
  readonly settled: number;
}

/** Null where nothing is moved. Throws UserError for a folder that cannot be moved into. */
export const shelvesOf = (given: Arguments): Shelves | null => {
  const [done, bad] = [given.text('move-done'), given.text('move-bad')];
  if (done !== null) checkShelf('move-done', done, given.positionals);
  if (bad !== null) checkShelf('move-bad', bad, given.positionals);
  return done === null && bad === null
    ? null
    : { done, bad, settled: given.number('settled') ?? settledSeconds };
};

export const badText = ({ path, message, isNamed }: BadInput): string =>
  isNamed ? message : `${path}: ${message}`;

/** What tells by itself whether it is whole; a text, and a folder, may go on. */
const isWholeByItself = ({ path, kind }: Input): boolean =>
  kind === 'database' || /\.(?:gz|tgz|zst)$/i.test(path);

/** Moves inputs when they are in the database, or cannot be. */
export class PutAway {
  readonly #shelves: Shelves;
  readonly #named: readonly string[];
  readonly #inputs: readonly Input[];
  /** What can be moved, as it was before it was read. */
  readonly #known = new Map<string, Identity>();
  #isFailed = false;
  #isAnyAside = false;

  constructor(shelves: Shelves, { inputs, bad }: Found, named: readonly string[], target: string) {
    this.#shelves = shelves;
    this.#named = named;
    this.#inputs = inputs;
    const own = ['', ...besideDatabase].map((end) => resolve(target) + end);
    // What was named and cannot be merged may be a folder that others are sent to.
    const loose = bad.filter(
      ({ path }) => statOrNull(path)?.isFile() === true && !own.includes(resolve(path)),
    );
    for (const { path } of [...inputs, ...loose]) {
      const identity = identityOf(path);
      // A folder that was named is where others send to: it is never taken away from them.
      if (identity !== null && !(identity.isFolder && this.#isNamed(path))) this.#known.set(path, identity);
    }
  }

  #isNamed(path: string): boolean {
    return this.#named.some((one) => resolve(one) === resolve(path));
  }

  /** Moves what is to be moved, and tells of what is bad. Returns the exit code. */
  all(merged: Merged, failures: readonly BadInput[]): number {
    const now = currentTime();
    const bad = Map.groupBy(failures, ({ path }) => path);
    for (const [path, list] of bad) this.#tellBad(path, list, now);
    if (this.#shelves.done !== null) this.#moveDone(this.#shelves.done, merged, new Set(bad.keys()), now);
    return this.#isFailed ? exitCodes.error : this.#isAnyAside ? exitCodes.putAside : exitCodes.done;
  }

  #movingOf(path: string, identity: Identity): Moving {
    const isIn = (root: string): boolean =>
      resolve(path) === resolve(root) || resolve(path).startsWith(resolve(root) + sep);
    const besides = besideDatabase.filter((end) => statOrNull(path + end)?.isFile() === true);
    return { path, identity, besides, root: this.#named.find(isIn) ?? path };
  }

  #tellBad(path: string, failures: readonly BadInput[], now: number): void {
    const identity = this.#known.get(path);
    const { bad, settled } = this.#shelves;
    if (bad === null || identity === undefined || failures.some(({ isPassing }) => isPassing)) {
      for (const failure of failures) printError(badText(failure), failure.hint);
      this.#isFailed = true;
      return;
    }
    if (!isSettled(identity, now, settled)) {
      for (const failure of failures)
        printNote(
          `${badText(failure)}; it was changed a short time ago and may still be on its way: a later run looks again`,
        );
      return;
    }
    const reasons = failures.map(({ message, hint }) => `${message}\n${hint}\n`);
    try {
      const reason = `${isoSeconds(now)} ${path.replaceAll('\n', '\\n')}\n${reasons.join('')}`;
      const target = moveInto(bad, this.#movingOf(path, identity), reason, now);
      for (const failure of failures) printError(badText(failure), failure.hint);
      printNote(`${path} was moved to ${target}, with the reason beside it`);
      this.#isAnyAside = true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      for (const failure of failures) printError(badText(failure), failure.hint);
      printError(error.message, error.hint);
      this.#isFailed = true;
    }
  }

  #moveDone(folder: string, merged: Merged, bad: ReadonlySet<string>, now: number): void {
    // A newer tokenquery finds more in these.
    const unfinished = new Set([...merged.leftOut.values()].flatMap((paths) => [...paths]));
    let [moved, waiting] = [0, 0];
    for (const input of this.#inputs) {
      const identity = this.#known.get(input.path);
      if (identity === undefined && this.#isNamed(input.path) && !bad.has(input.path))
        printNote(`${input.path} stays, for it was named itself: name the folder that it lies in`);
      if (identity === undefined || bad.has(input.path) || unfinished.has(input.path)) continue;
      if (!isWholeByItself(input) && !isSettled(identity, now, this.#shelves.settled)) {
        waiting += 1;
        continue;
      }
      try {
        moveInto(folder, this.#movingOf(input.path, identity), null, now);
        moved += 1;
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        printError(error.message, error.hint);
        this.#isFailed = true;
      }
    }
    if (moved > 0) printDone(`${plural(moved, 'input')} moved to ${visible(folder)}\n`);
    if (waiting > 0)
      printNote(
        `merged and not moved, for ${plural(waiting, 'input')} changed a short time ago, and may go on: a later run does it (--settled 0s: at once)`,
      );
  }
}
