/**
 * What the program that SQLite made of a statement does with values: where the value of a register comes from, and what is
 * done with it. Where that is not certain, it says so: who tells an analyst of a mistake must not guess.
 */
import type { Db } from './database.ts';
import type { Instruction } from './guard.ts';

/** A column of a table that the program reads, by the cursor that reads it. */
interface ColumnSource {
  readonly kind: 'column';
  readonly cursor: number;
  readonly table: string;
  readonly column: string;
}

/** Where a value may come from. `other`: it was computed, or it is not certain. */
export type Source =
  | ColumnSource
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'parameter'; readonly number: number }
  | { readonly kind: 'null' }
  | { readonly kind: 'other' };

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

// The operations of SQLite by what they do with registers; one that is in no list makes a program not understood.
export const jumps: ReadonlySet<string> = words(
  'VFilter Init Goto Gosub InitCoroutine Yield MustBeInt Jump Once If IfNot IsType IfNullRow SeekLT SeekLE SeekGE SeekGT ' +
    'IfNoHope NoConflict NotFound Found SeekRowid NotExists Last IfSizeBetween SorterSort Sort Rewind IfEmpty SorterNext Prev ' +
    'Next IdxLE IdxGT IdxLT IdxGE IFindKey RowSetRead RowSetTest Program FkIfZero IsNull NotNull Ne Eq Gt Le Lt Ge ElseEq ' +
    'IfPos IfNotZero DecrJumpZero IncrVacuum VNext Filter SequenceTest SorterCompare',
);
const silent = words(
  'Init Goto Halt Transaction OpenRead OpenEphemeral OpenDup OpenAutoindex OpenPseudo SorterOpen Rewind Next Prev Last Sort ' +
    'SorterSort SorterNext Close NullRow Explain Noop Trace ReleaseReg CursorHint ColumnsUsed ResetSorter Clear Delete Once ' +
    'IfEmpty Permutation ReopenIdx SeekEnd FinishSeek DeferredSeek ElseEq SeekScan SeekHit CursorLock CursorUnlock Expire ' +
    'TableLock VOpen VNext IfSizeBetween Jump SequenceTest EndCoroutine IncrVacuum Return Gosub InitCoroutine Yield',
);
const writesSecond = words(
  'Integer Int64 Real String String8 Blob Variable SCopy IntCopy Not BitNot IsTrue Rowid NewRowid Sequence SorterData RowData ' +
    'Count IdxRowid BeginSubrtn ZeroOrNull GetSubtype VInitIn OffsetLimit',
);
const writesThird = words(
  'Column VColumn Function PureFunc Add Subtract Multiply Divide Remainder Concat BitAnd BitOr ShiftLeft ShiftRight And Or ' +
    'Offset AggValue AggStep AggStep1 AggInverse IfNullRow RowSetRead MakeRecord',
);
const changesFirst = words(
  'AddImm SoftNull RealAffinity Cast AggFinal DecrJumpZero IfPos IfNotZero MemMax MustBeInt RowSetAdd ClrSubtype CollSeq',
);
const readsFirst = words(
  'SCopy IntCopy Not BitNot IsTrue If IfNot IsNull NotNull Cast RealAffinity MustBeInt IfPos IfNotZero DecrJumpZero AddImm ' +
    'GetSubtype AggFinal',
);
const readsTwo = words(
  'Add Subtract Multiply Divide Remainder Concat BitAnd BitOr ShiftLeft ShiftRight And Or MemMax',
);
export const comparisons: ReadonlySet<string> = words('Eq Ne Lt Le Gt Ge');
/** Look for a row of a cursor that has the values of registers. */
export const probes: ReadonlySet<string> = words('Found NotFound NoConflict');
const keys = words('IfNoHope SeekLT SeekLE SeekGE SeekGT IdxLE IdxGT IdxLT IdxGE Filter FilterAdd');
const inserts = words('Insert IdxInsert SorterInsert');
const openers = words('OpenRead OpenEphemeral OpenDup OpenAutoindex OpenPseudo SorterOpen VOpen ReopenIdx');
/** Operations of a cursor, which is their first operand. */
const ofCursor = words(
  'Rewind Next Prev Last Sort SorterSort SorterNext Column Rowid Count RowData SorterData NullRow IdxDelete VFilter VNext ' +
    'VColumn Found NotFound NoConflict IfNoHope SeekLT SeekLE SeekGE SeekGT SeekRowid NotExists IdxLE IdxGT IdxLT IdxGE IfEmpty',
);

