/** Observations on their way into a history, and what tells two of them apart. */
import { hash } from 'node:crypto';
import type { Table } from '../../collector/table.ts';
import type { OrderTime } from '../clocks.ts';
import type { Observation, Ref } from '../history.ts';
import type { ObservationStatus, TimelineEntry } from '../reader.ts';
import { digestOfCells, packRows, rowsOf } from '../snapshot.ts';
import type { Cells, Snapshot, TableObservation } from '../snapshot.ts';
import { versionRank } from '../versions.ts';

/** A snapshot, and the oldest version of the program that read it so. */
export interface Read {
  readonly ref: Ref;
  readonly oldestTool: string;
  readonly orderTime: OrderTime;
}

/** What an observation saw, in 16 bytes. */
const digestOf = ({ status, affected, failed, digest }: TableObservation): Buffer =>
  status === 'partial'
    ? hash('sha256', JSON.stringify([affected, failed, digest]), 'buffer').subarray(0, 16)
    : Buffer.from(digest.slice(0, 32), 'hex');

/** An observation that is not in the file yet. */
export class NewObservation implements Observation {
  readonly ref: Ref;
  readonly evidence: string;
  readonly oldestRank: number;
  readonly isPartial: boolean;
  readonly affected: readonly string[] | null;
  readonly failed: readonly string[] | null;
  readonly absent: readonly string[];
  readonly digest: Buffer;
  readonly tableObservation: TableObservation;
  readonly #width: number;

  constructor(
    table: Table,
    tableObservation: TableObservation,
    snapshot: Snapshot,
    { ref, oldestTool }: Read,
  ) {
    this.ref = ref;
    this.evidence = evidenceOf(snapshot);
    this.oldestRank = versionRank(oldestTool);
    this.isPartial = tableObservation.status === 'partial';
    this.affected = tableObservation.affected;
    this.failed = tableObservation.failed;
    this.absent = tableObservation.absent ?? [];
    this.digest = digestOf(tableObservation);
    this.tableObservation = tableObservation;
    this.#width = Object.keys(table.columns).length;
  }

  /** Not needed where the first observation of a host is written straight from its cells. */
  get rows(): readonly Cells[] {
    return rowsOf(this.tableObservation, this.#width);
  }
}

/** The digest of an observation, also of one whose rows were read back. */
export const digestOfObserved = (table: Table, observation: Observation): Buffer => {
  if ('digest' in observation) return (observation as NewObservation).digest;
  const { isPartial, affected, failed, rows } = observation;
  return digestOf({
    ...{ status: isPartial ? 'partial' : 'ok', affected, failed, rowCount: rows.length, cells: [] },
    digest: digestOfCells(Object.keys(table.columns), packRows(rows)),
  });
};

/** Who asked, and how it is redacted, as the timeline has it. */
export const evidenceOf = ({ euid, redaction }: Snapshot): string => `${euid ?? ''} ${redaction ?? ''}`;

/** What is known of an observation in the file without its rows. */
export const observationAt = (entry: TimelineEntry, status: ObservationStatus | undefined): Observation => ({
  ref: { time: entry.time, id: entry.id, reading: entry.reading },
  evidence: entry.evidence,
  oldestRank: versionRank(entry.oldestTool),
  isPartial: status?.status === 'partial',
  affected: status?.affected ?? null,
  failed: status?.failed ?? null,
  absent: status?.absent ?? [],
  rows: [],
});
