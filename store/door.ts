/**
 * The one door for snapshots: what a Mac, an export or another database says is held against what we declare before it is
 * stored. docs/security.md says what is promised here, and to whom.
 */
import { UserError } from '../collector/errors.ts';
import { isUuid } from '../collector/uuid.ts';
import { holdsRows, statuses } from '../collector/status.ts';
import type { Table, Value } from '../collector/table.ts';
import { lastTimeOf, oddMoment } from '../collector/time.ts';
import { isListWord, rulesOf } from '../collector/validate.ts';
import type { ColumnRule } from '../collector/validate.ts';
import { schemaVersion } from './schema.ts';
import {
  cellsOrder,
  digestOfCells,
  leadingCells,
  origins,
  packRows,
  redactionLevels,
  snapshotIdOf,
  snapshotStatus,
  unpackRows,
} from './snapshot.ts';
import type { Cells, Report, Snapshot, TableObservation } from './snapshot.ts';
import { versionRank } from './versions.ts';

/** Who takes snapshots, and when. */
export interface Receiver {
  readonly tables: readonly Table[];
  /** The version of this program: a newer one has words that this one does not know. */
  readonly version: string;
  readonly now: () => number;
}

/** Takes a snapshot as it may be stored; throws UserError where it may not. */
export type Door = (snapshot: Snapshot) => Snapshot;

/** What somebody else wrote, short enough for a message. */
const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value);
  return typeof value === 'string' && value.length > 60 ? `${text}…` : text;
};

/** A pseudonym, as a redacted export has it in the place of the UUID. */
const pseudonym = /^[0-9a-f]{16}$/;

const isHostId = ({ hostId, redaction }: Snapshot): boolean =>
  typeof hostId === 'string' &&
  (redaction === null ? isUuid(hostId) && hostId === hostId.toUpperCase() : pseudonym.test(hostId));

/** One snapshot at the door; whatever is wrong with it is told with its name. */
class Arrival {
  readonly #snapshot: Snapshot;
  readonly #tables: ReadonlyMap<string, Table>;
  /** It was made by a newer tokenquery: a word that is not known may be one of its words. */
  readonly #isNewer: boolean;
  readonly #lastTime: number;
  /** By table: why columns are NULL that were not. */
  readonly #reasons = new Map<string, ReadonlyMap<string, string>>();

  constructor(snapshot: Snapshot, tables: ReadonlyMap<string, Table>, isNewer: boolean, now: number) {
    this.#snapshot = snapshot;
    this.#tables = tables;
    this.#isNewer = isNewer;
    this.#lastTime = lastTimeOf(snapshot.collectedTime, now);
  }

  /** @param known Observations of the host that passed the door already, and what came of them. */
  accept(known: Passed): Snapshot {
    this.#checkHead();
    const snapshot = this.#snapshot;
    const observations = new Map<string, TableObservation>();
    const heldAgainst = `${this.#lastTime} ${this.#isNewer} ${snapshot.redaction}`;
    let isChanged = false;
    for (const [name, given] of snapshot.observations) {
      const before = known.get(given);
      const isKnown = before?.table === name && before.heldAgainst === heldAgainst;
      const passed = isKnown ? before : { ...this.#observation(name, given), table: name, heldAgainst };
      if (!isKnown) known.set(given, passed);
      if (passed.reasons.size > 0) this.#reasons.set(name, passed.reasons);
      isChanged ||= passed.observation !== given;
      observations.set(name, passed.observation);
    }
    const status = snapshotStatus([...observations.values()].map((observation) => observation.status));
    const report = snapshot.report === null ? null : this.#report(snapshot.report);
    if (!isChanged) return { ...snapshot, status, report };
    const changed = { ...snapshot, observations, status, report };
    // What it says is what it is.
    return { ...changed, snapshotId: snapshotIdOf(changed) };
  }

  #refuse(what: string): UserError {
    const { hostId, collectedTime } = this.#snapshot;
    return new UserError(
      `the snapshot of ${typeof hostId === 'string' ? hostId.slice(0, 60) : shown(hostId)} at ${collectedTime} ${what}`,
      'no tokenquery wrote it so: ask the Mac for a new snapshot; those before it are stored',
    );
  }

