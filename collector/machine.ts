import type { CommandName } from './sources.ts';
import type { FileContent, Output, Stat } from './output.ts';

/** What a path that was only looked at answered. */
export type Look = Stat | { readonly kind: 'denied' };

/**
 * Where bytes come from: this Mac (live.ts), recorded evidence (evidence.ts) or a mounted volume
 * (volume.ts). A null answer means that nothing is recorded, which is never the same as absence.
 */
export interface Machine {
  readonly origin: 'live' | 'evidence' | 'volume';
  /** How messages name it. */
  readonly label: string;
  /** Unix seconds at which the evidence was, or is, collected. */
  readonly capturedTime: number;
  readonly euid: number | null;
  /** Hardware UUID where the evidence says it apart from ioreg; null otherwise. */
  readonly hostId: string | null;
  run(source: CommandName, argv: readonly string[]): Promise<Output | null>;
  readFile(path: string): Promise<FileContent | null>;
  stat(path: string): Promise<Look | null>;
}
