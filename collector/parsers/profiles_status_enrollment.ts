import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import {
  cutShort,
  isCut,
  notUnderstood,
  saidLinesOf,
  saysError,
  saysRootNeeded,
  unknownLine,
} from './lines.ts';
import { originOf } from './url.ts';
import { hasCue, withheldLine } from './withheld.ts';
import type { Cue } from './withheld.ts';

export interface EnrollmentStatus {
  readonly enrolledViaDep: boolean | null;
  readonly mdmEnrolled: boolean | null;
  /** Null when not enrolled, and where the tool adds a remark that is not known. */
  readonly userApproved: boolean | null;
  /** Scheme and host. */
  readonly serverUrl: string | null;
  /** The one sentence of 10.13.0 to 10.13.3, which speaks of DEP alone. */
  readonly isLegacy: boolean;
}

const tool = 'profiles status -type enrollment';
const depLine = /^Enrolled via DEP:\s*(yes|no)\b\s*(?:\([^()]*\))?$/i;
const mdmLine = /^MDM enrollment:\s*(yes|no)\b\s*(?:\(([^()]*)\))?$/i;
// " /  " in place of the colon is in a test of Fleet (profiles-status-enrollment-10). URLs hold colons.
const serverLine = /^MDM server(?::| \/)\s+(\S+)$/i;
// macOS 11 added a line, and scripts that counted lines broke: a further "Label: value" changes nothing.
const otherLine = /^[A-Z][A-Za-z ]{1,40}: \S/;
const legacySentences: ReadonlyMap<string, boolean> = new Map([
  ['An enrollment profile is currently installed on this system', true],
  ['There is no enrollment profile installed on this system', false],
]);

type Fact = 'dep' | 'mdm' | 'remark' | 'server';
const names: Readonly<Record<Fact, string>> = {
  dep: 'Enrolled via DEP',
  mdm: 'MDM enrollment',
  remark: 'MDM enrollment',
  server: 'MDM server',
};

interface Said {
  readonly facts: ReadonlyMap<Fact, ReadonlySet<string>>;
  /** Lines that are not known, or known and with a value that is not. */
  readonly unknown: readonly string[];
}

/** What a line says, null for one that is not known. */
const factsOf = (line: string): readonly (readonly [Fact, string])[] | null => {
  const dep = depLine.exec(line)?.[1];
  if (dep !== undefined) return [['dep', dep.toLowerCase()]];
  const [, mdm, remark = ''] = mdmLine.exec(line) ?? [];
  if (mdm !== undefined) {
    return [
      ['mdm', mdm.toLowerCase()],
      ['remark', remark.trim().toLowerCase()],
    ];
  }
  const server = serverLine.exec(line)?.[1];
  if (server !== undefined) return [['server', server]];
  const legacy = legacySentences.get(line.replace(/\.$/, ''));
  return legacy === undefined ? null : [['dep', legacy ? 'yes' : 'no']];
};

const ownLine = /^(?:Enrolled via DEP|MDM enrollment|MDM server)\b/i;

/** In place of a value that is not shown: by it, two that differ still do. */
const markOf = (value: string): string =>
  /^withheld:[0-9a-f]{12}$/.test(value) ? value : `withheld:${withheldLine(value).slice(-12)}`;

const keptLine = (line: string): string | null => {
  const text = line.trim();
  const facts = factsOf(text);
  if (facts === null) return null;
  const [[fact, value] = [], remark] = facts;
  if (fact === 'server') return `MDM server: ${originOf(value ?? '') ?? markOf(value ?? '')}`;
  // A remark may say anything.
  const plain = text.replace(/\s*\([^()]*\)$/, '');
  const said = remark?.[1] ?? '';
  return said === '' ? plain : `${plain} (${said === 'user approved' ? 'User Approved' : markOf(said)})`;
};
const isOf = (word: 'dep' | 'mdm' | 'server'): Cue => {
  const start = names[word].toLowerCase();
  return { word, test: (line) => line.toLowerCase().startsWith(start) };
};
const rules: LineRules = {
  keep: keptLine,
  cues: [
    isOf('dep'),
    isOf('mdm'),
    isOf('server'),
    { word: 'other', test: (line) => otherLine.test(line) && !ownLine.test(line) && !saysError(line) },
  ],
};

