/** Which tables a query reads, as SQLite understands it and not by its text. */
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { factTables, touchedColumns } from '../store/guard.ts';
import { bare, withKnownTables } from './known.ts';
import type { Requirement } from './known.ts';
import { statementsOf } from './closed.ts';
import type { Query } from './query.ts';

/**
 * Of a table that is required as a whole, the columns that matter: those that the query reads. One that compares snapshots
 * is another matter.
 */
const withColumns = (query: Query, db: Db): ((requirement: Requirement) => Requirement) => {
  if (query.needsHistory) return (requirement) => requirement;
  const read = new Set(statementsOf(query).flatMap((sql) => [...touchedColumns(db, sql)]));
  return (requirement) => {
    const { table, column, where } = requirement;
    if (column !== null || where !== null) return requirement;
    const names = [...read].flatMap((name) => {
      const [of, own] = name.replace(/^_current_/, '').split('.');
      return of === table && own !== undefined && own !== 'host_id' && !own.startsWith('_') ? [own] : [];
    });
    return { ...requirement, reads: [...new Set(names)].toSorted() };
  };
};

/**
 * The query with what its header leaves out: the tables that a condition of a requirement reads are required, for else the
 * condition may only seem not to hold; what else it reads is collected.
 *
 * @param db A database with the tables, empty or not; for a query that compares snapshots, a store.
 */
export const withReads = (query: Query, db: Db): Query => {
  const { applies, sql } = query;
  const required = new Set(query.requires.map(({ table }) => table));
  const ofConditions = query.requires.flatMap(({ table, where }) =>
    where === null ? [] : factTables(db, `SELECT 1 FROM ${quoteName(table)} WHERE NOT (${where})`),
  );
  const added = [...new Set(ofConditions)].filter((table) => !required.has(table));
  const appliesReads = applies === null ? [] : factTables(db, `SELECT 1 FROM hosts WHERE NOT (${applies})`);
  // Hosts are always collected.
  const named = new Set(['hosts', ...required, ...added, ...query.alsoReads]);
  const others = [...new Set([...factTables(db, sql), ...appliesReads])].filter((table) => !named.has(table));
  const requires = [...query.requires, ...added.map(bare)].map(withColumns(query, db));
  return {
    ...query,
    sql: withKnownTables(sql, requires),
    requires,
    alsoReads: [...query.alsoReads, ...others],
    appliesReads,
  };
};
