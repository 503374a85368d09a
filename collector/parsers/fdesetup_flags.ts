import { permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { notUnderstood, saysRootNeeded } from './lines.ts';

/**
 * Parses the answer of the verbs of fdesetup that print one word.
 *
 * Input: `fdesetup haspersonalrecoverykey`, `hasinstitutionalrecoverykey`, `usingrecoverykey`,
 * `supportsauthrestart`; 10.15.6.
 * Returns: the word. The two about recovery keys print "false" for any error too: the caller must know
 * whether FileVault is on and who asked.
 * Throws: `permission_denied` when fdesetup wants root; `source_failed` for an exit code other than 0 and
 * 1; `parse_failed` for any other output.
 * Source: fdesetup(8).
 */
export const parseTrueFalse = (answer: Answer): boolean => {
  const word = answer.stdout.trim();
  const isAnswered = (answer.exitCode === 0 || answer.exitCode === 1) && !saysRootNeeded(answer.stderr);
  if (isAnswered && word === 'true') return true;
  if (isAnswered && word === 'false') return false;
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
};
