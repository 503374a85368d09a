import { parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import {
  failed,
  filledLinesOf,
  firstLine,
  linesOf,
  notUnderstood,
  saysRootNeeded,
  uuidPattern,
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
  const said = [...filledLinesOf(stdout), ...filledLinesOf(stderr)].map((line) => line.trim());
  return said.includes(offSentence) && filledLinesOf(stdout).every((line) => line.trim() === offSentence);
};

/**
 * Throws what a list command of fdesetup failed with: `permission_denied` without root, `source_failed` for
 * an exit code other than 0, `parse_failed` for silence, which is no answer.
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
  if (exitCode !== 0) throw failed(tool, `ended with exit code ${exitCode}: ${firstLine(stderr)}`);
};

const entry = new RegExp(`^(.+),(${uuidPattern})$`, 's');

/**
 * Parses who can unlock FileVault.
 *
 * Input: `fdesetup list`; 10.12, 10.13, 15.
 * Returns: the entries in the order printed. 10.13 lists the recovery key as `(null)`; a deleted account has
 * its UUID in place of its name; both have no name here.
 * Throws: `permission_denied` without root; `source_failed` for an exit code other than 0; `parse_failed`
 * for any line of another form, which spoils the list, and for an empty list without a reason.
 * Source: fdesetup(8), "list".
 */
export const parseFdesetupList = (answer: Answer): FdesetupList => {
  if (isFileVaultOffAnswer(answer)) return { users: [], isFileVaultOff: true };
  refuseFailedList('fdesetup list', answer);
  const users = linesOf(answer.stdout).flatMap((line, index) => {
    if (line.trim() === '') return [];
    const [, name, uuid] = entry.exec(line.trimEnd()) ?? [];
    if (name === undefined || uuid === undefined) {
      // Line by line: a short name may hold any words.
      if (saysRootNeeded(line)) throw permissionDenied('fdesetup list says that it needs root');
      throw parseFailed(`fdesetup list: line ${index + 1} has a form that is not known`);
    }
    const isNameless = name === '(null)' || name.toUpperCase() === uuid.toUpperCase();
    return [{ name: isNameless ? null : name, uuid: uuid.toUpperCase() }];
  });
  return { users, isFileVaultOff: false };
};
