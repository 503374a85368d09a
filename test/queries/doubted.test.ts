/**
 * A value that a look told and that is not certain is NULL to a question: the names of the tables then mean long expressions.
 * SQLite has a limit for how deep they may stand in each other, and a statement must stay far from it.
 */
import test from 'ava';
import { names } from '../../cli/names.ts';
import { allColumns } from '../../collector/table.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { cleanHost, collectable, collectionOf, day, later, now } from './constructed.ts';

test('every question can be asked where every column of every table is in doubt, and rows are missing', (t) => {
  const store = openForWriting(`${temporaryFolder(t)}/doubted.db`, tables);
  const first = cleanHost('00000000-2222-4000-8000-000000000000', now - 2 * day);
  const last = later(first);
  // A partial look, so that what is known and what was told last are rows of two tables.
  for (const { name } of collectable)
    Object.assign(last.tables.get(name) ?? {}, {
      ...{ status: 'partial', reason: 'a source did not answer', columnsAffected: [] },
      ...{ mayRowsBeMissing: true, rows: last.tables.get(name)?.rows.slice(1) ?? [] },
    });
  const snapshots = [first, last].map((host) => {
    const collection = collectionOf(host);
    const results = collection.results.map((result) => ({
      ...result,
      doubts: { ...result.doubts, uncertain: allColumns(result.table).map(([name]) => name) },
    }));
    return snapshotOf(tables, { ...collection, results }, '0.8.0');
  });
  transact(store, () => storeWriter(store.db, tables).add(snapshots, now));
  const failed = queries.flatMap((query) => {
    try {
      evaluate(store.db, [query], { now, names, tables });
      return [];
    } catch (error) {
      return [`${query.name}: ${String(error)}`];
    }
  });
  t.deepEqual(failed, []);
  store.close();
});
