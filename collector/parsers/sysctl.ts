import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { filledLinesOf, notUnderstood } from './lines.ts';

const askedNames = new Set(['hw.model', 'hw.optional.arm64', 'kern.boottime', 'kern.hv_vmm_present']);

/**
 * Parses the values of the kernel.
 *
 * Input: `sysctl hw.model hw.optional.arm64 kern.boottime kern.hv_vmm_present`; 15, 26.5.2, 26.6.2.
 * Returns: the names that answered, values as printed. A name that this Mac does not have is left out:
 * sysctl then says so on stderr and exits with 1, and the others still answer.
 * Throws: `parse_failed` when no asked name answered, when one answered twice, or for any other line.
 * Source: sysctl(8).
 */
export const parseSysctl = (answer: Answer): ReadonlyMap<string, string> => {
  const values = new Map<string, string>();
  for (const line of filledLinesOf(answer.stdout)) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, Math.max(colon, 0));
    if (!askedNames.has(name)) throw notUnderstood('sysctl', answer);
    const value = line.slice(colon + 2).trim();
    if (value === '') throw parseFailed(`sysctl printed no value for ${name}`);
    if ((values.get(name) ?? value) !== value) throw parseFailed(`sysctl printed ${name} twice`);
    values.set(name, value);
  }
  if (values.size === 0) throw notUnderstood('sysctl', answer);
  return values;
};

/** When the Mac started, in unix seconds; null when `kern.boottime` is missing or not known. */
export const bootTimeOf = (values: ReadonlyMap<string, string>): number | null => {
  // { sec = 1790153387, usec = 0 } Wed Sep 23 08:49:47 2026: the date after it is local time.
  const seconds = /^\{ sec = ([0-9]{1,12}), usec = [0-9]{1,6} \}/.exec(
    values.get('kern.boottime') ?? '',
  )?.[1];
  return seconds === undefined ? null : Number(seconds);
};
