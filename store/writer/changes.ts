/** What comes of the steps of a history beside its row versions: packed rows, and counts of what changed. */
import type { Table } from '../../collector/table.ts';
import type { ClosedVersion, History, Observation, OpenVersion, Ref } from '../history.ts';
import { deflateRows } from '../packed.ts';
import { readPackedRows } from '../reader.ts';
import type { ChangePoint, PackedRows, Prepare } from '../reader.ts';
import type { Step } from '../readings.ts';
import { hasAccounts } from '../renames.ts';
import { renamesSql } from '../schema.ts';
import type { Cells } from '../snapshot.ts';

/** Rows of a table that appeared, changed and disappeared. */
export interface TableChanges {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** A partial observation, and its rows where they are not those that are known. */
interface PartialStep {
  readonly ref: Ref;
  readonly raw: readonly Cells[] | null;
}

/** Takes steps into a history. Returns the partial ones. */
export const observeAll = (history: History, steps: readonly Step[]): readonly PartialStep[] => {
  const partial: PartialStep[] = [];
  for (const { observation, silent } of steps) {
    const isKnown = history.observe(observation, silent);
    if (observation.isPartial) partial.push({ ref: observation.ref, raw: isKnown ? null : observation.rows });
  }
  return partial;
};

/**
 * Packs the rows of partial observations where they are not those that are known, and only where they change.
 *
 * @param before What the last change point before them has.
 */
export const changePointsOf = (
  table: Table,
  partial: readonly PartialStep[],
  before: Uint8Array | null,
): ChangePoint[] => {
  if (partial.length === 0) return [];
  const points: ChangePoint[] = [];
  const textOf = (rows: readonly Cells[] | null): string | null =>
    rows === null ? null : JSON.stringify(rows);
  let last = before === null ? null : textOf(readPackedRows(before, table));
  let lastRows: readonly Cells[] | null = null;
  for (const { ref, raw } of partial) {
    if (raw !== null && raw === lastRows) continue;
    const text = textOf(raw);
    lastRows = raw;
    if (text !== last) points.push({ ...ref, raw: raw === null ? null : deflateRows(table, raw) });
    last = text;
  }
  return points;
};

/** What was observed where the history says other words of it, or nothing, packed. */
export const asidesOf = (
  table: Table,
  observations: readonly Observation[],
  steps: readonly Step[],
): PackedRows[] => {
  const counted = new Map(steps.map(({ observation }) => [observation.ref.id, observation]));
  return observations.flatMap((observation) => {
    const step = counted.get(observation.ref.id);
    if (step === observation) return [];
    return [{ ...observation.ref, raw: deflateRows(table, observation.rows), isStep: step !== undefined }];
  });
};

/** What new observations changed, for the line that `snapshot` prints. */
export const countChanges = (
  news: readonly Observation[],
  open: readonly OpenVersion[],
  closed: readonly ClosedVersion[],
): TableChanges => {
  const ids = new Set(news.map(({ ref }) => ref.id));
  const counts = { added: 0, changed: 0, removed: 0 };
  for (const { began, from, read } of [...open, ...closed]) {
    if (from === null || read !== null || !ids.has(from.id)) continue;
    if (began === 'added') counts.added += 1;
    else if (began === 'changed') counts.changed += 1;
  }
  for (const { ended, until } of closed) if (ended === 'removed' && ids.has(until.id)) counts.removed += 1;
  return counts;
};

/** Counts of what changed, with an account that got another name as changed. */
export const withRenames = (
  prepare: Prepare,
  table: Table,
  host: number,
  news: readonly Observation[],
  counts: TableChanges,
): TableChanges => {
  if (!hasAccounts(table) || counts.added === 0 || counts.removed === 0) return counts;
  const since = Math.min(...news.map(({ ref }) => ref.time));
  const ids = new Set(news.map(({ ref }) => ref.id));
  const rows = prepare(renamesSql(table)).raw(true).all({ host, since }) as [number][];
  const renamed = rows.filter(([id]) => ids.has(id)).length;
  return {
    added: counts.added - renamed,
    changed: counts.changed + renamed,
    removed: counts.removed - renamed,
  };
};
