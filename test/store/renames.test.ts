/** A rename is a rename: in changes, in differential exports, and in what snapshot says. */
import test from 'ava';
import fc, { runsOf } from '../property.ts';
import { emptyCursor, newsSince } from '../../export/cursor.ts';
import { removedAndAdded, renamedOf } from '../../export/format.ts';
import { exportReader } from '../../export/rows/reader.ts';
import type { SourceName } from '../../collector/sources.ts';
import { boolean, defineTable, integer, text } from '../../collector/table.ts';
import type { Table, Value } from '../../collector/table.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import { cellsOrder, digestOfCells, packRows, snapshotIdOf } from '../../store/snapshot.ts';
import type { Cells, Snapshot, TableObservation } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import type { Added } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { newPath } from './world.ts';

const runs = runsOf(60);
const common = {
  sources: ['s1'] as unknown as readonly SourceName[],
  macos: 'all',
  examples: ['SELECT 1;'] as const,
  generate: async () => [],
};
const accounts = defineTable({
  name: 'accounts',
  description: 'One row an account.',
  columns: {
    username: text('Name.', { privacy: 'name' }),
    uuid: text('Id.', { privacy: 'device' }),
    uid: integer('Number.', { privacy: 'nobody' }),
    is_admin: boolean('Admin.', { privacy: 'nobody' }),
  },
  key: ['username', 'uuid', 'uid'],
  ...common,
}) as unknown as Table;
const tags = defineTable({
  name: 'tags',
  description: 'Several rows an account.',
  columns: {
    username: text('Name.', { privacy: 'name' }),
    uuid: text('Id.', { privacy: 'device' }),
    ordinal: integer('Place.', { privacy: 'nobody' }),
    tag: text('Tag.', { privacy: 'nobody' }),
  },
  key: ['username', 'uuid', 'ordinal'],
  ...common,
}) as unknown as Table;
const own: readonly Table[] = [
  accounts,
  tags,
  ...tables.filter(({ name, report }) => report !== undefined || name === 'hosts'),
];

const observation = (table: Table, rows: readonly Cells[]): TableObservation => {
  const cells = packRows([...rows].sort(cellsOrder(table)));
  const digest = digestOfCells(Object.keys(table.columns), cells);
  return {
    status: rows.length === 0 ? 'empty' : 'ok',
    affected: [],
    failed: null,
    digest,
    rowCount: rows.length,
    cells,
  };
};

/** An account of one look: name, GeneratedUID, uid, whether it is an administrator. */
type Account = readonly [username: string, uuid: string | null, uid: number, isAdmin: 0 | 1];

const tagsOf = (look: readonly Account[]): Cells[] =>
  look.flatMap(([username, uuid, , isAdmin]) =>
    [0, ...(isAdmin === 1 ? [1] : [])].map((ordinal): Cells => [username, uuid, ordinal, `tag${ordinal}`]),
  );

const snapshotOf = (look: readonly Account[], time: number): Snapshot => {
  const observations = new Map([
    ['accounts', observation(accounts, look)],
    ['tags', observation(tags, tagsOf(look))],
  ]);
  const known = { hostId: 'H', collectedTime: time, euid: 0, redaction: null, observations };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: 'complete',
    origin: 'live',
    toolVersion: '0.4.0',
    schemaVersion: 1,
    report: null,
  };
};

const storeOf = (
  looks: readonly (readonly Account[])[],
): { readonly store: Store; readonly added: Added[] } => {
  const store = openForWriting(newPath(), own);
  store.db.pragma('synchronous = OFF');
  const writer = storeWriter(store.db, own);
  const added = looks.map((look, index) =>
    transact(store, () => writer.add([snapshotOf(look, 10 + index)], 100)),
  );
  return { store, added };
};

/** A change of a table of accounts in few words. */
const changesOf = (store: Store, table: string): string[] =>
  (
    store.db
      .prepare(
        "SELECT change, json_extract(key, '$.username') AS username, column_name AS name, old_value AS old, new_value AS new, change_time AS time " +
          'FROM changes WHERE table_name = ?',
      )
      .all(table) as Record<string, Value>[]
  )
    .map((row) => {
      const { change, username, name, old, new: now, time } = row;
      return `${String(time)} ${String(change)} ${String(username)} ${String(name)} ${JSON.stringify([old, now])}`;
    })
    .sort();

// A second opinion, by looks and not by row versions.

interface Row {
  readonly cells: readonly Value[];
  readonly name: string;
  readonly uuid: string | null;
  /** What tells its rows of one account apart. */
  readonly place: string;
  readonly key: string;
}

