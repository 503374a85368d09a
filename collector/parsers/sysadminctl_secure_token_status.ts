import { CollectError, parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { cuesOf, keepLines, keptAnswer, sentencesOnly } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { notUnderstood, told } from './lines.ts';
import { hasCue, withheldIn, withheldLine } from './withheld.ts';

export interface SecureTokenStatus {
  /** `unknown_user` means that there is no such record, not that it has no token. */
  readonly state: 'ENABLED' | 'DISABLED' | 'unknown_user';
  /** The full name, not the short name that was asked for: never a key. */
  readonly displayName: string;
}

const logPrefix =
  /^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)? sysadminctl\[[0-9a-fx:.]*\]:? ?/;
const statusSentence = /^Secure token is (ENABLED|DISABLED) for user (.*)$/s;
const unknownSentence = /^Unknown user (.*)$/s;

/** Messages of the log; only those with a prefix of their own can be told apart for certain. */
const messagesOf = (stderr: string): { text: string; hasPrefix: boolean }[] => {
  const messages: { text: string; hasPrefix: boolean }[] = [];
  for (const line of stderr.split('\n')) {
    const prefix = logPrefix.exec(line)?.[0];
    const last = messages.at(-1);
    if (prefix !== undefined) messages.push({ text: line.slice(prefix.length), hasPrefix: true });
    else if (last?.hasPrefix === true) {
      // The message may begin on the line after its prefix; else this line goes on with it, as a line
      // break in a full name does, and decides nothing.
      if (last.text.trim() === '') last.text = line;
    } else messages.push({ text: line, hasPrefix: false });
  }
  return messages;
};

const statusOf = (text: string): SecureTokenStatus | null => {
  const [, state, displayName] = statusSentence.exec(text) ?? [];
  if (displayName !== undefined && (state === 'ENABLED' || state === 'DISABLED'))
    return { state, displayName };
  const unknown = unknownSentence.exec(text)?.[1];
  return unknown === undefined ? null : { state: 'unknown_user', displayName: unknown };
};

// What follows it is a path on the machine that built macOS.
const errorNumber = /^### Error:-?[0-9]{1,9}\b/;
const stderrRules: LineRules = {
  keep: (line) => {
    const prefix = logPrefix.exec(line)?.[0] ?? '';
    const message = line.slice(prefix.length);
    const isKept = message.trim() === '' || statusOf(message) !== null || withheldIn(message) !== null;
    if (isKept) return line;
    const number = errorNumber.exec(message)?.[0];
    if (number !== undefined) return prefix + number;
    return prefix === '' ? null : prefix + withheldLine(message, cuesOf(message, stderrRules));
  },
  cues: [{ word: 'error', test: (line) => /^(?:###? ?error|failed|error)\b/i.test(line) }],
};

/** The sentences that are an answer; it stands on stderr. */
export const sanitizeSysadminctlSecureTokenStatusStderr = (stderr: string): string =>
  keepLines(stderr, stderrRules);
/** Nothing of stdout is read. */
export const sanitizeSysadminctlSecureTokenStatus = (stdout: string): string => keepLines(stdout);

/**
 * Parses what sysadminctl says about the secure token of one account.
 *
 * Input: `sysadminctl -secureTokenStatus {username}`, which answers on stderr; 10.13.2, 10.15, 15, 26.6.
 * Returns: the state, and the full name exactly as printed. Error lines before the answer change nothing, nor
 * does the exit code, which is 0 for failures too. A sentence counts only at the start of a message, so that
 * a full name with "is DISABLED for user" in it cannot answer.
 * Throws: `parse_failed` for an empty stderr, for no answer, and for two that differ; `source_failed` when
 * sysadminctl could not authenticate (10.13.0 to 10.13.3 wanted a password, which is never given).
 * Source: sysadminctl(8), "-secureTokenStatus".
 */
export const parseSysadminctlSecureTokenStatus = (printed: Answer): SecureTokenStatus => {
  const answer = keptAnswer(printed, sentencesOnly, stderrRules);
  const { stderr, exitCode } = answer;
  if (stderr.trim() === '') {
    throw parseFailed(`sysadminctl printed nothing on stderr, where it answers (exit code ${exitCode})`);
  }
  const messages = messagesOf(stderr);
  const answers = messages.map(({ text }) => statusOf(text)).filter((status) => status !== null);
  const [first] = answers;
  if (first === undefined) {
    const said = messages.find(({ text }) => text.trim() !== '')?.text ?? stderr;
    const number = errorNumber.exec(said)?.[0];
    if (number !== undefined || hasCue(said, 'error'))
      throw new CollectError('source_failed', `sysadminctl reported: ${number ?? told(said)}`);
    throw notUnderstood('sysadminctl', { stdout: '', stderr: said, exitCode: 0, euid: answer.euid });
  }
  if (answers.some(({ state }) => state !== first.state))
    throw parseFailed('sysadminctl printed two answers that differ');
  return first;
};
