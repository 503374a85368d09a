/**
 * Some hosts of a store at a time: what the last look at each of them told, in tables in memory that stand for the plain
 * names. All is made once and the statements on it are kept, so that a thousand hosts take a thousand times as long as one:
 * each temporary view that is made or dropped would have every statement on the connection made anew. Of few rows most of a
 * statement's time is spent before it looks at the first of them, so that several hosts at once take hardly longer than one.
 */
import type { Table } from '../collector/table.ts';
import type { Db, Preparing } from './database.ts';
import { collationOf, quoteName } from './ddl.ts';
import { unguarded } from './guard.ts';
import { createJoinIndexes, ownTable } from './memory.ts';
import { hostViews, meaningOf } from './meaning.ts';
import { statementCache } from './reader.ts';
import type { Prepare } from './reader.ts';
import { asSeen, asSeenInParts, isStore, readSeen, unknownOf, without } from './seen.ts';
import type { Doubt, Part, Recent, Seen, Seeing } from './seen.ts';

/** Which hosts are shown, and at which moment each is asked about. */
const shownTable = '_shown';
const ofShown = `host_id IN (SELECT s.id FROM temp.${shownTable} s)`;
const statusTable = 'table_status';
const looksName = 'latest_snapshots';

const columnList = (table: Table): string =>
  [...Object.keys(table.columns), 'host_id'].map(quoteName).join(', ');

/** A name of the store, and what it means before a table or a view of this connection takes its place. */
interface Before {
  readonly name: string;
  readonly from: string;
  /** What stood in for the view of the file. */
  readonly view: string | null;
  /** What is declared of it; null of a history, and of what else is only narrowed to the hosts. */
  readonly table: Table | null;
}

type Held = Before & { readonly table: Table };

const isHeld = (before: Before): before is Held => before.table !== null;

const namesOfStore = (db: Db, tables: readonly Table[]): readonly Before[] => {
  const declared = new Map(tables.map((table) => [table.name, table]));
  return hostViews(db).map((name) => ({
    ...{ name, table: declared.get(name) ?? null },
    ...meaningOf(db, name),
  }));
};

/** A table for the rows that count. */
const createHeld = (table: Table): string => {
  const indexes =
    createJoinIndexes(table, 'temp.') ||
    createJoinIndexes(table, 'temp.', Object.keys(table.columns).slice(0, 1));
  return `${ownTable(table).replace('CREATE TABLE', 'CREATE TEMP TABLE')}\n${indexes}`;
};

/** A table for the rows of a view. Questions go through it for each row of a history: SQLite makes an index of a table only. */
const createCopied = (db: Db, name: string): string => {
  const columns = db.prepare('SELECT name, type FROM pragma_table_info(?) ORDER BY cid').all(name) as {
    name: string;
    type: string;
  }[];
  return `CREATE TEMP TABLE ${quoteName(name)} (${columns.map((own) => `${quoteName(own.name)} ${own.type}${collationOf(own.name)}`).join(', ')})`;
};

/** Makes what is not certain in the rows of a table unknown. */
const forgetDoubtful = (table: Table, doubts: readonly Doubt[]): string => {
  const changes = doubts.map(({ column, canSettle }) => {
    const [own, settled] = [quoteName(column), table.columns[column]?.settled];
    const unknown = unknownOf(table, column);
    return canSettle && settled !== undefined
      ? `${own} = CASE WHEN COALESCE(${settled.where}, 0) THEN ${own} ELSE ${unknown} END`
      : `${own} = ${unknown}`;
  });
  return `UPDATE temp.${quoteName(table.name)} AS t SET ${changes.join(', ')} WHERE t.host_id = ?`;
};

/**
 * `:now` of each host that is shown, in place of one for all: what SQL compares with it is a column of the relation that is
 * named last before it in the same line, and every relation of the library has the host of its rows.
 */
export const atShownMoments = (sql: string): string =>
  sql.replace(/^.*:now\b.*$/gm, (line) =>
    line.replace(/:now\b/g, (_, at: number) => {
      const named = [...line.slice(0, at).matchAll(/(\w+)\.\w+/g)].at(-1)?.[1];
      return shownMoment(`${named === undefined ? '' : `${named}.`}host_id`);
    }),
  );

