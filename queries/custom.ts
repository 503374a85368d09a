/** A folder of the user's own queries. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, FileError, UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { readRegular } from '../collector/files.ts';
import type { Table } from '../collector/table.ts';
import { checkCode } from '../collector/trust.ts';
import type { Db } from '../store/database.ts';
import { prepareGuarded, touchedTables } from '../store/guard.ts';
import { parseQuery } from './query.ts';
import { bare } from './known.ts';
import type { Query } from './query.ts';
import { withReads } from './reads.ts';
import { blindSpotStatements, exemptStatement } from './blind_spots.ts';
import type { Names } from './evaluate.ts';
import { withClosed } from './closed.ts';
import { parts } from './parts.ts';

/** Of queries, or a pack of them: hundreds of times the largest that is known. */
const maxFileBytes = 16 * 1024 * 1024;

/**
 * The text of a file of queries, or of the folder that an option names.
 *
 * @param most Bytes.
 * @throws UserError when it cannot be read or is not UTF-8, or, as root, when others can have written it.
 */
export const readText = (
  path: string,
  option: '--queries' | '--pack' | '--exceptions' | '--overlay',
  hint?: string,
  most = maxFileBytes,
): string => {
  checkCode(path, `what ${option} names`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      readRegular(path, most, { hint }),
    );
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (error instanceof TypeError)
      throw new UserError(`${path} is not UTF-8`, 'save it as UTF-8 in your editor');
    throw fileFailure(error, path, 'read', hint);
  }
};

/**
 * The files of a folder that an option names, and of the folders in it, by the end of their names; one at least.
 *
 * @throws UserError where there is none; as root, when others can have written the folder.
 */
export const filesOfFolder = (
  folder: string,
  option: '--queries' | '--overlay',
  ending: '.sql' | '.json',
): readonly string[] => {
  checkCode(folder, `what ${option} names`);
  const hint = `${option} takes a folder of ${ending} files`;
  let files: string[];
  try {
    files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith(ending))
      .toSorted();
  } catch (error) {
    if (codeOf(error) === 'ENOTDIR' && existsSync(folder)) throw new FileError(folder, ' is no folder', hint);
    throw fileFailure(error, folder, 'read', hint);
  }
  if (files.length === 0) throw new UserError(`${folder} has no ${ending} file`, hint);
  return files;
};

/** Reads every .sql file of a folder, and of the folders in it. */
export const readQueries = (folder: string): Query[] => {
  const files = filesOfFolder(folder, '--queries', '.sql');
  const seen = new Map<string, string>();
  return files.map((file) => {
    const path = join(folder, file);
    const query = parseQuery(readText(path, '--queries'), path, { parts });
    const other = seen.get(query.name);
    if (other !== undefined)
      throw new UserError(`${path}:1: the name ${query.name} is also that of ${other}`);
    seen.set(query.name, path);
    return query;
  });
};

/** The columns that a query selects must say of which host a row is, and what it is about. */
const checkColumns = ({ severityFrom }: Query, columns: readonly string[]): void => {
  if (columns[0] !== 'host_id')
    throw new UserError('the first column must be host_id', 'begin with SELECT t.host_id, …');
  if (!columns.includes('subject')) {
    throw new UserError(
      'there must be a column subject',
      "name what a row is about: … AS subject, or 'host' AS subject",
    );
  }
  if (severityFrom !== null && !columns.includes(severityFrom))
    throw new UserError(
      `severity-from names a column that is not selected: ${severityFrom}`,
      'add it to the SELECT',
    );
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined)
    throw new UserError(`two columns are named ${twice}`, 'name one of them anew with AS');
};

/**
 * Checks a query against the tables, before anything is collected. One that names nothing as required
 * requires every table that it reads.
 *
 * @param empty A database with every table and no row.
 * @param store A store, where there is one: a query that compares snapshots can be checked on it only.
 * @throws UserError that names the file and what is wrong.
 */
export const checkQuery = (
  query: Query,
  names: Names,
  tables: readonly Table[],
  empty: Db,
  store: Db | null = null,
): Query => {
  const { file, needsHistory } = query;
  for (const { table, column } of query.requires) {
    if (!names.tables.includes(table)) {
      throw new UserError(
        `${file}: requires names a table that is not there: ${table}`,
        'tokenquery tables lists them',
      );
    }
    const columns = empty.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
    if (column !== null && !columns.includes(column)) {
      throw new UserError(
        `${file}: requires names a column that ${table} does not have: ${column}`,
        `tokenquery tables ${table} lists them`,
      );
    }
  }
  if (needsHistory && query.requires.length === 0) {
    throw new UserError(
      `${file}: the header lacks requires`,
      'a question that compares snapshots names the tables that it compares',
    );
  }
  const db = needsHistory ? store : empty;
  if (db === null) return withClosed(query, tables, null);
  try {
    const columns = prepareGuarded(db, query.sql, names)
      .columns()
      .map(({ name }) => name);
    checkColumns(query, columns);
    for (const sql of blindSpotStatements(query)) prepareGuarded(db, sql, names);
    const exempt = exemptStatement({ ...query, appliesReads: ['hosts'] });
    if (exempt !== null) prepareGuarded(db, exempt, names);
    if (query.requires.length > 0) return withClosed(withReads(query, db), tables, db);
    const requires = [...touchedTables(db, query.sql)].toSorted().map(bare);
    return withClosed(withReads({ ...query, requires }, db), tables, db);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${file}: ${error.message}`, error.hint, error.exitCode);
  }
};
