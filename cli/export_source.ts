/** The snapshots that an export is made of. */
import { UserError } from '../collector/errors.ts';
import { emptyCursor, newsSince, readCursor, writeCursor } from '../export/cursor.ts';
import type { Cursor } from '../export/cursor.ts';
import { formats } from '../export/formats/index.ts';
import { isReport } from '../export/format.ts';
import type { AnySnapshot, Format } from '../export/format.ts';
import { hostsWithEvents, lastEvent, newEvents } from '../export/seen_events.ts';
import { exportReader } from '../export/rows/reader.ts';
import type { ReadOptions } from '../export/rows/source.ts';
import { ReportNews, canBeLeftOut } from '../export/told_reports.ts';
import { viewAsOf } from '../store/as_of.ts';
import { hostOfSnapshot } from '../store/known_snapshots.ts';
import type { Store } from '../store/store.ts';
import { tables } from '../tables/index.ts';
import { hostNamed } from './database.ts';
import type { ExportPlan } from './export_plan.ts';
import { printNote } from './output.ts';
import { currentTime } from './time.ts';
import type { Query } from '../queries/query.ts';

export interface Source {
  readonly snapshots: Iterable<AnySnapshot>;
  /** What is new since the cursor; null where changes are not asked for. */
  readonly news: { readonly hosts: { readonly size: number }; readonly next: Cursor } | null;
  /** Leaves out of the snapshots what of their reports was told before; their rows have cells then. */
  readonly reports?: ReportNews | null;
}

/** The hosts of a store that a plan names; null means all. */
export const hostsOf = ({ hosts }: ExportPlan, store: Store): readonly string[] | null =>
  hosts === null ? null : hosts.map((name) => hostNamed(store, name));

const readOptions = (
  { tables: wanted, format, redact, asOf }: ExportPlan,
  hostIds: readonly string[] | null,
): ReadOptions => ({
  tables: wanted,
  // What is redacted is redacted cell by cell.
  rowSql: redact === null ? format.rowSql : null,
  ...(hostIds === null ? {} : { hostIds }),
  ...(asOf === null ? {} : { asOf }),
});

const oneSnapshot = (
  plan: ExportPlan,
  store: Store,
  hosts: readonly string[] | null,
): Iterable<AnySnapshot> => {
  const snapshotId = plan.snapshotId as number;
  const hostId = hostOfSnapshot(store.db, snapshotId);
  if (hostId === null)
    throw new UserError(
      `there is no snapshot ${snapshotId} in the database`,
      'SELECT snapshot_id, host_id, collected_time FROM snapshots lists them',
    );
  if (hosts !== null && !hosts.includes(hostId))
    throw new UserError(`snapshot ${snapshotId} is of another host`, `--host ${hostId}`);
  return exportReader(store, readOptions(plan, [hostId])).wholeSnapshots(({ id }) => id === snapshotId);
};

/** The questions as the site has them. */
const overlaid = async (
  { overlayFolder }: ExportPlan,
  queries: readonly Query[],
): Promise<readonly Query[]> => {
  if (overlayFolder === null) return queries;
  const { readOverlay } = await import(/* webpackMode: "eager" */ '../queries/overlay.ts');
  const { offNotes } = await import(/* webpackMode: "eager" */ './overlay.ts');
  const asked = readOverlay(overlayFolder).apply(queries);
  for (const note of offNotes(asked)) printNote(note);
  return asked;
};

const findings = async (
  plan: ExportPlan,
  store: Store,
  hosts: readonly string[] | null,
): Promise<Iterable<AnySnapshot>> => {
  const { evaluate } = await import(/* webpackMode: "eager" */ '../queries/evaluate.ts');
  const { queries } = await import(/* webpackMode: "eager" */ '../queries/index.ts');
  const { findingSnapshots } = await import(/* webpackMode: "eager" */ '../export/findings.ts');
  const { names } = await import(/* webpackMode: "eager" */ './names.ts');
  const asked = await overlaid(plan, queries);
  const answers = evaluate(store.db, asked, { now: plan.asOf ?? currentTime(), names, tables });
  const heads = exportReader(store, { ...readOptions(plan, hosts), tables: [] }).currentSnapshots();
  return findingSnapshots(store, answers, heads, plan.withPasses);
};

