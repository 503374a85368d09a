/** The rows of a view of the store, host by host in the order of their ids, and in one order within a host. */
import type { Db } from '../../store/database.ts';
import { collationOf, quoteName } from '../../store/ddl.ts';
import type { LakeValue } from './column.ts';
import type { Relation } from './relations.ts';

/** So many rows, about, are sorted and held at once. */
const rowsAtOnce = 8_000;
const mostHostsAtOnce = 512;

export type LakeRow = readonly LakeValue[];

const collation = collationOf('host_id');

/** Every host once, whatever the letter case of its id, in the order in which ids compare. */
export const hostIds = (db: Db): string[] =>
  db
    .prepare(`SELECT min(host_id) FROM main._host GROUP BY host_id${collation} ORDER BY host_id${collation}`)
    .pluck()
    .all() as string[];

const statementOf = ({ name, columns, key }: Relation): string => {
  const rest = columns.map(([column]) => column).filter((column) => !key.includes(column));
  // By bytes: the order is the same in every store that holds the same.
  const order = [...key, ...rest]
    .filter((column) => column !== 'host_id')
    .map((column) => `${quoteName(column)} COLLATE BINARY`);
  return (
    `SELECT ${columns.map(([column]) => quoteName(column)).join(', ')} FROM ${quoteName(name)} ` +
    `WHERE host_id IN (SELECT value FROM json_each(:hosts)) ORDER BY ${['host_id', ...order].join(', ')}`
  );
};

/**
 * A view of all hosts would be sorted in memory as a whole; of some hosts at a time it is little. How many hosts that are
 * follows from how many rows those before had, and changes nothing in the order.
 */
export function* lakeRows(
  db: Db,
  relation: Relation,
  hosts: readonly string[] = hostIds(db),
): Generator<readonly LakeRow[]> {
  relation.fill?.(db);
  const statement = db.prepare(statementOf(relation)).raw(true);
  let count = 8;
  for (let from = 0; from < hosts.length;) {
    const some = hosts.slice(from, from + count);
    from += some.length;
    const rows = statement.all({ hosts: JSON.stringify(some) }) as LakeRow[];
    yield rows;
    const wanted = Math.floor((rowsAtOnce * some.length) / Math.max(rows.length, 1));
    count = Math.min(Math.max(wanted, 1), some.length * 4, mostHostsAtOnce);
  }
}
