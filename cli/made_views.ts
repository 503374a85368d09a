/** Views that a query makes where its statement names them: host_summary, and the tables of osquery. */
import type { SummaryOf } from '../queries/host_summary.ts';
import type { Db } from '../store/database.ts';
import type { Names } from '../queries/evaluate.ts';
import { readChangesOnce } from '../store/meaning.ts';

/** A statement without such a word names none of them, and need not load what makes them: a test holds it to `madeViewNames`. */
export const mayNameViews =
  /host_summary|os_version|system_info|osquery_info|sip_config|disk_encryption|mdm/i;

/** Makes them on this connection; returns what a statement may name with them. */
export const withMadeViews = async (
  db: Db,
  sql: string,
  known: Names,
  of: Omit<SummaryOf, 'tables'>,
): Promise<Names> => {
  if (of.isStored) readChangesOnce(db, sql);
  if (!mayNameViews.test(sql)) return known;
  const { addHostSummary } = await import(/* webpackMode: "eager" */ '../queries/host_summary.ts');
  const { addOsqueryViews } = await import(/* webpackMode: "eager" */ '../queries/osquery_views.ts');
  const { tables } = await import(/* webpackMode: "eager" */ '../tables/index.ts');
  const added = [...addHostSummary(db, sql, { ...of, tables }), ...addOsqueryViews(db, sql)];
  return added.length === 0 ? known : { ...known, tables: [...known.tables, ...added] };
};

/** What they are called. */
export const madeViewNames = async (): Promise<readonly string[]> => {
  const { hostSummary } = await import(/* webpackMode: "eager" */ '../queries/host_summary.ts');
  const { osqueryViews } = await import(/* webpackMode: "eager" */ '../queries/osquery_views.ts');
  return [hostSummary.name, ...osqueryViews.map(({ name }) => name)];
};
