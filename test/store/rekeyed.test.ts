/** The one key that changed: rows of a version that keyed them otherwise are one thing, and stay what they were. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import Database from 'better-sqlite3';
import type { Table, Value } from '../../collector/table.ts';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import { readHostIds, snapshotReader } from '../../store/reader.ts';
import { retain } from '../../store/retention.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import conflicts from '../../tables/conflicts.ts';
import { tables } from '../../tables/index.ts';
import { newPath, observationOf } from './world.ts';

const host = 'A0000000-0000-4000-8000-000000000001';
const table = conflicts as unknown as Table;

const row = (of: Readonly<Record<string, Value>>): Cells => {
  const all: Readonly<Record<string, Value>> = {
    subject_kind: 'user',
    subject: 'ann',
    fact: 'secure_token',
    rule_id: 'M01',
    value_a: '1',
    source_b: 'apfs',
    value_b: '0',
    severity: 'high',
    conclusion: 'claimed, not effective',
    ...of,
  };
  return Object.keys(table.columns).map((name) => all[name] ?? null);
};
const byTag = row({ source_a: 'opendirectory' });
const bySysadminctl = row({ source_a: 'sysadminctl' });
const byBoth = row({ source_a: 'opendirectory,sysadminctl' });
const ofBob = row({ subject: 'bob', source_a: 'opendirectory' });

const snapshotOf = (collectedTime: number, toolVersion: string, rows: readonly Cells[]): Snapshot => {
  const observations = new Map([['conflicts', observationOf(table, { status: 'ok', rows })]]);
  const known = { hostId: host, collectedTime, euid: 0, redaction: null, observations };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: 'complete',
    origin: 'live',
    toolVersion,
    schemaVersion: 1,
    report: null,
  };
};

const told = 'SELECT subject, source_a, value_a FROM conflicts ORDER BY subject';
const events = "SELECT change, change_time FROM changes WHERE column_name = 'subject' ORDER BY change_time";

test('two rows that have one key now are one row, read back as two, and no event', (t) => {
  const path = newPath();
  const store = openForWriting(path, tables);
  const add = (snapshot: Snapshot): void =>
    void transact(store, () => storeWriter(store.db, tables).add([snapshot], 1));
  const old = [
    snapshotOf(10, '0.1.0', [byTag, bySysadminctl]),
    snapshotOf(20, '0.1.0', [byTag, bySysadminctl, ofBob]),
  ];
  for (const snapshot of old) add(snapshot);
  const now = [
    { subject: 'ann', source_a: 'opendirectory,sysadminctl', value_a: '1' },
    { subject: 'bob', source_a: 'opendirectory', value_a: '1' },
  ];
  t.deepEqual(store.db.prepare(told).all(), now);
  add(snapshotOf(30, '0.3.0', [byBoth, ofBob]));
  t.deepEqual(store.db.prepare(told).all(), now);
  t.deepEqual(store.db.prepare(events).all(), [{ change: 'added', change_time: 20 }]);
  // One that comes late has the history made anew.
  add(snapshotOf(15, '0.1.0', [byTag, bySysadminctl]));
  t.deepEqual(store.db.prepare(told).all(), now);
  t.deepEqual(store.db.prepare(events).all(), [{ change: 'added', change_time: 20 }]);
  const back = (): number[] =>
    readHostIds(store.db).flatMap((id) =>
      [...snapshotReader(store).read(id)].map((snapshot) => {
        t.is(snapshotIdOf(snapshot), snapshot.snapshotId);
        return snapshot.collectedTime;
      }),
    );
  t.deepEqual(back(), [10, 15, 20, 30]);
  retain(store, 17);
  t.deepEqual(store.db.prepare(told).all(), now);
  t.deepEqual(back(), [15, 20, 30]);
  store.close();
});

test('a file of the layout before is put into the new key when it is opened for writing', (t) => {
  const path = newPath();
  const packed = readFileSync(join(import.meta.dirname, 'layouts/2.db.gz'));
  writeFileSync(path, gunzipSync(packed), { mode: 0o600 });
  const old = new Database(path);
  const columns =
    'subject_kind, subject, fact, rule_id, source_a, value_a, source_b, value_b, severity, conclusion';
  const insert = old.prepare(
    `INSERT INTO _current_conflicts (_host, _n, ${columns}) SELECT 1, 900 + ?, 'user', 'zed', 'secure_token', 'M01', ?, '1', 'apfs', '0', 'high', 'claimed'`,
  );
  insert.run(0, 'opendirectory');
  insert.run(1, 'sysadminctl');
  const before = old.prepare('SELECT count(*) FROM changes').pluck().get();
  old.close();
  openForWriting(path, tables).close();
  const store = openForReading(path, tables);
  t.deepEqual(store.db.prepare(told.replace('ORDER', "WHERE subject = 'zed' ORDER")).all(), [
    { subject: 'zed', source_a: 'opendirectory,sysadminctl', value_a: '1' },
  ]);
  t.is(store.db.prepare('SELECT count(*) FROM changes').pluck().get(), before);
  t.is(
    store.db
      .prepare(
        'SELECT count(*) FROM (SELECT 1 FROM conflicts GROUP BY host_id, subject_kind, subject, rule_id, fact HAVING count(*) > 1)',
      )
      .pluck()
      .get(),
    0,
  );
  store.close();
});
