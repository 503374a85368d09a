/** Findings of a fleet at a glance: a line for each question, with the number of hosts for each of its answers. */
import { plural } from '../collector/plural.ts';
import { gradeOn, hostCountOf, verdictWords } from '../queries/evaluate.ts';
import type { Answer, Verdict } from '../queries/evaluate.ts';
import { findingsOfAnswer, isAtLeast } from '../queries/findings.ts';
import type { Finding } from '../queries/findings.ts';
import { severities, severityRank } from '../queries/query.ts';
import type { Query, Severity } from '../queries/query.ts';
import { isKept } from './findings_told.ts';
import type { Told } from './findings_told.ts';
import { print, printRows } from './output.ts';
import type { Mode } from './output.ts';
import { ofSeverity, screenSize } from './screen.ts';
import { padTo, widthOf, wrapWords } from './width.ts';

/** What counts as new and as resolved. */
const recentSeconds = 7 * 86_400;

interface Recent {
  added: number;
  resolved: number;
}

/** One question, as far as it matters as much. */
interface Line {
  readonly query: Query;
  readonly severity: Severity;
  /** Hosts. */
  readonly counts: Record<Verdict, number>;
  findings: number;
  /** Null where no database keeps it. */
  readonly recent: Recent | null;
}

/** What came and went in the last days, by question and severity; null where no database says it. */
const recentOf = ({ lives, now, isCounted }: Told): ReadonlyMap<string, Recent> | null => {
  if (lives === null) return null;
  const since = now - recentSeconds;
  const recent = new Map<string, Recent>();
  for (const life of lives.all) {
    const { queryName, severity, firstSeenTime, resolvedTime } = life;
    const isNew = firstSeenTime >= since;
    const isResolved = resolvedTime !== null && resolvedTime >= since;
    if ((!isNew && !isResolved) || !isCounted(life)) continue;
    const key = lineKey(queryName, severity);
    const own = recent.get(key) ?? { added: 0, resolved: 0 };
    recent.set(key, own);
    if (isNew) own.added += 1;
    if (isResolved) own.resolved += 1;
  }
  return recent;
};

const lineKey = (query: string, severity: string): string => `${severity} ${query}`;

/** How much each host with a finding is hit: as much as by the gravest. */
const gravest = (findings: readonly Finding[]): ReadonlyMap<string, Severity> => {
  const byHost = new Map<string, Severity>();
  for (const { hostId, severity } of findings) {
    const before = byHost.get(hostId ?? '');
    if (before === undefined || isAtLeast(severity, before)) byHost.set(hostId ?? '', severity);
  }
  return byHost;
};

/** The lines of one question: one, and more where it matters less on some hosts. */
const linesOf = (answer: Answer, recent: ReadonlyMap<string, Recent> | null): readonly Line[] => {
  const { query, verdicts } = answer;
  const lines = new Map<Severity, Line>();
  const lineOf = (severity: Severity): Line => {
    const counts = Object.fromEntries(verdictWords.map((word) => [word, 0])) as Record<Verdict, number>;
    const own = recent?.get(lineKey(query.name, severity)) ?? { added: 0, resolved: 0 };
    const isKnown = recent !== null && isKept(query) && severity !== 'info';
    const line = lines.get(severity) ?? {
      ...{ query, severity, counts, findings: 0, recent: isKnown ? own : null },
    };
    lines.set(severity, line);
    return line;
  };
  lineOf(query.severity);
  const findings = findingsOfAnswer(answer);
  for (const { severity } of findings) lineOf(severity).findings += 1;
  const hit = gravest(findings);
  for (const [host, verdict] of verdicts) {
    const isGraded = verdict === 'unknown' || verdict === 'not_asked';
    const severity = isGraded ? gradeOn(answer, host).severity : hit.get(host);
    lineOf(severity ?? query.severity).counts[verdict] += 1;
  }
  for (const severity of severities)
    if (recent?.has(lineKey(query.name, severity)) === true) lineOf(severity);
  return [...lines.values()];
};

/** The gravest first, and then what most hosts have. */
const summaryLines = (told: Told): readonly Line[] => {
  const recent = recentOf(told);
  return told.answers
    .flatMap((answer) => linesOf(answer, recent))
    .filter(({ severity }) => isAtLeast(severity, told.least))
    .toSorted(
      (a, b) =>
        severityRank(a.severity) - severityRank(b.severity) ||
        b.counts.hit - a.counts.hit ||
        (a.query.name < b.query.name ? -1 : 1),
    );
};

const columns = [
  ...['query_name', 'title', 'group', 'severity'],
  ...verdictWords,
  ...['findings', 'new_findings', 'resolved_findings'],
];

const cellsOf = ({ query, severity, counts, findings, recent }: Line) => [
  ...[query.name, query.title, query.group, severity],
  ...verdictWords.map((word) => counts[word]),
  ...[findings, recent?.added ?? null, recent?.resolved ?? null],
];

