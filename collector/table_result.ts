/** What comes of a table: the rows that may be shown, its status with the reason, and what is not known for certain. */
import type { TableResult } from './collection.ts';
import { doubtsOf, restsOn, untoldColumns } from './doubts.ts';
import type { Failure, Looked } from './doubts.ts';
import { CollectError, NotAsked } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { sortRows } from './order.ts';
import { commandNames } from './sources.ts';
import type { CommandName } from './sources.ts';
import type { Status } from './status.ts';
import { allColumns, leftOutReason } from './table.ts';
import type { Table, Value } from './table.ts';
import { problemKey } from './table_draft.ts';
import type { AnyRow, Draft } from './table_draft.ts';
import { rulesOf, violations } from './validate.ts';

const statusOfCode = (code: ErrorCode): Status => {
  switch (code) {
    case 'permission_denied':
    case 'full_disk_access_required':
      return 'denied';
    case 'unsupported_macos':
      return 'unsupported';
    case 'not_recorded':
      return 'not_recorded';
    default:
      return 'failed';
  }
};

/** Commands have the order of the list; files and the rest come after them. */
export const sourceOrder = (source: string | null): number => {
  const index = commandNames.indexOf(source as CommandName);
  return index === -1 ? commandNames.length : index;
};

const sortProblems = (problems: readonly CollectError[]): CollectError[] =>
  problems.toSorted((a, b) => {
    const order = sourceOrder(a.source) - sourceOrder(b.source);
    if (order !== 0) return order;
    return problemKey(a) < problemKey(b) ? -1 : 1;
  });

/** Rows that may be shown; one that its table cannot have is left out, and noted. A time that none can be is unknown. */
const checkRows = (table: Table, drafted: readonly AnyRow[], hostId: string | null, lastTime: number) => {
  const problems: CollectError[] = [];
  const rows: AnyRow[] = [];
  const timeRules = [...rulesOf(table).values()].filter(({ isTime }) => isTime);
  /** Columns of such times, and why they are NULL. */
  const oddTimes = new Map<string, string>();
  for (const row of drafted) {
    const full: Record<string, Value> = { ...row, host_id: hostId };
    for (const rule of timeRules) {
      if (!rule.isOddTime(full[rule.name], lastTime)) continue;
      oddTimes.set(rule.name, rule.oddTimeReason);
      full[rule.name] = null;
    }
    const found = violations(table, full);
    if (found.length === 0) rows.push(full);
    else problems.push(new CollectError('row_invalid', `a row was left out: ${found.join(', ')}`));
  }
  return { rows: sortRows(table, rows), problems, oddTimes };
};

interface Answer extends Looked {
  /** Columns of which something was left out, because nobody asked for it. */
  readonly leftOut: ReadonlySet<string>;
  /** Columns of which the evidence dropped what they are made of, and why. */
  readonly notKept: ReadonlyMap<string, string>;
}

/** Columns that are NULL in some row, and that one of these sources could have told. */
const affectedColumns = (
  { table, rows, inapplicable, leftOut, notKept }: Answer,
  sources: ReadonlySet<string | null>,
): string[] =>
  allColumns(table)
    .filter(([name, column]) => {
      if (name === 'host_id' || inapplicable.has(name) || leftOut.has(name) || notKept.has(name))
        return false;
      const from = column.from ?? table.sources;
      return from.some((source) => sources.has(source)) && rows.some((row) => row[name] === null);
    })
    .map(([name]) => name);

/** A value that could not be read is nothing to a table that has none of it. */
const isFelt = (looked: Answer, { costs, source }: CollectError): boolean =>
  costs !== 'value' || affectedColumns(looked, new Set([source])).length > 0;

const andMore = (count: number): string => (count === 0 ? '' : ` (and ${count} more, see collection_errors)`);

type Outcome = Pick<TableResult, 'rows' | 'status' | 'code' | 'reason' | 'columnsAffected' | 'failedSources'>;

/** What came of a table that failed as a whole, or was not asked for. */
const failedOutcome = (failure: CollectError | NotAsked, rows: readonly AnyRow[]): Outcome => {
  const { message: reason } = failure;
  if (failure instanceof NotAsked)
    return { rows, status: 'skipped', code: null, reason, columnsAffected: null };
  const { code } = failure;
  return { rows: [], status: statusOfCode(code), code, reason, columnsAffected: null };
};

