/**
 * The hosts of a store one at a time: what the last look at one of them told, in tables in memory that stand for the plain
 * names. All is made once and the statements on it are kept, so that a thousand hosts take a thousand times as long as one:
 * each temporary view that is made or dropped would have every statement on the connection made anew.
 */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';
import { quoteName } from './ddl.ts';
import { unguarded } from './guard.ts';
import { createJoinIndexes, ownTable } from './memory.ts';
import { hostViews, meaningOf } from './meaning.ts';
import { statementCache } from './reader.ts';
import type { Prepare } from './reader.ts';
import { asSeen, asSeenInParts, isStore, readSeen, unknownOf, without } from './seen.ts';
import type { Doubt, Part, Recent, Seen, Seeing } from './seen.ts';

const oneTable = '_one';
const statusTable = 'table_status';

const columnList = (table: Table): string =>
  [...Object.keys(table.columns), 'host_id'].map(quoteName).join(', ');

/** A name of the store, and what it means before a table or a view of this connection takes its place. */
interface Before {
  readonly name: string;
  readonly from: string;
  /** What stood in for the view of the file. */
  readonly view: string | null;
  /** What is declared of it; null of a history, and of what else is only narrowed to the host. */
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

/** Makes what is not certain in the rows of a table unknown. */
const forgetDoubtful = (table: Table, doubts: readonly Doubt[]): string => {
  const changes = doubts.map(({ column, canSettle }) => {
    const [own, settled] = [quoteName(column), table.columns[column]?.settled];
    const unknown = unknownOf(table, column);
    return canSettle && settled !== undefined
      ? `${own} = CASE WHEN COALESCE(${settled.where}, 0) THEN ${own} ELSE ${unknown} END`
      : `${own} = ${unknown}`;
  });
  return `UPDATE temp.${quoteName(table.name)} AS t SET ${changes.join(', ')}`;
};

export class OneHost implements Seeing {
  readonly #db: Db;
  readonly #tables: readonly Table[];
  readonly #before: readonly Before[];
  /** What is asked of the host that is shown; the text of a statement means the same for every host. */
  readonly prepare: Prepare;
  #hostId = '';
  /** The age of facts that the rows are filled for; null where they are not. */
  #filled: number | null = null;

  constructor(db: Db, tables: readonly Table[]) {
    this.#db = db;
    this.#tables = tables;
    this.prepare = statementCache(db);
    this.#before = namesOfStore(db, tables);
    db.exec(`CREATE TEMP TABLE ${oneTable} (host_id TEXT)`);
    for (const { name, from, view, table } of this.#before) {
      if (view !== null) db.exec(`DROP VIEW temp.${quoteName(name)}`);
      db.exec(
        table === null
          ? `CREATE TEMP VIEW ${quoteName(name)} AS SELECT * FROM ${from} WHERE host_id = (SELECT o.host_id FROM temp.${oneTable} o)`
          : `${ownTable(table).replace('CREATE TABLE', 'CREATE TEMP TABLE')}\n${createJoinIndexes(table, 'temp.')}`,
      );
    }
  }

  /** Makes the names mean this host. */
  show(hostId: string): void {
    this.#hostId = hostId;
    this.#filled = null;
    this.prepare(`DELETE FROM temp.${oneTable}`).run();
    this.prepare(`INSERT INTO temp.${oneTable} VALUES (?)`).run(hostId);
  }

  whole<T>(maxAge: number, work: () => T): T {
    if (this.#filled !== maxAge) unguarded(this.#db, () => this.#fill(maxAge));
    return work();
  }

  inParts<T>(maxAge: number, work: () => T): readonly Part<T>[] {
    return [{ of: this.whole(maxAge, work), isTrueOf: () => true }];
  }

  #fill(maxAge: number): void {
    const held = this.#before.filter(isHeld);
    // First, for it says what of the others is doubtful.
    for (const one of held) if (one.name === statusTable) this.#copy(one);
    const seen = readSeen(this, this.#tables, maxAge);
    for (const one of held) if (one.name !== statusTable) this.#fillTable(one, seen);
    for (const recent of seen.recent) this.#noteRecent(recent);
    this.#filled = maxAge;
  }

  #copy({ name, from, table }: Held): void {
    const columns = columnList(table);
    this.prepare(`DELETE FROM temp.${quoteName(name)}`).run();
    this.prepare(
      `INSERT INTO temp.${quoteName(name)} (${columns}) SELECT ${columns} FROM ${from} WHERE host_id = ?`,
    ).run(this.#hostId);
  }

  #fillTable(held: Held, { replaced, doubts }: Seen): void {
    const { name, table } = held;
    const instead = replaced.get(name)?.[0];
    if (instead === undefined) this.#copy(held);
    else {
      this.prepare(`DELETE FROM temp.${quoteName(name)}`).run();
      const marks = '?, '.repeat(Object.keys(table.columns).length);
      const insert = this.prepare(
        `INSERT INTO temp.${quoteName(name)} (${columnList(table)}) VALUES (${marks}?)`,
      );
      for (const cells of instead.rows) insert.run(...cells, this.#hostId);
    }
    const own = doubts.filter((doubt) => doubt.table === name);
    if (own.length > 0) this.prepare(forgetDoubtful(table, own)).run();
  }

  /** `table_status` tells of the look that counts. */
  #noteRecent({ table, status, affected }: Recent): void {
    this.prepare(`DELETE FROM temp.${statusTable} WHERE table_name = ?`).run(table);
    this.prepare(
      `INSERT INTO temp.${statusTable} (table_name, status, columns_affected, host_id) VALUES (?, ?, ?, ?)`,
    ).run(table, status, affected, this.#hostId);
  }

  /** The names mean every host again. */
  end(): void {
    for (const { name, view, table } of this.#before) {
      this.#db.exec(`DROP ${table === null ? 'VIEW' : 'TABLE'} temp.${quoteName(name)}`);
      if (view !== null) this.#db.exec(view.replace(/^CREATE VIEW/, 'CREATE TEMP VIEW'));
    }
    this.#db.exec(`DROP TABLE temp.${oneTable}`);
  }
}

/** Of a host with more accounts every EXISTS of a question would look through all of them for each, so it is asked by itself. */
const leastOfLarge = 1000;

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
  work: (hostId: string, one: OneHost) => T,
): readonly T[] => {
  if (hostIds.length === 0) return [];
  const one = unguarded(db, () => new OneHost(db, tables));
  try {
    return hostIds.map((hostId) => {
      unguarded(db, () => one.show(hostId));
      return work(hostId, one);
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
      ...oneByOne(db, tables, [...large], (hostId, one) => ({
        of: one.whole(maxAge, work),
        isTrueOf: (other: string) => other === hostId,
      })),
    ];
  },
});
