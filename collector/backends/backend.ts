import type { Stats } from 'node:fs';
import type { CommandName } from '../sources.ts';
import type { CollectError } from '../errors.ts';

/** What stat says of a path that is never opened. */
export type PathStat = Stat | { readonly kind: 'denied' };

/** The same of this moment: a look may not end. */
export type Look = PathStat | { readonly kind: 'late' };

/**
 * Where bytes come from: this Mac (live.ts), recorded evidence (evidence.ts) or a mounted volume
 * (volume.ts). A null answer means that nothing is recorded, which is never the same as absence.
 */
export interface Backend {
  readonly origin: 'live' | 'evidence' | 'volume';
  /** How messages name it. */
  readonly label: string;
  /** Unix seconds at which the evidence was, or is, collected. */
  readonly capturedTime: number;
  readonly euid: number | null;
  /** Hardware UUID where the evidence says it apart from ioreg; null otherwise. */
  readonly hostId: string | null;
  /** Of evidence that was reduced when it was recorded: the version whose lists of what may be kept did it. */
  readonly allowList?: string;
  /** It is mounted so that every file seems to be of whoever looks, or of nobody. */
  readonly areOwnersHidden?: boolean;
  run(source: CommandName, argv: readonly string[]): Promise<Output | null>;
  readFile(path: string): Promise<FileContent | null>;
  /** The names in a folder; a backend without it has none recorded. */
  list?(path: string): Promise<FolderContent | null>;
  stat(path: string): Promise<Look | null>;
  /** A file in the home of the account with this uid (owned_file.ts); a backend without it has none recorded. */
  readOwned?(path: string, uid: number): Promise<OwnedFile | null>;
}

/** A file in a home: how it lies there, which is null where nothing says it, and what it holds where it may be read. */
export interface OwnedFile {
  readonly look: PathStat | null;
  readonly bytes: Uint8Array | null;
  /** Nothing says whose it is, so it was not read. */
  readonly isOwnerHidden?: true;
}

/** What running one command brought, whether now or when the evidence was recorded. */
export interface Output {
  readonly outcome: 'exited' | 'signalled' | 'timed_out' | 'too_large' | 'missing' | 'denied' | 'not_started';
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Already sanitized to what may be kept (sources.ts). */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Unix seconds; null where the evidence does not say. */
  readonly startedTime: number | null;
  readonly durationMs: number | null;
  /** False when a file of a mounted volume answered in place of a process. */
  readonly isSpawned: boolean;
  /** What could not be read of an answer that is right for the rest; only a mounted volume has such. */
  readonly problems?: readonly CollectError[];
}

/** What reading one file brought. */
export type FileContent =
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' };

/** What reading the names of one folder brought. */
export type FolderContent =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'denied' };

/** What looking at one path brought; `missing` is proven absence. */
export type Stat =
  | {
      /** `file` for everything that is not a folder, devices too. */
      readonly kind: 'file' | 'dir';
      /** Permission bits, such as 0o600. */
      readonly mode: number;
      readonly uid: number;
      readonly size: number;
      /** Unix seconds. */
      readonly mtime: number;
    }
  | { readonly kind: 'missing' };

/** What is kept of what the file system says of a path. */
export const pathStatOf = (stats: Stats): Stat => ({
  kind: stats.isDirectory() ? 'dir' : 'file',
  mode: stats.mode & 0o7777,
  uid: stats.uid,
  size: stats.isFile() ? stats.size : 0,
  mtime: Math.floor(stats.mtimeMs / 1000),
});
