/** What many rows share is stored once and has a number: which tables a snapshot observed, and commands. */
import { createHash } from 'node:crypto';
import { holdsRows, isGood } from '../../collector/status.ts';
import type { Value } from '../../collector/table.ts';
import type { TableObservation } from '../snapshot.ts';
import type { Target } from './target.ts';

/** What is kept of an observation beside its rows. */
export type ObservationEntry = Pick<TableObservation, 'status' | 'affected' | 'failed' | 'absent'> & {
  readonly holdsRows: boolean;
};

export const entryOf = (observation: TableObservation): ObservationEntry => ({
  ...observation,
  holdsRows: holdsRows(observation.status, observation.rowCount),
});

export const namesText = (affected: readonly string[] | null): string | null =>
  affected === null ? null : JSON.stringify(affected);

/** A row of `_look_table`, without its set. */
interface EntryRow {
  readonly tableId: number;
  readonly status: ObservationEntry['status'];
  readonly affected: string | null;
  readonly failed: string | null;
  readonly absent: string | null;
  readonly holdsRows: boolean;
}

/** What a set of observations is known by. What is as the status says is left out: the text is as it was before that was told. */
const textOfSet = (rows: readonly EntryRow[]): string =>
  JSON.stringify(
    rows.map(({ tableId, status, affected, failed, absent, holdsRows: good }) => [
      ...[tableId, status, affected, failed],
      ...(absent === null ? [] : [absent]),
      ...(good === isGood(status) ? [] : [{ good }]),
    ]),
  );

export class Dictionary {
  readonly #target: Target;
  readonly #sets = new Map<string, number>();
  readonly #commands = new Map<string, number>();

  constructor(target: Target) {
    this.#target = target;
  }

  /** The number of a set of observations, which is stored if it is new. */
  setOf(entries: ReadonlyMap<string, ObservationEntry>): number {
    const rows = this.#rowsOf(entries);
    const text = textOfSet(rows);
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    const digest = createHash('sha256').update(text).digest().subarray(0, 16);
    const stored = this.#target.prepare('SELECT look FROM _look WHERE digest = ?').pluck().get(digest) as
      | number
      | undefined;
    const set = stored ?? this.#insertSet(digest, rows);
    if (this.#sets.size > 10_000) this.#sets.clear();
    this.#sets.set(text, set);
    return set;
  }

  #rowsOf(entries: ReadonlyMap<string, ObservationEntry>): EntryRow[] {
    const rows: EntryRow[] = [];
    for (const [name, { status, affected, failed, absent = [], holdsRows: good }] of entries) {
      const tableId = this.#target.tableIds.get(name);
      if (tableId === undefined) continue;
      rows.push({
        tableId,
        status,
        affected: namesText(affected),
        failed: namesText(failed),
        absent: absent.length === 0 ? null : namesText(absent),
        holdsRows: good,
      });
    }
    return rows.sort((a, b) => a.tableId - b.tableId);
  }

  #insertSet(digest: Uint8Array, rows: readonly EntryRow[]): number {
    const { lastInsertRowid } = this.#target.prepare('INSERT INTO _look (digest) VALUES (?)').run(digest);
    const set = Number(lastInsertRowid);
    this.#target.insertMany(
      '_look_table (look, tab, status, is_good, columns_affected, sources_failed, columns_absent)',
      7,
      rows.flatMap(({ tableId, status, affected, failed, absent, holdsRows: good }) => [
        ...[set, tableId, status, good ? 1 : 0],
        ...[affected, failed, absent],
      ]),
    );
    return set;
  }

  /** The number of a command, which is stored if it is new. */
  commandOf(commandId: Value, argv: Value, source: Value, isNetworkCapable: Value): number {
    const { prepare } = this.#target;
    const text = String(argv);
    const known = this.#commands.get(text);
    if (known !== undefined) return known;
    let command = prepare('SELECT command FROM _command WHERE argv = ?').pluck().get(text) as
      | number
      | undefined;
    command ??= Number(
      prepare('INSERT INTO _command (argv, command_id, source, is_network_capable) VALUES (?, ?, ?, ?)').run(
        ...[text, commandId, source, isNetworkCapable],
      ).lastInsertRowid,
    );
    if (this.#commands.size > 20_000) this.#commands.clear();
    this.#commands.set(text, command);
    return command;
  }
}
