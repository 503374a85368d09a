import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { filledLinesOf, isCut, isLogLine, notUnderstood, told, toldWord } from './lines.ts';
import { isWithheldText, isWord, withheldText } from './withheld.ts';

// { sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026: the date after it is local time.
const bootTime = /^\{ sec = ([0-9]{1,12}), usec = [0-9]{1,6} \}/;
const localTime = /^ [A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4}$/;
const forms: Readonly<Record<string, RegExp>> = {
  'hw.model': /./,
  'hw.optional.arm64': /^[01]$/,
  'kern.boottime': bootTime,
  'kern.hv_vmm_present': /^[01]$/,
};
const askedNames = new Set(Object.keys(forms));
const pair = /^([^:= ]+)([:=] ?)(.*)$/;

const keptValue = (name: string, value: string): string => {
  if (name === 'kern.boottime') {
    const time = bootTime.exec(value)?.[0];
    if (time !== undefined) return localTime.test(value.slice(time.length)) ? value : time;
  }
  // Such as MacBookPro18,3.
  return value === '' || isWord(value.replace(',', '.')) ? value : withheldText(value);
};

const rules: LineRules = {
  keep: (line) => {
    const [, name = '', gap = '', value = ''] = pair.exec(line) ?? [];
    return askedNames.has(name) ? `${name}${gap}${keptValue(name, value.trim())}` : null;
  },
};

const unknownName = /unknown oid '([^'\n]+)'/g;
const unknownNamesIn = (text: string): readonly string[] =>
  Array.from(text.matchAll(unknownName), ([, name = '']) => name).filter((name) => askedNames.has(name));
const stderrRules: LineRules = {
  keep: (line) => {
    const names = unknownNamesIn(line).map((name) => `unknown oid '${name}'`);
    return names.length === 0 ? null : `sysctl: ${names.join(', ')}`;
  },
};

/** The values that were asked for. */
export const sanitizeSysctl = (stdout: string): string => keepLines(stdout, rules);

/** Which of the names this Mac does not have. */
export const sanitizeSysctlStderr = (stderr: string): string => keepLines(stderr, stderrRules);

export interface Sysctl {
  /** As printed. */
  readonly values: ReadonlyMap<string, string>;
  /** Names of which sysctl says that this Mac has no such: of those in neither, nothing is known. */
  readonly unknownNames: ReadonlySet<string>;
}

/**
 * Parses the values of the kernel.
 *
 * Input: `sysctl hw.model hw.optional.arm64 kern.boottime kern.hv_vmm_present`; 15, 26.5.2, 26.6.2. Of a name
 * that this Mac does not have sysctl says so on stderr and exits with 1, and the others still answer.
 * Returns: the names that answered, and those that this Mac does not have.
 * Notes: a name without a value, with two, or in a line without an end, which may be cut: each is left out.
 * A name of which nothing is said at all. Values of forms and lines of names that are not known.
 * Throws: `parse_failed` when no asked name is there.
 * Source: sysctl(8).
 */
export const parseSysctl = (printedBy: Answer, note: Note = ignore): Sysctl => {
  const answer = keptAnswer(printedBy, rules, stderrRules);
  const odd = (what: string): void => note(parseFailed(`sysctl ${what}`), 'value');
  const values = new Map<string, string | null>();
  const lines = filledLinesOf(answer.stdout);
  for (const [index, line] of lines.entries()) {
    const [, name = '', , printed = ''] = pair.exec(line) ?? [];
    if (!askedNames.has(name)) {
      if (!isLogLine(line)) odd(`printed a line that is not known: ${told(line)}`);
      continue;
    }
    const isLast = index === lines.length - 1 && isCut(answer.stdout);
    const value = isLast ? null : printed.trim();
    if (value === null) odd(`ended in the midst of ${name}`);
    else if (value === '') odd(`printed no value for ${name}`);
    const isAgainstItself = (values.get(name) ?? value) !== value;
    if (isAgainstItself) odd(`printed ${name} twice, with different values`);
    values.set(name, isAgainstItself ? null : value);
  }
  if (values.size === 0) throw notUnderstood('sysctl', answer);
  const unknownNames = new Set(unknownNamesIn(answer.stderr).filter((name) => !values.has(name)));
  for (const [name, form] of Object.entries(forms)) {
    const value = values.get(name);
    if (value === undefined && !unknownNames.has(name)) odd(`printed no ${name}`);
    const isOdd = Boolean(value) && (!form.test(value ?? '') || isWithheldText(value ?? ''));
    if (isOdd) odd(`printed a ${name} that is not known: ${toldWord(value ?? '')}`);
    if (isOdd && isWithheldText(value ?? '')) values.set(name, null);
  }
  const known = [...values].flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
  return { values: new Map(known), unknownNames };
};

/** When the Mac started, in unix seconds; null when `kern.boottime` is missing or not known. */
export const bootTimeOf = ({ values }: Sysctl): number | null => {
  const seconds = bootTime.exec(values.get('kern.boottime') ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds);
};
