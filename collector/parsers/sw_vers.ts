import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { filledLinesOf, isCut, isLogLine, notUnderstood, told, toldWord } from './lines.ts';
import { hasCue, isWord, withheldText } from './withheld.ts';

/** Null is what is not there, or cannot be read. */
export interface SwVers {
  readonly productName: string | null;
  readonly productVersion: string | null;
  /** The letter of a rapid security response, as in `(a)`; null without one. */
  readonly productVersionExtra: string | null;
  readonly buildVersion: string | null;
}

const forms: Readonly<Record<string, RegExp>> = {
  // What is withheld has a comma.
  ProductName: /^[^,]+$/,
  ProductVersion: /^[0-9]+(?:\.[0-9]+){0,3}$/,
  BuildVersion: /^[0-9]+[A-Z][0-9]+[a-z]?$/,
};

// One tab up to 10.15, two from 11 on (sw_vers-05, sw_vers-01).
const pair = /^([A-Za-z]+):([ \t]*)(.*)$/;
const keys = new Set([...Object.keys(forms), 'ProductVersionExtra']);
const isShown = (value: string): boolean =>
  isWord(value) || /^\([a-z0-9]{1,4}\)$/.test(value) || value === '';

const rules: LineRules = {
  keep: (line) => {
    const [, key = '', space = '', printed = ''] = pair.exec(line) ?? [];
    if (!keys.has(key)) return null;
    const value = printed.trimEnd();
    return `${key}:${space}${isShown(value) ? value : withheldText(value)}`;
  },
  // A label of its own, as later versions may add one.
  cues: [{ word: 'other', test: (line) => pair.test(line) }],
};

/** The four lines that are read, where their values are words. */
export const sanitizeSwVers = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses the version of macOS.
 *
 * Input: `sw_vers`; 10.12, 10.14.1, 13.3.1 (a), 26.5.2, 26.6.2.
 * Returns: the four values as printed.
 * Notes: one of the three that are always there and is not, is there with two values, looks like no version, or
 * stands in a line without an end, which may be cut: each is null. Lines of other forms.
 * Throws: `parse_failed` when none of the three is there.
 * Source: sw_vers(1).
 */
export const parseSwVers = (printedBy: Answer, note: Note = ignore): SwVers => {
  const answer = keptAnswer(printedBy, rules);
  const odd = (what: string): void => note(parseFailed(`sw_vers ${what}`), 'value');
  const values = new Map<string, string | null>();
  const lines = filledLinesOf(answer.stdout);
  for (const [index, line] of lines.entries()) {
    const [, key = '', , printed = ''] = pair.exec(line) ?? [];
    if (!keys.has(key)) {
      if (!isLogLine(line) && !hasCue(line, 'other')) odd(`printed a line that is not known: ${told(line)}`);
      continue;
    }
    const value = index === lines.length - 1 && isCut(answer.stdout) ? null : printed.trimEnd();
    if (value === null) odd(`ended in the midst of ${key}`);
    const isAgainstItself = (values.get(key) ?? value) !== value;
    if (isAgainstItself) odd(`printed ${key} twice, with different values`);
    values.set(key, isAgainstItself ? null : value);
  }
  const names = Object.keys(forms);
  if (!names.some((name) => values.has(name))) throw notUnderstood('sw_vers', answer);
  for (const [name, form] of Object.entries(forms)) {
    const value = values.get(name);
    if (value === undefined) odd(`printed no ${name}`);
    else if (value !== null && !form.test(value)) {
      odd(`printed a ${name} that is not known: ${toldWord(value)}`);
      values.set(name, null);
    }
  }
  return {
    productName: values.get('ProductName') ?? null,
    productVersion: values.get('ProductVersion') ?? null,
    productVersionExtra: values.get('ProductVersionExtra') ?? null,
    buildVersion: values.get('BuildVersion') ?? null,
  };
};