const rowsOfAccounts = (look: readonly Account[]): Row[] =>
  look.map((cells) => ({
    cells,
    name: cells[0],
    uuid: cells[1],
    place: '',
    key: JSON.stringify(cells.slice(0, 3)),
  }));
const rowsOfTags = (look: readonly Account[]): Row[] =>
  tagsOf(look).map((cells) => ({
    cells,
    name: String(cells[0]),
    uuid: cells[1] as string | null,
    place: String(cells[2]),
    key: JSON.stringify(cells.slice(0, 3)),
  }));

const expected = (
  looks: readonly (readonly Account[])[],
  columns: readonly string[],
  rowsOf: (look: readonly Account[]) => Row[],
): string[] => {
  const lines: string[] = [];
  for (const [index, look] of looks.entries()) {
    if (index === 0) continue;
    const before = rowsOf(looks[index - 1] ?? []);
    const now = rowsOf(look);
    const gone = before.filter(({ key }) => !now.some((row) => row.key === key));
    const fresh = now.filter(({ key }) => !before.some((row) => row.key === key));
    const say = (change: string, name: string, column: string, old: Value, value: Value): number =>
      lines.push(`${10 + index} ${change} ${name} ${column} ${JSON.stringify([old, value])}`);
    const names = (rows: readonly Row[], uuid: string | null): number =>
      new Set(rows.flatMap((row) => (row.uuid === uuid ? [row.name] : []))).size;
    const sameAs = (rows: readonly Row[], { uuid, place }: Row): Row[] =>
      rows.filter((row) => row.uuid === uuid && row.place === place);
    const pairOf = (row: Row): readonly [Row, Row] | null => {
      if (row.uuid === null || names(before, row.uuid) !== 1 || names(now, row.uuid) !== 1) return null;
      const [old, ...others] = sameAs(gone, row);
      const [next, ...more] = sameAs(fresh, row);
      if (old === undefined || next === undefined || others.length + more.length > 0) return null;
      return old.name === next.name ? null : [old, next];
    };
    for (const row of gone)
      if (pairOf(row) === null)
        for (const [at, column] of columns.entries())
          if (row.cells[at] !== null || at === 0)
            say('removed', row.name, column, row.cells[at] ?? null, null);
    for (const row of fresh) {
      const pair = pairOf(row);
      for (const [at, column] of columns.entries()) {
        const [old, value] = [pair?.[0].cells[at] ?? null, row.cells[at] ?? null];
        if (pair === null && (value !== null || at === 0)) say('added', row.name, column, null, value);
        if (pair !== null && old !== value) say('changed', row.name, column, old, value);
      }
    }
    for (const row of now) {
      const old = before.find(({ key }) => key === row.key);
      for (const [at, column] of columns.entries())
        if (old !== undefined && old.cells[at] !== row.cells[at])
          say('changed', row.name, column, old.cells[at] ?? null, row.cells[at] ?? null);
    }
  }
  return lines.sort();
};

const account: fc.Arbitrary<Account> = fc.tuple(
  fc.constantFrom('ann', 'Ann', 'bob', 'cid'),
  fc.constantFrom('A', 'A', 'B', 'C', null),
  fc.constantFrom(501, 501, 502),
  fc.constantFrom(0 as const, 1 as const),
);
const look = fc.uniqueArray(account, { maxLength: 4, selector: ([name]) => name });

test('changes, and a difference, tell a rename exactly where the GeneratedUID is known and of one account on either side', (t) => {
  fc.assert(
    fc.property(fc.array(look, { minLength: 2, maxLength: 5 }), (looks) => {
      const { store, added } = storeOf(looks);
      for (const [table, rowsOf] of [
        [accounts, rowsOfAccounts],
        [tags, rowsOfTags],
      ] as const) {
        const columns = Object.keys(table.columns);
        t.deepEqual(changesOf(store, table.name), expected(looks, columns, rowsOf));
      }
      // What snapshot says counts the same.
      const counted = { added: 0, changed: 0, removed: 0 };
      for (const { changes } of added)
        for (const kind of ['added', 'changed', 'removed'] as const)
          counted[kind] += changes.get('accounts')?.[kind] ?? 0;
      const told = store.db
        .prepare(
          "SELECT change, count(DISTINCT key || change_time) AS n FROM changes WHERE table_name = 'accounts' GROUP BY 1",
        )
        .all() as { change: 'added'; n: number }[];
      t.deepEqual(counted, {
        ...{ added: 0, changed: 0, removed: 0 },
        ...Object.fromEntries(told.map(({ change, n }) => [change, n])),
      });
      // Each look follows from the one before and the difference, whether a rename is told as such or not.
      const reader = exportReader(store, { tables: own, rowSql: null });
      for (const isApart of [false, true]) {
        let rows = new Set<string>();
        for (const [hostId, { ids, since }] of newsSince(store, emptyCursor(''), null).hosts)
          for (const { tables: parts } of reader.changedSnapshots(hostId, since, (id) => ids.has(id)))
            for (const part of parts) {
              if (part.table !== accounts) continue;
              const renamed = renamedOf(accounts);
              for (const row of isApart ? removedAndAdded(part) : part.rows) {
                const what = renamed(row);
                t.is(what === null, row.change !== 'changed');
                if (row.change === 'changed') t.true(rows.delete(JSON.stringify(row.former?.cells)));
                if (row.change === 'removed') t.true(rows.delete(JSON.stringify(row.cells)));
                else rows = rows.add(JSON.stringify(row.cells));
              }
            }
        t.deepEqual([...rows].sort(), (looks.at(-1) ?? []).map((one) => JSON.stringify(one)).sort());
      }
      store.close();
    }),
    { numRuns: runs },
  );
});

