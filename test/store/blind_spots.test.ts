import { join } from 'node:path';
import test from 'ava';
import { readChangesOnce } from '../../store/meaning.ts';
import type { ExecutionContext } from 'ava';
import fc, { runsOf } from '../property.ts';
import { statuses } from '../../collector/status.ts';
import type { Status } from '../../collector/status.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { blindSpots, touchedNames } from '../../store/blind_spots.ts';
import { openForReading } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { dataTables } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { addAll, newStore, smallTables, snapshotAt } from './world.ts';
import type { Observed } from './world.ts';

const denied = 'filevault_users';
const moment = 4_102_444_800;

/** A store of a Mac that was collected without root: now, and as it was known at a moment. */
const storedSample = async (t: ExecutionContext): Promise<{ path: string; now: Store; past: Store }> => {
  const path = join(temporaryFolder(t), 'mac.db');
  const stored = await cli(['snapshot', '--db', path, '--source', sample('macos14-not-root')]);
  t.is(stored.code, 0, stored.stderr);
  const [now, past] = [openForReading(path, tables), openForReading(path, tables)];
  viewAsOf(past, moment);
  t.teardown(() => [now, past].forEach((store) => store.close()));
  return { path, now, past };
};

const spotsOf = (store: Store, sql: string, asOf: number | null): readonly string[] =>
  blindSpots(store, touchedNames(store, sql, asOf), asOf).spots.map(({ table }) => table);

test('--strict ends with 4 whatever the text, a comment or a name says of changes', async (t) => {
  const { path } = await storedSample(t);
  for (const sql of [
    `SELECT uuid FROM ${denied} WHERE username <> 'x'`,
    `SELECT uuid FROM ${denied} WHERE username <> 'changes'`,
    `SELECT uuid FROM ${denied} -- what changes`,
    `SELECT count(*) n FROM ${denied}, changes`,
  ]) {
    const { code, stderr } = await cli(['query', '--db', path, '--strict', sql]);
    t.is(code, 4, sql);
    t.is(stderr, 'tokenquery: note: filevault_users is denied: fdesetup list says that it needs root\n', sql);
  }
  const { code, stderr } = await cli([
    'query',
    '--db',
    path,
    '--strict',
    '--as-of',
    '-0d',
    'SELECT * FROM changes',
  ]);
  t.deepEqual([code, stderr], [0, '']);
});

test('a table is named that is opened beside changes', async (t) => {
  const { now, past } = await storedSample(t);
  for (const sql of [
    `SELECT uuid /* changes */ FROM ${denied}`,
    `SELECT uuid AS changes FROM ${denied} AS "changes"`,
    `WITH changes AS (SELECT uuid FROM ${denied}) SELECT uuid FROM changes`,
    `SELECT 1 FROM changes WHERE EXISTS (SELECT 1 FROM ${denied})`,
    `SELECT 1 FROM main.changes c LEFT JOIN ${denied} f USING (host_id)`,
    `SELECT host_id FROM changes UNION ALL SELECT host_id FROM ${denied}_history`,
  ]) {
    t.deepEqual(spotsOf(now, sql, null), [denied], sql);
    t.deepEqual(spotsOf(past, sql, moment), [denied], sql);
  }
});

test('a statement on changes alone is whole, however it is written', async (t) => {
  const { now, past } = await storedSample(t);
  for (const sql of [
    'SELECT * FROM changes',
    'SELECT * FROM Main."CHANGES" AS c WHERE c.table_name = \'users\'',
    "SELECT change FROM [changes] WHERE change = 'none is called so'",
    'SELECT username FROM users u WHERE EXISTS (SELECT 1 FROM changes c WHERE c.host_id = u.host_id)',
    'SELECT c.key FROM changes c JOIN snapshots USING (snapshot_id)',
  ]) {
    t.deepEqual(spotsOf(now, sql, null), [], sql);
    t.deepEqual(spotsOf(past, sql, moment), [], sql);
  }
  // What SQLite would take a minute for, or refuse, if it were not read once.
  for (const sql of [
    'SELECT * FROM changes WHERE change_time = (SELECT max(change_time) FROM changes)',
    'WITH c AS (SELECT * FROM changes) SELECT count(*) FROM c a JOIN c b USING (host_id)',
    'WITH a AS (SELECT * FROM changes), b AS (SELECT * FROM changes) SELECT count(*) FROM a JOIN b USING (host_id)',
  ])
    for (const [of, time] of [
      [await storedSample(t), null],
      [await storedSample(t), moment],
    ] as const) {
      const store = time === null ? of.now : of.past;
      const before = store.db.prepare('SELECT count(*), max(change_time) FROM changes').raw(true).get();
      readChangesOnce(store.db, sql);
      t.deepEqual(store.db.prepare('SELECT count(*), max(change_time) FROM changes').raw(true).get(), before);
      t.deepEqual(spotsOf(store, sql, time), [], sql);
      t.notThrows(() => store.db.prepare(sql).all(), sql);
    }
});

