/** The text of an XML property list without what stands before and after it. */
import { notAPlist } from './plist_value.ts';

const space = '[ \\t\\r\\n]';
const xmlDeclaration = new RegExp(
  `<\\?xml${space}+version="1\\.[01]"(?:${space}+encoding="utf-8")?` +
    `(?:${space}+standalone="(?:yes|no)")?${space}*\\?>`,
  'iy',
);
// Without an internal subset there are no entities but the five of XML.
const documentType = new RegExp(
  `<!DOCTYPE${space}+plist(?:${space}+(?:PUBLIC${space}+"[^"<>]*"|SYSTEM)${space}+"[^"<>]*")?${space}*>`,
  'y',
);
const spaceOrComment = /[ \t\r\n]+|<!--[^]*?-->/y;
const markup = /<!--[^]*?-->|<!\[CDATA\[[^]*?\]\]>|<[?!]/g;
export const isBlank = (text: string): boolean => /^[ \t\r\n]*$/.test(text);

const beginning = /^[ \t]*(?=<\?xml[ \t\r\n]|<!DOCTYPE[ \t\r\n]|<plist[ \t\r\n>])/m;
const ofAPlist =
  /<(?:\?xml|!DOCTYPE|!\[CDATA|\/?(?:plist|array|dict|key|string|integer|real|date|data|true|false))(?![A-Za-z])/i;
/** Whether a text is no part of a property list: the lines that a framework logs before or after one. */
const isNoise = (text: string): boolean => !ofAPlist.test(text);

/** Where the document begins: a framework may have logged lines before it. */
const startOf = (text: string): number => {
  const first = text.startsWith('\uFEFF') ? 1 : 0;
  spaceOrComment.lastIndex = first;
  let at = first;
  while (spaceOrComment.test(text)) at = spaceOrComment.lastIndex;
  if (ofAPlist.exec(text.slice(at, at + 20))?.index === 0) return first;
  const found = beginning.exec(text);
  return found !== null && isNoise(text.slice(0, found.index)) ? found.index : first;
};

/** What a line says that stands in place of bytes that were no property list, without their number; null for any other text. */
const withheldIn = (text: string): string | null =>
  /^tokenquery: [0-9]+ (bytes that are not [^\n]+ were withheld)\n?$/.exec(text)?.[1] ?? null;

/** Where `<plist` begins, and whether it does so after the only prolog that Apple's tools write. */
const endOfProlog = (text: string, start: number): { readonly at: number; readonly isKnown: boolean } => {
  let at = start;
  const skip = (what: RegExp): boolean => {
    what.lastIndex = at;
    if (!what.test(text)) return false;
    at = what.lastIndex;
    return true;
  };
  const skipAll = (): void => {
    while (skip(spaceOrComment));
  };
  skipAll();
  skip(xmlDeclaration);
  skipAll();
  skip(documentType);
  skipAll();
  if (/^<plist[ \t\r\n>]/.test(text.slice(at, at + 7))) return { at, isKnown: true };
  const root = rootAfterDamage(text, at);
  if (root === null) throw notAPlist(withheldIn(text) ?? 'it does not begin with <plist>');
  return { at: root, isKnown: false };
};

/** Opens what only a part of a document can be, or what could give a text another meaning. */
const notOfProlog = /<(?!\?xml[ \t\r\n]|!DOCTYPE[ \t\r\n])|[[\]]|\bencoding\b(?![ \t]*=[ \t]*["']utf-8["'])/i;

/**
 * Where `<plist` begins behind a prolog that is damaged; null where the damage may be more than that. The prolog says
 * nothing of the values, but for another encoding and for entities of its own: with neither, and with no part of another
 * document before it, what follows is as whole as the validator finds it.
 */
const rootAfterDamage = (text: string, at: number): number | null => {
  const rest = text.slice(at);
  const root = /^[ \t]*(?=<plist[ \t\r\n>])/m.exec(rest);
  return root === null || notOfProlog.test(rest.slice(0, root.index))
    ? null
    : at + root.index + root[0].length;
};

/** The document without its prolog, free of everything in which an entity could be declared or meant. */
export const bodyOf = (text: string): { readonly body: string; readonly isAlone: boolean } => {
  // XML has none; programs written in C would take it for the end of a value.
  if (text.includes('\0')) throw notAPlist('it holds a NUL');
  const start = startOf(text);
  const prolog = endOfProlog(text, start);
  const whole = text.slice(prolog.at);
  const last = whole.lastIndexOf('</plist');
  const end = last < 0 ? whole.length : whole.indexOf('>', last) + 1 || whole.length;
  if (!isNoise(whole.slice(end))) throw notAPlist('something follows its end');
  const body = whole.slice(0, end);
  for (const { 0: found } of body.matchAll(markup)) {
    if (found.length === 2) throw notAPlist('it has a declaration or an instruction in its midst');
  }
  return { body, isAlone: prolog.isKnown && start <= 1 && isBlank(whole.slice(end)) };
};
