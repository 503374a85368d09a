/** What a lake holds of a store: its views, with the type of each column and the order of the rows of one host. */
import { allColumns, dataTables } from '../../collector/table.ts';
import type { Column, Table } from '../../collector/table.ts';
import type { Db } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import { addLastLooks, changesColumns, fillSeenRows, hostStates, seenRows } from '../../store/last_looks.ts';

export type ColumnType = Column['type'];
export type LakeColumn = readonly [name: string, type: ColumnType];

export interface Relation {
  /** Of the view, and of the folder. */
  readonly name: string;
  readonly columns: readonly LakeColumn[];
  /** What tells the rows of a host apart, first to last; all other columns follow. */
  readonly key: readonly string[];
  /** Makes its rows, where they are in no view of the file. */
  readonly fill?: (db: Db) => void;
}

const versionColumns: readonly LakeColumn[] = [
  ['valid_from_time', 'INTEGER'],
  ['valid_until_time', 'INTEGER'],
  ['first_snapshot_id', 'INTEGER'],
  ['last_snapshot_id', 'INTEGER'],
];

/** Of the views that no table declares. */
const ownTypes: Readonly<Record<string, Readonly<Record<string, ColumnType>>>> = {
  snapshots: {
    snapshot_id: 'INTEGER',
    host_id: 'TEXT',
    sequence: 'INTEGER',
    collected_time: 'INTEGER',
    ingested_time: 'INTEGER',
    status: 'TEXT',
    origin: 'TEXT',
    euid: 'INTEGER',
    tool_version: 'TEXT',
    schema_version: 'INTEGER',
    redaction: 'TEXT',
    is_ahead: 'INTEGER',
  },
  changes: changesColumns,
  [seenRows]: { table_name: 'TEXT', row: 'TEXT', host_id: 'TEXT' },
  [hostStates]: {
    host_id: 'TEXT',
    judged_from_time: 'INTEGER',
    judged_until_time: 'INTEGER',
    stored_time: 'INTEGER',
    ahead_snapshot_id: 'INTEGER',
  },
  findings_history: {
    query_name: 'TEXT',
    severity: 'TEXT',
    host_id: 'TEXT',
    subject: 'TEXT',
    details: 'TEXT',
    first_seen_time: 'INTEGER',
    valid_from_time: 'INTEGER',
    valid_until_time: 'INTEGER',
    finding_id: 'TEXT',
    last_seen_time: 'INTEGER',
    exception: 'TEXT',
    resolved_time: 'INTEGER',
  },
};

interface Declared extends Omit<Relation, 'columns'> {
  readonly types: ReadonlyMap<string, ColumnType>;
}

const typesOf = (table: Table): LakeColumn[] => allColumns(table).map(([name, { type }]) => [name, type]);

const declared = (tables: readonly Table[]): Declared[] => {
  const own = (name: string, key: readonly string[]): Declared => ({
    ...{ name, key },
    types: new Map(Object.entries(ownTypes[name] ?? {})),
  });
  const reported = tables.filter(({ name }) => name === 'table_status' || name === 'collection_errors');
  return [
    ...dataTables(tables).map((table): Declared => ({
      name: `${table.name}_history`,
      types: new Map([...typesOf(table), ...versionColumns]),
      key: [...table.key, 'valid_from_time'],
    })),
    ...reported.map((table): Declared => ({
      name: table.name,
      types: new Map(typesOf(table)),
      key: table.key,
    })),
    own('snapshots', ['sequence']),
    own('findings_history', ['query_name', 'subject', 'valid_from_time']),
    own('changes', ['change_time', 'table_name', 'key', 'column_name']),
    own(hostStates, []),
    { ...own(seenRows, ['table_name']), fill: (db) => fillSeenRows(db, tables) },
  ];
};

const isType = (type: string | null): type is ColumnType =>
  type === 'TEXT' || type === 'INTEGER' || type === 'REAL';

/** The relations of a store; a column that only its file knows has the type that the file says, or else that of texts. */
export const relationsOf = (db: Db, tables: readonly Table[]): readonly Relation[] => {
  addLastLooks(db);
  return declared(tables)
    .map(({ types, ...relation }): Relation => {
      const { name } = relation;
      const columns = db
        .prepare(`SELECT * FROM ${quoteName(name)} LIMIT 0`)
        .columns()
        .map((column): LakeColumn => {
          const type = types.get(column.name) ?? column.type;
          return [column.name, isType(type) ? type : 'TEXT'];
        });
      return { ...relation, columns };
    })
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
};

/** Those that a database is asked of: the others are for who makes a store of a lake again. */
export const askedRelations = (db: Db, tables: readonly Table[]): readonly Relation[] =>
  relationsOf(db, tables).filter(({ name }) => name !== hostStates && name !== seenRows);
