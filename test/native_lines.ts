/** A snapshot as the program exports it, without a store. */
import type { Table } from '../collector/table.ts';
import { nativeFormat } from '../export/formats/native.ts';
import { wholeSnapshot } from '../export/rows/snapshots.ts';
import type { WholeSnapshot } from '../export/rows/snapshots.ts';

/** Its lines, each with its line feed. */
export const nativeLines = (snapshot: WholeSnapshot, tables: readonly Table[]): readonly string[] =>
  [...nativeFormat().snapshot(wholeSnapshot(snapshot, tables))] as string[];