test('who reads all that changes reads, without it, is told of all of it', async (t) => {
  const { now } = await storedSample(t);
  const sql = dataTables(tables)
    .map(({ name }) => `SELECT host_id FROM "${name}_history"`)
    .join(' UNION ALL ');
  const all = dataTables(tables).map(({ name }) => name);
  t.deepEqual([...touchedNames(now, sql, null)].toSorted(), all.toSorted());
  t.deepEqual(
    [...touchedNames(now, `${sql} UNION ALL SELECT host_id FROM changes`, null)].toSorted(),
    all.toSorted(),
  );
});

/**
 * A statement with the tables that it opens otherwise than through `changes`. Its only column is host_id, which the
 * statement around it uses: what cannot make a difference SQLite leaves out.
 */
interface Shape {
  readonly sql: string;
  readonly opens: readonly string[];
}

const named = (table: string, ...spellings: readonly string[]): Shape[] =>
  spellings.map((spelling) => ({ sql: `SELECT host_id FROM ${spelling}`, opens: [table].filter(Boolean) }));

const leaf = fc.constantFrom(
  ...named('people', 'people', 'main.people', '"People"', 'people_history', '_current_people p, snapshots'),
  ...named('machine', 'machine', '[machine]', 'machine -- changes\n', "machine WHERE state <> 'changes'"),
  ...named('', 'changes', 'main.changes', '"CHANGES" /* people */', '`changes` AS people', 'Changes c'),
  ...named('', 'snapshots', "(SELECT 'changes' AS host_id)", 'table_status', 'latest_snapshots changes'),
);

const both = (a: Shape, b: Shape, sql: string): Shape => ({ sql, opens: [...a.opens, ...b.opens] });
const joins: readonly ((a: Shape, b: Shape) => Shape)[] = [
  (a, b) => both(a, b, `SELECT a.host_id FROM (${a.sql}) a, (${b.sql}) b`),
  (a, b) => both(a, b, `SELECT a.host_id FROM (${a.sql}) a LEFT JOIN (${b.sql}) b ON a.host_id < b.host_id`),
  (a, b) => both(a, b, `SELECT changes.host_id FROM (${a.sql}) changes JOIN (${b.sql}) USING (host_id)`),
  (a, b) => both(a, b, `SELECT * FROM (${a.sql})\nUNION ALL SELECT * FROM (${b.sql})`),
  (a, b) => both(a, b, `SELECT host_id FROM (${a.sql}) WHERE host_id NOT IN (${b.sql})`),
  (a, b) =>
    both(
      a,
      b,
      `SELECT host_id FROM (${a.sql}) a WHERE EXISTS (SELECT 1 FROM (${b.sql}) b WHERE b.host_id IS NOT NULL)`,
    ),
  (a, b) =>
    both(a, b, `SELECT host_id FROM (${a.sql}) a WHERE host_id IS NOT (SELECT max(host_id) FROM (${b.sql}))`),
  (a, b) => both(a, b, `WITH x AS (${a.sql}) SELECT y.host_id FROM x AS y, (${b.sql}) changes`),
  // A name of the statement's own hides the view, and the table.
  (a, b) =>
    both(
      a,
      b,
      `SELECT * FROM (${a.sql})\nUNION ALL SELECT * FROM (WITH changes AS (SELECT host_id FROM main.changes) SELECT * FROM changes)\nUNION ALL SELECT * FROM (${b.sql})`,
    ),
  (a, b) =>
    both(
      a,
      b,
      `SELECT * FROM (${a.sql})\nUNION ALL SELECT * FROM (WITH people AS (SELECT host_id FROM changes) SELECT * FROM people)\nUNION ALL SELECT * FROM (${b.sql})`,
    ),
];

const shape = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(fc.constantFrom(...joins), tie('shape'), tie('shape'))
      .filter(([, a, b]) => a.sql.length + b.sql.length < 2000)
      .map(([join_, a, b]) => join_(a, b)),
  ),
})).shape;

const observed = (status: Status): Observed => ({ status, rows: [] });

test('a table is named exactly when SQLite opens it otherwise than through changes, and it was not seen', (t) => {
  const stores = new Map<string, { now: Store; past: Store }>();
  const storeOf = (people: Status, machine: Status) => {
    const key = `${people} ${machine}`;
    const known = stores.get(key);
    if (known !== undefined) return known;
    const now = newStore();
    const good = snapshotAt('H1', 10, { people: observed('ok'), machine: observed('ok') });
    addAll(now, [good, snapshotAt('H1', 20, { people: observed(people), machine: observed(machine) })]);
    const past = openForReading(now.path, smallTables);
    viewAsOf(past, 30);
    stores.set(key, { now, past });
    return { now, past };
  };
  const pairs = statuses.map((status, index) => [status, statuses.at(index - 3) as Status] as const);
  const property = fc.property(shape, fc.constantFrom(...pairs), ({ sql, opens }, [people, machine]) => {
    const { now, past } = storeOf(people, machine);
    const is: Readonly<Record<string, Status>> = { people, machine };
    const expected = [...new Set(opens)]
      .filter((name) => is[name] !== 'ok' && is[name] !== 'empty')
      .toSorted();
    t.deepEqual(spotsOf(now, sql, null), expected, sql);
    t.deepEqual(spotsOf(past, sql, 30), expected, `as of, ${sql}`);
  });
  fc.assert(property, { numRuns: runsOf(200), includeErrorInReport: true });
  for (const { now, past } of stores.values()) {
    past.close();
    now.close();
  }
});