/** SQL of the moment at which a host is asked about. */
export const shownMoment = (hostId: string): string =>
  `(SELECT ${shownTable}.now FROM temp.${shownTable} WHERE ${shownTable}.id = ${hostId} COLLATE BINARY)`;

/** Hosts to be shown, each with the moment at which it is asked about in Unix seconds; null where no statement asks. */
export type Shown = ReadonlyMap<string, number | null>;

export class ShownHosts implements Seeing {
  readonly #db: Db;
  readonly #tables: readonly Table[];
  readonly #before: readonly Before[];
  /** What no statement may ask. */
  readonly #left: ReadonlySet<string>;
  /** What is asked of the hosts that are shown; the text of a statement means the same for all. */
  readonly prepare: Prepare;
  /** The age of facts that the rows are filled for; null where they are not. */
  #filled: number | null = null;

  /** @param read The tables that are asked: another is none of this connection. All without it. */
  constructor(db: Db, tables: readonly Table[], read: ReadonlySet<string> | null = null) {
    this.#db = db;
    this.#tables = tables;
    this.prepare = statementCache(db);
    this.#before = namesOfStore(db, tables);
    this.#left = new Set(
      this.#before.flatMap(({ name, table }) => (table === null || read?.has(name) !== false ? [] : [name])),
    );
    db.exec(`CREATE TEMP TABLE ${shownTable} (id TEXT PRIMARY KEY, now INTEGER) WITHOUT ROWID`);
    for (const before of this.#before) {
      const sql = this.#standIn(before);
      if (before.view !== null) db.exec(`DROP VIEW temp.${quoteName(before.name)}`);
      db.exec(sql);
    }
  }

  /** What takes the place of a name. */
  #standIn(before: Before): string {
    const { name, from } = before;
    const view = `CREATE TEMP VIEW ${quoteName(name)} AS SELECT * FROM`;
    // Whoever asks for it is told by SQLite that it is not there, and not by a table that is empty.
    if (this.#left.has(name)) return `${view} temp._not_shown`;
    if (isHeld(before)) return createHeld(before.table);
    return name === looksName ? createCopied(this.#db, name) : `${view} ${from} WHERE ${ofShown}`;
  }

  /** Makes the names mean these hosts. */
  show(hosts: Shown): void {
    this.#filled = null;
    this.prepare(`DELETE FROM temp.${shownTable}`).run();
    const insert = this.prepare(`INSERT INTO temp.${shownTable} VALUES (?, ?)`);
    for (const [hostId, now] of hosts) insert.run(hostId, now);
  }

  whole<T>(maxAge: number, work: () => T): T {
    if (this.#filled !== maxAge) unguarded(this.#db, () => this.#fill(maxAge));
    return work();
  }

  inParts<T>(maxAge: number, work: () => T): readonly Part<T>[] {
    return [{ of: this.whole(maxAge, work), isTrueOf: () => true }];
  }

  #fill(maxAge: number): void {
    const held = this.#before.filter(isHeld).filter(({ name }) => !this.#left.has(name));
    for (const { name, from } of this.#before) {
      if (name !== looksName) continue;
      this.prepare(`DELETE FROM temp.${looksName}`).run();
      this.prepare(`INSERT INTO temp.${looksName} SELECT * FROM ${from} WHERE ${ofShown}`).run();
    }
    // First, for it says what of the others is doubtful.
    for (const one of held) if (one.name === statusTable) this.#copy(one, []);
    const seen = readSeen(this, this.#tables, maxAge);
    for (const one of held) if (one.name !== statusTable) this.#fillTable(one, seen);
    for (const recent of seen.recent) this.#noteRecent(recent);
    this.#filled = maxAge;
  }

  /** @param but Hosts of which other rows count. */
  #copy({ name, from, table }: Held, but: readonly string[]): void {
    const columns = columnList(table);
    this.prepare(`DELETE FROM temp.${quoteName(name)}`).run();
    this.prepare(
      `INSERT INTO temp.${quoteName(name)} (${columns}) SELECT ${columns} FROM ${from} ` +
        `WHERE ${ofShown} AND host_id NOT IN (SELECT value FROM json_each(?))`,
    ).run(JSON.stringify(but));
  }

  #fillTable(held: Held, { replaced, doubts }: Seen): void {
    const { name, table } = held;
    const instead = replaced.get(name) ?? [];
    this.#copy(
      held,
      instead.map(({ hostId }) => hostId),
    );
    const marks = '?, '.repeat(Object.keys(table.columns).length);
    const insert = `INSERT INTO temp.${quoteName(name)} (${columnList(table)}) VALUES (${marks}?)`;
    for (const { hostId, rows } of instead)
      for (const cells of rows) this.prepare(insert).run(...cells, hostId);
    const own = doubts.filter((doubt) => doubt.table === name);
    for (const [hostId, ofHost] of Map.groupBy(own, (doubt) => doubt.hostId))
      this.prepare(forgetDoubtful(table, ofHost)).run(hostId);
  }

  /** `table_status` tells of the look that counts. */
  #noteRecent({ table, hostId, status, affected }: Recent): void {
    this.prepare(`DELETE FROM temp.${statusTable} WHERE host_id = ? AND table_name = ?`).run(hostId, table);
    this.prepare(
      `INSERT INTO temp.${statusTable} (table_name, status, columns_affected, host_id) VALUES (?, ?, ?, ?)`,
    ).run(table, status, affected, hostId);
  }

  /** The names mean every host again. */
  end(): void {
    for (const { name, view, table } of this.#before) {
      const isTable = name === looksName || (table !== null && !this.#left.has(name));
      this.#db.exec(`DROP ${isTable ? 'TABLE' : 'VIEW'} temp.${quoteName(name)}`);
      if (view !== null) this.#db.exec(view.replace(/^CREATE VIEW/, 'CREATE TEMP VIEW'));
    }
    this.#db.exec(`DROP TABLE temp.${shownTable}`);
  }
}

