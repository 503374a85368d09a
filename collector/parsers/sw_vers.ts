import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { filledLinesOf, firstLine, notUnderstood } from './lines.ts';

export interface SwVers {
  readonly productName: string;
  readonly productVersion: string;
  /** The letter of a rapid security response, as in `(a)`; null without one. */
  readonly productVersionExtra: string | null;
  readonly buildVersion: string;
}

/**
 * Parses the version of macOS.
 *
 * Input: `sw_vers`; 10.12, 10.14.1, 13.3.1 (a), 26.5.2, 26.6.2.
 * Returns: the four values as printed.
 * Throws: `parse_failed` when one of the three that are always there is not, or looks like no version.
 * Source: sw_vers(1).
 */
export const parseSwVers = (answer: Answer): SwVers => {
  const values = new Map<string, string>();
  for (const line of filledLinesOf(answer.stdout)) {
    // One tab up to 10.15, two from 11 on (sw_vers-05, sw_vers-01).
    const match = /^([A-Za-z]+):[ \t]+(\S.*)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined) throw notUnderstood('sw_vers', answer);
    const value = match[2].trimEnd();
    if ((values.get(match[1]) ?? value) !== value) throw parseFailed(`sw_vers printed ${match[1]} twice`);
    values.set(match[1], value);
  }
  const productName = values.get('ProductName');
  const productVersion = values.get('ProductVersion');
  const buildVersion = values.get('BuildVersion');
  if (productName === undefined || productVersion === undefined || buildVersion === undefined) {
    throw notUnderstood('sw_vers', answer);
  }
  if (!/^[0-9]+(?:\.[0-9]+){0,3}$/.test(productVersion)) {
    throw parseFailed(`sw_vers printed a version that is not known: ${firstLine(productVersion)}`);
  }
  if (!/^[0-9]+[A-Z][0-9]+[a-z]?$/.test(buildVersion)) {
    throw parseFailed(`sw_vers printed a build that is not known: ${firstLine(buildVersion)}`);
  }
  return {
    productName,
    productVersion,
    productVersionExtra: values.get('ProductVersionExtra') ?? null,
    buildVersion,
  };
};
