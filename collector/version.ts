/** Versions of macOS as numbers: what Apple changed, and when. */
import type { SwVers } from './parsers/sw_vers.ts';

interface Version {
  readonly number: number | null;
  readonly major: number | null;
}

/** `15.6.1` is 150601; the numbers by which Apple's behaviour changes can be compared so. */
export const versionOf = (productVersion: string | null | undefined): Version => {
  const match = /^([0-9]{1,3})(?:\.([0-9]{1,2}))?(?:\.([0-9]{1,2}))?$/.exec(productVersion ?? '');
  if (match === null) return { number: null, major: null };
  const [major, minor, patch] = [match[1], match[2], match[3]].map((part) => Number(part ?? 0));
  return { number: (major ?? 0) * 10_000 + (minor ?? 0) * 100 + (patch ?? 0), major: major ?? null };
};

/** Whether it is a version, as those of tokenquery are written. */
export const isVersion = (text: string): boolean => versionOf(text).number !== null;

/** Whether one version came before another; both are versions. */
export const isBefore = (one: string, other: string): boolean =>
  (versionOf(one).number ?? 0) < (versionOf(other).number ?? 0);

/** Before macOS 10.14 sysadminctl may ask for an administrator: it is then left alone. Null where macOS is not known. */
export const asksSysadminctl = (version: SwVers | null): boolean | null => {
  const { number } = versionOf(version?.productVersion);
  return number === null ? null : number >= 101_400;
};
