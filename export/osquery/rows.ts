/** The rows of a table as osquery takes them: texts, NULL left out, and one row with one rowid whichever way it is found. */
import { hash } from 'node:crypto';
import type { Preparing } from '../../store/database.ts';
import { quoteName } from '../../store/ddl.ts';
import { statementCache } from '../../store/reader.ts';
import type { Prepare } from '../../store/reader.ts';
import { whereOf } from './constraints.ts';
import type { Asked, Where } from './constraints.ts';
import type { Served, ServedColumn } from './relations.ts';
import { packed } from './thrift.ts';
import type { Packed, Writer } from './thrift.ts';
import type { Slices } from './protocol.ts';

const rowidKey = packed('rowid');

/** A row of a database: whole numbers as BigInt. */
type Cells = readonly (string | number | bigint | Uint8Array | null)[];

const textOf = (cell: Exclude<Cells[number], null>): string =>
  cell instanceof Uint8Array ? Buffer.from(cell).toString('hex') : String(cell);

/**
 * 48 bits of what tells a row from all others of its table. SQLite scans a table once for each side of an OR and takes rows with
 * one rowid for one row; without a rowid osquery numbers the rows of each scan from 0, and some are lost.
 */
const rowidOf = (table: string, cells: Cells, identity: readonly number[]): string => {
  let text = table;
  for (const index of identity) {
    const cell = cells[index] ?? null;
    text += cell === null ? '\0-' : `\0+${textOf(cell)}`;
  }
  return String(Number.parseInt(hash('sha256', text).slice(0, 12), 16));
};

interface Plan {
  readonly sql: string;
  /** What is sent of a row: its places among the cells, with the names. */
  readonly sent: readonly (readonly [index: number, name: Packed])[];
  readonly identity: readonly number[];
}

const planOf = ({ name, columns, identity }: Served, { columns: used }: Asked, { sql }: Where): Plan => {
  const isSent = (column: ServedColumn): boolean => used === null || used.has(column.name);
  const tells = identity === null ? null : new Set(identity);
  const read = columns.filter((column) => isSent(column) || tells === null || tells.has(column.name));
  const places = read.map((column, index) => [index, column] as const);
  return {
    sql: `SELECT ${read.map((column) => quoteName(column.name)).join(', ')} FROM ${quoteName(name)}${sql}`,
    sent: places.flatMap(([index, column]) =>
      isSent(column) ? [[index, packed(column.name)] as const] : [],
    ),
    identity: places.flatMap(([index, column]) => (tells === null || tells.has(column.name) ? [index] : [])),
  };
};

const writeRow = (writer: Writer, table: string, { sent, identity }: Plan, cells: Cells): void => {
  const count = writer.map('string', 'string');
  let entries = 0;
  for (const [index, name] of sent) {
    const cell = cells[index] ?? null;
    if (cell === null) continue;
    writer.packed(name);
    writer.string(textOf(cell));
    entries += 1;
  }
  writer.packed(rowidKey);
  writer.string(rowidOf(table, cells, identity));
  writer.setLater(count, entries + 1);
};

/** Some megabytes of the widest table. */
const rowsAtOnce = 10_000;

/** A row of texts, or NULL, by their names. */
type TextCells = Readonly<Record<string, string | null>>;

/** Statements of one fleet repeat themselves: of more than this somebody asks for something else each time. */
const mostPlans = 1000;

/** Asks one database, and keeps its statements. */
export class Reader {
  readonly #db: Preparing;
  readonly #plans = new Map<string, Plan>();
  #prepare: Prepare;

  constructor(db: Preparing) {
    this.#db = db;
    this.#prepare = statementCache(db);
  }

  #plan(served: Served, asked: Asked, where: Where): Plan {
    const key = `${served.name}\0${where.sql}\0${asked.columns === null ? '*' : [...asked.columns].join('\0')}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    if (this.#plans.size >= mostPlans) {
      this.#plans.clear();
      this.#prepare = statementCache(this.#db);
    }
    const plan = planOf(served, asked, where);
    this.#plans.set(key, plan);
    return plan;
  }

  /** The rows that are asked for, some at a time: what is sent of a large table is never all held. */
  slices(served: Served, asked: Asked): Slices {
    const where = whereOf(asked);
    const plan = this.#plan(served, asked, where);
    const sql = `${plan.sql} LIMIT ${rowsAtOnce} OFFSET ?`;
    const write = (writer: Writer, from: number): number => {
      const statement = this.#prepare(sql).raw(true).safeIntegers(true);
      let count = 0;
      for (const cells of statement.iterate(...where.values, from) as Iterable<Cells>) {
        writeRow(writer, served.name, plan, cells);
        count += 1;
      }
      return count;
    };
    const countAll = (): number =>
      this.#prepare(`SELECT count(*) FROM ${quoteName(served.name)}${where.sql}`)
        .pluck(true)
        .get(...where.values) as number;
    return { write, totalAfter: (first) => (first < rowsAtOnce ? first : countAll()) };
  }

  rows(sql: string, ...values: readonly string[]): readonly TextCells[] {
    return this.#prepare(sql).all(...values) as readonly TextCells[];
  }
}
