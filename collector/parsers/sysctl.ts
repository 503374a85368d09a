import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { filledLinesOf, firstLine, isCut, isLogLine, notUnderstood } from './lines.ts';

// { sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026: the date after it is local time.
const bootTime = /^\{ sec = ([0-9]{1,12}), usec = [0-9]{1,6} \}/;
const forms: Readonly<Record<string, RegExp>> = {
  'hw.model': /./,
  'hw.optional.arm64': /^[01]$/,
  'kern.boottime': bootTime,
  'kern.hv_vmm_present': /^[01]$/,
};
const askedNames = new Set(Object.keys(forms));

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
export const parseSysctl = (answer: Answer, note: Note = ignore): Sysctl => {
  const odd = (what: string): void => note(parseFailed(`sysctl ${what}`), 'value');
  const values = new Map<string, string | null>();
  const lines = filledLinesOf(answer.stdout);
  for (const [index, line] of lines.entries()) {
    const [, name = '', printed = ''] = /^([^:= ]+)[:=](.*)$/.exec(line) ?? [];
    if (!askedNames.has(name)) {
      if (!isLogLine(line)) odd(`printed a line that is not known: ${firstLine(line)}`);
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
  const unknown = Array.from(answer.stderr.matchAll(/unknown oid '([^'\n]+)'/g), ([, name = '']) => name);
  const unknownNames = new Set(unknown.filter((name) => askedNames.has(name) && !values.has(name)));
  for (const [name, form] of Object.entries(forms)) {
    const value = values.get(name);
    if (value === undefined && !unknownNames.has(name)) odd(`printed no ${name}`);
    if (value && !form.test(value)) odd(`printed a ${name} that is not known: ${firstLine(value)}`);
  }
  const known = [...values].flatMap(([name, value]): [string, string][] => (value ? [[name, value]] : []));
  return { values: new Map(known), unknownNames };
};

/** When the Mac started, in unix seconds; null when `kern.boottime` is missing or not known. */
export const bootTimeOf = ({ values }: Sysctl): number | null => {
  const seconds = bootTime.exec(values.get('kern.boottime') ?? '')?.[1];
  return seconds === undefined ? null : Number(seconds);
};
