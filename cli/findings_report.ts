/** Findings as a person reads them. */
import { findingsOfAnswer } from '../queries/findings.ts';
import type { Finding } from '../queries/findings.ts';
import { explain, rootOf } from '../queries/explained.ts';
import { severities, severityRank } from '../queries/query.ts';
import type { Query, Severity } from '../queries/query.ts';
import { hostCountOf } from '../queries/evaluate.ts';
import type { Answer } from '../queries/evaluate.ts';
import { plural, someOf } from '../collector/plural.ts';
import { hostsApart, isBySubject, placesOf } from './findings_places.ts';
import type { Labels } from './findings_places.ts';
import { notAskedText, notSeenLines } from './not_seen.ts';
import type { NotSeen } from './not_seen.ts';
import { print } from './output.ts';
import { isShown as isOnScreen, ofSeverity, textWidth } from './screen.ts';
import { wrapWords } from './width.ts';

const subjectsShown = 5;

/** Without a terminal, lines have some 100 characters. */
export const wrap = (text: string, indent: string, first = indent): string =>
  isOnScreen()
    ? wrapWords(text, { width: textWidth(), indent, first })
    : wrapWords(text, { width: 101, indent, first, isLoose: true });

/** What is wrapped on a terminal only. */
const wrapShown = (text: string, indent: string, first = indent): string =>
  wrapWords(text, { width: textWidth(), indent, first });

/** Findings of one question that matter as much, for one reason. */
interface Group {
  readonly answer: Answer;
  readonly severity: Severity;
  readonly severityReason: string | null;
  readonly findings: readonly Finding[];
  /** What these are the cause of. */
  readonly explains: readonly Finding[];
}

/** What a page has of findings: those with a cause that is told too stand with it. */
interface Told {
  /** The findings of each question that have no such cause. */
  readonly of: ReadonlyMap<Query, readonly Finding[]>;
  /** By cause. */
  readonly explains: ReadonlyMap<Finding, readonly Finding[]>;
}

const toldOf = (answers: readonly Answer[]): Told => {
  const findings = answers.flatMap(findingsOfAnswer);
  const explained = explain(findings);
  return {
    of: Map.groupBy(
      findings.filter((finding) => !explained.has(finding)),
      ({ query }) => query,
    ),
    explains: Map.groupBy(explained.keys(), (finding) => rootOf(finding, explained)),
  };
};

/** The gravest first. */
const groupsOf = (answers: readonly Answer[], told: Told): readonly Group[] =>
  answers
    .flatMap((answer): Group[] => {
      const own = Map.groupBy(told.of.get(answer.query) ?? [], ({ severity, severityReason }) =>
        JSON.stringify([severity, severityReason]),
      );
      return [...own.values()].flatMap((findings) => {
        const [first] = findings;
        if (first === undefined) return [];
        const { severity, severityReason } = first;
        const explains = findings.flatMap((finding) => told.explains.get(finding) ?? []);
        return [{ answer, severity, severityReason, findings, explains }];
      });
    })
    .toSorted((a, b) => severityRank(a.severity) - severityRank(b.severity));

/** What a cause explains: each question once, with whom it is about. */
const printExplained = (explains: readonly Finding[], hostCount: number): void => {
  const byQuery = Map.groupBy(explains, ({ query, severity }) => `${severity} ${query.name}`);
  for (const [name, own] of [...byQuery].toSorted(
    ([a, [one]], [b, [other]]) =>
      severityRank(one?.severity) - severityRank(other?.severity) || (a < b ? -1 : 1),
  )) {
    const subjects = [...new Set(own.map(({ subject }) => subject ?? ''))].filter(
      (subject) => subject !== '' && subject !== 'host',
    );
    const shown = subjects.length === 0 ? '' : ` (${someOf(subjects, subjectsShown)})`;
    const hosts = hostCount > 1 ? ` on ${plural(new Set(own.map(({ hostId }) => hostId)).size, 'host')}` : '';
    print(wrap(`${name}${shown}${hosts}`, '          ', '  causes: '));
  }
};

