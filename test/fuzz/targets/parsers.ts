import fc from 'fast-check';
import { ignore } from '../../../collector/answer.ts';
import {
  fileParserOf,
  fileSanitizerOf,
  parserOf,
  sanitizerOf,
  stderrSanitizerOf,
} from '../../../collector/parsing.ts';
import { decodeOutput } from '../../../collector/sanitize.ts';
import type { CommandName, FileName } from '../../../collector/sources.ts';
import { editedSamples } from '../edits.ts';
import { bytesOfLatin1, kept, printed } from '../samples.ts';
import { refusedInWords, unlessRefused } from '../target.ts';
import type { Target } from '../target.ts';

interface Printed {
  readonly source: CommandName;
  /** Latin-1, of either stream. */
  readonly text: string;
  readonly isOnStderr: boolean;
  readonly exitCode: number;
  readonly euid: number | null;
}

const outputs = [...printed()];

export const parsers: Target<Printed> = {
  name: 'parsers',
  inputs: fc.constantFrom(...outputs).chain(([source, samples]) =>
    fc.record({
      source: fc.constant(source),
      text: editedSamples(samples.length === 0 ? [''] : samples),
      isOnStderr: fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, fc.constant(true)),
      exitCode: fc.constantFrom(0, 0, 0, 1, 11, 15, 64, 255),
      euid: fc.constantFrom(0, 501, null),
    }),
  ),
  check: async ({ source, text, isOnStderr, exitCode, euid }) => {
    const bytes = bytesOfLatin1(text);
    const decoded = decodeOutput(bytes);
    if (decoded === null) return;
    const streams = isOnStderr ? { stdout: '', stderr: decoded } : { stdout: decoded, stderr: '' };
    const parse = await parserOf(source);
    const note = (error: unknown): void => refusedInWords(error);
    await unlessRefused(() => parse({ ...streams, exitCode, euid }, note));
    const [ofStdout, ofStderr] = [await sanitizerOf(source), await stderrSanitizerOf(source)];
    const sanitize = isOnStderr ? ofStderr : (given: string): string => ofStdout(given, new Set());
    const once = sanitize(decoded);
    if (sanitize(once) !== once) throw new Error('to reduce an answer twice changes it');
    const reduced = isOnStderr ? { stdout: '', stderr: once } : { stdout: once, stderr: '' };
    await unlessRefused(() => parse({ ...reduced, exitCode, euid }, ignore));
  },
};

interface File {
  readonly name: FileName;
  readonly content: string;
}

const contents = [...kept()];

export const files: Target<File> = {
  name: 'files',
  inputs: fc
    .constantFrom(...contents)
    .chain(([name, samples]) => fc.record({ name: fc.constant(name), content: editedSamples(samples) })),
  check: async ({ name, content }) => {
    const sanitize = await fileSanitizerOf(name);
    const reduced = sanitize(bytesOfLatin1(content));
    if (Buffer.compare(sanitize(reduced), reduced) !== 0)
      throw new Error('to reduce a file twice changes it');
    const parse = await fileParserOf(name);
    await unlessRefused(() => parse(reduced, (error) => refusedInWords(error)));
  },
};
