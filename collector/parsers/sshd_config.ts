import { CollectError } from '../errors.ts';
import type { ParseFile } from '../answer.ts';
import { decodeText } from './decode.ts';

/** What of a file of settings of sshd is asked: what `sshd -G` does not print, or what it would ask a server for. */
export interface SshdConfig {
  /** It has a Match block: what it says holds for some alone. */
  readonly hasMatch: boolean;
  /** What it includes: one of `readIncludes`, or `(another)`. */
  readonly includes: readonly string[];
  /** A ListenAddress is a name: sshd looks it up. */
  readonly hasNamedAddress: boolean;
}

/** What is read where a file includes it: what macOS ships includes these. */
export const readIncludes = {
  '/etc/ssh/sshd_config.d/*': () => true,
  '/etc/ssh/sshd_config.d/*.conf': (name: string) => name.endsWith('.conf'),
  '/etc/ssh/crypto.conf': null,
} as const;
const another = '(another)';
/** A path that does not begin with "/" is below /etc/ssh; /etc is a link to /private/etc. */
const includeOf = (path: string): string => {
  const whole =
    path.startsWith('/') || path === another ? path.replace(/^\/private(?=\/)/, '') : `/etc/ssh/${path}`;
  return Object.hasOwn(readIncludes, whole) ? whole : another;
};

const withheld = /^tokenquery: [0-9]+ bytes that are not a text of sshd_config were withheld$/;
/** A keyword, then blanks or one "=", then the rest. */
const line = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)(\S.*?)\s*$/;
/** The words of a line: in quotes, or up to a blank; a comment ends them. */
const wordsOf = (rest: string): readonly string[] => {
  const words: string[] = [];
  for (const [, quoted, bare] of rest.matchAll(/"([^"]*)"|([^\s"]+)/g)) {
    if (bare?.startsWith('#')) break;
    words.push(quoted ?? bare ?? '');
  }
  return words;
};

const port = '(?::[0-9]{1,5})?';
const address = new RegExp(
  `^(?:[0-9]{1,3}(?:\\.[0-9]{1,3}){3}${port}|\\[[0-9A-Fa-f:.]+(?:%\\w+)?\\]${port}|(?:[0-9A-Fa-f]*:){2}[0-9A-Fa-f:.]*(?:%\\w+)?|\\*${port})$`,
);

type Kept =
  | { readonly kind: 'match' }
  | { readonly kind: 'include'; readonly paths: readonly string[] }
  | { readonly kind: 'address'; readonly isName: boolean };

const keptOf = (text: string): Kept | null => {
  const [, keyword = '', rest = ''] = line.exec(text) ?? [];
  switch (keyword.toLowerCase()) {
    case 'match':
      return { kind: 'match' };
    case 'include': {
      const paths = wordsOf(rest).map(includeOf);
      // A quote that nobody closes: what it includes is not known.
      return { kind: 'include', paths: paths.length === 0 ? [another] : paths };
    }
    case 'listenaddress':
      return { kind: 'address', isName: !address.test(wordsOf(rest)[0] ?? '') };
    default:
      return null;
  }
};

const written = (kept: Kept): string => {
  if (kept.kind === 'match') return 'Match (criteria)';
  if (kept.kind === 'include') return `Include ${kept.paths.map((path) => `"${path}"`).join(' ')}`;
  return `ListenAddress ${kept.isName ? '(name)' : '*'}`;
};

const linesOf = (content: Uint8Array): readonly Kept[] | null => {
  const text = decodeText(content);
  if (text === null || withheld.test(text.trim())) return null;
  return text.split('\n').flatMap((each) => keptOf(each) ?? []);
};

/**
 * Parses which parts of a file of settings `sshd -G` does not tell of.
 *
 * Input: /etc/ssh/sshd_config, a file of /etc/ssh/sshd_config.d, or /etc/ssh/crypto.conf; 26 (100-macos.conf).
 * Returns: whether it has a Match block, what it includes, and whether a ListenAddress is a name.
 * Throws: `parse_failed` for what is no text.
 * Source: sshd_config(5).
 */
export const parseSshdConfig: ParseFile<SshdConfig> = (content) => {
  const kept = linesOf(content);
  if (kept === null) throw new CollectError('parse_failed', 'the file is no text of sshd_config');
  return {
    hasMatch: kept.some(({ kind }) => kind === 'match'),
    includes: kept.flatMap((each) => (each.kind === 'include' ? each.paths : [])),
    hasNamedAddress: kept.some((each) => each.kind === 'address' && each.isName),
  };
};

/** The lines that are read, without criteria and addresses; one line with the size of what is no text. */
export const sanitizeSshdConfig = (content: Uint8Array): Uint8Array => {
  const kept = linesOf(content);
  const encoder = new TextEncoder();
  if (kept === null) {
    if (withheld.test(decodeText(content)?.trim() ?? '')) return content;
    return encoder.encode(
      `tokenquery: ${content.length} bytes that are not a text of sshd_config were withheld\n`,
    );
  }
  return encoder.encode(kept.map((each) => `${written(each)}\n`).join(''));
};
