/**
 * Whether the views of a file are those that this program writes, text by text: only then are they run. The texts are long,
 * so that digests of them are held (views_digest.ts); views differ from file to file in the numbers of the tables alone.
 */
import { hash } from 'node:crypto';
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { quoteName } from './ddl.ts';
import { readTableNumbers, storeViews } from './schema.ts';
import type { SchemaRow } from './shape.ts';
import { ownSchemaDigest, ownViewsDigest } from './views_digest.ts';

const shortHash = (text: string): string => hash('sha256', text).slice(0, 32);

/** The digest of all that a schema says, in the order in which it was made. */
export const schemaDigestOf = (rows: readonly SchemaRow[]): string =>
  shortHash(rows.map(({ type, name, sql }) => `${type}\0${name}\0${sql ?? ''}`).join('\0\0'));

/** Whether a schema is that of a file which this program made, to the letter: then there is nothing to judge. */
export const isOwnSchema = (rows: readonly SchemaRow[]): boolean => schemaDigestOf(rows) === ownSchemaDigest;

/** Where a text of a view has the number of a table: it is compared with one, or begins a row of `column_status`. */
const tableNumber = /(?<=\btab = )\d+(?= )|(?<=[(])\d+(?=, '\w+', )/g;

/** With names in place of numbers; no text of SQL has a NUL. */
const withNames = (sql: string, names: ReadonlyMap<number, string>): string =>
  sql.replaceAll(tableNumber, (number) => `\0${names.get(Number(number)) ?? number}`);

const digestOf = (views: Iterable<readonly [string, string]>, ids: ReadonlyMap<string, number>): string => {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const texts = [...views].map(([name, sql]) => `${name}\0${withNames(sql, names)}`).toSorted();
  return shortHash(texts.join('\0\0'));
};

/** The digest of the views that this program makes of tables, whatever their numbers are. */
export const viewsDigestOf = (tables: readonly Table[]): string => {
  const ids = new Map(tables.map(({ name }, index) => [name, index + 1]));
  const views = [...storeViews(tables, (name) => ids.get(name) ?? 0)].map(([name, sql]): [string, string] => [
    name,
    `CREATE VIEW ${quoteName(name)} AS\n${sql}`,
  ]);
  return digestOf(views, ids);
};

const digests = new WeakMap<readonly Table[], string>();

const knownDigest = (tables: readonly Table[]): string => {
  const known = digests.get(tables) ?? viewsDigestOf(tables);
  digests.set(tables, known);
  return known;
};

/** @param tables With the columns that only the file knows. */
export const hasOwnViews = (db: Db, rows: readonly SchemaRow[], tables: readonly Table[]): boolean => {
  const views = rows.flatMap(({ type, name, sql }): [string, string][] =>
    type === 'view' && sql !== null ? [[name, sql]] : [],
  );
  const digest = digestOf(views, readTableNumbers(db));
  return digest === ownViewsDigest || digest === knownDigest(tables);
};
