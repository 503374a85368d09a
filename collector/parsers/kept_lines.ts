/**
 * Reduces what a tool printed line by line to what its parser reads. The parser reads nothing else: it begins with the same
 * reduction (keptAnswer), so that both cannot drift apart.
 */
import type { Answer } from '../answer.ts';
import { isWithheldLine } from './decode.ts';
import { isLogLine, saysError, saysRootNeeded } from './lines.ts';
import { isKnownSentence } from './sentences.ts';
import { withheldIn, withheldLine } from './withheld.ts';
import type { Cue, CueWord } from './withheld.ts';

export interface LineRules {
  /** What is kept of a line, null for one that is not known. Of what it answers it answers the same again. */
  readonly keep: (line: string) => string | null;
  /** What the parser asks of a line that is not known, beside whether it is of a log, an error, or asks for root. */
  readonly cues?: readonly Cue[];
}

const commonCues: readonly Cue[] = [
  { word: 'log', test: isLogLine },
  { word: 'error', test: saysError },
  { word: 'root', test: saysRootNeeded },
];

/** For a stream that is no answer. */
export const sentencesOnly: LineRules = { keep: () => null };

/** Of a text with more lines that are not known than this, the rest of them stand together. */
const maxApart = 1000;

class Keeper {
  readonly #rules: LineRules;
  readonly #kept: string[] = [];
  #together: string[] = [];
  #apart = 0;

  constructor(rules: LineRules) {
    this.#rules = rules;
  }

  take(line: string): void {
    const kept = this.#keptOf(line);
    if (kept === null) this.#withhold(line.trim());
    else {
      this.#end();
      this.#kept.push(kept);
    }
  }

  #keptOf(line: string): string | null {
    if (line.trim() === '') return '';
    const isReduced = withheldIn(line) !== null || isWithheldLine(line);
    return isReduced ? line : (this.#rules.keep(line) ?? (isKnownSentence(line) ? line.trim() : null));
  }

  #withhold(line: string): void {
    if (this.#apart >= maxApart) this.#together.push(line);
    else this.#kept.push(withheldLine(line, cuesOf(line, this.#rules)));
    this.#apart += 1;
  }

  #end(): void {
    if (this.#together.length === 0) return;
    const cues = new Set(this.#together.flatMap((line) => cuesOf(line, this.#rules)));
    this.#kept.push(withheldLine(this.#together.join('\n'), cues));
    this.#together = [];
  }

  text(): string {
    this.#end();
    return this.#kept.join('\n');
  }
}

/** What the rules ask of a line, and is so. */
export const cuesOf = (line: string, { cues = [] }: LineRules): readonly CueWord[] =>
  [...commonCues, ...cues].filter(({ test }) => test(line)).map(({ word }) => word);

/**
 * The lines that are kept, in their place; in place of each other one its size, a digest, and what it may speak of. Doing it
 * twice changes nothing.
 */
export const keepLines = (text: string, rules: LineRules = sentencesOnly): string => {
  if (text === '') return text;
  const keeper = new Keeper(rules);
  const lines = text.split('\n');
  const isWhole = lines.at(-1) === '';
  if (isWhole) lines.pop();
  for (const line of lines) keeper.take(line.endsWith('\r') ? line.slice(0, -1) : line);
  // A last line without an end, blank as it may be, says that the text is cut.
  const end = isWhole ? '\n' : lines.at(-1)?.trim() === '' ? ' ' : '';
  return keeper.text() + end;
};

/** An answer as it is kept; without rules for stdout, that is left to who calls. */
export const keptAnswer = (
  answer: Answer,
  stdout: LineRules | null,
  stderr: LineRules = sentencesOnly,
): Answer => ({
  ...answer,
  stdout: stdout === null ? answer.stdout : keepLines(answer.stdout, stdout),
  stderr: keepLines(answer.stderr, stderr),
});
