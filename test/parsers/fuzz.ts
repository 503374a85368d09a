import type { ExecutionContext } from 'ava';
import fc from '../property.ts';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import { editedSamples } from '../fuzz/edits.ts';

/** How many inputs each property test tries. */
export const fuzzRuns = Number(process.env.TOKENQUERY_FUZZ_RUNS ?? 10000);

/** An answer as a parser gets it: a plain exit as root, unless said otherwise. */
export const answerOf = (answer: Partial<Answer>): Answer => ({
  stdout: '',
  stderr: '',
  exitCode: 0,
  euid: 0,
  ...answer,
});

const oddities = [
  '\n',
  '\r\n',
  '\0',
  '\t',
  ' ',
  ',',
  ';',
  ':',
  '"',
  "'",
  '<',
  '>',
  '&',
  '{',
  '}',
  '(',
  ')',
  '=',
  '-',
  'X',
];
const odd = [
  ...oddities,
  '\u2028',
  '\u202e',
  '\ud800',
  'é',
  '\u{1f511}',
  '&lt;',
  '</dict>',
  '<string>',
  '__proto__',
  '0',
];

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc.array(fc.constantFrom(...odd), { maxLength: 20 }).map((pieces) => pieces.join('')),
);

/** Arbitrary texts, and real outputs with up to four places cut out, doubled or overwritten. */
const textsFrom = (samples: readonly string[]): fc.Arbitrary<string> =>
  samples.length === 0 ? anyText : fc.oneof(anyText, { arbitrary: editedSamples(samples, odd), weight: 3 });

/** Tries `check` on arbitrary texts and on mutations of the samples. */
export const fuzzText = (
  samples: readonly string[],
  check: (text: string) => void,
  runs = fuzzRuns,
): void => {
  fc.assert(fc.property(textsFrom(samples), check), { numRuns: runs });
};

// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f-\u009f]/;

/** Throws for a message that is not one short line. */
export const mustBeShortLine = (error: CollectError): void => {
  if (error.message.length <= 600 && !controlCharacter.test(error.message)) return;
  throw new Error(`a message must be one short line: ${JSON.stringify(error.message.slice(0, 900))}`, {
    cause: error,
  });
};

/** Throws unless `parse` returns, or throws a CollectError whose message is one short line. */
export const failsOnlyAsCollectError = (parse: () => unknown): void => {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    mustBeShortLine(error);
  }
};

/**
 * A parser of answers, on arbitrary texts and on mutated real outputs, on either stream: it returns, or
 * throws a CollectError.
 */
export const fuzzParser = (
  t: ExecutionContext,
  parse: (answer: Answer) => unknown,
  samples: readonly string[],
): void => {
  const answers = fc.record({
    text: textsFrom(samples),
    other: fc.oneof({ arbitrary: fc.constant(''), weight: 4 }, { arbitrary: anyText, weight: 1 }),
    isOnStderr: fc.boolean(),
    exitCode: fc.constantFrom(0, 0, 0, 1, 2, 11, 15, 64, 255),
    euid: fc.constantFrom(0, 501, null),
  });
  fc.assert(
    fc.property(answers, ({ text, other, isOnStderr, exitCode, euid }) => {
      const streams = isOnStderr ? { stdout: other, stderr: text } : { stdout: text, stderr: other };
      failsOnlyAsCollectError(() => parse({ ...streams, exitCode, euid }));
    }),
    { numRuns: fuzzRuns },
  );
  t.pass();
};