const ann: Account = ['ann', 'A', 501, 0];
const bob: Account = ['bob', 'B', 502, 1];

const family: Readonly<
  Record<string, readonly [before: readonly Account[], after: readonly Account[], changes: readonly string[]]>
> = {
  'a rename': [[ann, bob], [['eve', 'A', 501, 0], bob], ['changed eve username ["ann","eve"]']],
  'a change of letter case': [[ann], [['Ann', 'A', 501, 0]], ['changed Ann username ["ann","Ann"]']],
  'a swap of two names': [
    [ann, bob],
    [
      ['bob', 'A', 501, 0],
      ['ann', 'B', 502, 1],
    ],
    ['changed ann username ["bob","ann"]', 'changed bob username ["ann","bob"]'],
  ],
  'a rename with other changes at once': [
    [ann],
    [['eve', 'A', 601, 1]],
    ['changed eve is_admin [0,1]', 'changed eve uid [501,601]', 'changed eve username ["ann","eve"]'],
  ],
  'a chain of names': [
    [ann, bob],
    [
      ['bob', 'A', 501, 0],
      ['cid', 'B', 502, 1],
    ],
    ['changed bob username ["ann","bob"]', 'changed cid username ["bob","cid"]'],
  ],
  'a GeneratedUID that is not known': [
    [['ann', null, 501, 0]],
    [['eve', null, 501, 0]],
    [
      'added eve is_admin [null,0]',
      'added eve uid [null,501]',
      'added eve username [null,"eve"]',
      'removed ann is_admin [0,null]',
      'removed ann uid [501,null]',
      'removed ann username ["ann",null]',
    ],
  ],
  'a GeneratedUID that another account has too, before and after': [
    [ann, ['bob', 'A', 502, 1]],
    [
      ['eve', 'A', 501, 0],
      ['bob', 'A', 502, 1],
    ],
    [
      'added eve is_admin [null,0]',
      'added eve uid [null,501]',
      'added eve username [null,"eve"]',
      'added eve uuid [null,"A"]',
      'removed ann is_admin [0,null]',
      'removed ann uid [501,null]',
      'removed ann username ["ann",null]',
      'removed ann uuid ["A",null]',
    ],
  ],
  'two accounts with the GeneratedUID of one': [
    [ann],
    [
      ['eve', 'A', 501, 0],
      ['mal', 'A', 501, 0],
    ],
    [
      'added eve is_admin [null,0]',
      'added eve uid [null,501]',
      'added eve username [null,"eve"]',
      'added eve uuid [null,"A"]',
      'added mal is_admin [null,0]',
      'added mal uid [null,501]',
      'added mal username [null,"mal"]',
      'added mal uuid [null,"A"]',
      'removed ann is_admin [0,null]',
      'removed ann uid [501,null]',
      'removed ann username ["ann",null]',
      'removed ann uuid ["A",null]',
    ],
  ],
  'an account that was made anew under its name': [
    [ann],
    [['ann', 'B', 501, 0]],
    [
      'added ann is_admin [null,0]',
      'added ann uid [null,501]',
      'added ann username [null,"ann"]',
      'added ann uuid [null,"B"]',
      'removed ann is_admin [0,null]',
      'removed ann uid [501,null]',
      'removed ann username ["ann",null]',
      'removed ann uuid ["A",null]',
    ],
  ],
};

for (const [what, [before, after, changes]] of Object.entries(family)) {
  test(`${what} is told as it is`, (t) => {
    const { store } = storeOf([before, after]);
    t.deepEqual(
      changesOf(store, 'accounts').map((line) => line.replace('11 ', '')),
      [...changes].sort(),
    );
    store.close();
  });
}
