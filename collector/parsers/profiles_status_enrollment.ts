import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { filledLinesOf, notUnderstood, saysRootNeeded } from './lines.ts';

export interface EnrollmentStatus {
  readonly enrolledViaDep: boolean | null;
  readonly mdmEnrolled: boolean | null;
  /** Null when not enrolled, and where the tool adds a remark that is not known. */
  readonly userApproved: boolean | null;
  readonly serverUrl: string | null;
  /** The one sentence of 10.13.0 to 10.13.3, which speaks of DEP alone. */
  readonly isLegacy: boolean;
}

const depLine = /^Enrolled via DEP: (Yes|No)$/;
const mdmLine = /^MDM enrollment: (Yes|No)(?: \(([^()]+)\))?$/;
// " /  " in place of the colon is in a test of Fleet (profiles-status-enrollment-10). URLs hold colons.
const serverLine = /^MDM server(?::| \/) +(\S+)$/;
// macOS 11 added a line, and scripts that counted lines broke: a further "Label: value" changes nothing.
const otherLine = /^[A-Z][A-Za-z ]{1,40}: \S/;

/**
 * Parses how the Mac is enrolled.
 *
 * Input: `profiles status -type enrollment`; 10.13.0, 10.13.4, 11, 15.7.9, 26.6.2, root or not.
 * Returns: one fact for each line; a fact is null when its line is not there.
 * Throws: `permission_denied` when profiles asks for root; `source_failed` when it reports an error;
 * `parse_failed` without one of the lines, when one is there twice and differs, or for any other text.
 * Source: profiles(1), "status".
 */
export const parseProfilesStatusEnrollment = (answer: Answer): EnrollmentStatus => {
  const tool = 'profiles status -type enrollment';
  if (saysRootNeeded(answer.stderr)) throw notUnderstood(tool, answer);
  const lines = filledLinesOf(answer.stdout).map((line) => line.trim());
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) {
    const enrolledViaDep = legacySentences.get(only.replace(/\.$/, ''));
    if (enrolledViaDep !== undefined) {
      return { enrolledViaDep, mdmEnrolled: null, userApproved: null, serverUrl: null, isLegacy: true };
    }
  }
  const facts = new Map<string, string>();
  const keep = (fact: string, value: string): void => {
    if ((facts.get(fact) ?? value) !== value) throw parseFailed(`${tool} printed two answers`);
    facts.set(fact, value);
  };
  for (const line of lines) {
    const dep = depLine.exec(line);
    const mdm = mdmLine.exec(line);
    const server = serverLine.exec(line);
    if (dep?.[1] !== undefined) keep('dep', dep[1]);
    else if (mdm?.[1] !== undefined) {
      keep('mdm', mdm[1]);
      keep('remark', mdm[2] ?? '');
    } else if (server?.[1] !== undefined) keep('server', server[1]);
    else if (
      !otherLine.test(line) ||
      /^(?:Enrolled via DEP|MDM enrollment|MDM server|Error|Warning)\b/i.test(line)
    ) {
      throw notUnderstood(tool, { ...answer, stdout: line });
    }
  }
  const dep = facts.get('dep');
  const mdm = facts.get('mdm');
  if (dep === undefined && mdm === undefined) throw notUnderstood(tool, answer);
  const remark = facts.get('remark');
  return {
    enrolledViaDep: dep === undefined ? null : dep === 'Yes',
    mdmEnrolled: mdm === undefined ? null : mdm === 'Yes',
    userApproved: mdm !== 'Yes' ? null : remark === 'User Approved' ? true : remark === '' ? false : null,
    serverUrl: facts.get('server') ?? null,
    isLegacy: false,
  };
};

const legacySentences: ReadonlyMap<string, boolean> = new Map([
  ['An enrollment profile is currently installed on this system', true],
  ['There is no enrollment profile installed on this system', false],
]);
