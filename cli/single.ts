/** What the single executable has in itself, where others have files beside them (scripts/executable.cjs). */
interface Assets {
  /** What a thread runs in the place of a file. */
  readonly main: string;
  /** The names of what it has. */
  readonly names: readonly string[];
  readonly read: (name: string) => Uint8Array;
}

/** Undefined where this program is none. */
export const assets = (globalThis as Record<symbol, unknown>)[Symbol.for('tokenquery.assets')] as
  | Assets
  | undefined;

export const isSingleExecutable = assets !== undefined;