const range = (from: number, count: number): number[] =>
  Array.from({ length: Math.max(0, count) }, (_, index) => from + index);

/** How many registers a key takes: 0 where one register holds the whole record. */
const keyLength = ({ p4 }: Instruction): number => Number(p4 ?? 0);

/** The registers that an instruction writes; null where that is not known. */
const writesOf = (one: Instruction): readonly number[] | null => {
  const { opcode, p1, p2, p3 } = one;
  if (writesSecond.has(opcode)) return [p2];
  if (writesThird.has(opcode)) return [p3];
  if (changesFirst.has(opcode)) return [p1];
  if (opcode === 'Null') return range(p2, Math.max(p3, p2) - p2 + 1);
  if (opcode === 'Copy') return range(p2, p3 + 1);
  if (opcode === 'Move') return range(p2, p3);
  if (opcode === 'Affinity') return range(p1, p2);
  return silent.has(opcode) || readsOf(one) !== null ? [] : null;
};

interface Reads {
  readonly registers: readonly number[];
  /** It reads these and any number of those after them. */
  readonly isOpen?: true;
}

const of = (...registers: readonly number[]): Reads => ({ registers });

/** The registers that an instruction reads; null where that is not known. */
const readsOf = (one: Instruction): Reads | null => {
  const { opcode, p1, p2, p3, p5 } = one;
  if (readsFirst.has(opcode)) return of(p1);
  if (readsTwo.has(opcode)) return of(p1, p2);
  if (comparisons.has(opcode) || opcode === 'ZeroOrNull') return of(p1, p3);
  if (probes.has(opcode) || keys.has(opcode)) return of(...range(p3, Math.max(1, keyLength(one))));
  if (inserts.has(opcode)) return opcode === 'Insert' ? of(p2, p3) : of(p2);
  switch (opcode) {
    case 'Copy':
      return of(...range(p1, p3 + 1));
    case 'Move':
      return of(...range(p1, p3));
    case 'MakeRecord':
    case 'ResultRow':
    case 'Affinity':
      return of(...range(p1, p2));
    case 'Compare':
      return of(...range(p1, p3), ...range(p2, p3));
    case 'AggStep':
    case 'AggStep1':
    case 'AggInverse':
      return of(...range(p2, p5));
    case 'IdxDelete':
      return of(...range(p2, p3));
    case 'OffsetLimit':
      return of(p1, p3);
    case 'SeekRowid':
    case 'NotExists':
    case 'RowSetTest':
    case 'SorterCompare':
    case 'HaltIfNull':
    case 'IsType':
      return of(p3);
    case 'RowSetAdd':
      return of(p2);
    case 'Function':
    case 'PureFunc':
      return { registers: [p2], isOpen: true };
    case 'VFilter':
      return { registers: [p3], isOpen: true };
    default:
      return silent.has(opcode) || writesSecond.has(opcode) || writesThird.has(opcode) || opcode === 'Null'
        ? of()
        : changesFirst.has(opcode)
          ? of(p1)
          : null;
  }
};

/** A record that is put into a cursor: its values are those of registers at an address. */
interface Filling {
  readonly at: number;
  readonly first: number;
  readonly count: number;
}

export interface Opening {
  readonly opcode: string;
  readonly table: string | null;
  readonly columns: readonly string[];
  readonly p2: number;
  readonly p4: string | null;
}

