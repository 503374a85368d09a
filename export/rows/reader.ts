/** Reads what is to be exported out of a store, one host after the other and one table after the other. */
import { isTime } from '../../collector/time.ts';
import { snapshotReader } from '../../store/reader.ts';
import type { ReadSnapshot } from '../../store/reader.ts';
import type { Store } from '../../store/store.ts';
import type { ExportSnapshot, ExportTable, WrittenTable } from '../format.ts';
import { ChangesReader } from './changes.ts';
import { CurrentReader } from './current.ts';
import { wholeSnapshot } from './snapshots.ts';
import { ExportSource } from './source.ts';
import type { ReadOptions } from './source.ts';

/** `T`: rows have cells, or may be written by SQLite. */
export interface ExportReader<T extends ExportTable | WrittenTable> {
  /** All hosts of the store, or those that were named. */
  readonly hosts: readonly string[];
  /** What is known of each host. */
  currentSnapshots(hostIds?: readonly string[]): Iterable<ExportSnapshot<T>>;
  /** Snapshots as they were taken, of those hosts that have one of them. */
  wholeSnapshots(
    isWanted: (snapshot: ReadSnapshot) => boolean,
    hostIds?: readonly string[],
  ): Iterable<ExportSnapshot>;
  /** What changed on a host at a time or after it; `isNew` tells whether the report of the last snapshot is told. */
  changedSnapshots(
    hostId: string,
    since: number,
    isNew: (snapshotId: number) => boolean,
  ): Iterable<ExportSnapshot<T>>;
}

export function exportReader(
  store: Store,
  options: ReadOptions & { readonly rowSql: null },
): ExportReader<ExportTable>;
export function exportReader(store: Store, options: ReadOptions): ExportReader<ExportTable | WrittenTable>;
export function exportReader(store: Store, options: ReadOptions): ExportReader<ExportTable | WrittenTable> {
  const source = new ExportSource(store, options);
  const current = new CurrentReader(source);
  const changes = new ChangesReader(source);
  const snapshots = snapshotReader(store);
  const hostTable = store.tables.find(({ name }) => name === 'hosts');
  return {
    hosts: source.hosts,
    currentSnapshots: (hostIds = source.hosts) => current.snapshots(hostIds),
    *wholeSnapshots(isWanted, hostIds = source.hosts) {
      for (const hostId of hostIds)
        for (const snapshot of snapshots.read(hostId, (one) => isTime(one.time) && isWanted(one)))
          yield wholeSnapshot(snapshot, options.tables, hostTable);
    },
    changedSnapshots: (hostId, since, isNew) => changes.snapshots(hostId, since, isNew),
  };
}
