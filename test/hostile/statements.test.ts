/** Each hostile statement is refused in words, on an empty store and on a file, and nothing is changed by the look at it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import { openForReading } from '../../store/file.ts';
import { prepareGuarded, visibleNames } from '../../store/guard.ts';
import { tables } from '../../tables/index.ts';
import { sampleStore } from '../export/world.ts';
import { statements } from './statements.ts';

test('there are as many as were tried before', (t) => {
  t.true(statements.length >= 250);
  t.is(new Set(statements.map(({ sql }) => sql)).size, statements.length);
});

test('every hostile statement is refused in words', async (t) => {
  const path = await sampleStore(t);
  const before = readFileSync(path);
  const store = openForReading(path, tables);
  const names = visibleNames(store);
  const taken = statements.filter(({ sql }) => {
    try {
      prepareGuarded(store.db, sql, names);
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return error.hint === '';
    }
  });
  t.deepEqual(
    taken.map(({ name }) => name),
    [],
  );
  t.is(store.db.prepare('SELECT total_changes()').pluck().get(), 0);
  store.close();
  t.deepEqual(readFileSync(path), before);
  for (const name of ['tokenquery-hostile.db', 'tokenquery-hostile']) t.false(existsSync(join('/tmp', name)));
});
