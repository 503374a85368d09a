import { parseFailed, permissionDenied } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { notUnderstood, saidLinesOf, saysError, saysRootNeeded, unknownLine } from './lines.ts';

const rules: LineRules = {
  keep: (line) => (/^\s*(?:true|false)\s*$/i.test(line) ? line.trim() : null),
};

/** The two words that are an answer. */
const sanitizeTrueFalse = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses the answer of the verbs of fdesetup that print one word.
 *
 * Input: `fdesetup haspersonalrecoverykey`, `hasinstitutionalrecoverykey`, `usingrecoverykey`,
 * `supportsauthrestart`; 10.15.6.
 * Returns: the word; null where the verb does not exist for the startup volume, as usingrecoverykey on APFS (exit
 * code 34). The two about recovery keys print "false" for any error too: the caller must know
 * whether FileVault is on and who asked.
 * Notes: a line beside the word that is not known.
 * Throws: `permission_denied` when fdesetup wants root; `source_failed` for an exit code other than 0 and
 * 1; `parse_failed` for any other output, and for both words.
 * Source: fdesetup(8).
 */
export const parseTrueFalse = (printed: Answer, note: Note = ignore): boolean | null => {
  const answer = keptAnswer(printed, rules);
  const isAnswered = (answer.exitCode === 0 || answer.exitCode === 1) && !saysRootNeeded(answer.stderr);
  const lines = saidLinesOf(answer.stdout);
  const words = new Set(
    lines.map((line) => line.toLowerCase()).filter((line) => /^(?:true|false)$/.test(line)),
  );
  if (isAnswered && words.size > 0 && !lines.some(saysError)) {
    if (words.size > 1) throw parseFailed('fdesetup printed both true and false');
    for (const line of lines) if (!words.has(line.toLowerCase())) note(unknownLine('fdesetup', line));
    return words.has('true');
  }
  // 34 is "not for APFS" (fdesetup(8)); with these words in 10.14.1 (fdesetup-01).
  if (answer.exitCode === 34 && !saysRootNeeded(answer.stderr)) return null;
  // 11 is "authentication error" (fdesetup(8)).
  if (answer.exitCode === 11 && answer.euid !== null && answer.euid !== 0) {
    throw permissionDenied('fdesetup gave no answer without root');
  }
  throw notUnderstood('fdesetup', answer);
};

// One for each source that it reads: a parser is found by the name of its source.
export {
  parseTrueFalse as parseFdesetupHasInstitutionalRecoveryKey,
  parseTrueFalse as parseFdesetupHasPersonalRecoveryKey,
  parseTrueFalse as parseFdesetupSupportsAuthRestart,
  parseTrueFalse as parseFdesetupUsingRecoveryKey,
  sanitizeTrueFalse as sanitizeFdesetupHasInstitutionalRecoveryKey,
  sanitizeTrueFalse as sanitizeFdesetupHasPersonalRecoveryKey,
  sanitizeTrueFalse as sanitizeFdesetupSupportsAuthRestart,
  sanitizeTrueFalse as sanitizeFdesetupUsingRecoveryKey,
};
