/** SQL as words, names, texts and marks, whether or not it is finished. Comments are left out. */

export interface Token {
  readonly kind: 'word' | 'name' | 'text' | 'number' | 'mark';
  /** As it is written. */
  readonly raw: string;
  /** Without quotes. */
  readonly value: string;
  readonly start: number;
  /** Its quotes are not closed. */
  readonly isOpen: boolean;
}

const pattern =
  /--[^\n]*(?<comment>\n?)|\/\*[^]*?(?<closed>\*\/|$)|(?<text>'(?:[^']|'')*(?<textEnd>'|$))|(?<name>"(?:[^"]|"")*(?<nameEnd>"|$)|`(?:[^`]|``)*(?<tickEnd>`|$)|\[[^\]]*(?<boxEnd>\]|$))|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<number>[0-9][0-9a-zA-Z.]*)|(?<mark><>|!=|==|<=|>=|\|\||[^\s])/gu;

const unquoted = (raw: string, isOpen: boolean): string => {
  const quote = raw[0] ?? '';
  const inner = raw.slice(1, isOpen ? undefined : -1);
  return quote === '[' ? inner : inner.replaceAll(quote + quote, quote);
};

export interface Tokens {
  readonly tokens: readonly Token[];
  /** The text ends within a comment. */
  readonly isComment: boolean;
}

export const tokensOf = (text: string): Tokens => {
  const tokens: Token[] = [];
  let isComment = false;
  for (const { 0: raw, index: start, groups = {} } of text.matchAll(pattern)) {
    const isLast = start + raw.length === text.length;
    if (raw.startsWith('--') || raw.startsWith('/*')) {
      isComment = isLast && groups[raw.startsWith('--') ? 'comment' : 'closed'] === '';
      continue;
    }
    if (groups['text'] !== undefined || groups['name'] !== undefined) {
      const kind = groups['text'] === undefined ? 'name' : 'text';
      const ends = [groups['textEnd'], groups['nameEnd'], groups['tickEnd'], groups['boxEnd']];
      const isOpen = raw.length < 2 || ends.every((end) => end === undefined || end === '');
      tokens.push({ kind, raw, value: unquoted(raw, isOpen), start, isOpen });
      continue;
    }
    const kind = groups['word'] !== undefined ? 'word' : groups['number'] !== undefined ? 'number' : 'mark';
    tokens.push({ kind, raw, value: raw, start, isOpen: false });
  }
  return { tokens, isComment };
};
