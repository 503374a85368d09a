/** A fact that is taken away may make an answer unknown, and never turns a hit into clean or clean into a hit. */
import test from 'ava';
import type { Status } from '../../collector/status.ts';
import { allColumns } from '../../collector/table.ts';
import type { Table } from '../../collector/table.ts';
import { names } from '../../cli/names.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Verdict } from '../../queries/evaluate.ts';
import type { Query } from '../../queries/query.ts';
import { tables } from '../../tables/index.ts';
import { cases } from './cases.ts';
import { cleanHost, deny, now } from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const tableNamed = (name: string): Table => {
  const found = tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`there is no table ${name}`);
  return found;
};
const stateOf = (host: Host, table: string) => {
  const state = host.tables.get(table);
  if (state === undefined) throw new Error(`there is no table ${table}`);
  return state;
};

/** What is taken away from the last snapshot of a host. */
interface Loss {
  readonly name: string;
  readonly take: (host: Host) => void;
}

/** @param at The row, or null for all rows. */
const loseColumn = (host: Host, table: string, column: string, at: number | null): void => {
  const state = stateOf(host, table);
  for (const [index, row] of state.rows.entries()) if (at === null || index === at) row[column] = null;
  Object.assign(state, { status: 'partial', reason: 'a source did not answer', columnsAffected: [column] });
};

/** A record without a GeneratedUID has none in any table. */
const uuidTables = [
  'users',
  'secure_tokens',
  'authentication_authorities',
  'account_policy_data',
  'mobile_accounts',
];
const loseUuid = (host: Host, username: unknown): void => {
  for (const table of uuidTables)
    for (const [at, row] of stateOf(host, table).rows.entries())
      if (row['username'] === username) loseColumn(host, table, 'uuid', at);
};

const statuses: readonly Status[] = ['denied', 'failed', 'not_recorded', 'skipped'];
// NULL only together with what they speak of.
const follows = new Set(['secure_tokens.sources', 'secure_tokens.confidence']);

/** Every way to lose a table, or a column of it in all rows or in one. */
const lossesOf = (host: Host, table: string): Loss[] => {
  const { rows } = stateOf(host, table);
  const columns = allColumns(tableNamed(table))
    .filter(([name, { isRequired }]) => isRequired !== true && name !== 'host_id' && name !== 'uuid')
    .map(([name]) => name)
    .filter((column) => !follows.has(`${table}.${column}`));
  const places = [null, ...(rows.length > 1 ? rows.keys() : [])];
  return [
    ...statuses.map((status) => ({
      name: `${table} is ${status}`,
      take: (one: Host) => deny(one, table, status),
    })),
    ...columns.flatMap((column) =>
      places.map((at) => ({
        name: `${table}.${column}${at === null ? '' : ` in row ${at}`}`,
        take: (one: Host) => loseColumn(one, table, column, at),
      })),
    ),
  ];
};

const tablesOf = ({ requires, alsoReads }: Query): string[] =>
  [...new Set([...requires.map(({ table }) => table), ...alsoReads])].filter((name) =>
    tables.some((table) => table.name === name && table.generate !== undefined),
  );

const lastOf = (hosts: readonly Host[]): Host => {
  const last = hosts.at(-1);
  if (last === undefined) throw new Error('no snapshot');
  return last;
};

/** The losses after which the verdict is neither what it was nor unknown: each on a host of its own, asked at once. */
const wrong = (query: Query, hostsOf: (hostId: string) => readonly Host[], truth: Verdict): string[] => {
  const pattern = lastOf(hostsOf('HOST-A'));
  const losses = [
    ...tablesOf(query).flatMap((table) => lossesOf(pattern, table)),
    ...stateOf(pattern, 'users').rows.map(({ username }) => ({
      name: `the GeneratedUID of ${String(username)}`,
      take: (host: Host) => loseUuid(host, username),
    })),
  ];
  const hosts = losses.flatMap(({ take }, at) => {
    const snapshots = hostsOf(`HOST-${at}`);
    take(lastOf(snapshots));
    return snapshots;
  });
  const db = sqliteOf(relationsOf(hosts));
  const [answer] = evaluate(db, [query], { now, names, tables });
  db.close();
  return losses.flatMap(({ name }, at) => {
    const verdict = answer?.verdicts.get(`HOST-${at}`);
    // What is skipped was not asked.
    const open = name.endsWith(' is skipped') && verdict === 'not_asked';
    return verdict === truth || verdict === 'unknown' || open ? [] : [`${name}: ${verdict}`];
  });
};

// lockout_ways has rows for what is not known, and the other two are of what was not seen.
const ofUnknowns = new Set(['host_not_seen', 'table_not_seen', 'lockout_ways']);
for (const { query: name, fires, clean } of cases.filter(({ query }) => !ofUnknowns.has(query))) {
  const query = queries.find((each) => each.name === name);
  if (query === undefined) throw new Error(`there is no question ${name}`);
  test(`${name}: a hit of which a fact is not known is a hit or unknown`, (t) => {
    t.deepEqual(wrong(query, fires, 'hit'), []);
  });
  test(`${name}: a Mac in order of which a fact is not known is clean or unknown`, (t) => {
    t.deepEqual(wrong(query, clean ?? ((hostId) => [cleanHost(hostId)]), 'clean'), []);
  });
}
