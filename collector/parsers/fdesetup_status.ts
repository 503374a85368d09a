import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { failed, filledLinesOf, firstLine, notUnderstood, saysRootNeeded } from './lines.ts';

export interface FdesetupStatus {
  /** What the headline says; null without a headline. */
  readonly isOn: boolean | null;
  readonly status: 'on' | 'off' | 'encrypting' | 'decrypting' | 'deferred' | 'restart_needed';
  /** Of a running conversion, 0 to 100; null when none runs or its progress cannot be told. */
  readonly percentComplete: number | null;
  readonly isDeferred: boolean;
  /** Short name that the deferral names; null when it names none. */
  readonly deferredUser: string | null;
  /** Only that the keychain file is there, not that its key is in use. */
  readonly masterKeychainPresent: boolean;
}

const restart = ', but (?:will be enabled after the next restart|needs to be restarted to finish)\\.';
const headline = new RegExp(`^FileVault is (On|Off)(\\.|${restart})$`);
const conversion = /^(Encryption|Decryption) in progress: (?:pending|percent completed? =(.*))$/i;
// The name may hold an apostrophe: up to the last one.
const deferral = /^Deferred enablement appears to be active(?: for user '(.*)')?\.?$/;

const percentOf = (text: string | undefined): number | null => {
  const percent =
    text !== undefined && /^[0-9]{1,3}(?:\.[0-9]+)?%?$/.test(text) ? Number.parseFloat(text) : null;
  return percent !== null && percent <= 100 ? percent : null;
};

/**
 * Parses the state of FileVault.
 *
 * Input: `fdesetup status`; 10.12, 10.15.6, 13.2.1, 26.6.2.
 * Returns: the headline and what else is going on, as separate facts: sources disagree whether the headline
 * is On or Off during a decryption. `status` is the most urgent of them: a conversion, then a restart, then
 * a deferral while FileVault is not on.
 * Throws: `source_failed` for an exit code other than 0, 1 (off) and 2 (busy), as with 15 in a sandbox;
 * `parse_failed` for any sentence that is not known, and without one that tells a status.
 * Source: fdesetup(8), "status" and "EXIT STATUS".
 */
export const parseFdesetupStatus = (answer: Answer): FdesetupStatus => {
  const { stdout, stderr, exitCode } = answer;
  if (exitCode < 0 || exitCode > 2) {
    if (saysRootNeeded(stderr)) throw notUnderstood('fdesetup status', answer);
    throw failed(
      'fdesetup status',
      `ended with exit code ${exitCode}: ${firstLine(stderr) || firstLine(stdout)}`,
    );
  }
  let isOn: boolean | null = null;
  let isRestartNeeded = false;
  let running: 'encrypting' | 'decrypting' | null = null;
  let percentComplete: number | null = null;
  let isDeferred = false;
  let deferredUser: string | null = null;
  let masterKeychainPresent = false;
  let headlines = 0;
  let conversions = 0;

  for (const line of filledLinesOf(stdout).map((text) => text.trim())) {
    const head = headline.exec(line);
    const progress = conversion.exec(line);
    const deferred = deferral.exec(line);
    if (head !== null) {
      headlines += 1;
      isOn = head[1] === 'On';
      isRestartNeeded = head[2] !== '.';
    } else if (progress !== null) {
      conversions += 1;
      running = progress[1]?.toLowerCase() === 'encryption' ? 'encrypting' : 'decrypting';
      percentComplete = percentOf(progress[2]?.trim());
    } else if (deferred !== null) {
      isDeferred = true;
      deferredUser = deferred[1] === undefined || deferred[1] === '' ? null : deferred[1];
    } else if (line === 'FileVault master keychain appears to be installed.') {
      masterKeychainPresent = true;
    } else if (line !== 'Volume is APFS') {
      throw notUnderstood('fdesetup status', { ...answer, stdout: line, exitCode: 0 });
    }
  }
  if (headlines > 1 || conversions > 1) throw parseFailed('fdesetup status printed two answers');

  const status =
    running ??
    (isRestartNeeded
      ? 'restart_needed'
      : isDeferred && isOn !== true
        ? 'deferred'
        : isOn === null
          ? null
          : isOn
            ? 'on'
            : 'off');
  if (status === null) throw notUnderstood('fdesetup status', answer);
  return { isOn, status, percentComplete, isDeferred, deferredUser, masterKeychainPresent };
};
