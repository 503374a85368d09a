/** How much room text takes on a terminal, and how it is cut and wrapped to what there is. */
import { eastAsianWidth } from 'get-east-asian-width';
import { visible } from '../export/visible.ts';

/** Letters of the West, and the quotes and dashes of macOS: each is one sign of one column. To load what knows all others takes 15 ms. */
const simple = /^[ -~\u{a0}-\u{2ff}\u{2010}-\u{2027}\u{2030}-\u{205e}]*$/u;
// A mark alone stands on what is before it; two letters of a flag are one sign. Each is made where it is asked, for V8 looks up
// what Unicode says of it.
const isMark = (text: string): boolean => /^[\p{Mn}\p{Me}]/u.test(text);
const isFlag = (text: string): boolean => /^\p{Regional_Indicator}{2}$/u.test(text);

let segmenter: Intl.Segmenter | null = null;
const graphemesOf = (text: string): Iterable<Intl.SegmentData> =>
  (segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' })).segment(text);

const widthOfGrapheme = (text: string): number => {
  if (text.includes('\u{fe0f}') || text.includes('\u{200d}') || isFlag(text)) return 2;
  return isMark(text) ? 0 : eastAsianWidth(text.codePointAt(0) ?? 0);
};

/** How many columns of a terminal a text takes. */
export const widthOf = (text: string): number => {
  if (simple.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += widthOfGrapheme(segment);
  return width;
};

/** No text is measured further than this: no terminal is as wide, and a cell may have megabytes. */
const mostMeasured = 4096;

/** How many columns a text takes; `most`, where it is longer than matters. */
export const widthUpTo = (text: string, most: number): number =>
  text.length <= mostMeasured || most === Number.POSITIVE_INFINITY ? widthOf(text) : most;

/** The text, in no more columns than these; where something is left out, … is its end. */
export const cutTo = (text: string, width: number): string => {
  if (text.length <= width && simple.test(text)) return text;
  const isLong = text.length > mostMeasured;
  const measured = isLong ? text.slice(0, mostMeasured) : text;
  if (!isLong && widthOf(measured) <= width) return text;
  if (width < 1) return '';
  let kept = '';
  let left = width - 1;
  for (const { segment } of graphemesOf(measured)) {
    left -= widthOfGrapheme(segment);
    if (left < 0) break;
    kept += segment;
  }
  return `${kept}…`;
};

/** The text with room beside it: numbers stand to the right. */
export const padTo = (text: string, width: number, isNumber: boolean): string => {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return isNumber ? space + text : text + space;
};

interface Wrapping {
  /** Columns of a line. */
  readonly width: number;
  readonly indent?: string;
  /** Before the first line. */
  readonly first?: string;
  /** Words are never broken, and characters are counted: as it always was where there is no terminal. */
  readonly isLoose?: boolean;
}

/** The pieces of a word that is wider than a line. */
const piecesOf = (word: string, width: number): readonly string[] => {
  if (word.length <= width) return [word];
  const pieces: string[] = [];
  let piece = '';
  let left = width;
  for (const { segment } of graphemesOf(word)) {
    const taken = widthOfGrapheme(segment);
    if (left < taken && piece !== '') {
      pieces.push(piece);
      piece = '';
      left = width;
    }
    piece += segment;
    left -= taken;
  }
  return [...pieces, piece];
};

/** Lines of whole words; a word is broken only where it is wider than a line. Each line ends with a line feed. */
export const wrapWords = (
  text: string,
  { width, indent = '', first = indent, isLoose = width === Number.POSITIVE_INFINITY }: Wrapping,
): string => {
  const measure = isLoose ? (one: string): number => one.length : widthOf;
  const lines: string[] = [];
  let line = first;
  let used = measure(first);
  let isEmpty = true;
  const room = Math.max(8, width - measure(indent));
  for (const word of visible(text).split(' ')) {
    for (const piece of isLoose ? [word] : piecesOf(word, room)) {
      const taken = measure(piece);
      if (!isEmpty && used + 1 + taken > width) {
        lines.push(line);
        line = indent;
        used = measure(indent);
        isEmpty = true;
      }
      line += isEmpty ? piece : ` ${piece}`;
      used += taken + (isEmpty ? 0 : 1);
      isEmpty = false;
    }
  }
  return [...lines, line].map((one) => `${isLoose ? one : one.trimEnd()}\n`).join('');
};
