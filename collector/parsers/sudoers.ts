import { CollectError, parseFailed } from '../errors.ts';
import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import { decodeText } from './decode.ts';

export interface SudoersEntry {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly kind: 'defaults' | 'alias' | 'include' | 'rule';
  /** What it is about: Defaults with its scope, the kind of alias, the directive, or who is given the right. */
  readonly header: string;
  /** The rest; null where it has a form that is not known. */
  readonly details: string | null;
  /** The file or folder that is included. */
  readonly included: string | null;
  /** Of a rule, whether a command needs no password; of Defaults, whether nobody is asked for one. Null where it is not known. */
  readonly needsNoPassword: boolean | null;
  /** Whether all commands are among those of a rule. */
  readonly isForAllCommands: boolean | null;
}

const unknownForm = '(a form that is not known)';
const leftOutArguments = '(arguments)';
const withheld = /^tokenquery: [0-9]+ bytes that are not a text of sudoers were withheld$/;

/** What is neither in quotes nor behind a backslash, cut at these characters. */
const cut = (text: string, isSeparator: (text: string, at: number) => boolean): string[] => {
  const parts: string[] = [];
  let [start, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && isSeparator(text, at)) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
};
const isComma = (text: string, at: number): boolean => text[at] === ',';
/** A comment; "#501" is a user, and "%#20" a group. */
const isComment = (text: string, at: number): boolean =>
  text[at] === '#' && !(/[0-9]/.test(text[at + 1] ?? '') && /[\s,(!:%=]/.test(text[at - 1] ?? ' '));

const directive = /^[#@](include|includedir)\s+(?:"([^"]+)"|((?:[^\s\\"]|\\.)+))\s*$/;

interface Logical {
  readonly line: number;
  readonly text: string;
}

/** Ends in a backslash that no other one takes away. */
const goesOn = (line: string): boolean => {
  let end = line.length;
  while (end > 0 && line[end - 1] === '\\') end -= 1;
  return (line.length - end) % 2 === 1;
};

/** The lines with those that go on in the next, without comments and blank ones. */
const logicalLines = (text: string): readonly Logical[] => {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''));
  const found: Logical[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = index + 1;
    // A comment goes on too, as sudo reads it.
    const pieces = [lines[index] ?? ''];
    while (goesOn(pieces.at(-1) ?? '') && index + 1 < lines.length) {
      index += 1;
      pieces.push((lines[index] ?? '').trimStart());
    }
    const joined = pieces.map((piece, at) => (at < pieces.length - 1 ? piece.slice(0, -1) : piece)).join('');
    const isIncluding = directive.test(joined.trim());
    const kept = (isIncluding ? joined : (cut(joined, isComment)[0] ?? '')).trim();
    if (kept !== '') found.push({ line, text: kept });
  }
  return found;
};

const item = String.raw`!*(?:"[^"]*"|(?:[^\s,=:\\"()]|\\.)+)`;
const list = `${item}(?:\\s*,\\s*${item})*`;
const aliasLine = new RegExp(
  `^(User_Alias|Runas_Alias|Host_Alias|Cmnd_Alias|Cmd_Alias)\\s+([A-Z][A-Z0-9_]*)\\s*=\\s*(\\S.*)$`,
);
const defaultsLine = new RegExp(`^(Defaults(?:[@:!>]\\s*${list})?)(?:\\s+(\\S.*))?$`);
const ruleLine = new RegExp(`^(${list})\\s+(${list})\\s*=\\s*(\\S.*)$`);
const namesOnly = new RegExp(`^${list}$`);
const runas = /^\(\s*[^()]*\)\s*/;
/** ROLE=x, TIMEOUT=8h and the like stand before tags; what stands in them is not kept. */
const specOption =
  /^(ROLE|TYPE|PRIVS|LIMITPRIVS|APPARMOR_PROFILE|NOTBEFORE|NOTAFTER|TIMEOUT|CWD|CHROOT)\s*=\s*(?:"[^"]*"|\S+)\s+/;
const tag =
  /^(NO)?(EXEC|FOLLOW|INTERCEPT|LOG_INPUT|LOG_OUTPUT|MAIL|PASSWD|SETENV)\s*:\s*|^(FOLLOW|NOFOLLOW)\s*:\s*/;
const digest = /^sha(224|256|384|512)\s*:\s*\S+\s+/;

