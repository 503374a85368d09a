/** What is measured: one line of the table is one `Line`, in a file of its own in bench/lines/. */
import type { Place } from './place.ts';
import type { ToolName } from './tools.ts';

/** What a run took. Null is not known: nothing here could tell. */
export interface Measured {
  readonly seconds: number;
  /** Of all processors, in the program and in the kernel for it. */
  readonly processor: number | null;
  /** The most memory that it had. */
  readonly megabytes: number | null;
  /** What it wrote, where that is what is compared. */
  readonly bytes?: number;
}

type Run = () => Measured | Promise<Measured>;

/** What people would use instead, on the same input. */
export interface Peer {
  readonly name: string;
  /** Not run where this is missing, and said so. */
  readonly needs?: ToolName;
  /** Why there is none here, where it is no tool that is missing. */
  readonly missing?: string;
  readonly run: Run;
}

/** What a run is judged by. `rate` is of the `amount` of the work, and `each` what is written for each of it. */
export type Figure = 'seconds' | 'processor' | 'megabytes' | 'bytes' | 'rate' | 'each';

/** A target, or, with neither `most` nor `least`, a figure that is shown. With `of`, it is of a ratio: `most` of ours ÷ theirs, `least` of theirs ÷ ours (how much quicker, or smaller). */
export interface Limit {
  readonly figure: Figure;
  readonly of?: string;
  readonly most?: number;
  readonly least?: number;
}

export interface Work {
  readonly name: string;
  readonly run: Run;
  /** Why it cannot be run here. */
  readonly missing?: string;
  readonly peers?: readonly Peer[];
  readonly limits?: readonly Limit[];
  /** What it works on, for a rate. */
  readonly amount?: { readonly count: number; readonly unit: string };
  /** False where it is not asked how it grows. */
  readonly grows?: false;
}

/** Sizes in rising order; the growth is that from each to the next. Targets are those of the largest of `usual`, or of what `works` says. */
export interface Sizes {
  readonly unit: string;
  readonly short: readonly number[];
  readonly usual: readonly number[];
  /** With --long. */
  readonly long?: readonly number[];
}

export interface Line {
  readonly number: number;
  /** What `npm run bench NAME` calls it. */
  readonly name: string;
  readonly title: string;
  /** What no program could go below: what is read, written and started. */
  readonly least: string;
  readonly sizes: Sizes;
  /** Of each run the best of so many counts, ours and theirs in turn. */
  readonly rounds: { readonly short: number; readonly usual: number };
  /** Makes what is worked on, and says what is to be run. */
  readonly works: (size: number, place: Place) => readonly Work[] | Promise<readonly Work[]>;
}
