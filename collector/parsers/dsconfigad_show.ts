import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { unread } from '../setting.ts';
import type { Setting } from '../setting.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { cutShort, filledLinesOf, isCut, isLogLine, notUnderstood, unknownLine } from './lines.ts';

/** As dsconfigad prints them, in its order. */
export const optionNames = [
  'Active Directory Forest',
  'Active Directory Domain',
  'Computer Account',
  'Create mobile account at login',
  'Require confirmation',
  'Force home to startup disk',
  'Mount home as sharepoint',
  'Use Windows UNC path for home',
  'Network protocol to be used',
  'Default user Shell',
  'Mapping UID to attribute',
  'Mapping user GID to attribute',
  'Mapping group GID to attribute',
  'Generate Kerberos authority',
  'Preferred Domain controller',
  'Allowed admin groups',
  'Authentication from any domain',
  'Packet signing',
  'Packet encryption',
  'Password change interval',
  'Restrict Dynamic DNS updates',
  'Namespace mode',
] as const;
type OptionName = (typeof optionNames)[number];

export interface ActiveDirectory {
  /** Null where the Mac is not bound. */
  readonly domain: string | null;
  /** In the order in which they are printed; null is `not set`. */
  readonly options: readonly (readonly [option: string, value: string | null])[];
  /** Groups whose members are administrators of this Mac; null where none is set. */
  readonly adminGroups: Setting<string>;
}

const known: ReadonlySet<string> = new Set(optionNames);
const heading = /^Advanced Options - (?:User Experience|Mappings|Administrative)$/;

/** A value may have " = " in it, and no option has. */
const optionOf = (line: string): readonly [OptionName, string] | null => {
  const at = line.indexOf('= ');
  const name = line.slice(0, Math.max(0, at)).trim();
  return at > 0 && known.has(name) ? [name as OptionName, line.slice(at + 2).trim()] : null;
};

const rules: LineRules = {
  keep: (line) => (optionOf(line) !== null || heading.test(line.trim()) ? line : null),
  cues: [{ word: 'error', test: (line) => line.startsWith('dsconfigad: ') }],
};

/** The options and headings. */
export const sanitizeDsconfigadShow = (stdout: string): string => keepLines(stdout, rules);

const tool = 'dsconfigad -show';

/**
 * Parses how the Mac is bound to Active Directory.
 *
 * Input: `dsconfigad -show`; 10.11 and 12 (dsconfigad-show-04). Nothing is printed on a Mac that is not bound.
 * Returns: the options; a group of administrators may hold a comma, so that their list stays a text.
 * Notes: a line that is not known, an option that is there twice and differs, an end without a line feed, a list without the
 * administrator groups.
 * Throws: `source_failed` for an error, which dsconfigad prints on stdout (dsconfigad-error-01), and `parse_failed` for
 * any text without a domain.
 * Source: dsconfigad(8).
 */
export const parseDsconfigadShow = (printed: Answer, note: Note = ignore): ActiveDirectory => {
  const answer = keptAnswer(printed, rules);
  if (answer.exitCode !== 0) throw notUnderstood(tool, answer);
  const lines = filledLinesOf(answer.stdout).filter((line) => !isLogLine(line) && !heading.test(line.trim()));
  if (lines.length === 0 && answer.stderr.trim() === '')
    return { domain: null, options: [], adminGroups: null };
  const options = new Map<OptionName, string>();
  const disputed = new Set<OptionName>();
  const odd: string[] = [];
  for (const line of lines) {
    const option = optionOf(line);
    if (option === null) odd.push(line);
    else if ((options.get(option[0]) ?? option[1]) === option[1]) options.set(...option);
    else disputed.add(option[0]);
  }
  const domain = disputed.has('Active Directory Domain') ? undefined : options.get('Active Directory Domain');
  if (domain === undefined || domain === '' || domain === 'not set') throw notUnderstood(tool, answer);
  for (const line of odd) note(unknownLine(tool, line));
  for (const name of disputed) note(parseFailed(`${tool} has ${name} twice, and they differ`));
  if (isCut(answer.stdout)) note(cutShort(tool));
  const valueOf = (name: OptionName): string | null => {
    const value = options.get(name) ?? '';
    return value === '' || value === 'not set' || disputed.has(name) ? null : value;
  };
  const isTold = options.has('Allowed admin groups') && !disputed.has('Allowed admin groups');
  if (!isTold) note(parseFailed(`${tool} does not tell which groups are administrators`), 'value');
  return {
    domain,
    options: [...options.keys()].filter((name) => !disputed.has(name)).map((name) => [name, valueOf(name)]),
    // The end of a text that is cut may be missing.
    adminGroups: isTold && !isCut(answer.stdout) ? valueOf('Allowed admin groups') : unread,
  };
};
