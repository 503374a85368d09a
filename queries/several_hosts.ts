/**
 * Whether a statement puts rows of one host beside those of another: it joins or compares tables, and host_id is not what
 * ties them. The program that SQLite makes of the statement shows it: which tables are read while another is gone through,
 * and of which of them the host_id is compared.
 */
import type { Db } from '../store/database.ts';
import { explain } from '../store/guard.ts';
import type { Instruction } from '../store/guard.ts';
import { comparisons, Program, probes } from '../store/program.ts';
import type { Source } from '../store/program.ts';

/** Sets that grow together. */
class Ties {
  private readonly above = new Map<number, number>();

  top(one: number): number {
    const next = this.above.get(one);
    return next === undefined ? one : this.top(next);
  }

  tie(one: number, two: number): void {
    const [a, b] = [this.top(one), this.top(two)];
    if (a !== b) this.above.set(a, b);
  }
}

/** Stands for whatever host_id is compared with that is no host_id: a literal, or what cannot be told. */
const named = -1;

const hostCursors = (sources: readonly Source[]): number[] =>
  sources.flatMap((source) =>
    source.kind === 'column' && source.column === 'host_id' ? [source.cursor] : [],
  );

/** Operations that only hand a value on. */
const handing: ReadonlySet<string> = new Set([
  ...['ResultRow', 'MakeRecord', 'Copy', 'SCopy', 'Move', 'Compare', 'IsNull', 'NotNull', 'Affinity'],
  ...['Filter', 'FilterAdd', 'ZeroOrNull', 'AggStep', 'Insert', 'IdxInsert'],
]);

/** Ties the cursors whose host_id is compared. */
const tiesOf = (program: Program): Ties => {
  const ties = new Ties();
  const tie = (one: readonly Source[], two: readonly Source[]): void => {
    const [left, right] = [hostCursors(one), hostCursors(two)];
    for (const cursor of left) for (const to of right.length === 0 ? [named] : right) ties.tie(cursor, to);
    if (left.length === 0) for (const cursor of right) ties.tie(cursor, named);
  };
  const probe = ({ addr, p1, p4 }: Instruction, first: number, count = Number(p4 ?? 0)): void => {
    for (let index = 0; index < count; index += 1)
      tie(program.sourcesOf(first + index, addr), program.cursorSources(p1, index));
  };
  for (const one of program.instructions) {
    const { addr, opcode, p1, p2, p3 } = one;
    if (comparisons.has(opcode)) tie(program.sourcesOf(p1, addr), program.sourcesOf(p3, addr));
    else if (probes.has(opcode)) probe(one, p3);
    else if (opcode === 'IdxDelete') probe(one, p2, p3);
    else if (opcode === 'Compare') {
      for (let index = 0; index < p3; index += 1)
        tie(program.sourcesOf(p1 + index, addr), program.sourcesOf(p2 + index, addr));
    }
  }
  for (const cursor of program.openings.keys()) if (isComputedWith(program, cursor)) ties.tie(cursor, named);
  return ties;
};

/** Whether something is computed of the host_id of a cursor: what comes of it is not followed. */
const isComputedWith = (program: Program, cursor: number): boolean => {
  const index = program.openings.get(cursor)?.columns.indexOf('host_id') ?? -1;
  if (index === -1) return false;
  return program
    .usesOfCursor(cursor)
    .filter(({ opcode, p2 }) => opcode === 'Column' && p2 === index)
    .some(({ addr, p3 }) =>
      program
        .usesOf(p3, addr)
        .some(({ opcode }) => !handing.has(opcode) && !comparisons.has(opcode) && !probes.has(opcode)),
    );
};

interface Span {
  readonly from: number;
  readonly to: number;
  readonly cursors: () => ReadonlySet<number>;
}

const filling: ReadonlySet<string> = new Set(['Insert', 'IdxInsert', 'SorterInsert']);

/** Where in a program the rows of which tables are gone through. */
class Loops {
  private readonly program: Program;
  private readonly spans: Span[] = [];
  private readonly basesOf = new Map<number, ReadonlySet<number>>();
  private readonly yields = new Map<number, Instruction[]>();
  private readonly bodies = new Map<number, { readonly from: number; readonly to: number }>();

  constructor(program: Program) {
    this.program = program;
    const { instructions } = program;
    for (const one of instructions) {
      const { opcode, p1, p2, p3 } = one;
      // Where it does not go on elsewhere, it only begins one anew.
      if (opcode === 'InitCoroutine' && p2 > 0) this.bodies.set(p1, { from: p3, to: p2 });
      if (opcode === 'Yield') this.yields.set(p1, [...(this.yields.get(p1) ?? []), one]);
    }
    for (const one of instructions) this.noteSpan(one);
  }