/** A command without its arguments; null for what is none. */
const reduceCommand = (command: string): string | null => {
  const [, not = '', rest = ''] = /^((?:!\s*)*)(.*)$/s.exec(command.trim()) ?? [];
  const found = /^((?:[^\s\\,:=]|\\.)+)(?:\s+(\S.*))?$/s.exec(rest);
  if (found === null) return null;
  const [, path = '', given] = found;
  if (!path.startsWith('/') && !/^(?:[A-Z][A-Z0-9_]*|sudoedit|list)$/.test(path)) return null;
  // Such a character stands behind a backslash, or another list of commands begins there.
  const isOdd = given !== undefined && cut(given, (text, at) => /[:=]/.test(text[at] ?? '')).length > 1;
  if (isOdd) return null;
  const shown = given === undefined ? '' : given === '""' ? ' ""' : ` ${leftOutArguments}`;
  return not.replaceAll(/\s/g, '') + path + shown;
};

interface Spec {
  readonly text: string;
  readonly needsNoPassword: boolean;
  readonly isForAll: boolean;
}

/** A list of commands with who they run as and their tags; null where one has a form that is not known. */
const readSpecs = (text: string): Spec | null => {
  const parts: string[] = [];
  let [needsNoPassword, isForAll, isFree] = [false, false, false];
  for (const piece of cut(text, isComma)) {
    let rest = piece.trim();
    let before = '';
    const as = runas.exec(rest);
    if (as !== null) {
      before += `${as[0].trim()} `;
      rest = rest.slice(as[0].length);
    }
    for (let found = specOption.exec(rest) ?? tag.exec(rest) ?? digest.exec(rest); found !== null;) {
      const word = found[0].trim();
      if (word.startsWith('sha')) before += `sha${found[1]}:(digest) `;
      else if (word.endsWith(':')) before += `${word.replaceAll(/\s/g, '')} `;
      else before += `${found[1]}=(value) `;
      if (/^(NO)?PASSWD/.test(word)) isFree = word.startsWith('NO');
      rest = rest.slice(found[0].length);
      found = specOption.exec(rest) ?? tag.exec(rest) ?? digest.exec(rest);
    }
    const command = reduceCommand(rest);
    if (command === null) return null;
    parts.push(before + command);
    const isGiven = !command.startsWith('!');
    needsNoPassword ||= isFree && isGiven;
    isForAll ||= command === 'ALL';
  }
  return { text: parts.join(', '), needsNoPassword, isForAll };
};

const words = /^(?:tty|ppid|global|kernel|never|always|any|all|once)$/;
/** A setting with its name, and with its value where that is a number or a word of a list. */
const reduceSetting = (text: string): string | null => {
  const found = /^(!*)([a-z][a-z0-9_]*)(?:\s*([-+]?=)\s*(\S.*))?$/s.exec(text.trim());
  if (found === null) return null;
  const [, not = '', name = '', by, value = ''] = found;
  if (by === undefined) return not + name;
  const bare = value.replaceAll('"', '');
  const isPlain = /^-?[0-9]+(?:\.[0-9]+)?$/.test(bare) || words.test(bare);
  return `${not}${name}${by}${isPlain ? bare : '(value)'}`;
};

type Read = Omit<SudoersEntry, 'line'>;
const unknownEntry = (kind: Read['kind'], header: string): Read => ({
  ...{ kind, header, details: null, included: null, needsNoPassword: null, isForAllCommands: null },
});

const readDefaults = (header: string, settings: string): Read => {
  const reduced = settings === '' ? [] : cut(settings, isComma).map(reduceSetting);
  if (reduced.includes(null)) return unknownEntry('defaults', header);
  return {
    ...unknownEntry('defaults', header),
    details: reduced.join(', '),
    needsNoPassword: reduced.includes('!authenticate'),
  };
};

const readAlias = (header: string, name: string, members: string): Read => {
  const isOfCommands = header.startsWith('Cm');
  const specs = isOfCommands ? readSpecs(members) : null;
  const isKnown = isOfCommands ? specs !== null : namesOnly.test(members);
  if (!isKnown) return unknownEntry('alias', header);
  return {
    ...unknownEntry('alias', header),
    details: `${name} = ${specs?.text ?? members}`,
    needsNoPassword: false,
    isForAllCommands: specs?.isForAll ?? false,
  };
};

const readRule = (who: string, hosts: string, commands: string): Read => {
  const specs = readSpecs(commands);
  if (specs === null) return unknownEntry('rule', who);
  return {
    ...unknownEntry('rule', who),
    details: `${hosts} = ${specs.text}`,
    needsNoPassword: specs.needsNoPassword,
    isForAllCommands: specs.isForAll,
  };
};

