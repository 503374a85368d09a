/**
 * An account that got another name. The name is part of the key of its rows, so a row of the old name goes and one of the new
 * name comes; what tells that both are of one account is the GeneratedUID. The one place where that is decided.
 */
import type { Table } from '../collector/table.ts';
import { quoteName } from './ddl.ts';

export const nameColumn = 'username';
const idColumn = 'uuid';
/** Part of the key because names can be double; an account may get another one together with its name. */
const notItself: readonly string[] = [nameColumn, idColumn, 'uid'];

/** Whether the rows of a table are of accounts, by name, and say which GeneratedUID each has. */
export const hasAccounts = ({ key, columns }: Table): boolean =>
  key.includes(nameColumn) && columns[idColumn] !== undefined;

interface Where {
  readonly table: Table;
  /** The tables that hold the row versions, as SQL names. */
  readonly current: string;
  readonly past: string;
}

/** The same account, and the same of its rows where a table has several of each. */
const isSameAccount = ({ key }: Table, a: string, b: string): string =>
  [idColumn, ...key.filter((name) => !notItself.includes(name))]
    .map((name) => `${a}.${quoteName(name)} ${name === idColumn ? '=' : 'IS'} ${b}.${quoteName(name)}`)
    .join(' AND ');

const began = (x: string): string => `coalesce(${x}._from_time, -1)`;

/**
 * In SQL: the GeneratedUID is double. A row that was there just before the moment, or is there from it on, has it under
 * another name.
 */
const isDouble = ({ current, past }: Where, p: string, v: string): string => {
  const at = `${p}._until_time`;
  const other = (x: string, isBefore: string, isAfter: string): string =>
    `${x}._host = ${p}._host AND ${x}.${idColumn} = ${p}.${idColumn} AND ` +
    `((${isBefore} AND ${x}.${nameColumn} IS NOT ${p}.${nameColumn}) OR (${isAfter} AND ${x}.${nameColumn} IS NOT ${v}.${nameColumn}))`;
  return (
    `EXISTS (SELECT 1 FROM ${current} x WHERE ${other('x', `${began('x')} < ${at}`, `${began('x')} <= ${at}`)}) OR ` +
    `EXISTS (SELECT 1 FROM ${past} x WHERE ${other(
      'x',
      `${began('x')} < ${at} AND x._until_time >= ${at}`,
      `${began('x')} <= ${at} AND x._until_time > ${at}`,
    )})`
  );
};

/** In SQL: there is a second row of the same account on that side. */
const isTwice = (
  { table, current, past }: Where,
  p: string,
  v: string,
  endedRemoved: number,
  beganAdded: number,
): string =>
  `EXISTS (SELECT 1 FROM ${past} x WHERE x._host = ${p}._host AND x._n <> ${p}._n AND x._ended = ${endedRemoved} ` +
  `AND x._until_snapshot = ${p}._until_snapshot AND ${isSameAccount(table, 'x', p)}) OR ` +
  [current, past]
    .map(
      (name) =>
        `EXISTS (SELECT 1 FROM ${name} x WHERE x._host = ${p}._host AND x._n <> ${v}._n AND x._began = ${beganAdded} ` +
        `AND x._first_snapshot = ${p}._until_snapshot AND ${isSameAccount(table, 'x', p)})`,
    )
    .join(' OR ');

/**
 * In SQL: a version that ended as removed and one that began as added, of one snapshot, are of one account that got another
 * name: they have the same GeneratedUID, which is known and nobody else has. The time is compared first, for that there are
 * indexes; of most hosts nothing is of just that second.
 *
 * @param p The row that was removed.
 * @param v The row that was added.
 */
export const isRenamed = (
  where: Where,
  p: string,
  v: string,
  endedRemoved: number,
  beganAdded: number,
): string =>
  `${v}._from_time = ${p}._until_time AND +${v}._host = +${p}._host AND ${v}._first_snapshot = ${p}._until_snapshot ` +
  `AND ${p}._ended = ${endedRemoved} AND ${v}._began > 0 AND ${v}._began = ${beganAdded} AND ${v}._read_time IS NULL ` +
  `AND ${p}.${nameColumn} IS NOT ${v}.${nameColumn} AND ${isSameAccount(where.table, p, v)} ` +
  `AND NOT (${isDouble(where, p, v)} OR ${isTwice(where, p, v, endedRemoved, beganAdded)})`;
