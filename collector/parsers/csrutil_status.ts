import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { cutShort, isCut, linesOf, notUnderstood } from './lines.ts';
import { hasCue } from './withheld.ts';

export interface CsrutilStatus {
  /** Null for a custom configuration: some protections on, some off. */
  readonly enabled: boolean | null;
}

const sentence =
  /^System Integrity Protection status: ((?:enabled|disabled|unknown)(?: \([a-z ]+\))?)(\.?)$/i;
const rules: LineRules = {
  keep: (line) => {
    const text = line.trim();
    return text === 'Configuration:' || (sentence.test(text) && text.length < 120) ? text : null;
  },
  cues: [{ word: 'sip', test: (line) => /^System Integrity Protection status/i.test(line) }],
};

/** The sentence, and where the block of a custom configuration begins. */
export const sanitizeCsrutilStatus = (stdout: string): string => keepLines(stdout, rules);

/**
 * Parses the state of System Integrity Protection.
 *
 * Input: `csrutil status`; 10.15, 11, 12.5, 14, 26.5.2.
 * Returns: true for `enabled.`, false for `disabled.`, null for all else in that sentence: `enabled (Custom
 * Configuration).` has been seen with every protection off.
 * Throws: `parse_failed` without the sentence or the block `Configuration:`, with two that differ, and when the
 * sentence may be cut before "(Custom Configuration)".
 * Source: csrutil(8).
 */
export const parseCsrutilStatus = (printed: Answer): CsrutilStatus => {
  const answer = keptAnswer(printed, rules);
  const lines = linesOf(answer.stdout).map((line) => line.trim());
  const states = new Set<string>();
  for (const line of lines) {
    const [, state, stop] = sentence.exec(line) ?? [];
    if (state !== undefined) {
      const isLast = line === lines.at(-1);
      if (stop === '' && isLast && isCut(answer.stdout)) throw cutShort('csrutil status');
      states.add(state.toLowerCase());
    } else if (hasCue(line, 'sip')) throw notUnderstood('csrutil status', answer);
  }
  if (states.size > 1) throw parseFailed('csrutil status printed two answers');
  // The block alone is printed for a custom configuration only (csrutil-status-09).
  if (states.size === 0 && !lines.includes('Configuration:')) throw notUnderstood('csrutil status', answer);
  const [state] = states;
  return { enabled: state === 'enabled' ? true : state === 'disabled' ? false : null };
};
