import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { hostTiles } from '../../../export/report/host_tiles.ts';
import { ownTables } from '../../../export/own_tables.ts';
import { allColumns } from '../../../collector/table.ts';
import { fleetData } from '../../../export/report/data.ts';
import type { ReportData } from '../../../export/report/data.ts';
import { firstWeek, weekOf, weeksTold } from '../../../export/report/sql.ts';
import type { Row, Told } from '../../../export/report/tile.ts';
import { addHostSummary } from '../../../queries/host_summary.ts';
import { storedQueries } from '../../../queries/findings.ts';
import { openForReading, openForWriting, transact } from '../../../store/file.ts';
import type { Store } from '../../../store/store.ts';
import { prepareGuarded } from '../../../store/guard.ts';
import { tables } from '../../../tables/index.ts';
import { cleanHost, day, deny, now, set } from '../../queries/constructed.ts';
import { fleet, hostileHost, hostileNames, makeStore, reportTime } from './world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenquery-report-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const storeOf = (snapshots: ReturnType<typeof fleet>, isJudged = true): Store => {
  const path = join(folder, `${(made += 1)}.db`);
  makeStore(path, snapshots, isJudged);
  return openForReading(path, tables);
};
const dataOf = ({ db }: Store, at = reportTime): ReportData => fleetData(db, { now: at, tables });
const told = ({ tolds }: ReportData, id: string): Told => {
  const found = tolds.get(id);
  if (found === undefined) throw new Error(`there is no tile ${id}`);
  return found;
};
const sum = (rows: readonly Row[], name: string): number =>
  rows.reduce((all, row) => all + Number(row[name]), 0);
const hostCount = 60;
const planted = storeOf(fleet(hostCount));
const data = dataOf(planted);

test('what a tile tells is what its statement answers to an analyst, and each row is there or counted', (t) => {
  const { db } = planted;
  for (const { tile, rows, more, unknown } of data.tolds.values()) {
    addHostSummary(db, tile.sql, { now: reportTime, isStored: true, tables });
    const guarded = prepareGuarded(db, tile.sql, { tables: [], columns: [] });
    const answer = guarded.all() as Row[];
    t.deepEqual(answer.slice(0, rows.length), [...rows], tile.id);
    t.is(answer.length, rows.length + more, tile.id);
    t.deepEqual(
      guarded.columns().map(({ name }) => name),
      Object.keys(tile.columns),
      tile.id,
    );
    if (tile.unknown !== null)
      t.is(prepareGuarded(db, tile.unknown.sql, { tables: [], columns: [] }).pluck().get(), unknown, tile.id);
    t.false(/\b(?:FROM|JOIN)\s+(?:main\.)?_/i.test(tile.sql), `${tile.id} reads only what analysts see`);
  }
  t.true(data.tolds.size >= 18);
});

test('every Mac is counted once in each tile that shares them out', (t) => {
  t.is(data.hosts, hostCount);
  t.is(told(data, 'head').rows[0]?.['hosts'], hostCount);
  t.is(sum(told(data, 'age').rows, 'hosts'), hostCount);
  t.is(sum(told(data, 'standing').rows, 'hosts') + told(data, 'standing').unknown, hostCount);
  t.is(sum(told(data, 'ways').rows, 'hosts'), hostCount);
  t.is(sum(told(data, 'posture').rows, 'hosts'), hostCount);
  for (const row of told(data, 'posture').rows) {
    const of = (...names: string[]): number => names.reduce((all, name) => all + Number(row[name]), 0);
    t.is(of('filevault_on', 'filevault_off', 'filevault_between', 'filevault_unknown'), Number(row['hosts']));
    t.is(of('escrowed', 'not_escrowed', 'escrow_unknown'), Number(row['hosts']));
    t.is(of('bootstrap_escrowed', 'bootstrap_not', 'bootstrap_unknown'), Number(row['hosts']));
  }
  for (const row of told(data, 'controls').rows) {
    const all = ['hit', 'accepted', 'clean', 'unknown', 'not_asked', 'not_judged'];
    t.is(
      all.reduce((count, name) => count + Number(row[name]), 0),
      hostCount,
      String(row['query_name']),
    );
  }
  t.is(told(data, 'controls').rows.length, storedQueries.length);
  for (const row of told(data, 'not-seen').rows)
    t.is(
      Object.keys(told(data, 'not-seen').tile.columns)
        .slice(1)
        .reduce((all, name) => all + Number(row[name]), 0),
      hostCount,
    );
});

