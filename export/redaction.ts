/** A redacted export: the rules of redact.ts, applied to snapshots, their rows and their identities. */
import type { Table } from '../collector/table.ts';
import { identities, jsonCell, keyWriter } from './format.ts';
import type { Cell, ExportRow, ExportSnapshot, ExportTable, Head } from './format.ts';
import { ownTables } from './own_tables.ts';
import { hmacOf } from './pseudonyms.ts';
import { ColumnsByName, Redactor, applied, rulesByName, rulesOf } from './redact.ts';
import type { Level } from './redact.ts';

/** The cells of a row of one table, as they are told. */
class RowRedactor {
  readonly #names: readonly string[];
  readonly #rules: ReturnType<typeof rulesOf>;
  readonly #by: Redactor;

  constructor(table: Table, by: Redactor) {
    this.#names = Object.keys(table.columns);
    this.#rules = rulesOf(table);
    this.#by = by;
  }

  redact(cells: readonly Cell[]): Cell[] {
    const row = (column: string): Cell => cells[this.#names.indexOf(column)] ?? null;
    return cells.map((cell, index) => applied(this.#rules[index] ?? null, cell, row, this.#by));
  }
}

/** What is told of the rows of a table, and in an order of its own. */
function* redactedRows({ table, rows }: ExportTable, head: Head, by: Redactor): Generator<ExportRow> {
  const keyOf = keyWriter(table);
  const redactor = new RowRedactor(table, by);
  const identify = identities(head, table.name, false);
  const all = Array.from(rows, ({ change, cells, former }) => {
    const own = redactor.redact(cells ?? []);
    return {
      change,
      own,
      former: former === undefined ? null : redactor.redact(former.cells),
      order: `${change === 'removed' ? 0 : 1}${keyOf(own)}${own.map(jsonCell).join()}`,
    };
  });
  // They came in the order of what they no longer say: pseudonyms sorted by name would tell where a name belongs.
  all.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  for (const { change, own, former } of all) {
    // Of what is told, not of what was: a hash of a name could be guessed.
    yield {
      ...{ id: identify(keyOf(own), change), change, cells: own },
      ...(former === null ? {} : { former: { id: identify(keyOf(former), 'removed'), cells: former } }),
    };
  }
}

const redactTable = (exported: ExportTable, head: Head, by: Redactor): ExportTable => {
  const { details, lines: _, ...rest } = exported;
  return {
    ...rest,
    // A reason is words of the program around names of the Mac; the code says what kind of reason it was.
    details: details === null ? null : { ...details, reason: null },
    rows: redactedRows(exported, head, by),
  };
};

function* redactTables(tables: Iterable<ExportTable>, head: Head, by: Redactor): Generator<ExportTable> {
  for (const table of tables) yield redactTable(table, head, by);
}

/**
 * Redacts rows and their identities. A snapshot that is redacted already stays as it is. `declared`: the tables in which a fact of
 * a finding and a column of a host are looked up by name.
 */
export const redaction = (level: Level, key: Uint8Array, declared: readonly Table[]) => {
  const hmac = hmacOf(key);
  const columns = new ColumnsByName([...declared, ...ownTables]);
  const hosts = declared.find(({ name }) => name === 'hosts');
  const ruleOfHost = hosts === undefined ? () => 'private' as const : rulesByName(hosts);
  const headOf = (head: Head): Head => ({
    ...head,
    hostId: hmac(head.hostId),
    // It is a hash of the host and of what was found there, and leads from a redacted export to one that is not.
    snapshotId: Number(BigInt(`0x${hmac(`snapshot ${head.snapshotId}`)}`) >> 11n),
    redaction: level,
  });
  return (snapshot: ExportSnapshot): ExportSnapshot => {
    if (snapshot.head.redaction !== null) return snapshot;
    const head = headOf(snapshot.head);
    const by = new Redactor(level, hmac, snapshot.head.hostId, columns);
    const cellOf = (column: string): Cell => snapshot.host[column] ?? null;
    const host = Object.fromEntries(
      Object.entries(snapshot.host).map(([name, value]): [string, Cell] => [
        name,
        applied(ruleOfHost(name), value, cellOf, by),
      ]),
    );
    return { head, host, tables: redactTables(snapshot.tables, head, by) };
  };
};
