import { readFileSync } from 'node:fs';
import type { Answer } from '../../collector/answer.ts';
import { answerOf } from './fuzz.ts';

const folder = new URL('../corpus/tokens/', import.meta.url);

/** One output of the corpus and what a right parser makes of it. */
export interface Case {
  readonly file: string;
  readonly argv: readonly string[];
  readonly stream: 'stdout' | 'stderr';
  readonly exit_code: number | null;
  readonly expect: Readonly<Record<string, unknown>>;
}

export const cases = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as readonly Case[];
export const textOf = (file: string): string => readFileSync(new URL(file, folder), 'utf8');

export const caseOf = (file: string): Case => {
  const found = cases.find((each) => each.file === file);
  if (found === undefined) throw new Error(`no case of the corpus has the file ${file}`);
  return found;
};

/** The last line of some was published without its end, which the tool prints: without it a line may be cut. */
const wholeText = (file: string): string => textOf(file).replace(/(?<=[^\n])$/, '\n');

export const answerOfCase = ({ file, stream, exit_code }: Case): Answer =>
  answerOf({ [stream]: wholeText(file), exitCode: exit_code ?? 0 });

/** The texts of all cases whose file begins so: samples for property tests. */
export const samplesOf = (...beginnings: readonly string[]): string[] =>
  cases
    .filter(({ file }) => beginnings.some((beginning) => file.startsWith(beginning)))
    .map(({ file }) => textOf(file));

/** A property list as diskutil prints it. */
export const plistOf = (body: string): string =>
  '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" ' +
  `"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n${body}\n</plist>\n`;
