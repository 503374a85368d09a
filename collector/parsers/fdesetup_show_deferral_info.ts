import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  flagOf,
  integerOf,
  isPrintedUuid,
  keepAllowed,
  known,
  notAnAnswer,
  sanitizeText,
  textOf,
  textsOf,
  unknownText,
  type AllowedDict,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { isWithheldLine } from './decode.ts';
import { keptAnswer } from './kept_lines.ts';
import { saidLinesOf, saysError, saysRootNeeded } from './lines.ts';
import { parseOpenStep, withoutLeadingLog, writeOpenStep } from './openstep.ts';

export interface FdesetupDeferral {
  readonly defer: boolean;
  /** Short names; empty means whoever logs in next, null that the key is missing or not known. */
  readonly usernames: readonly string[] | null;
  readonly profileUuid: string | null;
  /** Where the recovery key will be written in clear: only checked with stat. */
  readonly outputPath: Setting<string>;
  readonly showRecoveryKey: boolean | null;
  /** -1 off, 0 at the next login, 9999 never forced. */
  readonly maxBypassAttempts: number | null;
  /** Always null: under which key fdesetup prints it is not documented. */
  readonly bypassAttemptsRemaining: number | null;
  readonly dontAskAtLogout: boolean | null;
}

// The first five are in fdesetup-showdeferralinfo-01.txt. The other two are the names of the same settings in
// Apple's FDEFileVault schema; no published output has them.
export const deferralKeys = {
  Defer: 'flag',
  DeferDontAskAtUserLogout: 'flag',
  DeferForceAtUserLoginMaxBypassAttempts: 'integer',
  OutputPath: 'text',
  ProfileUUID: 'uuid',
  ShowRecoveryKey: 'flag',
  Usernames: 'texts',
} as const satisfies AllowedDict;

const tool = 'fdesetup showdeferralinfo';
const notFound = 'Not found.';
const mayDeny = (line: string): boolean => saysError(line) || saysRootNeeded(line) || /[={}()]/.test(line);
/** What it says beside "Not found."; null where it does not say that, or may say that there is a deferral. */
const besideNotFound = (stdout: string): readonly string[] | null => {
  const said = saidLinesOf(stdout);
  if (!said.includes(notFound)) return null;
  const others = said.filter((line) => line !== notFound);
  return others.some(mayDeny) ? null : others;
};
/** Which configuration profile; null where it is not set, or is no UUID. */
const profileUuidOf = (info: KeptDict, note: Note): string | null => {
  const text = known(textOf(info, 'ProfileUUID'));
  if (text === null || isPrintedUuid(text)) return text?.toUpperCase() ?? null;
  note(parseFailed(`ProfileUUID of the answer of ${tool} is not a UUID`), 'value');
  return null;
};
const isDict = (stdout: string): boolean => withoutLeadingLog(stdout).trimStart().startsWith('{');
const read = (stdout: string, note: Note): KeptDict =>
  keepAllowed(parseOpenStep(withoutLeadingLog(stdout)), deferralKeys, `the answer of ${tool}`, note);

/**
 * Parses the deferred enablement of FileVault.
 *
 * Input: `fdesetup showdeferralinfo`; 10.15.6 (one published output), and the words `Not found.` that peers
 * test for.
 * Returns: null when fdesetup proves that there is no deferral (exit code 20, or 0), else the deferral; it
 * can be there although FileVault is on. Keys that are not listed, such as a recovery key, are never read.
 * Notes: a listed key of another kind, with two values or with an entry that cannot be read; a line beside
 * `Not found.` that is not known.
 * Throws: `permission_denied` when the tool asks for root; `source_failed` when it reports an error;
 * `parse_failed` for any other text, and without a Defer that is 0 or 1.
 * Source: fdesetup(8), "showdeferralinfo"; apple/device-management, com.apple.MCX.FileVault2.
 */
export const parseFdesetupShowDeferralInfo = (
  printed: Answer,
  note: Note = ignore,
): FdesetupDeferral | null => {
  const answer = keptAnswer(printed, null);
  if (saysRootNeeded(answer.stderr)) throw notAnAnswer(tool, answer);
  // munki-conditions: exit code 20 comes with this answer.
  const beside = besideNotFound(answer.stdout);
  if (beside !== null && (answer.exitCode === 0 || answer.exitCode === 20)) {
    if (beside.length > 0) note(parseFailed(`${tool} printed more than "${notFound}"`));
    return null;
  }
  if (answer.exitCode !== 0 || !isDict(answer.stdout)) throw notAnAnswer(tool, answer);
  const info = read(answer.stdout, note);
  const defer = known(flagOf(info, 'Defer'));
  if (defer === null) throw parseFailed(`the answer of ${tool} has no Defer that is 0 or 1`);
  return {
    defer,
    usernames: known(textsOf(info, 'Usernames')),
    profileUuid: profileUuidOf(info, note),
    outputPath: textOf(info, 'OutputPath'),
    showRecoveryKey: known(flagOf(info, 'ShowRecoveryKey')),
    maxBypassAttempts: known(integerOf(info, 'DeferForceAtUserLoginMaxBypassAttempts')),
    bypassAttemptsRemaining: null,
    dontAskAtLogout: known(flagOf(info, 'DeferDontAskAtUserLogout')),
  };
};

/** In place of lines that are not known; nothing for none. */
const withheldOf = (lines: readonly string[]): string => {
  const [first] = lines;
  if (first === undefined) return '';
  if (lines.length === 1 && isWithheldLine(first)) return `${first}\n`;
  const size = new TextEncoder().encode(lines.join('\n')).length;
  return `tokenquery: ${size} bytes that are not an answer of ${tool} were withheld\n`;
};

/**
 * The same output with the listed keys alone, as fdesetup writes them; one line with its size when it is not
 * understood.
 */
export const sanitizeFdesetupShowDeferralInfo = (stdout: string): string =>
  sanitizeText(stdout, tool, (text) => {
    const beside = besideNotFound(text);
    if (beside !== null) return `${notFound}\n${withheldOf(beside)}`;
    if (!isDict(text)) throw unknownText(tool, text);
    return `${writeOpenStep(read(text, ignore))}\n`;
  });
