/** Tries inputs of one target for some time, in a process of its own: what hangs or eats the memory can be ended. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { minimised } from './minimise.ts';
import { targets } from './targets/index.ts';
import type { Target } from './target.ts';

/** An input that once failed; npm test tries each again. */
export interface Kept {
  readonly target: string;
  /** What went wrong. */
  readonly why: string;
  readonly input: unknown;
}

export interface Outcome {
  readonly tried: number;
  readonly failed: Kept | null;
}

export interface Limits {
  readonly seed: number;
  readonly runs?: number;
  readonly seconds?: number;
}

const mostBytes = 1024 ** 3;
const keptFolder = join(import.meta.dirname, 'kept');

export const targetOf = (name: string): Target<never> => {
  const target = targets.find((known) => known.name === name);
  if (target === undefined)
    throw new Error(`there is no target ${name}: ${targets.map((known) => known.name).join(', ')}`);
  return target;
};

const failureOf = async <T>(target: Target<T>, input: T): Promise<unknown> => {
  try {
    await target.check(input);
    return null;
  } catch (error) {
    return error;
  }
};

/** Where it was thrown: what a message quotes may change with the input. */
const kindOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.name} ${error.stack?.split('\n').find((line) => line.startsWith('    at '))}`
    : '';

/** @param begin Is told of each input before it is tried. */
export const attempt = async (
  target: Target<never>,
  { seed, runs, seconds }: Limits,
  begin: (input: unknown) => void = () => {},
): Promise<Outcome> => {
  const property = fc.asyncProperty(target.inputs, async (input) => {
    begin(input);
    // Of this input alone: what thousands before it left behind is not its fault.
    const before = process.memoryUsage.rss();
    await target.check(input);
    const bytes = process.memoryUsage.rss() - before;
    if (bytes > mostBytes) throw new Error(`it took ${Math.round(bytes / 1024 ** 2)} MiB of memory`);
  });
  const { failed, counterexample, errorInstance, numRuns } = await fc.check(property, {
    seed,
    numRuns: runs ?? 1_000_000_000,
    ...(seconds === undefined
      ? {}
      : { interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false }),
  });
  if (!failed || counterexample === null) return { tried: numRuns, failed: null };
  const input = await minimised(counterexample[0], async (shorter) => {
    begin(shorter);
    const own = await failureOf(target, shorter as never);
    return own !== null && kindOf(own) === kindOf(errorInstance);
  });
  const why =
    errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
  return { tried: numRuns, failed: { target: target.name, why, input } };
};

/** Keeps an input under a name that follows from it; returns the path. */
export const keep = (kept: Kept): string => {
  const digest = createHash('sha256').update(JSON.stringify(kept.input)).digest('hex').slice(0, 8);
  const path = join(keptFolder, `${kept.target.replaceAll(' ', '-')}-${digest}.json`);
  mkdirSync(keptFolder, { recursive: true });
  const [why = ''] = kept.why.split('\n');
  writeFileSync(path, `${JSON.stringify({ ...kept, why }, null, 1)}\n`);
  return path;
};

/** All that is kept, by the names of their files. */
export const keptInputs = (): ReadonlyMap<string, Kept> =>
  new Map(
    readdirSync(keptFolder)
      .filter((name) => name.endsWith('.json'))
      .toSorted()
      .map((name) => [name, JSON.parse(readFileSync(join(keptFolder, name), 'utf8')) as Kept]),
  );