const printGroup = (
  { answer: { query, verdicts }, severity, severityReason, findings, explains }: Group,
  labels: Labels,
): void => {
  const hosts = new Set(findings.map(({ hostId }) => hostId)).size;
  const title = query.title === query.name ? '' : `: ${query.title}`;
  const head = wrapShown(`${query.name}${title}`, '          ', ' '.repeat(10)).slice(8);
  print(ofSeverity(severity, severity.padEnd(8)), head);
  if (severityReason !== null) {
    const otherwise = severity === query.severity ? (query.overlay?.of.severity ?? severity) : query.severity;
    print(wrap(`${severity} here, else ${otherwise}: ${severityReason}`, '          ', '  why:    '));
  }
  if (query.purpose !== '' && query.purpose !== query.title)
    print(wrap(query.purpose, '          ', '  means:  '));
  if (query.remediation !== '') print(wrap(query.remediation, '          ', '  do:     '));
  // What else it may be stands where it is told: who reads the finding reads no other page.
  if (query.falsePositives !== '' && !query.falsePositives.startsWith('None'))
    print(wrap(query.falsePositives, '          ', '  may be: '));
  if (verdicts.size > 1 && !query.isOfFleet) print(`  on ${hosts} of ${plural(verdicts.size, 'host')}:\n`);
  const { lines, rest } = placesOf(findings, query.name, labels);
  for (const line of lines) print(wrap(line, '      ', '    '));
  if (rest !== null) print(`    ${rest}\n`);
  printExplained(explains, verdicts.size);
  print('\n');
};

/** Counts of the verdicts, the critical findings first. */
const summaryOf = (answers: readonly Answer[], told: Told): string => {
  const hosts = hostCountOf(answers);
  const findings = [...told.of.values()].flat();
  const explained = [...told.explains.values()].flat().length;
  const bySeverity = severities
    .toReversed()
    .map(
      (severity) => [findings.filter((finding) => finding.severity === severity).length, severity] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count} ${severity}`);
  const count = { hit: 0, clean: 0, unknown: 0, not_asked: 0, suppressed: 0 };
  for (const { verdicts } of answers) for (const verdict of verdicts.values()) count[verdict] += 1;
  const caused = explained === 0 ? '' : ` (and ${explained} more that these explain)`;
  const all = bySeverity.length === 0 ? 'nothing found' : `found ${bySeverity.join(', ')}${caused}`;
  return (
    `${plural(answers.length, 'question')} on ${plural(hosts, 'host')}: ${all}; ` +
    `of ${plural(answers.length * hosts, 'answer')} ${count.hit} hit, ${count.clean} clean, ${count.unknown} unknown` +
    (count.not_asked === 0 ? '' : `, ${count.not_asked} not asked`) +
    (count.suppressed === 0 ? '' : `, ${count.suppressed} suppressed`)
  );
};

/** What becomes of findings on a page for people. */
export interface Page extends Labels {
  readonly notSeen: NotSeen;
  /** Somebody asked for these questions: what is only information is shown in full, and nothing is only counted. */
  readonly isChosen: boolean;
  /** Prints what stands between the findings and what was not seen. */
  readonly sections?: () => void;
}

const printNotSeen = (
  answers: readonly Answer[],
  hosts: number,
  { notSeen, labelOf, nameOf, isChosen }: Page,
): void => {
  const read = new Set(
    answers.flatMap(({ query }) => [...query.requires.map(({ table }) => table), ...query.alsoReads]),
  );
  const lines = notSeenLines(answers, notSeen, {
    ...{ labelOf: hosts > hostsApart ? nameOf : labelOf, hosts, isWhole: isChosen },
    wanted: (table) => !isChosen || read.has(table),
  });
  if (lines.length === 0) return;
  print('What was not seen, which is not "clean":\n');
  for (const line of lines) print(wrap(line, '    ', '  '));
  print('\n');
};

/** Prints findings, the gravest first, and then what was not seen. */
export const printFindings = (answers: readonly Answer[], page: Page): void => {
  const { isChosen } = page;
  const hostCount = Math.max(0, ...answers.map(({ verdicts }) => verdicts.size));
  const told = toldOf(answers);
  const groups = groupsOf(answers, told);
  const isShown = ({ severity }: Group): boolean => isChosen || severity !== 'info';
  for (const group of groups) if (isShown(group)) printGroup(group, page);
  const rest = groups.filter((group) => !isShown(group));
  if (rest.length > 0) {
    print(
      wrap(
        `and for information (-n NAME shows it): ${rest.map(({ answer, findings }) => `${answer.query.name} (${findings.length})`).join(', ')}`,
        '  ',
        'info      ',
      ),
    );
    print('\n');
  }
  if (groups.some((group) => isShown(group) && isBySubject(group.findings)))
    print(
      wrap(
        'On many hosts: tokenquery query -n NAME, or findings --json, has each of them; findings --summary has a line for each question.',
        '  ',
        '',
      ),
      '\n',
    );
  page.sections?.();
  printNotSeen(answers, hostCount, page);
  print(wrapShown(summaryOf(answers, told), ''));
  const notAsked = notAskedText(answers);
  if (notAsked !== null) print(wrap(notAsked, '  ', ''));
};
