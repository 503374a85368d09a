/** Real texts and bytes with some places changed. */
import fc from 'fast-check';

const pieces = [
  ...Array.from('\n\r\0\t ,;:"\'<>&{}()[]=-/\\X0'),
  '\r\n',
  '\xEF\xBB\xBF',
  '\xE2\x80\xA8',
  '\xF0\x9F\x94\x91',
  '\xFF',
  '\x1B[31m',
  '__proto__',
  'null',
  'true',
  '9007199254740993',
  '-1',
  '1e999',
  '99999999999999999999',
  '\\ud800',
  '[[[[[[[[[[[[',
];

export interface Edit {
  readonly at: number;
  readonly length: number;
  readonly kind: 'cut' | 'double' | 'overwrite' | 'insert';
  readonly piece: string;
}

/**
 * Up to four places.
 *
 * @param odd What is put there, beside a few characters of any kind.
 */
export const edits = (odd: readonly string[] = pieces): fc.Arbitrary<Edit[]> =>
  fc.array(
    fc.record({
      at: fc.nat(),
      length: fc.oneof({ arbitrary: fc.nat(12), weight: 3 }, { arbitrary: fc.nat(), weight: 1 }),
      kind: fc.constantFrom('cut', 'double', 'overwrite', 'insert'),
      piece: fc.oneof(fc.constantFrom(...odd), fc.string({ maxLength: 4 })),
    }),
    { minLength: 1, maxLength: 4 },
  );

/** The text with its places changed; bytes are Latin-1, one character each. */
export const edited = (sample: string, changes: readonly Edit[]): string =>
  changes.reduce((text, { at, length, kind, piece }) => {
    const start = at % (text.length + 1);
    const end = Math.min(text.length, start + (length % (text.length + 1)));
    const found = text.slice(start, end);
    const middle = {
      cut: '',
      double: found + found.slice(0, 2000),
      overwrite: piece,
      insert: piece + found,
    }[kind];
    return text.slice(0, start) + middle + text.slice(end);
  }, sample);

/** One of the samples, with its places changed. */
export const editedSamples = (samples: readonly string[], odd?: readonly string[]): fc.Arbitrary<string> =>
  fc.tuple(fc.constantFrom(...samples), edits(odd)).map(([sample, changes]) => edited(sample, changes));
