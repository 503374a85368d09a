/** Writes property lists. It loads nothing that reads them. */
import { PlistDate, PlistOdd, isArray, isoOfUnixSeconds, notAPlist } from './plist_value.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';

/** How the text is laid out; what it says is the same. */
export interface PlistLayout {
  /** What each level is set in by. */
  readonly indent: string;
  /** Bytes stand on a line of their own, as Apple's tools print them. */
  readonly hasDataLines: boolean;
  /** Lines of a comment, whole, before the value. */
  readonly comment: readonly string[];
}
const plainLayout: PlistLayout = { indent: '\t', hasDataLines: false, comment: [] };

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
const escape = (text: string): string => {
  if (text.includes('\0')) throw notAPlist('it holds a NUL');
  return text.replace(/[&<>\r]/g, (character) => escapes[character] ?? '');
};

const base64Of = (bytes: Uint8Array): string => {
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(binary);
};

const numberText = (value: number): string => {
  if (!Number.isFinite(value)) throw new RangeError('a property list holds finite numbers only');
  return Number.isSafeInteger(value) && !Object.is(value, -0)
    ? `<integer>${value}</integer>`
    : `<real>${Object.is(value, -0) ? '-0' : value}</real>`;
};

type Scalar = string | number | bigint | boolean | PlistDate;

const scalar = (value: Scalar): string => {
  if (typeof value === 'string') return `<string>${escape(value)}</string>`;
  if (typeof value === 'number') return numberText(value);
  if (typeof value === 'bigint') return `<integer>${value}</integer>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  return `<date>${isoOfUnixSeconds(value.unixSeconds)}</date>`;
};

/** What stands for a value that cannot be read, and is none itself. Nothing is left of what was there. */
const noValue = '<integer></integer>';

class Writer {
  readonly #layout: PlistLayout;
  readonly lines: string[] = [];

  constructor(layout: PlistLayout) {
    this.#layout = layout;
  }

  write(value: PlistValue, indent: string): void {
    if (value instanceof Uint8Array) this.#data(value, indent);
    else if (value instanceof PlistOdd) this.#odd(value, indent);
    else if (isArray(value)) this.#array(value, indent);
    else if (value instanceof Map) this.#dict(value, indent);
    else this.lines.push(indent + scalar(value as Scalar));
  }

  #data(bytes: Uint8Array, indent: string): void {
    if (this.#layout.hasDataLines)
      this.lines.push(`${indent}<data>`, indent + base64Of(bytes), `${indent}</data>`);
    else this.lines.push(`${indent}<data>${base64Of(bytes)}</data>`);
  }

  #array(array: readonly PlistValue[], indent: string): void {
    if (array.length === 0) {
      this.lines.push(`${indent}<array/>`);
      return;
    }
    this.lines.push(`${indent}<array>`);
    for (const element of array) this.write(element, indent + this.#layout.indent);
    this.lines.push(`${indent}</array>`);
  }

  #dict(dict: PlistDict, indent: string): void {
    if (dict.size === 0) {
      this.lines.push(`${indent}<dict/>`);
      return;
    }
    this.lines.push(`${indent}<dict>`);
    this.#pairs(dict, indent + this.#layout.indent);
    this.lines.push(`${indent}</dict>`);
  }

  #pairs(dict: PlistDict, indent: string): void {
    for (const [key, element] of dict) {
      this.lines.push(`${indent}<key>${escape(key)}</key>`);
      this.write(element, indent);
    }
  }

  #odd({ rest }: PlistOdd, indent: string): void {
    if (rest === null) {
      this.lines.push(indent + noValue);
      return;
    }
    const inner = indent + this.#layout.indent;
    this.lines.push(`${indent}<dict>`, inner + noValue);
    this.#pairs(rest, inner);
    this.lines.push(`${indent}</dict>`);
  }
}

/** The value as Apple's tools print it; keys keep their order, so the same value is always the same text. */
export const writeXmlPlist = (value: PlistValue, layout: Partial<PlistLayout> = {}): string => {
  const writer = new Writer({ ...plainLayout, ...layout });
  writer.lines.push(
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    ...(layout.comment ?? []),
    '<plist version="1.0">',
  );
  writer.write(value, '');
  writer.lines.push('</plist>', '');
  return writer.lines.join('\n');
};