test('what nobody judged is not judged: nothing of it is clean, and nothing hit', (t) => {
  const unjudged = storeOf(fleet(9), false);
  const of = dataOf(unjudged);
  t.deepEqual(told(of, 'standing').rows, []);
  t.is(told(of, 'standing').unknown, 9);
  t.deepEqual(told(of, 'controls').rows, []);
  t.is(told(of, 'orphans').unknown, 9);
  unjudged.close();
});

test('a Mac that was judged before there were verdicts, or before its last look, counts as not judged', (t) => {
  const path = join(folder, 'older.db');
  const ids = [1, 2, 3].map((index) => `0000000${index}-3333-4000-8000-000000000000`);
  makeStore(
    path,
    ids.map((id) => cleanHost(id, now - 2 * day)),
  );
  const store = openForWriting(path, tables);
  transact(store, () => {
    store.db.exec(
      "DELETE FROM _verdict WHERE host = (SELECT host FROM _host WHERE host_id LIKE '00000001%')",
    );
    store.db.exec(
      "UPDATE _host SET judged_until_time = judged_until_time - 9 WHERE host_id LIKE '00000002%'",
    );
    store.db.exec("UPDATE _host SET judged_from_time = judged_from_time - 9 WHERE host_id LIKE '00000002%'");
  });
  const of = dataOf(store);
  t.is(told(of, 'standing').unknown, 2);
  t.is(sum(told(of, 'standing').rows, 'hosts'), 1);
  for (const row of told(of, 'controls').rows) t.is(row['not_judged'], 2);
  store.close();
});

test('what could not be seen is unknown in every tile that would need it', (t) => {
  const id = '00000001-4444-4000-8000-000000000000';
  const blind = cleanHost(id);
  for (const table of [
    ...['users', 'secure_tokens', 'secure_token_observations', 'filevault_status'],
    ...['filevault_users', 'bootstrap_tokens', 'hosts'],
  ])
    deny(blind, table);
  const store = storeOf([blind]);
  const of = dataOf(store);
  t.deepEqual(told(of, 'standing').rows, [{ standing: 'open', hosts: 1 }]);
  t.deepEqual(
    told(of, 'ways').rows.filter(({ hosts }) => hosts !== 0),
    [{ ways: null, hosts: 1 }],
  );
  for (const name of ['ways', 'few-ways', 'witnesses', 'timeline', 'rare', 'orphans', 'cloned'])
    t.is(told(of, name).unknown, 1, name);
  const [posture] = told(of, 'posture').rows;
  t.is(posture?.['macos'], null);
  for (const name of ['filevault_unknown', 'escrow_unknown', 'bootstrap_unknown'])
    t.is(posture?.[name], 1, name);
  t.is(told(of, 'head').rows[0]?.['wholly_seen'], 0);
  const week = told(of, 'trend').rows.at(-1);
  t.is(week?.['hosts_seen'], 1);
  for (const name of ['filevault_unknown', 'key_unknown', 'bootstrap_unknown']) t.is(week?.[name], 1, name);
  store.close();
});

test('what was known before counts no more where the last look did not tell it', (t) => {
  const id = '00000001-5555-4000-8000-000000000000';
  const [first, second] = [cleanHost(id, now - day), cleanHost(id)];
  for (const table of ['secure_tokens', 'filevault_status', 'bootstrap_tokens']) deny(second, table);
  const store = storeOf([first, second]);
  const of = dataOf(store);
  t.deepEqual(
    told(of, 'ways').rows.filter(({ hosts }) => hosts !== 0),
    [{ ways: null, hosts: 1 }],
  );
  t.like(told(of, 'posture').rows[0], { filevault_on: 0, filevault_unknown: 1, bootstrap_unknown: 1 });
  store.close();
});

