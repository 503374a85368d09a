/**
 * What a collection tells of itself. Apart from collection.ts, because a table may
 * ask for it: Table knows no Collection.
 */
import type { Backend, Output } from './backends/backend.ts';
import type { ErrorCode } from './errors.ts';
import type { CommandName } from './sources.ts';
import type { Status } from './status.ts';

/** What came of one table. */
export interface ReportedTable {
  readonly table: { readonly name: string };
  readonly rows: readonly unknown[];
  readonly status: Status;
  readonly code: ErrorCode | null;
  readonly reason: string | null;
  /** Columns that are NULL because of it; null means all. */
  readonly columnsAffected: readonly string[] | null;
  readonly durationMs: number | null;
  readonly doubts: Doubts;
}

/** What is not known for certain, beside the columns that are NULL. */
export interface Doubts {
  /** The sources that failed; `row` for a row that was left out. */
  readonly failedSources: readonly string[];
  readonly mayRowsBeMissing: boolean;
  /** Columns that are told, and rest on a source that failed too. */
  readonly uncertain: readonly string[];
  /** Columns whose fact does not exist on this Mac or this macOS, with the reason of each. */
  readonly inapplicable: ReadonlyMap<string, string>;
}

export interface CollectionError {
  readonly tableName: string;
  readonly commandId: string | null;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface CommandRun {
  readonly commandId: string;
  readonly source: CommandName;
  readonly argv: readonly string[];
  readonly output: Output;
  /** Of the streams as they are kept, in hexadecimal. */
  readonly stdoutSha256: string;
  readonly stderrSha256: string;
}

export interface CollectionReport {
  readonly backend: Backend;
  readonly results: readonly ReportedTable[];
  readonly errors: readonly CollectionError[];
  readonly commands: readonly CommandRun[];
}
