/** A real MariaDB answers every question as SQLite does, set up as docs/lake.md says. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Value } from '../../collector/table.ts';
import { queries } from '../../queries/index.ts';
import { blindSpotsSql } from '../../queries/blind_spots.ts';
import { quoteName } from '../../store/ddl.ts';
import { hasMariadb, startMariadb } from '../servers.ts';
import type { Client } from '../servers.ts';
import { temporaryFolder } from '../standin.ts';
import { now } from './constructed.ts';
import { bound } from './engines.ts';
import { fleetOf } from './fleet.ts';
import { relationsOf, sqliteOf } from './relations.ts';
import type { Relation } from './relations.ts';

/** Texts are equal where their bytes are, also at their end; what is joined by has a length, so that there can be an index. */
const exact = 'CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin';
const joinedBy = new Set(['host_id', 'username', 'uuid', 'table_name']);
const typeOf = ([name, type]: Relation['columns'][number]): string => {
  if (type === 'INTEGER') return 'BIGINT';
  if (type === 'REAL') return 'DOUBLE';
  return `${joinedBy.has(name) ? 'VARCHAR(191)' : 'TEXT'} ${exact}`;
};

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const field = (value: Value): string =>
  value === null ? '\\N' : String(value).replaceAll(/[\\\t\n\r]/g, (one) => escapes[one] ?? one);

const load = ({ name, columns, rows }: Relation, path: string): string => {
  writeFileSync(path, rows.map((row) => `${row.map(field).join('\t')}\n`).join(''));
  const list = columns.map((column) => `\`${column[0]}\` ${typeOf(column)}`);
  const keys = ['host_id', 'username'].filter((key) => columns.some(([column]) => column === key));
  const index = keys.length === 0 ? '' : `, KEY (${keys.join(', ')})`;
  return (
    `CREATE TABLE \`${name}\` (${list.join(', ')}${index});\n` +
    `LOAD DATA LOCAL INFILE '${path}' INTO TABLE \`${name}\` CHARACTER SET utf8mb4;\n`
  );
};

const answers = async (
  { run }: Client,
  statements: readonly { readonly sql: string; readonly columns: readonly string[] }[],
): Promise<unknown[][][]> => {
  const script = statements.map(({ sql, columns }) => {
    const text = bound(sql).sql.replaceAll('CAST($1 AS BIGINT)', String(now));
    return (
      "SELECT '--';\n" +
      `SELECT JSON_ARRAY(${columns.map((column) => `q.${quoteName(column)}`).join(', ')}) FROM (\n${text.trim().replace(/;$/, '')}\n) q;\n`
    );
  });
  const { stdout, stderr, code } = await run(
    `SET sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES';\n${script.join('')}`,
    { words: ['--raw'] },
  );
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('--\n')
    .slice(1)
    .map((lines) =>
      lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as unknown[]])),
    );
};

// NULL is first in one engine and last in the other: a set is compared.
const sorted = (rows: readonly (readonly unknown[])[]): string[] =>
  rows.map((row) => JSON.stringify(row)).toSorted();

(hasMariadb ? test : test.skip)(
  'MariaDB: every question, and the SQL of its blind spots, gives the rows of SQLite',
  async (t) => {
    const relations = relationsOf(fleetOf(160));
    const sqlite = sqliteOf(relations);
    const folder = temporaryFolder(t);
    chmodSync(folder, 0o755);
    const client = await startMariadb(t);
    const loaded = await client.run(
      relations.map((one) => load(one, join(folder, `${one.name}.tsv`))).join(''),
    );
    t.is(loaded.code, 0, loaded.stderr);
    const asked = queries.flatMap((query) =>
      [query.sql, blindSpotsSql(query)].map((sql) => ({
        name: query.name,
        sql,
        statement: sqlite.prepare(sql),
      })),
    );
    const theirs = await answers(
      client,
      asked.map(({ sql, statement }) => ({ sql, columns: statement.columns().map(({ name }) => name) })),
    );
    let rows = 0;
    for (const [index, { name, statement, sql }] of asked.entries()) {
      const own = statement.raw(true).all(sql.includes(':now') ? { now } : {}) as unknown[][];
      rows += own.length;
      t.deepEqual(sorted(theirs[index] ?? []), sorted(own), name);
    }
    t.true(rows > 500, `${rows}`);
  },
);