const other: Source = { kind: 'other' };
const nothing: Source = { kind: 'null' };

/** No column of a table changes by these: numbers stay numbers, text stays text. */
const keepsType = (affinity: string, type: string): boolean =>
  affinity === 'A' || (type === 'TEXT' ? affinity === 'B' : 'CDEF'.includes(affinity));

const put = (map: Map<number, number[]>, key: number, value: number): void => {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
};

/** Which instruction may come after which; where that is decided while it runs, all that can. */
class Flow {
  private readonly next: (readonly number[])[];
  private readonly before: number[][];

  constructor(instructions: readonly Instruction[]) {
    const callers = new Map<number, number[]>();
    const resumed = new Map<number, number[]>();
    const ended = new Map<number, number[]>();
    for (const { addr, opcode, p1, p2, p3 } of instructions) {
      if (opcode === 'Gosub') put(callers, p1, addr + 1);
      if (opcode === 'InitCoroutine') put(resumed, p1, p3);
      if (opcode !== 'Yield') continue;
      put(resumed, p1, addr + 1);
      if (p2 > 0) put(ended, p1, p2);
    }
    this.next = instructions.map(({ addr, opcode, p1, p2, p3 }) => {
      switch (opcode) {
        case 'Halt':
          return [];
        case 'Goto':
        case 'Gosub':
          return [p2];
        case 'Jump':
          return [p1, p2, p3];
        case 'Return':
          return [...(callers.get(p1) ?? []), ...(p3 === 1 ? [addr + 1] : [])];
        case 'Yield':
          return [...(resumed.get(p1) ?? []), ...(ended.get(p1) ?? [])];
        case 'EndCoroutine':
          return ended.get(p1) ?? [];
        default:
          return jumps.has(opcode) && p2 > 0 ? [addr + 1, p2] : [addr + 1];
      }
    });
    this.before = instructions.map(() => []);
    for (const [addr, all] of this.next.entries()) for (const to of all) this.before[to]?.push(addr);
  }

  /** Goes through all that can come after an instruction, or before it, for as long as `visit` says. */
  walk(from: number, way: 'on' | 'back', visit: (addr: number) => boolean): void {
    const steps: readonly (readonly number[])[] = way === 'on' ? this.next : this.before;
    const seen = new Set<number>();
    const ahead = [...(steps[from] ?? [])];
    for (let addr = ahead.pop(); addr !== undefined; addr = ahead.pop()) {
      if (seen.has(addr)) continue;
      seen.add(addr);
      if (visit(addr)) ahead.push(...(steps[addr] ?? []));
    }
  }
}

export class Program {
  readonly instructions: readonly Instruction[];
  /** False where an operation is not known here: nothing can be told of the whole. */
  readonly isUnderstood: boolean;
  /** How each cursor was opened; null where one number is opened in two ways. */
  readonly openings = new Map<number, Opening | null>();
  private readonly writers = new Map<number, number[]>();
  private readonly readers = new Map<number, number[]>();
  /** Read a register and any number of those after it. */
  private readonly openReaders: { readonly from: number; readonly at: number }[] = [];
  private readonly byCursor = new Map<number, number[]>();
  private readonly fillings = new Map<number, Filling[] | null>();
  private readonly flow: Flow;
  private readonly typeOf: (table: string, column: string) => string;

