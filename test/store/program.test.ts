import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { explain } from '../../store/guard.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { openMemory } from '../../store/memory.ts';
import { jumps, Program } from '../../store/program.ts';
import { queries } from '../../queries/index.ts';
import { tables } from '../../tables/index.ts';
import { root } from '../standin.ts';

test('the operations that may jump are those of the SQLite that comes with the program', (t) => {
  const source = readFileSync(join(root, 'node_modules/better-sqlite3/deps/sqlite3/sqlite3.c'), 'utf8');
  const told = [...source.matchAll(/^#define OP_(\w+)\s+[0-9]+ \/\* jump0?\b/gm)].map(([, name]) => name);
  t.true(told.length > 50);
  for (const name of told) t.true(jumps.has(name ?? ''), name);
});

test('every operation of the programs of the library is understood', (t) => {
  const [memory, store] = [openMemory(tables), openEmptyStore(tables)];
  for (const { name, needsHistory, sql } of queries) {
    const db = needsHistory ? store : memory;
    t.true(new Program(db, explain(db, sql)).isUnderstood, name);
  }
});

test('where a value comes from is followed through joins, sorting, grouping and coroutines', (t) => {
  const db = openMemory(tables);
  const outputs = (sql: string): string[] => {
    const program = new Program(db, explain(db, sql));
    const [row] = program.instructions.filter(({ opcode }) => opcode === 'ResultRow');
    if (row === undefined) throw new Error('no row');
    return Array.from({ length: row.p2 }, (_, index) =>
      program
        .sourcesOf(row.p1 + index, row.addr)
        .map((source) =>
          source.kind === 'column'
            ? `${source.table}.${source.column}`
            : source.kind === 'literal'
              ? String(source.value)
              : source.kind,
        )
        .filter((word) => word !== 'null')
        .join(' '),
    );
  };
  t.deepEqual(outputs("SELECT username, 'x', uid + 1 FROM users"), ['users.username', 'x', 'other']);
  t.deepEqual(outputs('SELECT shell, COUNT(*) FROM users GROUP BY shell'), ['users.shell', 'other']);
  t.deepEqual(outputs('SELECT shell FROM users ORDER BY uid'), ['users.shell']);
  t.deepEqual(outputs("SELECT COALESCE(shell, 'none') FROM users"), ['none users.shell']);
  t.deepEqual(
    outputs('SELECT x FROM (SELECT uid AS x FROM users UNION ALL SELECT gid FROM groups) LIMIT 3'),
    ['users.uid'],
  );
  t.deepEqual(
    outputs(
      'WITH a AS MATERIALIZED (SELECT uuid AS x FROM users) SELECT p.x, q.x FROM a p JOIN a q ON p.x <> q.x',
    ),
    ['users.uuid', 'users.uuid'],
  );
});
