import { CollectError } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  flagOf,
  keepAllowed,
  known,
  listsText,
  notAnAnswer,
  sanitizeText,
  unknownText,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { isLogLine, saysRootNeeded } from './lines.ts';
import { hasCueAnywhere } from './withheld.ts';
import { parseOpenStep, withoutLeadingLog, writeOpenStep } from './openstep.ts';

export interface CachedEnrollment {
  /** Whether this Mac has a record of Automated Device Enrollment, as far as the cache goes. */
  readonly isAssigned: boolean;
  readonly isSupervised: boolean | null;
  readonly isMandatory: boolean | null;
  /** Whether Setup Assistant skips the FileVault pane; null when the record lists no panes. */
  readonly skipsFileVaultPane: boolean | null;
}

export const cachedEnrollmentKeys = {
  IsMandatory: 'flag',
  IsSupervised: 'flag',
  SkipSetup: 'words',
} as const satisfies AllowedDict;

const tool = 'profiles show -type enrollment -cached';
const header = 'Device Enrollment configuration:';
const errorPrefix = 'Error fetching Device Enrollment configuration';
const notEnabled =
  /^Error fetching Device Enrollment configuration: (?:\(34000\) )?Client is not DEP enabled\.$/;
const tooSoon =
  /^Error fetching Device Enrollment configuration - Request too soon\. {1,2}Try again later\.$/;
// The rest of an NSError, which can name a server, is cut off.
const unavailable =
  /^Error fetching Device Enrollment configuration: \(34006\) Error Domain=MCCloudConfigurationErrorDomain Code=34006 "The cloud configuration server is unavailable\."/;
const offline =
  /^Error fetching Device Enrollment configuration: The Internet connection appears to be offline\.$/;

/** What is kept of a sentence of an error; null for one that is not known. */
const keptError = (said: string): string | null => {
  if (notEnabled.test(said) || tooSoon.test(said) || offline.test(said)) return said;
  return unavailable.exec(said)?.[0] ?? null;
};
const stderrRules: LineRules = {
  keep: (line) => keptError(line.trim()),
  cues: [{ word: 'fetching', test: (line) => line.startsWith(errorPrefix) }],
};

/** The sentences that are an answer: they stand on either stream. */
export const sanitizeProfilesShowEnrollmentCachedStderr = (stderr: string): string =>
  keepLines(stderr, stderrRules);

const notAssigned: CachedEnrollment = {
  isAssigned: false,
  isSupervised: null,
  isMandatory: null,
  skipsFileVaultPane: null,
};

/** The record, null for `(null)`. */
const read = (text: string, note: Note): KeptDict | null => {
  if (!text.startsWith(header)) throw unknownText(tool, text);
  const value = parseOpenStep(withoutLeadingLog(text.slice(header.length)));
  return value === null ? null : keepAllowed(value, cachedEnrollmentKeys, `the answer of ${tool}`, note);
};

/** Without what is no answer before and after it: blanks, and lines of a log. */
const saidOf = (stdout: string): string => {
  const lines = withoutLeadingLog(stdout).split('\n');
  while (lines.length > 0 && (lines.at(-1)?.trim() === '' || isLogLine(lines.at(-1) ?? ''))) lines.pop();
  return lines.join('\n').trim();
};

const failed = (what: string, hint: string): CollectError =>
  new CollectError('source_failed', `${tool}: ${what}`, { hint });

/** Why the enrolment service did not answer; null for any other text. */
const failureOf = (said: string): CollectError | null => {
  if (tooSoon.test(said)) return failed('asked too often', 'wait: macOS asks at most ten times in 23 hours');
  if (unavailable.test(said))
    return failed('the enrollment service is not available', 'try again when it can be reached');
  if (offline.test(said)) return failed('the Mac is offline', 'try again when it is online');
  return null;
};

/**
 * Parses what the Mac remembers of its record in Apple Business or School Manager.
 *
 * Input: `profiles show -type enrollment -cached`, 11 and later. The form without -cached asks Apple and is
 * never run; all published outputs are of that form, and their wording is what is known here.
 * Returns: the record; `isAssigned` is false for `(null)` and for a client that is not DEP enabled. With
 * -cached that is proof of what the cache holds, not of what Apple would answer today.
 * Notes: a listed key of another kind or with two values.
 * Throws: `permission_denied` when the tool asks for root; `source_failed` when it was asked too often, is
 * offline or cannot reach the service; `parse_failed` for any other text.
 * Source: profiles(1), "show" and "-cached".
 */
export const parseProfilesShowEnrollmentCached = (printed: Answer, note: Note = ignore): CachedEnrollment => {
  const answer = keptAnswer(printed, null, stderrRules);
  if (saysRootNeeded(answer.stderr)) throw notAnAnswer(tool, answer);
  const [stdout, stderr] = [saidOf(answer.stdout), saidOf(answer.stderr)];
  // 26.6.2 says it on stderr (profiles-show-enrollment-02.txt), others on stdout (-06.txt).
  const isOnStderr = stderr.startsWith(errorPrefix) || hasCueAnywhere(stderr, 'fetching');
  const said = isOnStderr ? stderr : stdout;
  if (notEnabled.test(said)) return notAssigned;
  const failure = failureOf(said);
  if (failure !== null) throw failure;
  if (isOnStderr || said.startsWith(errorPrefix) || !stdout.startsWith(header))
    throw notAnAnswer(tool, answer);
  const record = read(stdout, note);
  if (record === null) return notAssigned;
  return {
    isAssigned: true,
    isSupervised: known(flagOf(record, 'IsSupervised')),
    isMandatory: known(flagOf(record, 'IsMandatory')),
    skipsFileVaultPane: listsText(record, 'SkipSetup', 'FileVault'),
  };
};

/** The same output with the listed keys alone; one line with its size when it is not understood. */
export const sanitizeProfilesShowEnrollmentCached = (stdout: string): string =>
  sanitizeText(stdout, tool, (text) => {
    const said = saidOf(text);
    const error = keptError(said);
    if (error !== null) return `${error}\n`;
    const record = read(said, ignore);
    return `${header}\n${record === null ? '(null)' : writeOpenStep(record)}\n`;
  });
