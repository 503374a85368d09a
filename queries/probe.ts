/** What a statement is looked into on before it is run: the names that it uses, as plain tables without rows. */
import { allColumns } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { openDatabase } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { addFunctions } from '../store/osquery_functions.ts';
import type { KnowColumn, KnownColumn } from './literals.ts';
import { osqueryView } from './osquery_views.ts';
import { severities } from './query.ts';
import { origins, snapshotStatuses } from '../store/snapshot.ts';

/** Columns of the store's own views that have a list of words. */
const ownWords: Readonly<Record<string, readonly string[]>> = {
  'snapshots.status': snapshotStatuses,
  'snapshots.origin': origins,
  'latest_snapshots.status': snapshotStatuses,
  'latest_snapshots.origin': origins,
  'changes.change': ['added', 'changed', 'removed'],
  'findings.severity': severities,
  'findings_history.severity': severities,
};

export interface Probe {
  readonly db: Db;
  readonly know: KnowColumn;
  close(): void;
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
}

/** What SQLite calls a whole number; NUM in the views of a store, where it is made by a CAST. */
const wholeNumbers: readonly string[] = ['INTEGER', 'INT', 'NUM'];

const typeOf = (type: string): KnownColumn['type'] | null =>
  type === 'TEXT' || type === 'REAL' ? type : wholeNumbers.includes(type) ? 'INTEGER' : null;

/** What is declared of a column; of one that is not, its type in the database. */
const knowing =
  (tables: readonly Table[], found: ReadonlyMap<string, readonly ColumnInfo[]>): KnowColumn =>
  (name, column) => {
    const declared = tables.find((table) => table.name === name.replace(/_history$/, ''));
    const known = declared === undefined ? undefined : new Map(allColumns(declared)).get(column);
    if (known !== undefined) return known;
    const ofOsquery = osqueryView(name)?.columns[column];
    if (ofOsquery !== undefined) return ofOsquery;
    const values = ownWords[`${name}.${column}`];
    if (values !== undefined) return { type: 'TEXT', values };
    const type = typeOf(found.get(name)?.find((one) => one.name === column)?.type ?? '');
    if (type === null) return null;
    return type === 'INTEGER' && column.endsWith('_time') ? { type, unit: 'unix_seconds' } : { type };
  };

/**
 * A probe for a statement on a database.
 *
 * @param names The tables and views that a statement may name.
 */
export const probeOf = (of: Db, names: readonly string[], tables: readonly Table[], sql: string): Probe => {
  const db = openDatabase(':memory:');
  // An index that SQLite makes for itself only hides what is compared.
  db.pragma('automatic_index = OFF');
  const given = sql.toLowerCase();
  const columnsOf = of.prepare('SELECT name, type FROM pragma_table_info(?)');
  const found = new Map<string, readonly ColumnInfo[]>();
  for (const name of names) {
    if (!given.includes(name)) continue;
    const columns = columnsOf.all(name) as ColumnInfo[];
    found.set(name, columns);
    const definitions = columns.map((column) => `${quoteName(column.name)} ${typeOf(column.type) ?? ''}`);
    db.exec(`CREATE TABLE ${quoteName(name)} (${definitions.join(', ')})`);
  }
  addFunctions(db, sql);
  return { db, know: knowing(tables, found), close: () => void db.close() };
};
