/** What the elements of an XML property list hold, whoever reads them. */
import { isText } from './decode.ts';
import { PlistDate, integerOf, unixSecondsOfIso } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';

const namedCharacters: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};
const references = /&(?:(lt|gt|amp|quot|apos)|#([0-9]{1,10})|#x([0-9a-fA-F]{1,8}));|&/g;
/** In place of a reference that is not known; no document holds a NUL by itself. */
const noCharacter = '\0';
/** Whether a text holds none of them, and nothing that is no text. */
export const isReadable = (text: string): boolean => !text.includes(noCharacter) && isText(text);
const characterOf = (_: string, name?: string, decimal?: string, hex?: string): string => {
  if (name !== undefined) return namedCharacters[name] ?? noCharacter;
  const code = decimal !== undefined ? Number(decimal) : hex !== undefined ? Number.parseInt(hex, 16) : 0;
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return noCharacter;
  return String.fromCodePoint(code);
};

/** A text with its references as what they mean. */
export const decoded = (text: string): string => {
  if (!text.includes('&')) return text;
  if (/&(?!(?:lt|gt|amp);)/.test(text)) return text.replace(references, characterOf);
  // The three that Apple's tools write; the ampersand last, or it would make others.
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
};

/** Each answers null for a text that is none of its element. */
export const scalars = {
  string: (text) => text,
  true: (text) => (text === '' ? true : null),
  false: (text) => (text === '' ? false : null),
  integer: (text) => {
    const [, sign, digits] = /^[ \t\r\n]*([+-]?)(0x[0-9a-f]{1,16}|[0-9]{1,20})[ \t\r\n]*$/i.exec(text) ?? [];
    if (digits === undefined) return null;
    return integerOf(sign === '-' ? -BigInt(digits) : BigInt(digits));
  },
  real: (text) => {
    const number = text.trim();
    const value = Number(number);
    const isReal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(number) && Number.isFinite(value);
    return isReal ? value : null;
  },
  date: (text) => {
    const seconds = unixSecondsOfIso(text.trim());
    return seconds === null ? null : new PlistDate(seconds);
  },
  data: (text) => {
    const base64 = text.replace(/[ \t\r\n]+/g, '');
    if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return null;
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  },
} satisfies Readonly<Record<string, (text: string) => PlistValue | null>>;
