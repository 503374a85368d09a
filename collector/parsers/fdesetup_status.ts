import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { isWithheldLine } from './decode.ts';
import { cuesOf, keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import {
  cutShort,
  failed,
  isCut,
  notUnderstood,
  saidLinesOf,
  saysRootNeeded,
  told,
  unknownLine,
} from './lines.ts';
import { hasCue, withheldIn, withheldLine } from './withheld.ts';
import type { Cue, CueWord } from './withheld.ts';

export interface FdesetupStatus {
  /** What the headline says; null without a headline, and with two that differ. */
  readonly isOn: boolean | null;
  /** Null when it cannot be told, as when a sentence that is not known may speak of a conversion. */
  readonly status: 'on' | 'off' | 'encrypting' | 'decrypting' | 'deferred' | 'restart_needed' | null;
  /** Of a running conversion, 0 to 100; null when none runs or its progress cannot be told. */
  readonly percentComplete: number | null;
  readonly isDeferred: boolean | null;
  /** Short name that the deferral names; null when it names none. */
  readonly deferredUser: string | null;
  /** Only that the keychain file is there, not that its key is in use. */
  readonly masterKeychainPresent: boolean | null;
}

type Running = 'encrypting' | 'decrypting';

const tool = 'fdesetup status';
// Sentences, not lines, are what fdesetup says: somebody's notes have two on one line (fdesetup-07).
const headline =
  /^FileVault is (On|Off)(\.|, but (?:will be enabled after the next restart|needs to be restarted to finish)\.)(?=\s|$)/i;
const conversion =
  /^(Encryption|Decryption) in progress: (?:(pending)\.?|percent completed?\s*=[ \t]*(\S*))(?=\s|$)/i;
// The name may hold an apostrophe: up to the last one.
const deferral = /^Deferred enablement appears to be active(?: for user '(.*)')?\.?(?=\s|$)/i;
const keychain = /^FileVault master keychain appears to be installed\.(?=\s|$)/i;
const ofApfs = /^Volume is APFS\.?(?=\s|$)/i;

// An unknown sentence with one of these words may be a known one in other words, and so prove that its
// absence says nothing.
const cue = (word: CueWord, words: RegExp): Cue => ({ word, test: (line) => words.test(line) });
const cues = [
  cue('headline', /^FileVault (?:is|was|has)\b/i),
  cue('conversion', /cryption|conversion|convert|progress|percent|complet|pending|paused/i),
  cue('deferral', /defer|enablement/i),
  cue('keychain', /master|keychain|installed/i),
  cue('restart', /restart/i),
];

interface Said {
  readonly headlines: { readonly isOn: boolean; readonly isRestartNeeded: boolean }[];
  readonly conversions: { readonly running: Running; readonly percent: number | 'pending' | null }[];
  /** The users of deferrals, null for one that names none. */
  readonly deferrals: (string | null)[];
  hasKeychain: boolean;
  readonly unknown: string[];
}

const percentOf = (text: string): number | null => {
  const [, digits] = /^([0-9]{1,3}(?:\.[0-9]+)?)%?\.?$/.exec(text) ?? [];
  const percent = digits === undefined ? null : Number.parseFloat(digits);
  return percent !== null && percent <= 100 ? percent : null;
};

/** Takes one known sentence from the beginning of a line; how long it is, 0 for none. */
const takeSentence = (line: string, said: Said): number => {
  const head = headline.exec(line);
  if (head !== null) {
    said.headlines.push({ isOn: head[1]?.toLowerCase() === 'on', isRestartNeeded: head[2] !== '.' });
    return head[0].length;
  }
  const progress = conversion.exec(line);
  if (progress !== null) {
    const running = progress[1]?.toLowerCase() === 'encryption' ? 'encrypting' : 'decrypting';
    const percent = progress[2] === undefined ? percentOf(progress[3] ?? '') : 'pending';
    said.conversions.push({ running, percent });
    return progress[0].length;
  }
  const deferred = deferral.exec(line);
  if (deferred !== null) {
    said.deferrals.push(deferred[1] || null);
    return deferred[0].length;
  }
  const other = keychain.exec(line);
  if (other !== null) said.hasKeychain = true;
  return (other ?? ofApfs.exec(line))?.[0].length ?? 0;
};

const silence = (): Said => ({
  headlines: [],
  conversions: [],
  deferrals: [],
  hasKeychain: false,
  unknown: [],
});

const listen = (stdout: string): Said => {
  const said = silence();
  for (const line of saidLinesOf(stdout)) {
    let rest = line;
    while (rest !== '') {
      const length = takeSentence(rest, said);
      if (length === 0) {
        said.unknown.push(rest);
        break;
      }
      rest = rest.slice(length).trim();
    }
  }
  return said;
};

/** A known sentence without what is no word of Apple's in it, but for the name of a user. */
const keptSentence = (sentence: string): string => {
  const [, , pending, progress] = conversion.exec(sentence) ?? [];
  return progress === undefined || pending !== undefined || percentOf(progress) !== null
    ? sentence
    : `${sentence.slice(0, sentence.length - progress.length)}?`;
};

/** The known sentences of a line, one a line; in place of the rest what it may speak of. */
const keptSentences = (line: string): string | null => {
  const kept: string[] = [];
  let rest = line.trim();
  while (rest !== '') {
    const length = takeSentence(rest, silence());
    if (length === 0) break;
    kept.push(keptSentence(rest.slice(0, length)));
    rest = rest.slice(length).trim();
  }
  if (kept.length === 0) return null;
  if (rest !== '') kept.push(withheldIn(rest) === null ? withheldLine(rest, cuesOf(rest, rules)) : rest);
  return kept.join('\n');
};
const rules: LineRules = { keep: keptSentences, cues };

/** The sentences that are known. */
export const sanitizeFdesetupStatus = (stdout: string): string => keepLines(stdout, rules);

/** What all say alike; null for none, and when they differ. */
const agreed = <T>(values: readonly T[]): T | null =>
  values.length > 0 && values.every((value) => value === values[0]) ? (values[0] as T) : null;

/** The most urgent of what goes on: a conversion, then a restart, then a deferral while FileVault is not on. */
const statusOf = (
  { headlines, conversions, deferrals }: Said,
  isOn: boolean | null,
  isOpen: (about: CueWord) => boolean,
): FdesetupStatus['status'] => {
  if (conversions.length > 0) return agreed(conversions.map(({ running }) => running));
  if (isOpen('conversion') || isOpen('headline')) return null;
  const isRestartNeeded = agreed(headlines.map((each) => each.isRestartNeeded));
  if (isRestartNeeded === true) return 'restart_needed';
  if (headlines.length > 0 && (isRestartNeeded === null || isOpen('restart'))) return null;
  if (isOn === true) return 'on';
  if (deferrals.length > 0) return 'deferred';
  return isOn === null || isOpen('deferral') ? null : 'off';
};

const noteOddities = (said: Said, isComplete: boolean, note: Note): void => {
  if (!isComplete) note(cutShort(tool));
  for (const line of said.unknown) note(unknownLine(tool, line));
  const odd = (what: string): void => note(parseFailed(`${tool} ${what}`));
  if (said.headlines.length === 0) odd('does not say whether FileVault is on');
  if (agreed(said.headlines.map((each) => `${each.isOn} ${each.isRestartNeeded}`)) === null) {
    if (said.headlines.length > 0) odd('says twice whether FileVault is on, and not the same');
  }
  const progress = said.conversions.map(({ running, percent }) => `${running} ${percent}`);
  if (progress.length > 0 && agreed(progress) === null) odd('printed two conversions that differ');
  if (said.conversions.some(({ percent }) => percent === null))
    odd('printed a progress that is no percentage');
  if (said.deferrals.length > 0 && said.deferrals.some((user) => user !== said.deferrals[0])) {
    odd('printed two deferrals that differ');
  }
};

/**
 * Parses the state of FileVault.
 *
 * Input: `fdesetup status`; 10.12, 10.15.6, 13.2.1, 26.6.2.
 * Returns: the headline and what else is going on, as separate facts: sources disagree whether the headline
 * is On or Off during a decryption.
 * Notes: a sentence that is not known, which makes unknown what it may be about and nothing else; two that
 * contradict each other; a missing headline; an end without a line feed.
 * Throws: `source_failed` for an exit code other than 0, 1 (off) and 2 (busy), as with 15 in a sandbox;
 * `parse_failed` without a sentence that tells a status.
 * Source: fdesetup(8), "status" and "EXIT STATUS".
 */
export const parseFdesetupStatus = (printed: Answer, note: Note = ignore): FdesetupStatus => {
  const answer = keptAnswer(printed, rules);
  const { stdout, stderr, exitCode } = answer;
  if (exitCode < 0 || exitCode > 2) {
    if (saysRootNeeded(stderr)) throw notUnderstood(tool, answer);
    throw failed(tool, `ended with exit code ${exitCode}: ${told(stderr) || told(stdout)}`);
  }
  const said = listen(stdout);
  const { headlines, conversions, deferrals, hasKeychain, unknown } = said;
  if (headlines.length + conversions.length + deferrals.length === 0) throw notUnderstood(tool, answer);
  const isComplete = !isCut(stdout);
  noteOddities(said, isComplete, note);
  /** Whether something that was not understood may speak of this. */
  const isOpen = (about: CueWord): boolean =>
    !isComplete || unknown.some((line) => hasCue(line, about) || isWithheldLine(line));

  // There is one headline: a line that is not text is no second one.
  const isOn = unknown.some((line) => hasCue(line, 'headline'))
    ? null
    : agreed(headlines.map((each) => each.isOn));
  const percent = isComplete ? agreed(conversions.map((each) => each.percent)) : null;
  return {
    isOn,
    status: statusOf(said, isOn, isOpen),
    percentComplete: typeof percent === 'number' ? percent : null,
    isDeferred: deferrals.length > 0 ? true : isOpen('deferral') ? null : false,
    deferredUser: isOpen('deferral') ? null : agreed(deferrals),
    masterKeychainPresent: hasKeychain ? true : isOpen('keychain') ? null : false,
  };
};