/** The lines that are read; of the server its origin, for the rest of its URL can hold a secret. */
export const sanitizeProfilesStatusEnrollment = (stdout: string): string => keepLines(stdout, rules);

const listen = (stdout: string): Said => {
  const facts = new Map<Fact, Set<string>>();
  const unknown: string[] = [];
  for (const line of saidLinesOf(stdout)) {
    const found = factsOf(line);
    if (found === null && !hasCue(line, 'other')) unknown.push(line);
    for (const [fact, value] of found ?? []) facts.set(fact, (facts.get(fact) ?? new Set()).add(value));
  }
  return { facts, unknown };
};

/** Null when not enrolled, and when it is not certain; a remark that is not known says nothing of approval. */
const approvalOf = (mdm: string | null, remark: string | null): boolean | null => {
  if (mdm !== 'yes') return null;
  return remark === 'user approved' ? true : remark === '' ? false : null;
};

/**
 * Parses how the Mac is enrolled.
 *
 * Input: `profiles status -type enrollment`; 10.13.0, 10.13.4, 11, 15.7.9, 26.6.2, root or not.
 * Returns: one fact for each line; a fact is null when its line is not there.
 * Notes: a line that is not known; a fact that is there twice and differs; one of the first two lines that is
 * missing; a remark that is not known; an end without a line feed, where a remark or a URL may be cut.
 * Throws: `permission_denied` when profiles asks for root; `source_failed` when it reports an error;
 * `parse_failed` without one of the lines.
 * Source: profiles(1), "status".
 */
export const parseProfilesStatusEnrollment = (printed: Answer, note: Note = ignore): EnrollmentStatus => {
  const answer = keptAnswer(printed, rules);
  if (saysRootNeeded(answer.stderr)) throw notUnderstood(tool, answer);
  const { facts, unknown } = listen(answer.stdout);
  const error = unknown.find(saysError);
  if (error !== undefined) throw notUnderstood(tool, { ...answer, stdout: error });
  if (!facts.has('dep') && !facts.has('mdm')) throw notUnderstood(tool, answer);

  for (const line of unknown) note(unknownLine(tool, line));
  const isComplete = !isCut(answer.stdout);
  if (!isComplete) note(cutShort(tool));
  const last = isComplete ? undefined : saidLinesOf(answer.stdout).at(-1);
  const cut = new Set(last === undefined ? [] : (factsOf(last) ?? []).map(([fact]) => fact));
  const disputed = new Set<string>();
  const factOf = (fact: Fact): string | null => {
    const [value = null, ...others] = facts.get(fact) ?? [];
    if (others.length > 0) disputed.add(names[fact]);
    // The words Yes and No are whole, whatever follows them; a remark and a URL need not be.
    const mayBeCut = cut.has(fact) && (fact === 'server' || fact === 'remark');
    const isOdd = unknown.some((line) => hasCue(line, fact === 'remark' ? 'mdm' : fact));
    return others.length > 0 || mayBeCut || isOdd ? null : value;
  };
  const [dep, mdm, remark, server] = [factOf('dep'), factOf('mdm'), factOf('remark'), factOf('server')];
  for (const name of disputed) note(parseFailed(`${tool} says two things of ${name}`));

  const isLegacy = saidLinesOf(answer.stdout).some((line) => legacySentences.has(line.replace(/\.$/, '')));
  const missing = (['dep', 'mdm'] as const).filter((fact) => !facts.has(fact));
  if (!isLegacy) for (const fact of missing) note(parseFailed(`${tool} printed no line "${names[fact]}"`));
  const userApproved = approvalOf(mdm, remark);
  if (mdm === 'yes' && userApproved === null && remark !== null) {
    note(parseFailed(`${tool} has a remark on the enrollment that is not known`));
  }
  return {
    enrolledViaDep: dep === null ? null : dep === 'yes',
    mdmEnrolled: mdm === null ? null : mdm === 'yes',
    userApproved,
    serverUrl: server,
    isLegacy: isLegacy && !facts.has('mdm'),
  };
};
