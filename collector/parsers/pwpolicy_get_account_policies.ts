import { parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keepLines, keptAnswer } from './kept_lines.ts';
import type { LineRules } from './kept_lines.ts';
import { isWithheldLine } from './decode.ts';
import { cutShort, isCut, notUnderstood, saidLinesOf } from './lines.ts';
import { sanitizePlist, sanitizeXmlPlistWith } from './plist_sanitize.ts';
import type { AllowedKeys } from './plist_sanitize.ts';
import { isArray, isDict } from './plist_value.ts';
import type { PlistDict, PlistValue } from './plist_value.ts';
import { parseXmlDict } from './plist_xml.ts';
import { withheldText } from './withheld.ts';

/** One rule for passwords. Null means that the rule does not have it, or that it cannot be read. */
export interface PasswordRule {
  readonly category: string;
  readonly identifier: string | null;
  /** An NSPredicate, which nothing here evaluates. */
  readonly content: string | null;
  readonly description: string | null;
  /** Numbers by name, in the order of the names. */
  readonly parameters: ReadonlyMap<string, number>;
  /** Something of the rule was not understood. */
  readonly isOdd: boolean;
}

const allowedOfRule: AllowedKeys = {
  policyContent: 'text',
  policyIdentifier: 'text',
  policyParameters: { '*': 'flag' },
  policyContentDescription: { en: 'text', policyDefaultContentDescription: 'text' },
};
const categoryName = /^policyCategory[A-Za-z]{1,64}$/;
const parameterName = /^[A-Za-z][A-Za-z0-9]{0,127}$/;

/** The dictionary with other names by their size alone; itself where all are known. */
const withKnownNames = (value: PlistValue | undefined, names: RegExp): PlistValue | undefined => {
  if (value === undefined || !isDict(value) || [...value.keys()].every((name) => names.test(name)))
    return value;
  return new Map([...value].map(([name, each]) => [names.test(name) ? name : withheldText(name), each]));
};

const reduceRule = (value: PlistValue): PlistValue => {
  const kept = sanitizePlist(value, allowedOfRule);
  if (!isDict(kept)) return kept;
  const parameters = withKnownNames(kept.get('policyParameters'), parameterName);
  return parameters === kept.get('policyParameters') || parameters === undefined
    ? kept
    : new Map([...kept, ['policyParameters', parameters]]);
};

const reduce = (value: PlistValue): PlistValue => {
  if (!isDict(value)) return sanitizePlist(value, {});
  const kept = new Map(
    [...value].map(([name, rulesOfIt]) => [
      name,
      isArray(rulesOfIt) ? sameOr(rulesOfIt, rulesOfIt.map(reduceRule)) : sanitizePlist(rulesOfIt, {}),
    ]),
  );
  const isSame = [...kept].every(([name, each]) => each === value.get(name));
  return withKnownNames(isSame ? value : kept, categoryName) ?? value;
};
const sameOr = (list: readonly PlistValue[], mapped: readonly PlistValue[]): readonly PlistValue[] =>
  mapped.every((each, index) => each === list[index]) ? list : mapped;

const tool = 'pwpolicy -getaccountpolicies';
const header = 'Getting global account policies';
const rules: LineRules = { keep: (line) => (line.trim() === header ? line.trim() : null) };

/** The header, and what follows it from the first word of XML on; the second is null without any. */
const partsOf = (stdout: string): readonly [string, string | null] => {
  const at = stdout.indexOf('<?xml');
  return at < 0 ? [stdout, null] : [stdout.slice(0, at), stdout.slice(at)];
};

const isHeader = (text: string): boolean => {
  const lines = saidLinesOf(text);
  return lines.length === 1 && lines[0] === header;
};

