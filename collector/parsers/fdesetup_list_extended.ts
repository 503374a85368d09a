import { parseFailed, saidTwice } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  isFileVaultOffAnswer,
  numberedLinesOf,
  oddLine,
  refuseFailedList,
  unreadList,
} from './fdesetup_list.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { cutShort, isCut, isLogLine, notUnderstood } from './lines.ts';
import { withheldIn, withheldLine } from './withheld.ts';

export type FilevaultUserType =
  | 'os_user'
  | 'personal_recovery'
  | 'institutional_recovery'
  | 'icloud_recovery'
  | 'bootstrap_token'
  | 'unknown';

export interface FilevaultRow {
  /** As printed; "Yes" is shown even before the key has been delivered. */
  readonly escrow: string | null;
  /** Upper case. */
  readonly uuid: string;
  /** Null where the line says it in words that are not known. */
  readonly type: FilevaultUserType | null;
  /** The type as printed. */
  readonly typeText: string | null;
  /** Short name; null for records that are no account, and where it cannot be told from the type. */
  readonly username: string | null;
}

export interface FdesetupListExtended {
  /** Each UUID once. */
  readonly rows: readonly FilevaultRow[];
  /** FileVault is off: that nobody can unlock the disk is then an answer, not a failure. */
  readonly isFileVaultOff: boolean;
}

const types: readonly (readonly [string, FilevaultUserType])[] = [
  ['OS User', 'os_user'],
  ['Personal Recovery Record', 'personal_recovery'],
  ['Personal Recovery User', 'personal_recovery'],
  // Not seen in any capture yet: these two follow the pattern of the personal record.
  ['Institutional Recovery Record', 'institutional_recovery'],
  ['Institutional Recovery User', 'institutional_recovery'],
  ['iCloud Recovery Record', 'icloud_recovery'],
  ['iCloud Recovery User', 'icloud_recovery'],
  ['Bootstrap Token', 'bootstrap_token'],
  // Both are what fdesetup calls them: they tell no more (fdesetup-list-extended-03).
  ['Disk Passphrase User', 'unknown'],
  ['Unknown User', 'unknown'],
];

// X stands for a digit that somebody masked before sharing an output (fdesetup-list-extended-01).
const row =
  /^(?:(\S+)[ \t]+|[ \t]*)([0-9A-FX]{8}-[0-9A-FX]{4}-[0-9A-FX]{4}-[0-9A-FX]{4}-[0-9A-FX]{12})[ \t]+(\S.*)$/i;
const header = /^ESCROW\s+UUID\s+TYPE\s+USER$/i;

/** Null for a line that has no UUID where one belongs. */
const rowOf = (line: string): FilevaultRow | null => {
  const [, escrow = null, id, rest] = row.exec(line) ?? [];
  if (id === undefined || rest === undefined) return null;
  const uuid = id.toUpperCase();
  const known = types.find(([text]) => rest === text || rest.startsWith(`${text} `));
  if (known === undefined) return { escrow, uuid, type: null, typeText: null, username: null };
  const [typeText, type] = known;
  const name = rest.slice(typeText.length).trim();
  const isNameless = name === '' || name === '(null)' || name.toUpperCase() === uuid;
  return { escrow, uuid, type, typeText, username: isNameless ? null : name };
};

/** A row without the words of a type that is not known; null for what is no row. */
const keptRow = (line: string): string | null => {
  const [, escrow, id = '', rest = ''] = row.exec(line) ?? [];
  if (id === '' || isLogLine(line)) return null;
  const isKnown = rowOf(line)?.type !== null || withheldIn(rest) !== null;
  const plain = escrow === undefined || /^(?:[A-Za-z]{1,8}|\?[0-9a-f]{12})$/.test(escrow);
  if (isKnown && plain) return line;
  const mark = plain ? (escrow ?? '') : `?${withheldLine(escrow).slice(-12)}`;
  return `${mark} ${id} ${isKnown ? rest : withheldLine(rest)}`;
};
const rules: LineRules = {
  keep: (line) => (header.test(line.trim()) ? line.trim() : keptRow(line.trimEnd())),
};

/** The header, and the rows. */
export const sanitizeFdesetupListExtended = (stdout: string): string => keepLines(stdout, rules);

/** What two rows of one UUID say alike. */
const agreedOf = (a: FilevaultRow, b: FilevaultRow): FilevaultRow => ({
  escrow: a.escrow === b.escrow ? a.escrow : null,
  uuid: a.uuid,
  type: a.type === b.type ? a.type : null,
  typeText: a.typeText === b.typeText ? a.typeText : null,
  username: a.username === b.username ? a.username : null,
});
/** The columns in which two rows differ. */
const differingOf = (a: FilevaultRow, b: FilevaultRow): readonly string[] => [
  ...(a.escrow === b.escrow ? [] : ['ESCROW']),
  ...(a.typeText === b.typeText ? [] : ['TYPE']),
  ...(a.username === b.username ? [] : ['USER']),
];

/**
 * Parses who and what can unlock FileVault, with the kind of each entry.
 *
 * Input: `fdesetup list -extended`; 10.11 or 10.12, 10.15.6.
 * Returns: the rows in the order printed. The columns move between versions, so a row is told by its UUID
 * and by the known types, never by position.
 * Notes: a line without a UUID; a type that is not known; a UUID with two rows that differ, which is unknown in
 * what differs; a missing header; an end without a line feed, where the last name may be cut too.
 * Throws: `permission_denied` without root; `source_failed` for an exit code other than 0; `parse_failed`
 * with neither the header nor a row, when no line is a row, and for an empty list without a reason.
 * Source: fdesetup(8), "list -extended".
 */
export const parseFdesetupListExtended = (printed: Answer, note: Note = ignore): FdesetupListExtended => {
  const answer = keptAnswer(printed, rules);
  const tool = 'fdesetup list -extended';
  if (isFileVaultOffAnswer(answer)) return { rows: [], isFileVaultOff: true };
  refuseFailedList(tool, answer);

  const [first, ...others] = numberedLinesOf(answer.stdout);
  if (first === undefined) throw unreadList(tool, []);
  const hasHeader = header.test(first.line.trim());
  // A header of other words may name a column more, which would be read as a part of the name.
  if (!hasHeader && rowOf(first.line) === null) throw notUnderstood(tool, answer);
  if (!hasHeader) note(parseFailed(`${tool} printed no header`), 'value');
  const lines = hasHeader ? others : [first, ...others];
  const isComplete = !isCut(answer.stdout);
  if (!isComplete) note(cutShort(tool));

  const rows = new Map<string, FilevaultRow>();
  for (const { line, number } of lines) {
    const read = rowOf(line);
    const found =
      !isComplete && read !== null && number === lines.at(-1)?.number ? { ...read, username: null } : read;
    if (found?.type == null) note(oddLine(tool, number), found === null ? 'record' : 'value');
    if (found === null) continue;
    // A masked UUID tells nobody from another.
    const key = found.uuid.includes('X') ? line : found.uuid;
    const before = rows.get(key);
    if (before !== undefined && differingOf(before, found).length > 0) {
      const of = { of: 'FileVault user', key: found.uuid, differing: differingOf(before, found) } as const;
      note(saidTwice(`${tool} has ${found.uuid} twice, and not the same`, of), 'value');
    }
    rows.set(key, before === undefined ? found : agreedOf(before, found));
  }
  if (rows.size === 0 && lines.length > 0) throw unreadList(tool, lines);
  return { rows: [...rows.values()], isFileVaultOff: false };
};
