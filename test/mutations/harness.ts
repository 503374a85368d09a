/** Mutates Macs, asks the program, and counts what it answers. */
import { writeFolder } from './bundle.ts';
import type { Bundle } from './bundle.ts';
import { compareAnswers } from './judge.ts';
import type { Complaint, Sort } from './judge.ts';
import { mutationsOf } from './operators.ts';
import type { Mutation } from './operators.ts';
import { Program, keyOf } from './program.ts';

export interface Choice {
  /** Part of a name; empty for all. */
  readonly host: string;
  /** How a source begins, or a part of its account or path. */
  readonly source: string;
  readonly operator: string;
  /** The exact place, as `list` prints it; empty for a sample of `per` of each source, subject and operator. */
  readonly site: string;
  readonly seed: number;
  readonly per: number;
  /** Subjects of one source (accounts, paths) that are mutated; the others are alike. */
  readonly subjects: number;
  /** The part of the operators on each source that is used, from 0 to 1. */
  readonly share: number;
  /** Of the Macs for which an operator on a source is drawn, one after the other, every so many use it: the first for certain. */
  readonly every: number;
}

/** What `npm test` has time for. */
export const shortChoice: Choice = {
  host: '',
  source: '',
  operator: '',
  site: '',
  seed: 1,
  per: 1,
  subjects: 1,
  share: 0.6,
  every: 2,
};

/** The same of the Macs as volumes, and by the printed collector: each asks more of the machine. */
export const shortOfVolumes: Choice = { ...shortChoice, share: 0.45, every: 1 };
export const shortOfScript: Choice = { ...shortChoice, share: 0.12, every: 1 };

export interface Offence {
  readonly host: string;
  readonly mutation: Mutation;
  readonly complaints: readonly Complaint[];
}

export interface Result {
  readonly mutations: number;
  readonly ones: number;
  readonly sames: number;
  readonly offences: readonly Offence[];
  readonly seconds: number;
}

/** The same numbers for the same seed and text, on every machine. */
const randomOf = (text: string): (() => number) => {
  let state = 2_166_136_261;
  for (const character of text) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const sampleOf = <T>(all: readonly T[], count: number, random: () => number): readonly T[] => {
  const rest = [...all];
  const taken: T[] = [];
  while (taken.length < count && rest.length > 0)
    taken.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return taken;
};

/** How often an operator on a source was drawn by now. */
const draws = new Map<string, number>();
const isTurn = (what: string, every: number): boolean => {
  const count = draws.get(what) ?? 0;
  draws.set(what, count + 1);
  return count % every === 0;
};

/** A sample of the mutations of one Mac: `per` of each operator on each source and subject. */
const chosen = (bundle: Bundle, all: readonly Mutation[], choice: Choice): readonly Mutation[] => {
  const fitting = all.filter(
    ({ source, subject, operator, site }) =>
      (`${source} ${subject}`.startsWith(choice.source) || subject.includes(choice.source)) &&
      operator.includes(choice.operator) &&
      (choice.site === '' || site === choice.site),
  );
  if (choice.site !== '') return fitting;
  // Each group has numbers of its own: what one source is asked for changes nothing of another's sample.
  return [...Map.groupBy(fitting, ({ source }) => source)].flatMap(([source, own]) => {
    const name = `${choice.seed} ${bundle.name} ${source}`;
    const subjects = [...Map.groupBy(own, ({ subject }) => subject).values()];
    return sampleOf(subjects, choice.subjects, randomOf(name)).flatMap((ofSubject) =>
      [...Map.groupBy(ofSubject, ({ operator }) => operator)].flatMap(([operator, sites]) => {
        const random = randomOf(`${name} ${operator}`);
        const isChosen = random() < choice.share && isTurn(`${source} ${operator}`, choice.every);
        return isChosen ? sampleOf(sites, choice.per, random) : [];
      }),
    );
  });
};

/** One Mac, reached in one way. */
export interface Opened {
  readonly mutations: readonly Mutation[];
  /** Does at once what is slow one by one. */
  readonly prepare?: (chosen: readonly Mutation[]) => Promise<void>;
  readonly judge: (mutation: Mutation, changed: Bundle) => Promise<readonly Complaint[]>;
  readonly close?: () => void;
}

/** How the answers of a Mac reach the program. */
export interface Way {
  readonly open: (bundle: Bundle, program: Program) => Promise<Opened>;
  /** Writes a changed Mac for `--source`. */
  readonly write: (changed: Bundle, folder: string) => void;
}

/** The recorded outputs, as a running Mac would print them. */
export const evidence: Way = {
  open: async (bundle, program) => {
    const truth = await program.answer(bundle);
    return {
      mutations: mutationsOf(bundle, truth.asked),
      judge: async (mutation, changed) =>
        compareAnswers(truth, await program.answer(changed), keyOf, mutation),
    };
  },
  write: writeFolder,
};

/** Asks the program of every chosen mutation; a mutation that it cannot bear is an offence as well. */
export const mutate = async (
  bundles: readonly Bundle[],
  choice: Choice,
  tell: (offence: Offence, changed: Bundle) => void = () => {},
  way: Way = evidence,
): Promise<Result> => {
  const started = performance.now();
  const program = new Program();
  const offences: Offence[] = [];
  const count = { mutations: 0, ones: 0, sames: 0 };
  for (const bundle of bundles.filter(({ name }) => name.includes(choice.host))) {
    program.forget();
    const opened = await way.open(bundle, program);
    const mutations = chosen(bundle, opened.mutations, choice);
    await opened.prepare?.(mutations);
    for (const mutation of mutations) {
      const changed = mutation.apply();
      count.mutations += 1;
      if (mutation.isOne && mutation.kind === 'damage') count.ones += 1;
      if (mutation.kind === 'same') count.sames += 1;
      let complaints: readonly Complaint[];
      try {
        complaints = await opened.judge(mutation, changed);
      } catch (error) {
        complaints = [
          { sort: 'wrong', where: 'crash', from: 'an answer', to: (error as Error).message.slice(0, 80) },
        ];
      }
      if (complaints.length === 0) continue;
      const offence = { host: bundle.name, mutation, complaints };
      offences.push(offence);
      tell(offence, changed);
    }
    opened.close?.();
  }
  return { ...count, offences, seconds: (performance.now() - started) / 1000 };
};

/** Mutations with a complaint of this sort. */
export const offencesOf = ({ offences }: Result, sort: Sort): readonly Offence[] =>
  offences.filter(({ complaints }) => complaints.some((complaint) => complaint.sort === sort));

/** How many mutations of each source have a complaint of each sort: `sort: source`. */
export const countsOf = (result: Result): Readonly<Record<string, number>> => {
  const counts = new Map<string, number>();
  for (const { mutation, complaints } of result.offences) {
    for (const sort of new Set(complaints.map((complaint) => complaint.sort))) {
      const name = `${sort}: ${mutation.source}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
};