test('a week in which nobody looked is a gap, and every week is there', (t) => {
  const id = '00000001-6666-4000-8000-000000000000';
  const times = [now - 40 * day, now - 26 * day, now];
  const snapshots = times.map((time, index) => {
    const host = cleanHost(id, time);
    if (index === 1) set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' });
    return host;
  });
  const store = storeOf(snapshots);
  const { rows } = told(dataOf(store), 'trend');
  t.is(rows.length, weeksTold);
  t.is(rows[0]?.['week_time'], firstWeek(reportTime));
  const seen = new Map(times.map((time, index) => [weekOf(time), index === 1 ? 0 : 1]));
  for (const row of rows) {
    const on = seen.get(Number(row['week_time']));
    t.is(row['filevault_on'], on ?? null);
    t.is(row['hosts_seen'], on === undefined ? 0 : 1);
    t.is(row['filevault_unknown'], on === undefined ? null : 0);
    t.is(row['token_holders'], on === undefined ? null : 2);
  }
  store.close();
});

test('what is gained, lost, known now and known no more are told apart', (t) => {
  const rows = told(data, 'timeline').rows.filter(({ username }) => username === hostileNames[1]);
  t.deepEqual(
    rows.map(({ what, event }) => `${what} ${event}`),
    ['secure token not known any more', 'administrator gained', 'secure token gained'],
  );
  const all = told(data, 'timeline').rows;
  const weeks = told(data, 'comings').rows;
  for (const [name, what, event] of [
    ['tokens_gained', 'secure token', 'gained'],
    ['tokens_lost', 'secure token', 'lost'],
    ['admins_gained', 'administrator', 'gained'],
    ['admins_lost', 'administrator', 'lost'],
  ] as const)
    t.is(sum(weeks, name), all.filter((row) => row['what'] === what && row['event'] === event).length, name);
  t.is(sum(weeks, 'unclear'), all.filter(({ event }) => event !== 'gained' && event !== 'lost').length);
  t.deepEqual(
    weeks.map(({ tokens_gained: gained }) => gained === null),
    told(data, 'trend').rows.map(({ hosts_seen: seen }) => seen === 0),
  );
  const lost = told(data, 'timeline').rows.filter(({ username }) => username === hostileNames[0]);
  t.is(lost[0]?.['event'], 'lost');
});

test('above two hundred Macs lists are cut, only disagreements are told, and the appendix is not on the page', (t) => {
  const store = storeOf(
    Array.from({ length: 201 }, (_, index) => {
      const host = cleanHost(`${String(index).padStart(8, '0')}-7777-4000-8000-000000000000`);
      set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' });
      set(host, 'secure_tokens', { secure_token: 0 }, { username: 'itadmin' });
      set(host, 'users', { uuid: '11111111-1111-4111-8111-111111111111' }, { username: 'itadmin' });
      return host;
    }),
    false,
  );
  const of = dataOf(store);
  t.false(of.tolds.has('verdicts'));
  t.is(told(of, 'witnesses').rows.length, 0);
  t.is(told(of, 'cloned').rows[0]?.['hosts'], 201);
  t.is(told(of, 'few-ways').rows.length, 100);
  t.is(told(of, 'few-ways').more, 101);
  store.close();
});

test('a column of a report hides what the column of its name hides in an export', (t) => {
  const classes = new Map<string, Set<string>>();
  for (const table of [...tables, ...ownTables])
    for (const [name, { privacy }] of allColumns(table))
      classes.set(name, (classes.get(name) ?? new Set()).add(JSON.stringify(privacy)));
  const host = hostTiles(hostileHost(0), reportTime);
  const tiles = [...data.tolds.values()].map(({ tile }) => tile);
  const less: string[] = [];
  let compared = 0;
  for (const { id, columns } of [...tiles, ...host])
    for (const [name, { privacy }] of Object.entries(columns)) {
      const declared = classes.get(name);
      if (declared === undefined) continue;
      compared += 1;
      // These hide whatever there is; and a number of tables is none of the texts that exports have by that name.
      const isHidden =
        privacy === 'free' ||
        privacy === 'name' ||
        privacy === 'linkable' ||
        (id === 'identity' && name === 'blind_spots');
      if (!isHidden && !declared.has(JSON.stringify(privacy)))
        less.push(`${id}.${name}: ${JSON.stringify(privacy)}, not ${[...declared].join(' or ')}`);
    }
  t.deepEqual(less, []);
  t.true(compared > 60);
});
