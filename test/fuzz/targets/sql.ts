import fc from 'fast-check';
import { names } from '../../../cli/names.ts';
import { mistakesIn, putsHostsTogether } from '../../../queries/mistakes.ts';
import { openEmptyStore } from '../../../store/empty.ts';
import { isInstant, prepareGuarded, touchedColumns, touchedTables } from '../../../store/guard.ts';
import { tables } from '../../../tables/index.ts';
import { editedSamples } from '../edits.ts';
import { librarySql } from '../samples.ts';
import { unlessRefused } from '../target.ts';
import type { Target } from '../target.ts';

const words = [
  'SELECT',
  'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 9)',
  'VALUES (1)',
  'EXPLAIN',
  'EXPLAIN QUERY PLAN',
  'PRAGMA user_version = 7',
  "ATTACH 'x' AS y",
  'DELETE FROM users',
  'INSERT INTO users DEFAULT VALUES RETURNING *',
  'CREATE TEMP TABLE t (a)',
  'VACUUM INTO',
  'FROM',
  'users',
  'changes',
  'sqlite_schema',
  'pragma_database_list',
  "pragma_table_info('users')",
  'dbstat',
  'sqlite_dbpage',
  'json_each',
  "load_extension('x')",
  "readfile('/etc/passwd')",
  "fts3_tokenizer('x')",
  '*',
  'count(*)',
  'username',
  "'",
  '"',
  '`',
  '[',
  ']',
  ';',
  '--',
  '/*',
  '*/',
  '\n',
  '(',
  ')',
  ',',
  '=',
  'AS',
  '1',
  'x',
  ':now',
  '?1',
  '\u00a0',
  '\ufeff',
  '\u0000',
  '\u0421ELECT',
];

const db = openEmptyStore(tables);
const state = (): string =>
  JSON.stringify([
    db.prepare('SELECT total_changes()').pluck().get(),
    db.pragma('database_list'),
    db.pragma('user_version'),
    db.prepare('SELECT count(*) FROM sqlite_temp_schema').pluck().get(),
  ]);
// To ask for what is temporary makes its database.
state();
const before = state();
const reachesOut = /^(?:pragma_|sqlite_dbpage|dbstat|fts\d|rtree)/i;

export const gate: Target<string> = {
  name: 'gate',
  inputs: fc.oneof(
    { arbitrary: editedSamples(librarySql()), weight: 2 },
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 14 }).map((parts) => parts.join(' ')),
    fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 14 }).map((parts) => parts.join('')),
  ),
  check: async (sql) => {
    const statement = await unlessRefused(() => prepareGuarded(db, sql, names));
    if (state() !== before) throw new Error('a statement changed something while it was prepared');
    if (statement === null) return;
    const touched = touchedTables(db, sql);
    for (const name of touched) if (reachesOut.test(name)) throw new Error(`${name} passes the gate`);
    touchedColumns(db, sql);
    isInstant(sql);
    mistakesIn({ db, tables, names }, sql);
    putsHostsTogether({ db, tables, names }, sql);
  },
};
