/** What docs/verify-on-a-mac.md claims, and how a Mac is asked of it. */
import type { CommandName, FileName } from '../../collector/sources.ts';

/** One question that a source answers. */
export type Ask =
  | { readonly kind: 'command'; readonly source: CommandName; readonly parameters: readonly string[] }
  | { readonly kind: 'file'; readonly source: FileName; readonly path: string }
  | { readonly kind: 'stat'; readonly path: string }
  /** What launchd holds of a job: it is no source of a collection, and not recorded. */
  | { readonly kind: 'service'; readonly label: string };

/** A line of docs/verify-on-a-mac.md. */
export interface Claim {
  readonly claim: string;
  readonly command: string;
  readonly who: 'anybody' | 'root' | 'user';
  /** Empty where no source asks it. */
  readonly asks: readonly Ask[];
  /** Whether something of it is left for somebody to run, or to judge. */
  readonly isByHand: boolean;
}