const readEntry = (text: string): Read => {
  const including = directive.exec(text);
  if (including !== null) {
    const path = including[2] ?? including[3]?.replaceAll(/\\(.)/g, '$1') ?? '';
    const header = `${text[0]}${including[1]}`;
    return {
      ...unknownEntry('include', header),
      details: path,
      included: path,
      needsNoPassword: false,
      isForAllCommands: false,
    };
  }
  const defaults = defaultsLine.exec(text);
  if (defaults !== null) return readDefaults(defaults[1] ?? '', defaults[2] ?? '');
  const alias = aliasLine.exec(text);
  if (alias !== null) return readAlias(alias[1] ?? '', alias[2] ?? '', alias[3] ?? '');
  const rule = ruleLine.exec(text);
  if (rule !== null) return readRule(rule[1] ?? '', rule[2] ?? '', rule[3] ?? '');
  return unknownEntry('rule', unknownForm);
};

/** The entry as it is kept, which is read as the same again. */
const written = ({ kind, header, details }: Read): string => {
  if (details === null) return header === unknownForm ? unknownForm : `${header} ${unknownForm}`;
  return kind === 'include' ? `${header} "${details}"` : `${header} ${details}`.trimEnd();
};

const keptForm = /^(.+?) ?\(a form that is not known\)$/;
/** What was reduced before to its header, or to less. */
const readKept = (text: string): Read => {
  if (text === unknownForm) return unknownEntry('rule', unknownForm);
  const [, header] = keptForm.exec(text) ?? [];
  if (header === undefined) return readEntry(text);
  if (header.startsWith('Defaults')) return unknownEntry('defaults', header);
  return unknownEntry(/^[A-Z][a-z]+_Alias$/.test(header) ? 'alias' : 'rule', header);
};

const entriesOf = (content: Uint8Array): readonly SudoersEntry[] | null => {
  const text = decodeText(content);
  if (text === null || withheld.test(text.trim())) return null;
  return logicalLines(text).map(({ line, text: entry }) => ({ line, ...readKept(entry) }));
};

const endsWithinALine = (content: Uint8Array): boolean => content.length > 0 && content.at(-1) !== 0x0a;

/**
 * Parses what sudo is told: settings, aliases, includes and rules.
 *
 * Input: /etc/sudoers or a file of /etc/sudoers.d; 15 to 26 (sudoers-default-01), as sudoers(5) has its grammar.
 * Returns: the entries in their order. `#include`, `#includedir` and `#501` are no comments. Of a command no argument is kept, of a
 * setting no text, and of an entry of a form that is not known only whom it is about.
 * Notes: each entry of a form that is not known; the message names the line alone.
 * Throws: `parse_failed` for what is no text.
 * Source: sudoers(5); apple-oss-distributions/sudo, files/sudoers.
 */
export const parseSudoers: ParseFile<readonly SudoersEntry[]> = (content, note: Note = ignore) => {
  const entries = entriesOf(content);
  if (entries === null) throw new CollectError('parse_failed', 'the file is no text of sudoers');
  for (const { line, details, header } of entries) {
    if (details !== null) continue;
    const problem = parseFailed(`line ${line} of sudoers has a form that is not known`);
    // What cannot be told to be a setting, an alias or a rule may be any of them; sudo itself takes no such file.
    if (header === unknownForm) note(problem);
    else note(problem, 'value');
  }
  if (endsWithinALine(content)) note(parseFailed('the file ends within a line'));
  return entries;
};

/** The entries as they are kept, each at its line; one line with the size of what is no text. */
export const sanitizeSudoers = (content: Uint8Array): Uint8Array => {
  const entries = entriesOf(content);
  const encoder = new TextEncoder();
  if (entries === null) {
    const said = decodeText(content)?.trim() ?? '';
    if (withheld.test(said)) return content;
    return encoder.encode(
      `tokenquery: ${content.length} bytes that are not a text of sudoers were withheld\n`,
    );
  }
  const lines: string[] = [];
  for (const entry of entries) lines[entry.line - 1] = written(entry);
  const kept = Array.from(lines, (line) => line ?? '').join('\n');
  // What is read of the file is read of what is kept: a file that was cut stays one, with a comment where it has no entry.
  if (endsWithinALine(content)) return encoder.encode(kept === '' ? '#' : kept);
  return encoder.encode(kept === '' ? '' : `${kept}\n`);
};
