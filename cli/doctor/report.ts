/** What doctor found: a line for each thing that it looked at. */
import { CollectError, UserError } from '../../collector/errors.ts';
import { isDenied } from '../../collector/file_failure.ts';
import { print } from '../output.ts';
import { wrapWords } from '../width.ts';

/** `unknown` is never ok: what could not be looked at says why. */
export type Verdict = 'ok' | 'warning' | 'error' | 'unknown';

export interface Line {
  readonly check: string;
  readonly status: Verdict;
  readonly says: string;
  /** What to do about it; empty where there is nothing. */
  readonly todo: string;
}

const maker =
  (status: Verdict) =>
  (check: string, says: string, todo = ''): Line => ({ check, status, says, todo });

export const ok = maker('ok');
export const warning = maker('warning');
export const failure = maker('error');
export const unknown = maker('unknown');

/** What was thrown, as a line: what is closed to this user is not known. */
export const lineOfError = (check: string, error: unknown): Line => {
  if (error instanceof CollectError) return unknown(check, error.message, error.hint);
  if (!(error instanceof UserError)) throw error;
  return (isDenied(error.cause) ? unknown : failure)(check, error.message, error.hint);
};

/** What a look brought; what it threw is a line too. */
export const attempted = async (
  check: string,
  look: () => Line | readonly Line[] | Promise<Line | readonly Line[]>,
): Promise<readonly Line[]> => {
  try {
    const found = await look();
    return 'check' in found ? [found] : found;
  } catch (error) {
    return [lineOfError(check, error)];
  }
};

const screen = 80;

/** A text in lines of at most so many characters; a word that is longer stands alone. */
const wrapped = (text: string, width: number): readonly string[] =>
  wrapWords(text, { width, isLoose: true }).slice(0, -1).split('\n');

/** Prints lines for people, at 80 columns. */
export const printLines = (lines: readonly Line[]): void => {
  const column = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length)) + 2;
  const [first, second] = [
    column(lines.map(({ status }) => status)),
    column(lines.map(({ check }) => check)),
  ];
  const width = screen - first - second;
  for (const { check, status, says, todo } of lines) {
    const texts = [...wrapped(says, width), ...(todo === '' ? [] : wrapped(`To do: ${todo}`, width))];
    for (const [index, text] of texts.entries()) {
      const head = index === 0 ? status.padEnd(first) + check.padEnd(second) : ' '.repeat(first + second);
      print(`${head}${text}\n`);
    }
  }
};

/** Such as `3 h`: the largest unit of which there are two. */
export const ageWords = (seconds: number): string => {
  for (const [unit, size] of [
    ['days', 86_400],
    ['h', 3600],
    ['min', 60],
  ] as const)
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
};

/** Such as `12.3 MiB`. */
export const sizeWords = (bytes: number): string =>
  bytes < 1024
    ? `${bytes} bytes`
    : bytes < 1024 ** 2
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
