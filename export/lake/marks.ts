/**
 * What tells that the rows of a host are others than when they were loaded, without reading them: they follow from the snapshots of the
 * host that are stored and count, from where the history of each table begins, from its last report, and from what was found.
 */
import { hash } from 'node:crypto';
import type { Db } from '../../store/database.ts';
import { schemaVersion } from '../../store/schema.ts';
import type { Relation } from './relations.ts';

/** Goes up when rows that are loaded would be others for the same snapshots. */
const markVersion = 1;

/** A sum in which each value counts with the id of its snapshot: what is swapped between two is told from what it was. */
const boundTo = (id: string, value: string): string =>
  `sum((${id} % 4294967296) * ((${value}) % 65536)), sum((${id} / 4294967296) * ((${value}) % 65536))`;

/** Of each host its number, then what its rows follow from. */
const sources: readonly string[] = [
  'SELECT host, last_time, last_snapshot, hex(has_report), judged_until_time FROM main._host',
  `SELECT host, count(*), ${boundTo('snapshot_id', '1')}, ${boundTo('snapshot_id', 'look')}, ` +
    `${boundTo('snapshot_id', 'sequence')}, ${boundTo('snapshot_id', '2 * reading + (order_time IS NULL)')}, ` +
    'sum(collected_time), sum(ingested_time) FROM main._snapshot GROUP BY host',
  `SELECT host, count(*), ${boundTo('first_snapshot', '2 * tab + is_cut')}, sum(first_time) FROM main._state GROUP BY host`,
  'SELECT host, json_group_array(json_array(query_name, subject, from_time, until_time, severity, details, first_seen_time, ' +
    'last_seen_time, finding_id, exception) ORDER BY query_name, subject, from_time) FROM main._finding GROUP BY host',
];

/** The mark of each host of a store, by its id. */
export const hostMarks = (db: Db, relations: readonly Relation[]): ReadonlyMap<string, string> => {
  const known = new Map<number, unknown[]>();
  for (const sql of sources)
    for (const [host, ...values] of db.prepare(sql).raw(true).iterate() as Iterable<[number, ...unknown[]]>) {
      const all = known.get(host);
      if (all === undefined) known.set(host, values);
      else all.push('|', ...values);
    }
  const shape = hash('sha256', JSON.stringify([markVersion, schemaVersion, relations]));
  const marks = new Map<string, string>();
  for (const [host, hostId] of db
    .prepare('SELECT host, host_id FROM main._host')
    .raw(true)
    .iterate() as Iterable<[number, string]>)
    marks.set(hostId, hash('sha256', `${shape}${JSON.stringify(known.get(host) ?? [])}`).slice(0, 32));
  return marks;
};
