import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { failed, notUnderstood } from './lines.ts';
import { sanitizePlist, sanitizeXmlPlistWith } from './plist_sanitize.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import { isArray, isDict } from './plist_value.ts';
import type { PlistValue } from './plist_value.ts';
import { parseXmlDict } from './plist_xml.ts';
import { withheldText } from './withheld.ts';

/** One step of the login. */
export interface Mechanism {
  readonly plugin: string;
  readonly mechanism: string;
  /** It runs as root. */
  readonly isPrivileged: boolean;
}

const allowed: AllowedKeys = { mechanisms: 'texts' };
const tool = 'security authorizationdb read system.login.console';

// "YES (0)" stands on stderr where the right is found; in a capture of both streams it stands behind the list.
const stderrRules: LineRules = {
  keep: (line) => (/^(?:YES|NO) \(-?[0-9]{1,9}\)$/.test(line.trim()) ? line.trim() : null),
};
/** Whether the right was found, and with which code. */
export const sanitizeSecurityAuthorizationdbConsoleStderr = (stderr: string): string =>
  keepLines(stderr, stderrRules);

/** Without what stands behind the end of the list. */
const listOf = (stdout: string): string => {
  const end = stdout.lastIndexOf('</plist>');
  return end < 0 ? stdout : `${stdout.slice(0, end)}</plist>\n`;
};

const form = /^([A-Za-z0-9_.+ -]{1,128}):([A-Za-z0-9_.+ -]{1,128})(,privileged)?$/;
const mechanismOf = (value: PlistValue): Mechanism | null => {
  const [, plugin, mechanism, privileged] = typeof value === 'string' ? (form.exec(value) ?? []) : [];
  if (plugin === undefined || mechanism === undefined) return null;
  return { plugin, mechanism, isPrivileged: privileged !== undefined };
};

/** The mechanisms alone; one of another form by its size. */
const reduce = (value: PlistValue): PlistValue => {
  const kept = sanitizePlist(value, allowed);
  const mechanisms = isDict(kept) ? kept.get('mechanisms') : undefined;
  if (mechanisms === undefined || !isArray(mechanisms)) return kept;
  const known = mechanisms.map((each) =>
    typeof each !== 'string' || form.test(each) ? each : withheldText(each),
  );
  return known.every((each, index) => each === mechanisms[index]) ? kept : new Map([['mechanisms', known]]);
};
export const sanitizeSecurityAuthorizationdbConsole = (stdout: string): string =>
  stdout.trim() === '' ? '' : sanitizeXmlPlistWith(listOf(stdout), reduce);

/**
 * Parses the steps of the login window.
 *
 * Input: `security authorizationdb read system.login.console`; 13 and 14 (security-authorizationdb-console-01 and -02).
 * Returns: the mechanisms in their order; null stands for one that was not understood.
 * Notes: a mechanism of another form.
 * Throws: `source_failed` where the right is not found (`NO (-60005)`), `parse_failed` without mechanisms.
 * Source: security(1), authorizationdb.
 */
export const parseSecurityAuthorizationdbConsole = (
  printed: Answer,
  note: Note = ignore,
): readonly (Mechanism | null)[] => {
  const answer = keptAnswer(printed, null, stderrRules);
  const [said = ''] = /^NO \(-?[0-9]+\)$/m.exec(answer.stderr) ?? [];
  if (said !== '') throw failed(tool, `reported: ${said}`);
  if (answer.exitCode !== 0 || !answer.stdout.includes('<plist'))
    throw notUnderstood(tool, { ...answer, stdout: '' });
  const { dict, odd } = parseXmlDict(listOf(answer.stdout), `the answer of ${tool}`);
  if (odd !== null) note(parseFailed(`${tool}: ${odd}`));
  const mechanisms = dict.get('mechanisms');
  if (mechanisms === undefined || !isArray(mechanisms)) throw parseFailed(`${tool} lists no mechanisms`);
  return mechanisms.map((value) => {
    const found = mechanismOf(value);
    if (found === null) note(parseFailed(`a mechanism of ${tool} has a form that is not known`));
    return found;
  });
};