/** What a cursor is for: another choice needs another one. */
const selectionOf = (plan: ExportPlan, hosts: readonly string[] | null): string =>
  JSON.stringify({
    ...(plan.what === 'finding-events' ? { what: plan.what } : {}),
    format: plan.formatName,
    tables: plan.areTablesNamed ? plan.tables.map((table) => table.name) : null,
    hosts,
    redact: plan.redact?.level ?? null,
  });

/** What a cursor knows of the reports that it told; null where they are told with each snapshot. */
const reportNews = (
  { cursorPath, formatName, tables: wanted, isStatusRepeated }: ExportPlan,
  cursor: Cursor,
): ReportNews | null =>
  cursorPath === null || !formats[formatName].isReportNews || !canBeLeftOut(wanted)
    ? null
    : new ReportNews(cursor.reports, isStatusRepeated, (reports) =>
        writeCursor(cursorPath, { ...cursor, reports }),
      );

/** The rows of reports are compared, so they are read as cells. */
const withoutReports =
  (rowSql: NonNullable<Format['rowSql']>): Format['rowSql'] =>
  (table) =>
    isReport(table) ? null : rowSql(table);

const changes = (plan: ExportPlan, store: Store, hosts: readonly string[] | null): Source => {
  const selection = selectionOf(plan, hosts);
  const cursor = plan.cursorPath === null ? emptyCursor(selection) : readCursor(plan.cursorPath, selection);
  const news = newsSince(store, cursor, hosts);
  const reports = reportNews(plan, cursor);
  const options = readOptions(plan, hosts);
  const { rowSql } = options;
  const reader = exportReader(store, {
    ...options,
    rowSql: reports === null || rowSql === null ? rowSql : withoutReports(rowSql),
  });
  const { isWhole } = formats[plan.formatName];
  // Only other databases need what does not count.
  const withAhead = plan.formatName === 'native';
  const snapshots = function* (): Generator<AnySnapshot> {
    for (const [hostId, { ids, since }] of news.hosts) {
      if (isWhole)
        yield* reader.wholeSnapshots(({ id, isAhead }) => ids.has(id) && (!isAhead || withAhead), [hostId]);
      else yield* reader.changedSnapshots(hostId, since, (id) => ids.has(id));
    }
  };
  return { snapshots: snapshots(), news, reports };
};

/** What happened to findings; a cursor keeps up to where that was exported. */
const findingEvents = async (
  plan: ExportPlan,
  store: Store,
  hosts: readonly string[] | null,
): Promise<Source> => {
  const { findingEventSnapshots } = await import(/* webpackMode: "eager" */ '../export/finding_events.ts');
  const selection = selectionOf(plan, hosts);
  const seen = plan.cursorPath === null ? null : readCursor(plan.cursorPath, selection).event;
  const told = newEvents(store, seen);
  const wanted = hosts === null ? null : new Set(hosts);
  const some = hostsWithEvents(store, told).filter((hostId) => wanted?.has(hostId) ?? true);
  const heads = exportReader(store, { ...readOptions(plan, some), tables: [] }).currentSnapshots();
  const news = {
    hosts: new Set(some),
    next: { ...emptyCursor(selection), event: lastEvent(store, told, seen) },
  };
  return { snapshots: findingEventSnapshots(store, told, heads), news };
};

/** The caller holds a transaction: it is one moment of the database, whoever writes into it meanwhile. */
export const sourceOf = async (plan: ExportPlan, store: Store): Promise<Source> => {
  const hosts = hostsOf(plan, store);
  if (plan.asOf !== null) viewAsOf(store, plan.asOf);
  switch (plan.what) {
    case 'current':
      return { snapshots: exportReader(store, readOptions(plan, hosts)).currentSnapshots(), news: null };
    case 'snapshot':
      return { snapshots: oneSnapshot(plan, store, hosts), news: null };
    case 'findings':
      return { snapshots: await findings(plan, store, hosts), news: null };
    case 'finding-events':
      return findingEvents(plan, store, hosts);
    case 'changes':
      return changes(plan, store, hosts);
  }
};
