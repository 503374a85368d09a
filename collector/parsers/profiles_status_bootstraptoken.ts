import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { filledLinesOf, firstLine, notUnderstood, saysRootNeeded } from './lines.ts';

export interface BootstrapTokenStatus {
  readonly supported: boolean | null;
  /** What the Mac believes; null when it does not say, which is not "no". */
  readonly escrowed: boolean | null;
  /** The Mac says that no MDM server manages it. */
  readonly notEnrolled: boolean;
}

const sentence = /^(?:profiles: )?Bootstrap Token (supported|escrowed) (?:to|on) server:\s*(yes|no)\s*;?$/i;
const notEnrolledSentence = /\b(?:not|isn't) (?:currently )?(?:enrolled|managed)\b|\bno MDM enrollment\b/i;

/**
 * Parses whether the bootstrap token is supported and escrowed, as the Mac remembers it.
 *
 * Input: `profiles status -type bootstraptoken`; 10.15.6, 15, 26.
 * Returns: one fact for each line. 10.15.6 leaves the second line out when the server does not support it:
 * escrowed is then null (profiles-status-bootstraptoken-01). How an unenrolled Mac says so is not known from
 * any capture: only a text that says it in these words counts, and never silence.
 * Throws: `permission_denied` when profiles asks for root; `parse_failed` without one of the lines, when a
 * line is there twice and differs, or for any other line.
 * Source: profiles(1), "status".
 */
export const parseProfilesStatusBootstraptoken = (answer: Answer): BootstrapTokenStatus => {
  const tool = 'profiles status -type bootstraptoken';
  if (saysRootNeeded(answer.stderr)) throw notUnderstood(tool, answer);
  const facts = new Map<string, boolean>();
  let unknownLine: string | null = null;
  for (const line of filledLinesOf(answer.stdout).map((text) => text.trim())) {
    const [, fact, word] = sentence.exec(line) ?? [];
    if (fact === undefined || word === undefined) {
      unknownLine ??= line;
      continue;
    }
    const value = word.toLowerCase() === 'yes';
    if ((facts.get(fact.toLowerCase()) ?? value) !== value) throw parseFailed(`${tool} printed two answers`);
    facts.set(fact.toLowerCase(), value);
  }
  if (facts.size > 0) {
    if (unknownLine !== null) throw notUnderstood(tool, { ...answer, stdout: unknownLine });
    return {
      supported: facts.get('supported') ?? null,
      escrowed: facts.get('escrowed') ?? null,
      notEnrolled: false,
    };
  }
  const said = `${firstLine(answer.stdout)}\n${firstLine(answer.stderr)}`;
  if (notEnrolledSentence.test(said) && !saysRootNeeded(said)) {
    return { supported: null, escrowed: null, notEnrolled: true };
  }
  throw notUnderstood(tool, answer);
};