/** Columns that are NULL though nothing failed, and why. */
const unfilled = (looked: Answer, skips: Draft['skips'], oddTimes: ReadonlyMap<string, string>) => {
  const { table, rows, inapplicable, leftOut: notAskedFor, notKept } = looked;
  const leftOut = allColumns(table).flatMap(([name, column]): [string, string][] => {
    if (rows.length > 0 && notAskedFor.has(name)) return [[name, leftOutReason(column)]];
    const isUnfilled =
      !inapplicable.has(name) && !notKept.has(name) && rows.some((row) => row[name] === null);
    return column.nullBecause !== undefined && isUnfilled ? [[name, column.nullBecause]] : [];
  });
  const dropped = rows.length === 0 ? [] : [...notKept];
  const isExplained = (name: string): boolean =>
    oddTimes.has(name) || notAskedFor.has(name) || notKept.has(name);
  const skipped = affectedColumns(looked, new Set(skips.keys()));
  const untold = untoldColumns(looked).filter((name) => !skipped.includes(name) && !isExplained(name));
  const reasons = [
    ...[...skips]
      .filter(([source]) => skipped.length > 0 || restsOn(looked, source))
      .map(([, reason]) => reason),
    ...leftOut.map(([name, reason]) => `${name}: ${reason}`),
    ...Array.from(inapplicable, ([name, reason]) => `${name}: ${reason}`),
    ...untold.map((name) => `${name}: not told of every row`),
    ...oddTimes.values(),
    ...dropped.map(([, reason]) => reason),
  ];
  return {
    columns: [
      ...skipped,
      ...leftOut.map(([name]) => name),
      ...untold,
      ...oddTimes.keys(),
      ...dropped.map(([name]) => name),
    ],
    reasons: [...new Set(reasons)],
  };
};

/** What checking the rows brought. */
type Checked = ReturnType<typeof checkRows>;

const outcomeOf = (
  looked: Answer,
  { failure, skips, unsupported }: Draft,
  problems: readonly CollectError[],
  { problems: invalid, oddTimes }: Checked,
): Outcome => {
  const { rows } = looked;
  if (failure !== null) return failedOutcome(failure, rows);
  const sources = new Set(problems.map((problem) => problem.source));
  const { columns, reasons } = unfilled(looked, skips, oddTimes);
  const columnsAffected = [...new Set([...affectedColumns(looked, sources), ...columns])];
  if (unsupported !== null)
    return { rows, status: 'unsupported', code: 'unsupported_macos', reason: unsupported, columnsAffected };
  const [first] = problems;
  if (first === undefined) {
    const reason = reasons.length === 0 ? null : reasons.join('; ');
    return { rows, status: rows.length === 0 ? 'empty' : 'ok', code: null, reason, columnsAffected };
  }
  return {
    rows,
    status: 'partial',
    code: first.code,
    reason: `${first.message}${andMore(problems.length - 1)}`,
    // Of a row that was left out every column is missing.
    columnsAffected: rows.length === 0 || invalid.length > 0 ? null : columnsAffected,
    failedSources: [...sources].map((source) => source ?? 'row').toSorted(),
  };
};

/** What the commands of a table took together; null where nothing says it. */
const durationOf = (
  argvs: ReadonlySet<string>,
  durations: ReadonlyMap<string, number | null>,
): number | null => {
  const known = [...argvs].map((argv) => durations.get(argv) ?? null).filter((ms) => ms !== null);
  return known.length === 0 ? null : known.reduce((sum, ms) => sum + ms, 0);
};

/** What is the same for all tables of a collection. */
export interface Frame {
  readonly hostId: string | null;
  /** Until when a fact can be. */
  readonly lastTime: number;
  /** Milliseconds that each command took, by its argv. */
  readonly durations: ReadonlyMap<string, number | null>;
}

export const resultOf = (
  table: Table,
  draft: Draft,
  { hostId, lastTime, durations }: Frame,
): { readonly result: TableResult; readonly problems: readonly CollectError[] } => {
  const { inapplicable, leftOut, notKept, ofItems, argvs } = draft;
  const checked = checkRows(table, draft.rows, hostId, lastTime);
  const looked: Answer = { table, rows: checked.rows, inapplicable, leftOut, notKept };
  const problems = [
    ...sortProblems(draft.problems).filter((problem) => isFelt(looked, problem)),
    ...checked.problems,
  ];
  const outcome = outcomeOf(looked, draft, problems, checked);
  const failures = problems.map((problem): Failure => ({
    problem,
    isOfItem: ofItems.has(problemKey(problem)),
  }));
  const doubts = doubtsOf({ table, rows: outcome.rows, inapplicable }, outcome.status, failures);
  const durationMs = durationOf(argvs, durations);
  return { result: { table, durationMs, notKept: [...notKept.keys()], ...outcome, doubts }, problems };
};