  private noteSpan({ addr, opcode, p1, p2 }: Instruction): void {
    const { instructions } = this.program;
    if (['Next', 'Prev', 'SorterNext', 'VNext'].includes(opcode) && p2 <= addr)
      this.spans.push({ from: p2, to: addr, cursors: () => this.bases(p1) });
    if (opcode === 'Yield' && p2 > addr) {
      const back = instructions.find((one) => one.opcode === 'Goto' && one.p2 === addr && one.addr > addr);
      if (back !== undefined)
        this.spans.push({ from: addr, to: back.addr, cursors: () => this.produced(p1) });
    }
    if (opcode === 'Gosub') {
      const end = instructions.findLast((one) => one.opcode === 'Return' && one.p1 === p1 && one.addr >= p2);
      // What is called from within a loop is in it.
      if (end !== undefined && end.addr !== addr)
        this.spans.push({ from: p2, to: end.addr, cursors: () => this.around(addr) });
    }
  }

  private readonly open = new Set<string>();

  /** Looks into nothing twice at once: what goes round in a circle adds nothing of its own. */
  private once(key: string, work: () => ReadonlySet<number>): ReadonlySet<number> {
    if (this.open.has(key)) return new Set();
    this.open.add(key);
    const found = work();
    this.open.delete(key);
    return found;
  }

  /** The tables, by cursor, of which rows are in a cursor. */
  bases(cursor: number): ReadonlySet<number> {
    const opening = this.program.openings.get(cursor);
    if (opening?.opcode === 'OpenRead') return new Set(opening.columns.includes('host_id') ? [cursor] : []);
    const known = this.basesOf.get(cursor);
    if (known !== undefined) return known;
    const found = this.once(`cursor ${cursor}`, () => {
      if (opening?.opcode === 'OpenDup') return this.bases(opening.p2);
      const filled = this.program.instructions.filter(
        ({ opcode, p1 }) => filling.has(opcode) && this.rootOf(p1) === cursor,
      );
      return union(filled.map(({ addr }) => this.around(addr)));
    });
    if (this.open.size === 0) this.basesOf.set(cursor, found);
    return found;
  }

  private rootOf(cursor: number): number {
    const opening = this.program.openings.get(cursor);
    return opening?.opcode === 'OpenDup' ? opening.p2 : cursor;
  }

  /** The tables that a coroutine goes through for what it hands out. */
  private produced(register: number): ReadonlySet<number> {
    return this.once(`coroutine ${register}`, () => {
      const body = this.bodies.get(register);
      const own = (this.yields.get(register) ?? []).filter(
        ({ addr }) => body !== undefined && addr >= body.from && addr < body.to,
      );
      return union(own.map(({ addr }) => this.around(addr)));
    });
  }

  /** The tables that are gone through at an address. */
  around(addr: number): ReadonlySet<number> {
    return this.once(`around ${addr}`, () =>
      union(this.spans.filter(({ from, to }) => from <= addr && addr <= to).map(({ cursors }) => cursors())),
    );
  }
}

const union = (sets: readonly ReadonlySet<number>[]): ReadonlySet<number> =>
  new Set(sets.flatMap((set) => [...set]));

/** Looks at rows of a cursor; what only opens it, or puts rows in, does not. */
const looks: ReadonlySet<string> = new Set([
  ...['Rewind', 'Column', 'Count', 'Last', 'SorterSort', 'Sort', 'Rowid', 'IdxDelete', 'IfEmpty', ...probes],
]);

const setMerges = /^MERGE \((?:EXCEPT|INTERSECT)\)/;

/** EXCEPT and INTERSECT of sorted arms compare what no loop shows. */
const mergesSets = (db: Db, sql: string): boolean =>
  (explain(db, sql, {}, 'EXPLAIN QUERY PLAN') as unknown as { readonly detail: string }[]).some(
    ({ detail }) => setMerges.test(detail),
  );

/**
 * Whether a statement joins or compares rows of tables whose host_id it does not compare. False where that cannot be told.
 *
 * @param db A database in which every name that the statement uses is a table.
 */
export const mixesHosts = (db: Db, sql: string): boolean => {
  let program: Program;
  try {
    program = new Program(db, explain(db, sql));
  } catch {
    return false;
  }
  const tables = [...program.openings].flatMap(([cursor, opening]) =>
    opening?.opcode === 'OpenRead' && opening.columns.includes('host_id') ? [cursor] : [],
  );
  if (!program.isUnderstood || tables.length < 2) return false;
  const ties = tiesOf(program);
  const isApart = (one: number, two: number): boolean => ties.top(one) !== ties.top(two);
  const loops = new Loops(program);
  const isMixed = program.instructions.some(({ addr, opcode, p1 }) => {
    if (!looks.has(opcode)) return false;
    const [own, around] = [loops.bases(p1), loops.around(addr)];
    return [...own].some((one) => [...around].some((two) => isApart(one, two)));
  });
  return isMixed || (mergesSets(db, sql) && tables.some((one) => isApart(one, tables[0] as number)));
};
