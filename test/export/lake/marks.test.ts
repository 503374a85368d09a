/** The mark of a host is another whenever its rows may be, and only then. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { hostMarks } from '../../../export/lake/marks.ts';
import { relationsOf } from '../../../export/lake/relations.ts';
import { tables } from '../../../tables/index.ts';
import { temporaryFolder } from '../../standin.ts';
import { dayLater, editStore, sampleSnapshots, storeAt, withStore } from '../world.ts';
import { judgedStore } from './world.ts';

const marksOf = (path: string): ReadonlyMap<string, string> =>
  withStore(path, ({ db }) => hostMarks(db, relationsOf(db, tables)));

const hostOf = (path: string, host: number): string =>
  withStore(
    path,
    ({ db }) => db.prepare('SELECT host_id FROM _host WHERE host = ?').pluck().get(host) as string,
  );

const changed = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] =>
  [...after].flatMap(([hostId, mark]) => (before.get(hostId) === mark ? [] : [hostId]));

test('what changes of one host changes its mark, and no other', async (t) => {
  const path = await judgedStore(t);
  const before = marksOf(path);
  t.is(before.size, 4);
  const host = hostOf(path, 2);
  const last = '(SELECT max(collected_time) FROM _snapshot WHERE host = 2)';
  for (const edit of [
    "UPDATE _finding SET severity = 'low' || severity WHERE host = 2 AND subject = (SELECT min(subject) FROM _finding WHERE host = 2)",
    'DELETE FROM _finding WHERE host = 2 AND from_time = (SELECT min(from_time) FROM _finding WHERE host = 2)',
    'UPDATE _host SET judged_until_time = judged_until_time + 1 WHERE host = 2',
    "UPDATE _host SET has_report = x'00' WHERE host = 2",
    'UPDATE _state SET first_time = first_time + 1 WHERE host = 2 AND tab = 3',
    'UPDATE _state SET is_cut = 1 WHERE host = 2 AND tab = 3',
    `DELETE FROM _snapshot WHERE host = 2 AND collected_time = ${last}`,
    `UPDATE _snapshot SET reading = reading + 1 WHERE host = 2 AND collected_time = ${last}`,
    `UPDATE _snapshot SET order_time = 1 WHERE host = 2 AND collected_time = ${last}`,
    `UPDATE _snapshot SET sequence = sequence + 1 WHERE host = 2 AND collected_time = ${last}`,
    `UPDATE _snapshot SET look = look + 1 WHERE host = 2 AND collected_time = ${last}`,
    `UPDATE _snapshot SET ingested_time = ingested_time + 1 WHERE host = 2 AND collected_time = ${last}`,
  ]) {
    const other = join(temporaryFolder(t), 'other.db');
    copyFileSync(path, other);
    editStore(other, edit);
    t.deepEqual(changed(before, marksOf(other)), [host], edit);
  }
});

test('what comes again changes no mark; another form of the tables changes all', async (t) => {
  const first = await sampleSnapshots();
  const path = storeAt(join(temporaryFolder(t), 'fleet.db'), first);
  const before = marksOf(path);
  storeAt(path, first, 1_790_300_000);
  t.deepEqual(marksOf(path), before);
  const other = withStore(path, ({ db }) => hostMarks(db, relationsOf(db, tables).slice(1)));
  t.is(changed(before, other).length, before.size);
  storeAt(path, first.slice(1, 2).map(dayLater), 1_790_300_000);
  t.deepEqual(changed(before, marksOf(path)), [first[1]?.hostId ?? '']);
});