  /** @param instructions What EXPLAIN answers. */
  constructor(db: Db, instructions: readonly Instruction[]) {
    this.instructions = instructions;
    this.flow = new Flow(instructions);
    const tables = tablesByRoot(db);
    const types = new Map<string, string>();
    this.typeOf = (table, column) => types.get(`${table}.${column}`) ?? '';
    let isUnderstood = true;
    for (const one of instructions) {
      const { addr, opcode, p1, p2, p3 } = one;
      const [writes, reads] = [writesOf(one), readsOf(one)];
      isUnderstood &&= writes !== null && reads !== null;
      for (const register of writes ?? []) put(this.writers, register, addr);
      for (const register of reads?.registers ?? []) put(this.readers, register, addr);
      if (reads?.isOpen === true) this.openReaders.push({ from: reads.registers[0] ?? 0, at: addr });
      if (ofCursor.has(opcode)) put(this.byCursor, p1, addr);
      if (openers.has(opcode)) {
        const table = opcode === 'OpenRead' && p3 === 0 ? (tables.get(p2) ?? null) : null;
        for (const [name, type] of table?.columns ?? []) types.set(`${table?.name}.${name}`, type);
        this.noteOpening(one, table);
      }
    }
    for (const one of instructions) if (inserts.has(one.opcode)) this.noteFilling(one);
    this.isUnderstood = isUnderstood;
  }

  private noteOpening({ opcode, p1, p2, p4 }: Instruction, table: TableOfRoot | null): void {
    const opening = {
      ...{ opcode, p2, p4 },
      table: table?.name ?? null,
      columns: table?.columns.map(([name]) => name) ?? [],
    };
    const before = this.openings.get(p1);
    const isSame = before === undefined || (before?.opcode === opcode && before.p2 === p2);
    this.openings.set(p1, isSame ? opening : null);
  }

  private noteFilling({ addr, p1, p2 }: Instruction): void {
    const opening = this.openings.get(p1);
    const cursor = opening?.opcode === 'OpenDup' ? opening.p2 : p1;
    const records = this.writersBefore(p2, addr);
    const list = this.fillings.get(cursor);
    if (records.length === 0 || records.some(({ opcode }) => opcode !== 'MakeRecord') || list === null) {
      this.fillings.set(cursor, null);
      return;
    }
    const own = records.map((record) => ({ at: record.addr, first: record.p1, count: record.p2 }));
    if (list === undefined) this.fillings.set(cursor, own);
    else list.push(...own);
  }

  /** The instructions that may have written what a register holds at an address. */
  private writersBefore(register: number, at: number): readonly Instruction[] {
    const writers = new Set(this.writers.get(register));
    if (writers.size < 2) return this.those(writers);
    const found = new Set<number>();
    this.flow.walk(at, 'back', (addr) => {
      if (writers.has(addr)) found.add(addr);
      return !writers.has(addr);
    });
    return this.those(found);
  }

  private those(addresses: Iterable<number>): Instruction[] {
    return [...addresses].map((addr) => this.instructions[addr] as Instruction);
  }

  /** Everything that the value of a register may be at an address. */
  sourcesOf(register: number, at: number): readonly Source[] {
    return this.ofRegister(register, at, new Set());
  }

  /** Everything that a column of a cursor may be. */
  cursorSources(cursor: number, index: number): readonly Source[] {
    return this.ofCursor(cursor, index, null, new Set());
  }

