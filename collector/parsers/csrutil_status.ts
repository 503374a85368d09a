import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { linesOf, notUnderstood } from './lines.ts';

export interface CsrutilStatus {
  /** Null for a custom configuration: some protections on, some off. */
  readonly enabled: boolean | null;
}

const sentence =
  /^System Integrity Protection status: ((?:enabled|disabled|unknown)(?: \([A-Za-z ]+\))?)\.?$/;

/**
 * Parses the state of System Integrity Protection.
 *
 * Input: `csrutil status`; 10.15, 11, 12.5, 14, 26.5.2.
 * Returns: true for `enabled.`, false for `disabled.`, null for all else in that sentence: `enabled (Custom
 * Configuration).` has been seen with every protection off.
 * Throws: `parse_failed` without the sentence or the block `Configuration:`, or with two that differ.
 * Source: csrutil(8).
 */
export const parseCsrutilStatus = (answer: Answer): CsrutilStatus => {
  const lines = linesOf(answer.stdout).map((line) => line.trim());
  const states = new Set<string>();
  for (const line of lines) {
    const state = sentence.exec(line)?.[1];
    if (state !== undefined) states.add(state);
    else if (line.startsWith('System Integrity Protection status'))
      throw notUnderstood('csrutil status', answer);
  }
  if (states.size > 1) throw parseFailed('csrutil status printed two answers');
  // The block alone is printed for a custom configuration only (csrutil-status-09).
  if (states.size === 0 && !lines.includes('Configuration:')) throw notUnderstood('csrutil status', answer);
  const [state] = states;
  return { enabled: state === 'enabled' ? true : state === 'disabled' ? false : null };
};
