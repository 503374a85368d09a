import { uuidPattern } from '../uuid.ts';
import { parseFailed, permissionDenied, saidTwice } from '../errors.ts';
import type { CollectError } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import {
  cutShort,
  failed,
  isCut,
  isLogLine,
  linesOf,
  notUnderstood,
  saidLinesOf,
  saysRootNeeded,
  told,
} from './lines.ts';

export interface FdesetupList {
  readonly users: readonly {
    /** Short name; null for an account that is gone, and for a key. */
    readonly name: string | null;
    /** Upper case. */
    readonly uuid: string;
  }[];
  /** FileVault is off: that nobody can unlock the disk is then an answer, not a failure. */
  readonly isFileVaultOff: boolean;
}

const offSentence = 'Error: FileVault is Off.';

/** Whether all that a list command says is that FileVault is off. */
export const isFileVaultOffAnswer = ({ stdout, stderr }: Answer): boolean => {
  // Seen with both streams in one (fdesetup-list-08), so either may hold it.
  const said = saidLinesOf(stdout);
  return (
    [...said, ...saidLinesOf(stderr)].includes(offSentence) && said.every((line) => line === offSentence)
  );
};

/**
 * Throws what a list command of fdesetup failed with: `permission_denied` without root, `source_failed` for
 * an exit code other than 0, `parse_failed` for silence, which is no answer, and for users of a FileVault that
 * is off.
 */
export const refuseFailedList = (tool: string, answer: Answer): void => {
  const { stdout, stderr, exitCode, euid } = answer;
  if (saysRootNeeded(stderr)) throw notUnderstood(tool, answer);
  // 11 is "authentication error" (fdesetup(8)); what it prints to anybody but root is not known.
  const isNobody = euid !== null && euid !== 0;
  const isSilent = stdout.trim() === '' && stderr.trim() === '';
  if (isNobody && (isSilent || exitCode === 11)) {
    throw permissionDenied(`${tool} gave no answer without root`);
  }
  if (isSilent) throw parseFailed(`${tool} printed an empty list without a reason (exit code ${exitCode})`);
  if (stdout.trim() === '') throw notUnderstood(tool, answer);
  if (exitCode !== 0) throw failed(tool, `ended with exit code ${exitCode}: ${told(stderr)}`);
  if (saidLinesOf(stdout).includes(offSentence)) {
    throw parseFailed(`${tool} printed that FileVault is off, and more`);
  }
};

export interface NumberedLine {
  readonly line: string;
  readonly number: number;
}

/** The lines of a list that count. */
export const numberedLinesOf = (stdout: string): NumberedLine[] =>
  linesOf(stdout)
    .map((line, index) => ({ line: line.trimEnd(), number: index + 1 }))
    .filter(({ line }) => line.trim() !== '' && !isLogLine(line));

/** What is noted of a line that is no entry; it is not repeated, for a list names people. */
export const oddLine = (tool: string, number: number): CollectError =>
  parseFailed(`${tool}: line ${number} has a form that is not known`);

/** Why nothing of a list was read. */
export const unreadList = (tool: string, lines: readonly NumberedLine[]): CollectError => {
  // Line by line: a short name may hold any words.
  if (lines.some(({ line }) => saysRootNeeded(line)))
    return permissionDenied(`${tool} says that it needs root`);
  const [first] = lines;
  return first === undefined ? parseFailed(`${tool} printed no list`) : oddLine(tool, first.number);
};

const entry = new RegExp(`^(.+),(${uuidPattern})$`, 's');

const rules: LineRules = { keep: (line) => (entry.test(line.trimEnd()) ? line.trimEnd() : null) };

/** The entries. */
export const sanitizeFdesetupList = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses who can unlock FileVault.
 *
 * Input: `fdesetup list`; 10.12, 10.13, 15.
 * Returns: the entries in the order printed, each UUID once. 10.13 lists the recovery key as `(null)`; a
 * deleted account has its UUID in place of its name; both have no name here.
 * Notes: each line of another form; a UUID with two names, which then has none; an end without a line feed.
 * Throws: `permission_denied` without root; `source_failed` for an exit code other than 0; `parse_failed`
 * when no line is an entry, and for an empty list without a reason.
 * Source: fdesetup(8), "list".
 */
export const parseFdesetupList = (printedBy: Answer, note: Note = ignore): FdesetupList => {
  const answer = keptAnswer(printedBy, rules);
  const tool = 'fdesetup list';
  if (isFileVaultOffAnswer(answer)) return { users: [], isFileVaultOff: true };
  refuseFailedList(tool, answer);
  const names = new Map<string, string | null>();
  const odd: number[] = [];
  const disputed = new Set<string>();
  const lines = numberedLinesOf(answer.stdout);
  for (const { line, number } of lines) {
    const [, printed, id] = entry.exec(line) ?? [];
    if (printed === undefined || id === undefined) {
      odd.push(number);
      continue;
    }
    const uuid = id.toUpperCase();
    const name = printed === '(null)' || printed.toUpperCase() === uuid ? null : printed;
    if (names.has(uuid) && names.get(uuid) !== name) disputed.add(uuid);
    names.set(uuid, name);
  }
  if (names.size === 0) throw unreadList(tool, lines);
  for (const number of odd) note(oddLine(tool, number));
  for (const uuid of disputed) {
    const of = { of: 'FileVault user', key: uuid, differing: ['USER'] } as const;
    note(saidTwice(`${tool} has ${uuid} twice, with two names`, of), 'value');
  }
  if (isCut(answer.stdout)) note(cutShort(tool));
  const users = Array.from(names, ([uuid, name]) => ({ name: disputed.has(uuid) ? null : name, uuid }));
  return { users, isFileVaultOff: false };
};
