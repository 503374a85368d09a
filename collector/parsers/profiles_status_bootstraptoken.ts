import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import {
  cutShort,
  firstFilled,
  isCut,
  notUnderstood,
  saidLinesOf,
  saysError,
  saysRootNeeded,
  unknownLine,
} from './lines.ts';
import { hasCue } from './withheld.ts';
import type { Cue } from './withheld.ts';

export interface BootstrapTokenStatus {
  readonly supported: boolean | null;
  /** What the Mac believes; null when it does not say, which is not "no". */
  readonly escrowed: boolean | null;
  /** The Mac says that no MDM server manages it. */
  readonly notEnrolled: boolean;
}

const tool = 'profiles status -type bootstraptoken';
// A remark in parentheses may stand behind the word.
const sentence =
  /^(?:profiles: )?Bootstrap Token (supported|escrowed) (?:to|on) server:\s*(yes|no)\b\s*(?:\([^()]*\)\s*)?[;.]?$/i;
/** The same with a word that is not known. */
const isOtherOf = (fact: Fact): Cue => {
  const start = new RegExp(`^(?:profiles: )?Bootstrap Token ${fact} (?:to|on) server\\b`, 'i');
  return { word: fact, test: (line) => start.test(line) };
};
const notEnrolledSentence = /\b(?:not|isn't) (?:currently )?(?:enrolled|managed)\b|\bno MDM enrollment\b/i;

type Fact = 'supported' | 'escrowed';

const notEnrolled: Cue = { word: 'not enrolled', test: (line) => notEnrolledSentence.test(line) };
const rules: LineRules = {
  // A remark may say anything.
  keep: (line) => (sentence.test(line.trim()) ? line.replace(/\s*\([^()]*\)/, '').trim() : null),
  cues: [isOtherOf('supported'), isOtherOf('escrowed'), notEnrolled],
};
const stderrRules: LineRules = { keep: () => null, cues: [notEnrolled] };

/** The two sentences, without a remark. */
export const sanitizeProfilesStatusBootstraptoken = (stdout: string): string => keepLines(stdout, rules);
export const sanitizeProfilesStatusBootstraptokenStderr = (stderr: string): string =>
  keepLines(stderr, stderrRules);

interface Said {
  readonly facts: ReadonlyMap<Fact, ReadonlySet<boolean>>;
  readonly unknown: readonly string[];
}

const listen = (stdout: string): Said => {
  const facts = new Map<Fact, Set<boolean>>();
  const unknown: string[] = [];
  for (const line of saidLinesOf(stdout)) {
    const [, fact, word] = sentence.exec(line) ?? [];
    if (fact === undefined || word === undefined) {
      unknown.push(line);
      continue;
    }
    const key = fact.toLowerCase() as Fact;
    facts.set(key, (facts.get(key) ?? new Set<boolean>()).add(word.toLowerCase() === 'yes'));
  }
  return { facts, unknown };
};

/**
 * Parses whether the bootstrap token is supported and escrowed, as the Mac remembers it.
 *
 * Input: `profiles status -type bootstraptoken`; 10.15.6, 15, 26.
 * Returns: one fact for each line. 10.15.6 leaves the second line out when the server does not support it:
 * escrowed is then null (profiles-status-bootstraptoken-01). How an unenrolled Mac says so is not known from
 * any capture: only a text that says it in these words counts, and never silence.
 * Notes: a line that is not known, which costs nothing unless it is one of the two with another word; a fact that is
 * both; a line that is missing though the Mac should print it; an end without a line feed.
 * Throws: `permission_denied` when profiles asks for root; `source_failed` when it reports an error;
 * `parse_failed` without one of the lines.
 * Source: profiles(1), "status".
 */
export const parseProfilesStatusBootstraptoken = (
  printed: Answer,
  note: Note = ignore,
): BootstrapTokenStatus => {
  const answer = keptAnswer(printed, rules, stderrRules);
  if (saysRootNeeded(answer.stderr)) throw notUnderstood(tool, answer);
  const { facts, unknown } = listen(answer.stdout);
  if (facts.size === 0) {
    const said = [answer.stdout, answer.stderr].map(firstFilled);
    if (said.some((line) => hasCue(line, 'not enrolled')) && !said.some(saysRootNeeded)) {
      return { supported: null, escrowed: null, notEnrolled: true };
    }
    throw notUnderstood(tool, answer);
  }
  const error = unknown.find(saysError);
  if (error !== undefined) throw notUnderstood(tool, { ...answer, stdout: error });
  for (const line of unknown) note(unknownLine(tool, line));
  const factOf = (fact: Fact): boolean | null => {
    const [value = null, ...others] = facts.get(fact) ?? [];
    if (others.length > 0) note(parseFailed(`${tool} says both YES and NO of ${fact}`));
    return others.length > 0 || unknown.some((line) => hasCue(line, fact)) ? null : value;
  };
  const [supported, escrowed] = [factOf('supported'), factOf('escrowed')];
  const isComplete = !isCut(answer.stdout) || (facts.has('escrowed') && unknown.length === 0);
  if (!isComplete) note(cutShort(tool));
  const isMissing = !facts.has('supported') || (!facts.has('escrowed') && supported !== false);
  if (isMissing && isComplete)
    note(parseFailed(`${tool} does not say whether the token is supported and escrowed`));
  return { supported, escrowed, notEnrolled: false };
};