/** The header, and of the rules what is read; of any other text with a list in it the size alone. */
export const sanitizePwpolicyGetAccountPolicies = (stdout: string): string => {
  const [before, plist] = partsOf(stdout);
  if (plist === null) return keepLines(before, rules);
  const kept = isHeader(before) ? sanitizeXmlPlistWith(plist, reduce) : '';
  if (kept !== '' && !isWithheldLine(kept.trim())) return `${header}\n${kept}`;
  const bytes = new TextEncoder().encode(stdout).length;
  return `tokenquery: ${bytes} bytes that are not an answer of pwpolicy were withheld\n`;
};

const textIn = (dict: PlistDict, key: string, odd: string[]): string | null => {
  const value = dict.get(key) ?? null;
  if (value !== null && typeof value !== 'string') odd.push(key);
  return typeof value === 'string' && value !== '' ? value : null;
};

const dictIn = (dict: PlistDict, key: string, odd: string[]): PlistDict => {
  const value = dict.get(key);
  if (value === undefined || isDict(value)) return value ?? new Map();
  odd.push(key);
  return new Map();
};

const numbersOf = (dict: PlistDict, odd: string[]): ReadonlyMap<string, number> => {
  const numbers: [string, number][] = [];
  for (const [name, value] of dict) {
    if (typeof value === 'number' && Number.isFinite(value) && parameterName.test(name))
      numbers.push([name, value]);
    else odd.push(name);
  }
  return new Map(numbers.toSorted(([a], [b]) => (a < b ? -1 : 1)));
};

const readRule = (category: string, dict: PlistDict, note: Note): PasswordRule => {
  const odd: string[] = [];
  const texts = dictIn(dict, 'policyContentDescription', odd);
  const rule = {
    category,
    identifier: textIn(dict, 'policyIdentifier', odd),
    content: textIn(dict, 'policyContent', odd),
    description: textIn(texts, 'policyDefaultContentDescription', odd) ?? textIn(texts, 'en', odd),
    parameters: numbersOf(dictIn(dict, 'policyParameters', odd), odd),
  };
  if (odd.length > 0) note(parseFailed(`a rule of ${tool} has what is not of a known kind`), 'value');
  return { ...rule, isOdd: odd.length > 0 };
};

const readCategory = ([category, value]: readonly [string, PlistValue], note: Note): PasswordRule[] => {
  if (!categoryName.test(category)) {
    note(parseFailed(`${tool} has a category that is not known`));
    return [];
  }
  if (!isArray(value)) {
    note(parseFailed(`a category of ${tool} is no list of rules`));
    return [];
  }
  return value.flatMap((each) => {
    if (isDict(each)) return [readRule(category, each, note)];
    note(parseFailed(`a rule of ${tool} is not a dictionary`));
    return [];
  });
};

/**
 * Parses the rules that hold for the password of every account.
 *
 * Input: `pwpolicy -getaccountpolicies`; 14, 26.2 and 26.6.2. The header stands on stdout before the property list, and alone
 * where there is no rule.
 * Returns: the rules in their order, several of which hold together. A Mac as it comes has one, of Apple.
 * Notes: a rule, a category or a value of another kind.
 * Throws: `parse_failed` for anything else, `source_failed` when pwpolicy reports an error.
 * Source: pwpolicy(8); pwpolicy-getaccountpolicies-04 to -06.
 */
export const parsePwpolicyGetAccountPolicies = (
  printed: Answer,
  note: Note = ignore,
): readonly PasswordRule[] => {
  const [before, plist] = partsOf(printed.stdout);
  const answer = keptAnswer({ ...printed, stdout: before }, rules);
  if (answer.exitCode !== 0 || !isHeader(answer.stdout)) throw notUnderstood(tool, answer);
  if (plist === null) {
    if (isCut(answer.stdout)) throw cutShort(tool);
    return [];
  }
  const { dict, odd } = parseXmlDict(plist, `the answer of ${tool}`);
  if (odd !== null) note(parseFailed(`${tool}: ${odd}`));
  return [...dict].flatMap((entry) => readCategory(entry, note));
};
