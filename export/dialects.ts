/**
 * Tables of other databases that take what is exported as CSV: the tables with the columns that an export has beside those that
 * are declared, and the histories and snapshots as `query --csv` gives them. What a value may be is not checked again there: rows
 * of a newer version, and redacted ones, must fit too.
 */
import { allColumns, dataTables } from '../collector/table.ts';
import type { Table } from '../collector/table.ts';

export const dialectNames = ['sqlite', 'postgres', 'duckdb', 'clickhouse', 'mysql'] as const;
export type DialectName = (typeof dialectNames)[number];

type Type = 'TEXT' | 'INTEGER' | 'REAL';

interface Dialect {
  readonly types: Readonly<Record<Type, string>>;
  readonly quote: '"' | '`';
  /** Behind the columns. */
  readonly end: string;
}

const dialects: Readonly<Record<DialectName, Dialect>> = {
  sqlite: { types: { TEXT: 'TEXT', INTEGER: 'INTEGER', REAL: 'REAL' }, quote: '"', end: '' },
  // The order of texts is that of SQLite, also where the database has another.
  postgres: {
    types: { TEXT: 'TEXT COLLATE "C"', INTEGER: 'BIGINT', REAL: 'DOUBLE PRECISION' },
    quote: '"',
    end: '',
  },
  duckdb: { types: { TEXT: 'VARCHAR', INTEGER: 'BIGINT', REAL: 'DOUBLE' }, quote: '"', end: '' },
  clickhouse: {
    types: { TEXT: 'Nullable(String)', INTEGER: 'Nullable(Int64)', REAL: 'Nullable(Float64)' },
    quote: '`',
    end: ' ENGINE = MergeTree ORDER BY tuple()',
  },
  mysql: {
    types: { TEXT: 'LONGTEXT', INTEGER: 'BIGINT', REAL: 'DOUBLE' },
    quote: '`',
    end: ' DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin',
  },
};

interface Relation {
  readonly name: string;
  readonly columns: readonly (readonly [name: string, type: Type])[];
}

const declared = (table: Table): Relation['columns'] =>
  allColumns(table).map(([name, { type }]): [string, Type] => [name, type]);

/** What an export as CSV has behind the columns of a row. */
const exported: Relation['columns'] = [
  ['snapshot_id', 'INTEGER'],
  ['collected_time', 'INTEGER'],
  ['row_id', 'TEXT'],
];

const lived: Relation['columns'] = [
  ['valid_from_time', 'INTEGER'],
  ['valid_until_time', 'INTEGER'],
  ['first_snapshot_id', 'INTEGER'],
  ['last_snapshot_id', 'INTEGER'],
];

const ofSnapshot: Relation['columns'] = [
  ['snapshot_id', 'INTEGER'],
  ['host_id', 'TEXT'],
  ['sequence', 'INTEGER'],
  ['collected_time', 'INTEGER'],
  ['ingested_time', 'INTEGER'],
  ['status', 'TEXT'],
  ['origin', 'TEXT'],
  ['euid', 'INTEGER'],
  ['tool_version', 'TEXT'],
  ['schema_version', 'INTEGER'],
  ['redaction', 'TEXT'],
  ['is_ahead', 'INTEGER'],
];

/** The views of a database of snapshots that other engines need for the queries that compare snapshots. */
export const relationsBeside = (tables: readonly Table[]): readonly Relation[] => [
  ...dataTables(tables).map((table) => ({
    name: `${table.name}_history`,
    columns: [...declared(table), ...lived],
  })),
  { name: 'snapshots', columns: ofSnapshot },
  { name: 'latest_snapshots', columns: ofSnapshot },
];

/** The statement that makes a table of another database. */
const create = ({ name, columns }: Relation, { types, quote, end }: Dialect): string => {
  const quoted = (text: string): string => `${quote}${text}${quote}`;
  const lines = columns.map(([column, type]) => `  ${quoted(column)} ${types[type]}`);
  return `CREATE TABLE ${quoted(name)} (\n${lines.join(',\n')}\n)${end};`;
};

/** @param isWhole Whether histories and snapshots come with them. */
export const createInDialect = (
  tables: readonly Table[],
  dialect: DialectName,
  isWhole: boolean,
): readonly string[] =>
  [
    ...tables.map((table): Relation => ({ name: table.name, columns: [...declared(table), ...exported] })),
    ...(isWhole ? relationsBeside(tables) : []),
  ].map((relation) => create(relation, dialects[dialect]));
