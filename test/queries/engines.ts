/** The engines on which every query must give the same rows. */
import { DuckDBInstance } from '@duckdb/node-api';
import { PGlite } from '@electric-sql/pglite';
import type { Value } from '../../collector/table.ts';
import type { Relation } from './relations.ts';

export interface Engine {
  readonly name: string;
  /** Rows as arrays, in the order of the engine. */
  rows(sql: string, now: number): Promise<unknown[][]>;
  close(): Promise<void>;
}

const quote = (name: string): string => `"${name}"`;
const typeNames = { TEXT: 'TEXT', INTEGER: 'BIGINT', REAL: 'DOUBLE PRECISION' };
const create = ({ name, columns }: Relation): string =>
  `CREATE TABLE ${quote(name)} (${columns.map(([column, type]) => `${quote(column)} ${typeNames[type]}`).join(', ')})`;

/** Binds :now, which is all that may be done to a text; strings and comments stay. */
export const bound = (sql: string): { readonly sql: string; readonly isBound: boolean } => {
  let isBound = false;
  const text = sql.replaceAll(/'(?:[^']|'')*'|--[^\n]*|:now\b/g, (part) => {
    if (part !== ':now') return part;
    isBound = true;
    return 'CAST($1 AS BIGINT)';
  });
  return { sql: text, isBound };
};

/** Numbers of all engines alike. */
const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

const csv = (value: Value): string =>
  value === null ? '' : typeof value === 'number' ? String(value) : `"${value.replaceAll('"', '""')}"`;

export const postgres = async (relations: readonly Relation[]): Promise<Engine> => {
  const db = await PGlite.create();
  for (const relation of relations) {
    await db.exec(create(relation));
    if (relation.rows.length === 0) continue;
    const blob = new Blob(relation.rows.map((row) => `${row.map(csv).join(',')}\n`));
    await db.query(`COPY ${quote(relation.name)} FROM '/dev/blob' WITH (FORMAT csv)`, [], { blob });
    if (relation.columns.some(([column]) => column === 'host_id')) {
      await db.exec(`CREATE INDEX ON ${quote(relation.name)} (host_id); ANALYZE ${quote(relation.name)}`);
    }
  }
  return {
    name: 'PostgreSQL',
    rows: async (sql, now) => {
      const text = bound(sql);
      const answer = await db.query(text.sql, text.isBound ? [now] : [], { rowMode: 'array' });
      return (answer.rows as unknown[][]).map((row) => row.map(plain));
    },
    close: () => db.close(),
  };
};

export const duckdb = async (relations: readonly Relation[]): Promise<Engine> => {
  const instance = await DuckDBInstance.create(':memory:');
  const db = await instance.connect();
  for (const relation of relations) {
    await db.run(create(relation));
    const appender = await db.createAppender(relation.name);
    for (const row of relation.rows) {
      for (const [index, value] of row.entries()) {
        const type = relation.columns[index]?.[1];
        if (value === null) appender.appendNull();
        else if (type === 'INTEGER') appender.appendBigInt(BigInt(value));
        else if (type === 'REAL') appender.appendDouble(Number(value));
        else appender.appendVarchar(String(value));
      }
      appender.endRow();
    }
    appender.closeSync();
  }
  return {
    name: 'DuckDB',
    rows: async (sql, now) => {
      const text = bound(sql);
      const reader = await db.runAndReadAll(text.sql, text.isBound ? [BigInt(now)] : []);
      return reader.getRowsJS().map((row) => row.map(plain));
    },
    close: async () => {
      db.closeSync();
      instance.closeSync();
    },
  };
};