  /** @param seen What is being looked at already: what goes round in a circle adds nothing of its own. */
  private ofRegister(register: number, at: number, seen: Set<string>): readonly Source[] {
    const writers = this.writersBefore(register, at);
    if (writers.length === 0) return [other];
    return writers.flatMap((writer) => {
      const key = `${register} ${writer.addr}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return this.ofInstruction(writer, register, seen);
    });
  }

  private ofInstruction(
    { addr, opcode, p1, p2, p4 }: Instruction,
    register: number,
    seen: Set<string>,
  ): readonly Source[] {
    switch (opcode) {
      case 'Column':
        return this.ofCursor(p1, p2, addr, seen);
      case 'Copy':
      case 'Move':
      case 'SCopy':
        return this.ofRegister(p1 + register - p2, addr, seen);
      case 'String8':
        return [{ kind: 'literal', value: p4 ?? '' }];
      case 'Integer':
        return [{ kind: 'literal', value: p1 }];
      case 'Variable':
        return [{ kind: 'parameter', number: p1 }];
      case 'Null':
      case 'IfNullRow':
      case 'BeginSubrtn':
      case 'SoftNull':
        return [nothing];
      case 'Affinity': {
        const affinity = p4?.[register - p1] ?? '';
        return this.ofRegister(register, addr, new Set(seen)).map((source) =>
          source.kind === 'column' && !keepsType(affinity, this.typeOf(source.table, source.column))
            ? other
            : source,
        );
      }
      default:
        return [other];
    }
  }

  private ofCursor(cursor: number, index: number, at: number | null, seen: Set<string>): readonly Source[] {
    const opening = this.openings.get(cursor);
    if (opening == null) return [other];
    const { opcode, table, columns, p2 } = opening;
    if (opcode === 'OpenRead') {
      const column = columns[index];
      return table === null || column === undefined ? [other] : [{ kind: 'column', cursor, table, column }];
    }
    if (opcode === 'OpenDup') return this.ofCursor(p2, index, at, seen);
    if (opcode === 'OpenPseudo') {
      const behind = at === null ? null : this.behindPseudo(cursor, p2, at);
      return behind === null ? [other] : this.ofCursor(behind, index, at, seen);
    }
    const fillings = this.fillings.get(cursor);
    if (fillings === undefined || fillings === null) return [other];
    return fillings.flatMap(({ at: filledAt, first, count }) =>
      index < count ? this.ofRegister(first + index, filledAt, seen) : [other],
    );
  }

  /** The cursor whose row a pseudo cursor shows at an address: the row stands in a register. */
  private behindPseudo(cursor: number, register: number, at: number): number | null {
    const sorted = this.instructions.filter(({ opcode, p3 }) => opcode === 'SorterData' && p3 === cursor);
    const writers = sorted.length > 0 ? sorted : this.writersBefore(register, at);
    const [first, ...others] = writers.map(({ opcode, p1 }) =>
      opcode === 'SorterData' || opcode === 'RowData' ? p1 : null,
    );
    return first !== undefined && others.every((one) => one === first) ? first : null;
  }

  /** The cursors whose rows other cursors or registers take over whole. */
  isTakenOver(cursor: number): boolean {
    return this.instructions.some(
      ({ opcode, p1, p2 }) =>
        (opcode === 'OpenDup' && p2 === cursor) ||
        ((opcode === 'RowData' || opcode === 'SorterData') && p1 === cursor),
    );
  }

  /** The instructions on a cursor. */
  usesOfCursor(cursor: number): readonly Instruction[] {
    return this.those(this.byCursor.get(cursor) ?? []);
  }

  /** The instructions that may read what an instruction wrote into a register. */
  usesOf(register: number, writtenAt: number): readonly Instruction[] {
    const readers = new Set([
      ...(this.readers.get(register) ?? []),
      ...this.openReaders.flatMap(({ from, at }) => (from < register ? [at] : [])),
    ]);
    const writers = new Set(this.writers.get(register));
    if (writers.size < 2) return this.those(readers);
    const found = new Set<number>();
    this.flow.walk(writtenAt, 'on', (addr) => {
      if (readers.has(addr)) found.add(addr);
      return !writers.has(addr) || this.instructions[addr]?.opcode === 'Affinity';
    });
    return this.those(found);
  }
}

interface TableOfRoot {
  readonly name: string;
  readonly columns: readonly (readonly [string, string])[];
}

const tablesByRoot = (db: Db): ReadonlyMap<number, TableOfRoot> => {
  const columnsOf = db.prepare("SELECT name, type FROM pragma_table_info(?, 'main') ORDER BY cid").raw(true);
  const roots = db
    .prepare("SELECT rootpage, name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0")
    .safeIntegers(false)
    .raw(true)
    .all() as [number, string][];
  const known = new Map<number, TableOfRoot>();
  for (const [root, name] of roots) {
    let columns: (readonly [string, string])[] | null = null;
    known.set(root, {
      name,
      // Of the many tables a statement names few.
      get columns() {
        columns ??= columnsOf.all(name) as [string, string][];
        return columns;
      },
    });
  }
  return known;
};