/** Of a host with more accounts every EXISTS of a question would look through all of them for each, so it is asked by itself. */
const leastOfLarge = 1000;

/** Whether a host of a store is to be asked by itself. */
export const isLargeHost = (db: Preparing, hostId: string): boolean =>
  db
    .prepare(
      'SELECT count(*) FROM (SELECT 1 FROM main._host h JOIN main._current_users u ON u._host = h.host WHERE h.host_id = ? LIMIT ?)',
    )
    .pluck()
    .get(hostId, leastOfLarge) === leastOfLarge;

const largeHosts = (db: Db): readonly string[] =>
  isStore(db)
    ? (db
        .prepare(
          'SELECT h.host_id FROM main._host h JOIN (SELECT _host FROM main._current_users GROUP BY _host HAVING count(*) >= ?) l ' +
            'ON l._host = h.host ORDER BY 1',
        )
        .pluck()
        .all(leastOfLarge) as string[])
    : [];

/** Work on each of these hosts by itself. */
const oneByOne = <T>(
  db: Db,
  tables: readonly Table[],
  hostIds: readonly string[],
  work: (one: ShownHosts) => T,
): readonly Part<T>[] => {
  if (hostIds.length === 0) return [];
  const one = unguarded(db, () => new ShownHosts(db, tables));
  try {
    return hostIds.map((hostId) => {
      unguarded(db, () => one.show(new Map([[hostId, null]])));
      return { of: work(one), isTrueOf: (other: string) => other === hostId };
    });
  } finally {
    unguarded(db, () => one.end());
  }
};

/** All hosts of a database at once, but for those that are too large for that. */
export const seeEveryHost = (db: Db, tables: readonly Table[]): Omit<Seeing, 'prepare'> => ({
  whole: (maxAge, work) => asSeen(db, tables, maxAge, work),
  inParts: (maxAge, work) => {
    const large = new Set(largeHosts(db));
    if (large.size === 0) return asSeenInParts(db, tables, maxAge, work);
    const others = without(db, large, () => asSeenInParts(db, tables, maxAge, work));
    return [
      ...others.map(({ of, isTrueOf }) => ({
        of,
        isTrueOf: (hostId: string) => !large.has(hostId) && isTrueOf(hostId),
      })),
      ...oneByOne(db, tables, [...large], (one) => one.whole(maxAge, work)),
    ];
  },
});