/** A column of numbers: its head in one line or two, and where it is not told. */
interface NumberColumn {
  readonly head: readonly [string, string];
  readonly of: (line: Line) => number | null;
  /** Whether a line has something to say in it: a column without is left out. */
  readonly isShown: (line: Line) => boolean;
}

const heads: Partial<Readonly<Record<Verdict, readonly [string, string]>>> = {
  unknown: ['un-', 'known'],
  not_asked: ['not', 'asked'],
  suppressed: ['sup-', 'pressed'],
};

const numberColumns: readonly NumberColumn[] = [
  ...verdictWords.map((word): NumberColumn => ({
    head: heads[word] ?? ['', word.replaceAll('_', ' ')],
    of: ({ counts }) => counts[word],
    isShown: ({ counts }) => ['hit', 'clean', 'unknown'].includes(word) || counts[word] > 0,
  })),
  { head: ['', 'new'], of: ({ recent }) => recent?.added ?? null, isShown: ({ recent }) => recent !== null },
  {
    head: ['re-', 'solved'],
    of: ({ recent }) => recent?.resolved ?? null,
    isShown: ({ recent }) => recent !== null,
  },
];

/** All lines of a page have room on the narrowest terminal that is usual. */
const pageWidth = (): number => Math.min(80, screenSize()?.columns ?? 80);

class Page {
  readonly #columns: readonly NumberColumn[];
  readonly #widths: readonly number[];
  readonly #nameWidth: number;

  constructor(lines: readonly Line[]) {
    this.#columns = numberColumns.filter(({ isShown }) => lines.some(isShown));
    this.#widths = this.#columns.map(({ head, of }) =>
      Math.max(...head.map(widthOf), ...lines.map((line) => String(of(line) ?? '-').length)),
    );
    const numbers = this.#widths.reduce((sum, width) => sum + width + 1, 0);
    const names = Math.max(0, ...lines.map(({ query }) => widthOf(query.name)));
    this.#nameWidth = Math.max(8, Math.min(names + 2, pageWidth() - numbers));
  }

  #numbers(texts: readonly string[]): string {
    return texts.map((text, index) => ` ${padTo(text, this.#widths[index] ?? 0, true)}`).join('');
  }

  head(): string {
    const line = (at: 0 | 1): string =>
      `${' '.repeat(this.#nameWidth)}${this.#numbers(this.#columns.map(({ head }) => head[at]))}`;
    return `${line(0).trimEnd()}\n${line(1)}\n`;
  }

  line(line: Line): string {
    const numbers = this.#numbers(this.#columns.map(({ of }) => String(of(line) ?? '-')));
    const name = `  ${line.query.name}`;
    // A name that is cut could not be asked for.
    if (widthOf(name) > this.#nameWidth) return `${name}\n${' '.repeat(this.#nameWidth)}${numbers}\n`;
    return `${padTo(name, this.#nameWidth, false)}${numbers}\n`;
  }

  get hasRecent(): boolean {
    return this.#columns.some(({ head }) => head[1] === 'new');
  }
}

/** Whether there is something to say of a question beside that all is well, or that it was not asked. */
const isOfNote = ({ counts, recent }: Line): boolean =>
  verdictWords.some((word) => word !== 'clean' && word !== 'not_asked' && counts[word] > 0) ||
  (recent !== null && recent.added + recent.resolved > 0) ||
  (counts.clean > 0 && counts.not_asked > 0);

const printList = (what: string, lines: readonly Line[]): void => {
  if (lines.length === 0) return;
  const names = lines.map(({ query }) => query.name).toSorted();
  print(wrapWords(`${what}: ${names.join(', ')}`, { width: pageWidth(), indent: '  ' }).trimStart());
};

const printPage = (lines: readonly Line[], hosts: number): void => {
  const reports = lines.filter(({ query }) => query.isOfFleet);
  const ofHosts = lines.filter(({ query }) => !query.isOfFleet);
  const shown = ofHosts.filter(isOfNote);
  if (shown.length > 0) {
    const page = new Page(shown);
    print(page.head());
    for (const severity of severities.toReversed()) {
      const own = shown.filter((line) => line.severity === severity);
      if (own.length > 0) print(ofSeverity(severity), '\n', ...own.map((line) => page.line(line)));
    }
    if (page.hasRecent) print('new and resolved: findings in the last seven days; else hosts\n');
    print('\n');
  }
  const rest = ofHosts.filter((line) => !isOfNote(line));
  printList(
    'clean on every host',
    rest.filter(({ counts }) => counts.clean > 0),
  );
  printList(
    'not asked',
    rest.filter(({ counts }) => counts.clean === 0 && counts.not_asked > 0),
  );
  printList(
    'reports on the fleet (-n NAME shows one)',
    reports.filter(({ findings }) => findings > 0),
  );
  print(`${plural(new Set(lines.map(({ query }) => query)).size, 'question')} on ${plural(hosts, 'host')}\n`);
};

export const printSummary = (mode: Mode, told: Told): void => {
  const lines = summaryLines(told);
  const hosts = hostCountOf(told.answers);
  if (mode === 'pretty') printPage(lines, hosts);
  else printRows(mode, columns, lines.map(cellsOf));
};