  #checkHead(): void {
    const {
      hostId,
      redaction,
      collectedTime,
      origin,
      euid,
      toolVersion,
      schemaVersion: schema,
    } = this.#snapshot;
    if (redaction !== null && !redactionLevels.includes(redaction as (typeof redactionLevels)[number]))
      throw new UserError(
        `a snapshot has the level of redaction ${shown(redaction)}, which is none`,
        `the levels are ${redactionLevels.join(' and ')}`,
      );
    if (!isHostId(this.#snapshot))
      throw new UserError(
        `a snapshot has the host_id ${shown(hostId)}, which is ${redaction === null ? 'no UUID in upper case' : 'no pseudonym'}`,
        redaction === null
          ? 'a host is known by its hardware UUID, as ioreg prints it'
          : 'a redacted host has 16 hexadecimal digits',
      );
    const odd =
      typeof collectedTime === 'number' ? oddMoment(collectedTime) : `is no date: ${shown(collectedTime)}`;
    if (odd !== null)
      throw new UserError(
        `the collected_time of a snapshot of ${hostId} ${odd}`,
        'it counts seconds since 1970',
      );
    if (!this.#isKnown(origins, origin)) throw this.#refuse(`has the origin ${shown(origin)}`);
    if (euid !== null && !(Number.isSafeInteger(euid) && euid >= -2))
      throw this.#refuse(`has the euid ${shown(euid)}`);
    if (typeof toolVersion !== 'string' || !/^[\w.+ -]{0,64}$/.test(toolVersion))
      throw this.#refuse(`has the tool_version ${shown(toolVersion)}`);
    if (!Number.isSafeInteger(schema) || schema < 1 || schema > schemaVersion)
      throw this.#refuse(`has rows of version ${shown(schema)}, and this tokenquery knows ${schemaVersion}`);
  }

  /** A word of a closed list, or one that a newer version may have in it. */
  #isKnown(list: readonly string[] | ReadonlySet<string>, value: unknown): boolean {
    const isListed = list instanceof Set ? list.has(value) : (list as readonly unknown[]).includes(value);
    return isListed || (this.#isNewer && isListWord(value));
  }

  /** Names of columns or sources. */
  #checkNames(table: string, what: string, names: readonly string[] | null): void {
    if (names === null || (Array.isArray(names) && names.every(isListWord))) return;
    throw this.#refuse(`has ${what} of ${table} that are no list of names`);
  }

  #observation(name: string, given: TableObservation): Omit<PassedObservation, 'table' | 'heldAgainst'> {
    const table = this.#tables.get(name);
    if (table === undefined) throw this.#refuse(`has the table ${shown(name)}, which is none`);
    const { status, affected, failed, absent = [], rowCount, cells } = given;
    if (!this.#isKnown(statuses, status)) throw this.#refuse(`has the status ${shown(status)} of ${name}`);
    if (rowCount > 0 && statuses.includes(status) && (status === 'empty' || !holdsRows(status, rowCount)))
      throw this.#refuse(`says that ${name} is ${status}, and has rows of it`);
    this.#checkNames(name, 'columns_affected', affected);
    this.#checkNames(name, 'sources_failed', failed);
    this.#checkNames(name, 'columns_absent', absent);
    const { rules } = layoutOf(table);
    if (cells.length !== rowCount * (rules.length + leadingCells))
      throw this.#refuse(`has ${rowCount} rows of ${name} that are not so many`);
    const missing = absent.length === 0 ? noColumns : new Set(absent);
    const { values, reasons } = this.#cells(name, rules, cells, leadingCells, missing);
    if (values === cells) return { observation: given, reasons };
    const all = affected === null ? null : [...new Set([...affected, ...reasons.keys()])];
    const names = rules.map((rule) => rule.name);
    // A time may be part of the key, by which rows are ordered.
    const sorted = packRows(unpackRows(values, names.length).sort(cellsOrder(table)));
    const observation = { ...given, affected: all, cells: sorted, digest: digestOfCells(names, sorted) };
    return { observation, reasons };
  }

  /** Checks values, row by row. Returns the same ones where none had to be made NULL. */
  #cells(
    table: string,
    rules: readonly ColumnRule[],
    cells: readonly Value[],
    leading: number,
    absent: ReadonlySet<string>,
  ): { readonly values: readonly Value[]; readonly reasons: ReadonlyMap<string, string> } {
    const stride = rules.length + leading;
    let reasons: Map<string, string> | null = null;
    let values: Value[] | null = null;
    for (let start = leading; start < cells.length; start += stride) {
      for (let index = 0; index < rules.length; index += 1) {
        const rule = rules[index] as ColumnRule;
        const value = cells[start + index] ?? null;
        if (this.#isRefused(rule, value, absent)) throw this.#refuseCell(table, rule, value);
        if (!rule.isTime || !rule.isOddTime(value, this.#lastTime)) continue;
        values ??= [...cells];
        values[start + index] = null;
        reasons ??= new Map();
        reasons.set(rule.name, rule.oddTimeReason);
      }
    }
    return values === null || reasons === null ? { values: cells, reasons: noReasons } : { values, reasons };
  }

  #isRefused(rule: ColumnRule, value: Value, absent: ReadonlySet<string>): boolean {
    // Redaction drops what is never NULL otherwise.
    if (value === null) return rule.isRequired && this.#snapshot.redaction === null && !absent.has(rule.name);
    if (rule.faultOf(value) !== null) return true;
    if (typeof value !== 'string') return false;
    return rule.values === null ? !value.isWellFormed() : !this.#isKnown(rule.values, value);
  }

  #refuseCell(table: string, { name, isBoolean, type, values }: ColumnRule, value: Value): UserError {
    const what = isBoolean
      ? '1, 0 or NULL'
      : values !== null
        ? 'a word of its list'
        : `${type} as it can be written`;
    return this.#refuse(`has the value ${shown(value)} in ${table}.${name}, which is not ${what}`);
  }

  /** The rows that speak of the collection: their columns are declared like any other. */
  #report({ status, errors, commands }: Report): Report {
    return {
      status: this.#rows('table_status', status).map((row) => this.#withReasons(row)),
      errors: this.#rows('collection_errors', errors),
      commands: this.#rows('command_log', commands),
    };
  }

