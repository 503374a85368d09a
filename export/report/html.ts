/** HTML as it is written: every text that is put into it is escaped here, and nowhere else. */
import { deflateSync } from 'node:zlib';
import { visible } from '../visible.ts';

/** Text that is HTML already. Only this file makes it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | readonly Part[];

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};

/** As text of an element, and in the quotes of an attribute, too. What is hidden, or turns the order of reading around, is made visible. */
const escaped = (text: string): string =>
  visible(text).replaceAll(/[&<>"'`]/g, (character) => entities[character] ?? '');

const written = (part: Part): string => {
  if (part === null) return '';
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(written).join('') : escaped(String(part));
};

/** A template is laid out in lines for who reads the program; a page has one blank there. */
const laidOut = new WeakMap<TemplateStringsArray, readonly string[]>();
const textsOf = (texts: TemplateStringsArray): readonly string[] => {
  const known =
    laidOut.get(texts) ??
    texts.map((text, index) => {
      const begun = index === 0 ? text.replace(/^\s*\n\s*/, '') : text;
      const ended = index === texts.length - 1 ? begun.replace(/\s*\n\s*$/, '') : begun;
      return ended.replaceAll(/\s*\n\s*/g, ' ');
    });
  laidOut.set(texts, known);
  return known;
};

/** A template of HTML: what stands between `${` and `}` is text, unless it is HTML. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html =>
  new Html(
    textsOf(texts)
      .map((text, index) => text + written(parts[index] ?? null))
      .join(''),
  );

/** The style of a page. It is of this program, and has a digest: not a letter of it may be escaped. */
const styleHtml = (style: string): Html => new Html(`<style>${style}</style>`);

/** What stands before the body of a page: it may load and run what its policy names, and refers to nobody. */
export const headHtml = (title: string, policy: string, style: string): Html =>
  html`<head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="referrer" content="no-referrer" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    ${styleHtml(style)}
  </head>`;

/** The script of a page. It is of this program, and has a digest: not a letter of it may be escaped. */
export const scriptHtml = (code: string): Html => {
  if (/<\/script|<!--/i.test(code)) throw new Error('a script may not say what ends it');
  return new Html(`<script>${code}</script>`);
};

/** Bytes that a script reads: packed, and in letters that end no element. */
export const dataHtml = (id: string, bytes: Uint8Array | string): Html =>
  new Html(
    `<script type="text/plain" id="${id}">${deflateSync(bytes, { level: 9 }).toString('base64')}</script>`,
  );

/** The same with lines kept: a statement is of this program, and is laid out in lines. */
export const lines = (text: string): Html => new Html(text.split('\n').map(escaped).join('\n'));

export const nothing = new Html('');
