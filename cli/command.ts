/** What a verb of the command line declares, and what it is given. */
import type { Kind } from './kinds.ts';
import type { LogPart } from './log.ts';

export type Options = Readonly<Record<string, OptionSpec>>;

/** The values of each option that was given; a flag has empty texts. */
export type Values = ReadonlyMap<string, readonly string[]>;

/** Another option that one does not go with, or only goes with. */
export interface Relation {
  readonly option: string;
  /** Only where the other one has this value. */
  readonly value?: string;
  /** Also where the other one is not given: what it is by default will do. */
  readonly orNone?: true;
  /** Another one that will do as well. */
  readonly or?: string;
  /** Why; the hint. */
  readonly because?: string;
}

/** All that there is to say of an option; checks.ts holds command lines against it. */
export interface OptionSpec {
  readonly type: 'boolean' | 'string';
  readonly short?: string;
  readonly isRepeatable?: true;
  /** Repeatable, and one value may hold several, separated by commas. */
  readonly isList?: true;
  /** How help names the value. */
  readonly value?: string;
  readonly description: string;
  readonly kind?: Kind;
  /** Of a number, and of an age in seconds. */
  readonly least?: number;
  /** The only values that it takes. */
  readonly choices?: readonly string[];
  /** What a choice is called, where it is not called after the option. */
  readonly noun?: string;
  /** It cannot be left out; the hint for who does. */
  readonly isRequired?: string;
  /** It stands in the place of the positional argument. */
  readonly isInPlace?: true;
  readonly excludes?: readonly Relation[];
  /** What it says something more of. */
  readonly goesWith?: Relation;
  /** What it cannot do without. */
  readonly needs?: Relation;
}

/** A command line that has been checked. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | null;
  texts(name: string): readonly string[];
  /** What a value of a kind stands for: a count, bytes, seconds, a time; null when the option is not given. */
  number(name: string): number | null;
  /** The value of an option that cannot be left out. */
  required(name: string): string;
}

/** What bounds a command. A guard stands before it begins, where there is any limit. */
interface CommandLimits {
  /** What is stopped, in the words of an error. */
  readonly what: string;
  /** What gives it longer, where it is not --timeout alone. */
  readonly hint?: string;
  /** Where --timeout is not given; null for no limit. */
  readonly seconds: number | null;
  /** It runs SQL that somebody else may have written: its memory is bounded too. */
  readonly isMemoryBounded: boolean;
}

/** Runs command lines one after the other, as `--then` does; the first exit code that is not 0. */
export type RunLines = (lines: readonly (readonly string[])[]) => Promise<number>;

/** One verb of the command line: help, documentation and parsing come from it. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  /** Further lines of its help. */
  readonly about?: readonly string[];
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly positionals: {
    readonly least: number;
    readonly most: number;
    /** What they are called, where an option can stand in their place. */
    readonly name?: string;
  };
  readonly examples: readonly string[];
  /** It is run by a scheduler: what it tells is a log, where nobody looks on. */
  readonly log?: LogPart;
  readonly limits?: (given: Arguments) => CommandLimits;
  /** What --timeout bounds is not the whole of it: it sees to that itself. */
  readonly boundsItself?: true;
  /** The command that takes its place with the same words; null for none. */
  readonly handsOverTo?: (given: Arguments) => string | null;
  /**
   * @param runLines For a command that stands for others.
   * @returns The exit code.
   */
  run(given: Arguments, runLines: RunLines): Promise<number>;
}
