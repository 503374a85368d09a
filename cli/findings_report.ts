/** Findings as a person reads them. */
import { isSeen } from '../collector/status.ts';
import { leftOutReason } from '../collector/table.ts';
import type { Value } from '../collector/table.ts';
import { findingsOfAnswer } from '../queries/findings.ts';
import type { Finding } from '../queries/findings.ts';
import { severities, severityRank } from '../queries/query.ts';
import type { Answer, BlindSpot } from '../queries/evaluate.ts';
import type { Means } from '../queries/means.ts';
import { plural } from '../collector/plural.ts';
import { tables } from '../tables/index.ts';
import { print } from './output.ts';
import { isShown as isOnScreen, ofSeverity, textWidth } from './screen.ts';
import { wrapWords } from './width.ts';

const rowsShown = 20;
const hostsShown = 3;

/** A time as a person reads it, in UTC; a number of seconds that is none stays one. */
const timeText = (seconds: number): string => {
  const date = new Date(Math.floor(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z');
};

const factText = (name: string, value: Value): string => {
  if (value === null) return 'unknown';
  // 0 stands for "never" where macOS counts failed logins.
  const isTime = /_(?:time|timestamp)$/.test(name) && typeof value !== 'string' && value > 0;
  return isTime ? timeText(value) : String(value);
};

const factsText = (details: Finding['details']): string =>
  details
    .map((facts) =>
      Object.entries(facts)
        .map(([name, value]) => `${name} ${factText(name, value)}`)
        .join(', '),
    )
    .join('; ');

/** Without a terminal, lines have some 100 characters. */
const wrap = (text: string, indent: string, first = indent): string =>
  isOnScreen()
    ? wrapWords(text, { width: textWidth(), indent, first })
    : wrapWords(text, { width: 101, indent, first, isLoose: true });

/** What is wrapped on a terminal only. */
const wrapShown = (text: string, indent: string, first = indent): string =>
  wrapWords(text, { width: textWidth(), indent, first });

type Label = (hostId: string) => string;

const printAnswer = ({ query, verdicts }: Answer, findings: readonly Finding[], labelOf: Label): void => {
  const hosts = new Set(findings.map(({ hostId }) => hostId)).size;
  const title = query.title === query.name ? '' : `: ${query.title}`;
  const head = wrapShown(`${query.name}${title}`, '          ', ' '.repeat(10)).slice(8);
  print(ofSeverity(query.severity, query.severity.padEnd(8)), head);
  if (query.purpose !== '' && query.purpose !== query.title)
    print(wrap(query.purpose, '          ', '  means:  '));
  if (query.remediation !== '') print(wrap(query.remediation, '          ', '  do:     '));
  // What else it may be stands where it is told: who reads the finding reads no other page.
  if (query.falsePositives !== '' && !query.falsePositives.startsWith('None'))
    print(wrap(query.falsePositives, '          ', '  may be: '));
  if (verdicts.size > 1 && !query.isOfFleet) print(`  on ${hosts} of ${plural(verdicts.size, 'host')}:\n`);
  for (const { hostId, subject, details, blindSpots } of findings.slice(0, rowsShown)) {
    const more = blindSpots.length === 0 ? '' : ' (and not all could be looked at)';
    const facts = factsText(details);
    print(
      wrap(
        `${hostId === null ? 'fleet' : labelOf(hostId)}  ${subject ?? '-'}${more}${facts === '' ? '' : `: ${facts}`}`,
        '      ',
        '    ',
      ),
    );
  }
  if (findings.length > rowsShown) {
    print(`    and ${findings.length - rowsShown} more: tokenquery query -n ${query.name}, or --json\n`);
  }
  print('\n');
};

interface Cause {
  readonly tables: Set<string>;
  readonly hosts: Set<string>;
  readonly queries: Set<string>;
}

/**
 * Why something is not known, in words of its own. What table_status says of a table that was seen is of every column
 * that is left out, as one text, which may not speak of this one: of a column that declares why it is NULL, that is said
 * alone.
 */
export const causeOf = ({ table, column, reason, because }: BlindSpot): string => {
  if (column === null || because.by === 'question' || because.by === 'means') return reason;
  const unknown = `${table}.${column} is not known`;
  if (because.by !== 'table_status') return unknown;
  if (!isSeen(because.status)) return reason;
  const declared = tables.find(({ name }) => name === table)?.columns[column];
  if (declared?.nullBecause !== undefined) return `${column}: ${declared.nullBecause}`;
  const leftOut = `${column}: ${leftOutReason(declared ?? {})}`;
  if (declared?.include !== undefined && because.told?.includes(leftOut) === true) return leftOut;
  return because.told === null ? unknown : `${unknown}; of the table it is said: ${because.told}`;
};

/** Why queries were left open, one entry for each reason. */
const causesOf = (answers: readonly Answer[]): ReadonlyMap<string, Cause> => {
  const causes = new Map<string, Cause>();
  for (const { query, verdicts, blindSpots } of answers) {
    for (const [host, spots] of blindSpots) {
      if (verdicts.get(host) !== 'unknown') continue;
      for (const spot of spots) {
        if (spot.because.by === 'means') continue;
        const key = causeOf(spot);
        const cause = causes.get(key) ?? { tables: new Set(), hosts: new Set(), queries: new Set() };
        causes.set(key, cause);
        cause.tables.add(spot.table);
        cause.hosts.add(host);
        cause.queries.add(query.name);
      }
    }
  }
  return causes;
};

const hostList = (hosts: ReadonlySet<string>, labelOf: Label): string => {
  const all = [...hosts].toSorted();
  const more = all.length - hostsShown;
  return `${all.slice(0, hostsShown).map(labelOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};

const printUnknown = (answers: readonly Answer[], hostCount: number, labelOf: Label): void => {
  const causes = causesOf(answers);
  if (causes.size === 0) return;
  print('Could not be judged, which is not "clean":\n');
  const sorted = [...causes].toSorted(
    ([a, one], [b, other]) =>
      other.queries.size * other.hosts.size - one.queries.size * one.hosts.size || (a < b ? -1 : 1),
  );
  for (const [reason, { tables: named, hosts, queries }] of sorted) {
    print(wrap(`${reason} (${[...named].toSorted().join(', ')})`, '    ', '  '));
    if (hostCount > 1)
      print(
        wrap(
          `on ${hosts.size} of ${plural(hostCount, 'host')}: ${hostList(hosts, labelOf)}`,
          '      ',
          '    ',
        ),
      );
    print(wrap(`leaves open ${[...queries].toSorted().join(', ')}`, '      ', '    '));
  }
  print('\n');
};

const meansWords: Readonly<Record<Means, string>> = {
  database: 'compare snapshots: ask with --db FILE',
  network: 'need --allow-network',
  include: 'need --include',
  hosts: 'need more hosts',
  source: 'rest on what no source tells yet',
};

/** What the means of this run exclude, each question once. */
const notAskedText = (answers: readonly Answer[]): string => {
  const counts = new Map<Means, number>();
  for (const { verdicts, blindSpots } of answers) {
    const of = [...verdicts].find(([, verdict]) => verdict === 'not_asked');
    const spot = of === undefined ? undefined : blindSpots.get(of[0])?.[0];
    if (spot?.because.by !== 'means') continue;
    counts.set(spot.because.means, (counts.get(spot.because.means) ?? 0) + 1);
  }
  const words = [...counts].map(([means, count]) => `${count} ${meansWords[means]}`);
  return words.length === 0 ? '' : `not asked of this run: ${words.join('; ')}`;
};

/** Counts of the verdicts, the critical findings first. */
const summaryOf = (answers: readonly Answer[]): string => {
  const hosts = new Set(answers.flatMap(({ verdicts }) => [...verdicts.keys()])).size;
  const findings = answers.flatMap(findingsOfAnswer);
  const bySeverity = severities
    .toReversed()
    .map(
      (severity) => [findings.filter(({ query }) => query.severity === severity).length, severity] as const,
    )
    .filter(([count]) => count > 0)
    .map(([count, severity]) => `${count} ${severity}`);
  const count = { hit: 0, clean: 0, unknown: 0, not_asked: 0 };
  for (const { verdicts } of answers) for (const verdict of verdicts.values()) count[verdict] += 1;
  const all = bySeverity.length === 0 ? 'nothing found' : `found ${bySeverity.join(', ')}`;
  return (
    `${plural(answers.length, 'question')} on ${plural(hosts, 'host')}: ${all}; ` +
    `of ${plural(answers.length * hosts, 'answer')} ${count.hit} hit, ${count.clean} clean, ${count.unknown} unknown` +
    (count.not_asked === 0 ? '' : `, ${count.not_asked} not asked`)
  );
};

/**
 * Prints findings, the gravest first, and then what could not be evaluated.
 *
 * @param labelOf How a host is called.
 * @param showInfo Also in full what is only information.
 */
export const printFindings = (answers: readonly Answer[], labelOf: Label, showInfo: boolean): void => {
  const hostCount = Math.max(0, ...answers.map(({ verdicts }) => verdicts.size));
  const sorted = answers
    .map((answer) => ({ answer, findings: findingsOfAnswer(answer) }))
    .filter(({ findings }) => findings.length > 0)
    .toSorted((a, b) => severityRank(a.answer.query.severity) - severityRank(b.answer.query.severity));
  const isShown = (answer: Answer): boolean => showInfo || answer.query.severity !== 'info';
  for (const { answer, findings } of sorted) if (isShown(answer)) printAnswer(answer, findings, labelOf);
  const rest = sorted.filter(({ answer }) => !isShown(answer));
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
  printUnknown(answers, hostCount, labelOf);
  print(wrapShown(summaryOf(answers), ''));
  const notAsked = notAskedText(answers);
  if (notAsked !== '') print(wrap(notAsked, '  ', ''));
};