  #rows(name: string, rows: readonly Cells[]): readonly Cells[] {
    const table = this.#tables.get(name);
    if (table === undefined) return rows;
    const { rules, lists } = layoutOf(table);
    return rows.map((row) => {
      for (const index of lists) {
        const value = row[index] ?? null;
        if (value !== null && !holdsJson(value))
          throw this.#refuse(`has ${shown(value)} in ${name}, which is no JSON`);
      }
      if (row.length === rules.length) return this.#cells(name, rules, row, 0, noColumns).values;
      // Of an older version, without the columns that came later.
      return this.#cells(name, rules.slice(0, row.length), row, 0, noColumns).values;
    });
  }

  /** Says in table_status why a value is NULL that was none. */
  #withReasons(row: Cells): Cells {
    const reasons = this.#reasons.get(String(row[0]));
    if (reasons === undefined) return row;
    const own = [...row];
    own[reasonIndex] = [...(row[reasonIndex] === null ? [] : [row[reasonIndex]]), ...reasons.values()].join(
      '; ',
    );
    const affected = row[affectedIndex] ?? null;
    if (affected !== null)
      own[affectedIndex] = JSON.stringify([
        ...new Set([...(JSON.parse(String(affected)) as string[]), ...reasons.keys()]),
      ]);
    return own;
  }
}

/** In a row of table_status. */
const reasonIndex = 4;
const affectedIndex = 5;

const noColumns: ReadonlySet<string> = new Set();
const noReasons: ReadonlyMap<string, string> = new Map();

/** The columns of the report that SQL takes apart. */
const isJson = (column: string): boolean =>
  column === 'argv' || column === 'failed_sources' || column.startsWith('columns_');

interface CellLayout {
  /** Of the columns in order, without host_id. */
  readonly rules: readonly ColumnRule[];
  /** Where in a row JSON stands. */
  readonly lists: readonly number[];
}

const layouts = new WeakMap<Table, CellLayout>();

const layoutOf = (table: Table): CellLayout => {
  const known = layouts.get(table);
  if (known !== undefined) return known;
  const made = {
    rules: [...rulesOf(table).values()].slice(0, -1),
    lists: Object.keys(table.columns).flatMap((column, index) => (isJson(column) ? [index] : [])),
  };
  layouts.set(table, made);
  return made;
};

const isJsonOfTexts = (text: string): boolean => {
  try {
    const found: unknown = JSON.parse(text);
    const all = Array.isArray(found) ? found : Object.values(found ?? { none: null });
    return typeof found === 'object' && all.every((one) => typeof one === 'string');
  } catch {
    return false;
  }
};

/** Of the commands of a fleet, most are the same on every Mac: texts that were found to be JSON, no more than these. */
const soundTexts = new Set<string>();
const mostSoundTexts = 1000;

const holdsJson = (value: Value): boolean => {
  const text = String(value);
  if (soundTexts.has(text)) return true;
  if (!isJsonOfTexts(text)) return false;
  if (text.length < 1000 && soundTexts.size < mostSoundTexts) soundTexts.add(text);
  return true;
};

interface PassedObservation {
  readonly observation: TableObservation;
  readonly reasons: ReadonlyMap<string, string>;
  readonly table: string;
  readonly heldAgainst: string;
}

type Passed = Map<TableObservation, PassedObservation>;

/** The door of a receiver. */
export const doorOf = ({ tables, version, now }: Receiver): Door => {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const own = versionRank(version);
  // Observations of a host that saw the same are one object, and pass once.
  const passed: Passed = new Map();
  let host: unknown = null;
  return (snapshot) => {
    if (snapshot.hostId !== host) passed.clear();
    host = snapshot.hostId;
    const isNewer = typeof snapshot.toolVersion === 'string' && versionRank(snapshot.toolVersion) > own;
    return new Arrival(snapshot, byName, isNewer, now()).accept(passed);
  };
};

/** Takes one snapshot as it may be stored; throws UserError where it may not. */
export const acceptSnapshot = (snapshot: Snapshot, receiver: Receiver): Snapshot =>
  doorOf(receiver)(snapshot);
