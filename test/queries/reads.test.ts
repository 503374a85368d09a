import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { names } from '../../cli/names.ts';
import { UserError } from '../../collector/errors.ts';
import { statuses } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import { checkQuery } from '../../queries/custom.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Verdict } from '../../queries/evaluate.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery } from '../../queries/query.ts';
import { loadRows, openMemory } from '../../store/memory.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';

const header = (lines: readonly string[]): string =>
  ['-- name: own', '-- title: An own question', '-- severity: low', '-- purpose: A test.', ...lines, ''].join(
    '\n',
  );

const noUser = "SELECT host_id, username AS subject FROM users WHERE username = 'no such user'";

/** How a condition can say that a table has a row of the host; `t` is the table, `of` names the host. */
const hasRow: readonly ((t: string, of: string) => string)[] = [
  (t, of) => `EXISTS (SELECT 1 FROM ${t} f WHERE f.host_id = ${of})`,
  (t, of) => `exists (select 1 from ${t} f where f.host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM users u JOIN ${t} f ON f.host_id = u.host_id WHERE u.host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM ${t} f, users u WHERE f.host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM users u, ${t} f WHERE f.host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM (users u CROSS JOIN ${t} f) WHERE f.host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM/**/${t} AS "FROM" WHERE "FROM".host_id = ${of})`,
  (t, of) => `EXISTS (SELECT 1 FROM main."${t.toUpperCase()}" f WHERE f.host_id = ${of})`,
  (t, of) => `${of} IN (SELECT host_id FROM [${t}])`,
  (t, of) => `(SELECT COUNT(*) FROM \`${t}\` f WHERE f.host_id = ${of}) > 0`,
  (t, of) => `EXISTS (WITH x AS (SELECT host_id FROM ${t}) SELECT 1 FROM x WHERE x.host_id = ${of})`,
  (t, of) => `${of} IN (SELECT host_id FROM users INTERSECT SELECT host_id FROM ${t})`,
];

interface Table {
  readonly status: Status | null;
  readonly affected?: string;
}

/** The verdict on a host with one user, whose shell is not known, and no row in filevault_users. */
const verdictOf = (lines: readonly string[], filevaultUsers: Table): Verdict | undefined => {
  const empty = openMemory(tables);
  const query = checkQuery(parseQuery(`${header(lines)}${noUser}`, 'own.sql'), names, tables, empty);
  empty.close();
  const db = openMemory(tables);
  const load = (name: string, rows: Parameters<typeof loadRows>[2]): void => {
    const table = tables.find((one) => one.name === name);
    if (table === undefined) throw new Error(name);
    loadRows(db, table, rows);
  };
  const statusRow = (table: string, { status, affected }: Table) =>
    status === null
      ? []
      : [{ table_name: table, status, row_count: 0, columns_affected: affected ?? null, host_id: 'H' }];
  load('hosts', [{ host_id: 'H' }]);
  load('users', [{ username: 'mquist', host_id: 'H' }]);
  load('table_status', [
    ...statusRow('hosts', { status: 'ok' }),
    ...statusRow('users', { status: 'ok' }),
    ...statusRow('filevault_users', filevaultUsers),
  ]);
  const [answer] = evaluate(db, [query], { now: 0, names, tables });
  db.close();
  return answer?.verdicts.get('H');
};

const seen: ReadonlySet<string> = new Set(['ok', 'empty']);
const states: readonly Table[] = [
  ...statuses.map((status) => ({ status })),
  { status: null },
  { status: 'partial', affected: '["uuid"]' },
];
const provesAbsence = ({ status, affected }: Table): boolean =>
  seen.has(status ?? '') || (status === 'partial' && affected !== undefined);

test('a host is exempt only by tables that were seen, however the condition names them', (t) => {
  for (const state of states) {
    for (const shape of hasRow) {
      const applies = shape('filevault_users', 'hosts.host_id');
      for (const declared of [
        ['-- requires: users.shell, filevault_users.username'],
        ['-- requires: users.shell'],
      ]) {
        const verdict = verdictOf([...declared, `-- applies: ${applies}`], state);
        t.is(verdict, provesAbsence(state) ? 'clean' : 'unknown', `${applies}, ${JSON.stringify(state)}`);
      }
    }
  }
});

test('a row matters unless the tables of the condition were seen, however it names them', (t) => {
  for (const state of states) {
    for (const shape of hasRow) {
      const where = shape('filevault_users', 'users.host_id');
      const verdict = verdictOf([`-- requires: users.shell where ${where}`], state);
      // What this Mac does not have has no rows either.
      const isTold = seen.has(state.status ?? '') || state.status === 'unsupported';
      t.is(verdict, isTold ? 'clean' : 'unknown', `${where}, ${JSON.stringify(state)}`);
    }
  }
});

test('a table that is only spoken of is not read', (t) => {
  const denied: Table = { status: 'denied' };
  for (const applies of [
    "hosts.host_id = ' FROM filevault_users '",
    'hosts.host_id IS NULL /* FROM filevault_users */',
    'EXISTS (WITH filevault_users AS (SELECT host_id FROM users WHERE 1 = 0) SELECT 1 FROM filevault_users)',
  ]) {
    t.is(verdictOf(['-- requires: users.shell', `-- applies: ${applies}`], denied), 'clean', applies);
  }
});

test('findings --queries: what denied tables would exempt stays unknown', async (t) => {
  const folder = temporaryFolder(t);
  const bodies = [
    'EXISTS (SELECT 1 FROM users u JOIN filevault_users f ON f.username = u.username WHERE u.host_id = hosts.host_id)',
    'EXISTS (SELECT 1 FROM filevault_users f, users u WHERE f.host_id = hosts.host_id)',
    'exists (select 1 from filevault_users f where f.host_id = hosts.host_id)',
  ];
  for (const [index, applies] of bodies.entries()) {
    const own = join(folder, String(index));
    mkdirSync(own);
    writeFileSync(
      join(own, 'own.sql'),
      `${header(['-- requires: filevault_users', `-- applies: ${applies}`])}${noUser}`,
    );
    const asked = ['findings', '--queries', own, '--source', sample('macos14-not-root')];
    const { code, stdout } = await cli([...asked, '--strict']);
    t.regex(stdout, /of 1 answer 0 hit, 0 clean, 1 unknown/, applies);
    t.is(code, 4, applies);
    const printed = await cli(['queries', '--queries', own, 'own', '--unknown-sql']);
    t.regex(printed.stdout, /t\.table_name IN \('filevault_users', 'hosts'/, applies);
  }
});

test('only what the library itself has goes past the guard', (t) => {
  const [own] = queries;
  if (own === undefined) throw new Error('there is no library');
  const db = openMemory(tables);
  const outside = { ...own, sql: "SELECT name AS host_id, 'x' AS subject FROM pragma_database_list" };
  for (const asked of [[outside], [own, outside]])
    t.throws(() => evaluate(db, asked, { now: 0, names, tables }), {
      instanceOf: UserError,
      message: /pragma_database_list is refused/,
    });
  t.notThrows(() => evaluate(db, [own], { now: 0, names, tables }));
  db.close();
});
