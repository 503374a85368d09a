/** What stands in place of a text that is not kept: its size and a digest, by which two can be compared and none can be read. */

/**
 * Such as `37 bytes, sha256 0123456789ab`.
 * node:crypto is loaded where it is asked: every start reads this file, and that would be a tenth of it.
 */
export const sizeAndDigest = (text: string): string => {
  const digest = process.getBuiltinModule('node:crypto').hash('sha256', text);
  return `${Buffer.byteLength(text)} bytes, sha256 ${digest.slice(0, 12)}`;
};

/** What a line that is not known may speak of: all that is asked of it, and so all that is left of it. */
const cueWords = [
  'root',
  'error',
  'log',
  'other',
  'not enrolled',
  'fetching',
  'supported',
  'escrowed',
  'dep',
  'mdm',
  'server',
  'sip',
  'headline',
  'conversion',
  'deferral',
  'keychain',
  'restart',
] as const;
export type CueWord = (typeof cueWords)[number];

/** Decides of a line whether it may speak of something. */
export interface Cue {
  readonly word: CueWord;
  readonly test: (line: string) => boolean;
}

const start = 'tokenquery: withheld ';
const form = new RegExp(
  `^${start}([0-9]+ bytes, sha256 [0-9a-f]{12})(?: \\(((?:${cueWords.join('|')}|, )+)\\))?$`,
);
const told = (line: string): RegExpExecArray | null => (line.startsWith(start) ? form.exec(line) : null);

/** The line that stands in place of one, or of several. */
export const withheldLine = (text: string, cues: Iterable<CueWord> = []): string => {
  const words = [...new Set(cues)].join(', ');
  return `${start}${sizeAndDigest(text)}${words === '' ? '' : ` (${words})`}`;
};

/** Size and digest of what a line stands for; null for any other line. */
export const withheldIn = (line: string): string | null => told(line)?.[1] ?? null;

/** Whether a line stands for one that may speak of this. */
export const hasCue = (line: string, word: CueWord): boolean =>
  told(line)?.[2]?.split(', ').includes(word) ?? false;

/** The same of any line of a text. */
export const hasCueAnywhere = (text: string, word: CueWord): boolean =>
  text.includes(start) && text.split('\n').some((line) => hasCue(line, word));

/**
 * What an open column may show though nobody knows it: a word, not a sentence, and no address. Apple's tools put a remark in
 * brackets behind some, as in `success (cached)`.
 */
const isAnyWord = (text: string): boolean =>
  /^[\p{L}\p{N}._-](?:[\p{L}\p{N}._ -]{0,62}[\p{L}\p{N}._-])?(?: \([\p{L}\p{N}._ -]{1,40}\))?$/u.test(text);
/** The same of letters and digits without accents: V8 takes a millisecond to look up all that Unicode has. */
const isPlainWord = (text: string): boolean =>
  /^[A-Za-z0-9._-](?:[A-Za-z0-9._ -]{0,62}[A-Za-z0-9._-])?(?: \([A-Za-z0-9._ -]{1,40}\))?$/.test(text);
const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);
export const isWord = (text: string): boolean =>
  text.length <= 64 && (isAscii(text) ? isPlainWord(text) : isAnyWord(text));

const withheldValue = /^withheld [0-9]+ bytes, sha256 [0-9a-f]{12}$/;
/** In place of a value within a line or a property list. */
export const withheldText = (text: string): string =>
  withheldValue.test(text) ? text : `withheld ${sizeAndDigest(text)}`;
export const isWithheldText = (text: string): boolean => withheldValue.test(text);
