import type { PlistJson } from '../fixtures/backend.ts';
import { byName } from '../fixtures/mac.ts';

/** As NSDictionary describes itself: fdesetup showdeferralinfo, profiles show -type enrollment. */
export const openStep = (value: PlistJson, indent = ''): string => {
  const inner = `${indent}    `;
  if (typeof value === 'string') return /^[A-Za-z0-9]+$/.test(value) ? value : `"${value}"`;
  if (typeof value === 'number') return value < 0 ? `"${value}"` : String(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) {
    // The bracket stands one level in, after as many spaces.
    return `${indent}(${value.map((item) => `\n${inner}${openStep(item, inner)}`).join(',')}\n${indent})`;
  }
  const entries = Object.entries(value as { readonly [key: string]: PlistJson })
    .toSorted(([a], [b]) => byName(a, b))
    .map(([key, item]) => `${inner}${openStep(key)} = ${openStep(item, inner)};\n`)
    .join('');
  return `{\n${entries}${indent}}`;
};
