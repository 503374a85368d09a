/** Writes what was measured: as a table for people, and into results.md, where a run replaces the lines that it measured. */
import { exponentOf, isTooSteep, judge } from './judge.ts';
import type { Limit, Line, Measured, Peer, Work } from './line.ts';

/** One work at one size, after its rounds. Null is missing, and `why` says why. */
export interface Outcome {
  readonly size: number;
  readonly work: Work;
  readonly ours: Measured | null;
  readonly theirs: ReadonlyMap<string, Measured>;
  /** Peers that could not be run, and why. */
  readonly missing: ReadonlyMap<string, string>;
}

const heading = ['work', 'ours', 'against', 'theirs', 'ratio, figure', 'target', 'held'] as const;
type Row = readonly [string, string, string, string, string, string, string];

const none = '–';

const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const time = (seconds: number): string =>
  seconds >= 1 ? `${number(seconds)} s` : `${number(seconds * 1000)} ms`;
const size = (bytes: number): string =>
  bytes >= 1e6
    ? `${number(bytes / 1e6)} MB`
    : bytes >= 1e3
      ? `${number(bytes / 1e3)} kB`
      : `${Math.round(bytes)} B`;

const told = ({ seconds, processor, megabytes, bytes }: Measured): string =>
  [
    time(seconds),
    ...(processor === null ? [] : [`CPU ${time(processor)}`]),
    ...(megabytes === null ? [] : [`${megabytes.toFixed(0)} MB`]),
    ...(bytes === undefined ? [] : [`writes ${size(bytes)}`]),
  ].join(', ');

const units: Readonly<Record<Limit['figure'], (value: number, unit: string) => string>> = {
  seconds: time,
  processor: (value) => `CPU ${time(value)}`,
  megabytes: (value) => `${number(value)} MB`,
  bytes: size,
  rate: (value, unit) => `${number(value)} ${unit}/s`,
  each: (value, unit) => `${size(value)} for each of the ${unit}`,
};

const targetOf = (limit: Limit, unit: string): string => {
  const say = (value: number): string =>
    limit.of === undefined ? units[limit.figure](value, unit) : `${value}`;
  const of = limit.of === undefined || limit.figure === 'seconds' ? '' : ` of ${limit.figure}`;
  return limit.most === undefined ? `≥ ${say(limit.least ?? 0)}${of}` : `≤ ${say(limit.most)}${of}`;
};

const heldWord = (isHeld: boolean | null, isJudged: boolean): string =>
  !isJudged ? 'not judged' : isHeld === null ? 'not known' : isHeld ? 'yes' : '**no**';

/** Of ours to theirs where there is no target: by the clock, and by the processors where other programs run beside. */
const ratioOf = (ours: Measured, theirs: Measured): string => {
  const ratio = number(ours.seconds / theirs.seconds);
  return ours.processor === null || theirs.processor === null || theirs.processor === 0
    ? ratio
    : `${ratio} (CPU ${number(ours.processor / theirs.processor)})`;
};

const limitRow = (
  outcome: Outcome,
  limit: Limit,
  ours: Measured,
  isJudged: boolean,
): Pick<Record<'ratio' | 'target' | 'held', string>, 'ratio' | 'target' | 'held'> => {
  const { work, theirs } = outcome;
  const peer = limit.of === undefined ? null : (theirs.get(limit.of) ?? null);
  const { value, isHeld } = judge(limit, ours, peer, work.amount);
  const unit = work.amount?.unit ?? '';
  const shown =
    value === null
      ? none
      : limit.of === undefined
        ? units[limit.figure](value, unit)
        : limit.figure === 'seconds' && limit.most !== undefined && peer !== null
          ? ratioOf(ours, peer)
          : number(value);
  const isTarget = limit.most !== undefined || limit.least !== undefined;
  return isTarget
    ? { ratio: shown, target: targetOf(limit, unit), held: heldWord(isHeld, isJudged) }
    : { ratio: shown, target: none, held: none };
};

const peerRows = (
  outcome: Outcome,
  { name }: Peer,
  isJudged: boolean,
): readonly (readonly [string, string, string, string, string])[] => {
  const { ours, theirs, missing, work } = outcome;
  const measured = theirs.get(name);
  if (measured === undefined) return [[name, missing.get(name) ?? 'not run', none, none, 'not known']];
  const limits = (work.limits ?? []).filter(({ of }) => of === name);
  if (ours === null) return [];
  if (limits.length === 0) return [[name, told(measured), ratioOf(ours, measured), none, none]];
  return limits.map((limit) => {
    const { ratio, target, held } = limitRow(outcome, limit, ours, isJudged);
    return [name, told(measured), ratio, target, held] as const;
  });
};

/** The rows of one work at one size. */
const rowsOf = (outcome: Outcome, unit: string, isJudged: boolean): readonly Row[] => {
  const { work, ours, size: at } = outcome;
  const name = unit === '' ? work.name : `${work.name}, ${at.toLocaleString('en')} ${unit}`;
  if (ours === null) return [[name, `not run: ${work.missing ?? ''}`, none, none, none, none, 'not known']];
  const alone = (work.limits ?? []).filter(({ of }) => of === undefined);
  const rows = [
    ...(work.peers ?? []).flatMap((peer) => peerRows(outcome, peer, isJudged)),
    ...alone.map((limit) => {
      const { ratio, target, held } = limitRow(outcome, limit, ours, isJudged);
      return [none, none, ratio, target, held] as const;
    }),
  ];
  const shown = rows.length === 0 ? [[none, none, none, none, none] as const] : rows;
  return shown.map(([...cells], index) => [index === 0 ? name : '', index === 0 ? told(ours) : '', ...cells]);
};

/** A line for each work that was measured at more than one size: its processor time, and how it grows. */
const growthOf = (outcomes: readonly Outcome[], unit: string): readonly string[] => {
  const byWork = Map.groupBy(
    outcomes.filter(({ work }) => work.grows !== false),
    ({ work }) => work.name,
  );
  return [...byWork].flatMap(([name, all]) => {
    const points = all.flatMap(({ size: at, ours }): (readonly [number, number])[] =>
      ours === null ? [] : [[at, ours.processor ?? ours.seconds]],
    );
    if (points.length < 2) return [];
    const steps = points.map((point, index) => {
      const at = `${point[0].toLocaleString('en')}: ${time(point[1])}`;
      const before = points[index - 1];
      if (before === undefined) return at;
      const exponent = exponentOf(before, point);
      return `${at} (${exponent.toFixed(2)}${isTooSteep(before, point) ? ' **grows faster than its input**' : ''})`;
    });
    return [`- ${name}, by ${unit}: ${steps.join(', ')}`];
  });
};

const widthOf = (rows: readonly (readonly string[])[], column: number): number =>
  Math.max(...rows.map((row) => (row[column] ?? '').length));

const tableText = (rows: readonly Row[]): string => {
  const all = [heading, ...rows];
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widthOf(all, column))).join(' | ')} |`;
  const rule = `| ${heading.map((_, column) => '-'.repeat(widthOf(all, column))).join(' | ')} |`;
  return [line(heading), rule, ...rows.map(line)].join('\n');
};

const titleOf = ({ number: at, name, title }: Pick<Line, 'number' | 'name' | 'title'>): string =>
  `## ${at} ${name}: ${title}`;

export interface Section {
  readonly number: number;
  readonly text: string;
}

/** The section of one line. */
export const sectionOf = (
  line: Line,
  outcomes: readonly Outcome[],
  circumstances: string,
  isJudged: boolean,
): Section => {
  const { unit } = line.sizes;
  // What is compared with nothing is shown at its largest size; how it grows is told below.
  const largest = Math.max(...outcomes.map((outcome) => outcome.size));
  const rows = outcomes
    .filter(
      ({ size: at, work: { peers = [], limits = [] } }) => at === largest || peers.length + limits.length > 0,
    )
    .flatMap((outcome) => rowsOf(outcome, unit, isJudged));
  const growth = growthOf(outcomes, unit);
  const parts = [
    titleOf(line),
    `What bounds it: ${line.least}.`,
    circumstances,
    tableText(rows),
    ...(growth.length === 0
      ? []
      : [`CPU time at each size, and the exponent from the size before it:\n\n${growth.join('\n')}`]),
  ];
  return { number: line.number, text: parts.join('\n\n') };
};

const head = [
  '# Measured',
  '',
  '`npm run bench` writes this file; a run by name replaces its lines alone. [docs/performance.md](../docs/performance.md) explains it.',
  'Of each run the best of some rounds counts, ours and theirs in turn. A ratio is ours ÷ theirs; with a target of at least so much',
  'it is theirs ÷ ours: how many times quicker or smaller. CPU is the time of all processors, which other programs disturb less.',
].join('\n');

/** The sections of a results.md. */
const sectionsIn = (text: string): readonly Section[] =>
  text.split(/^(?=## \d+ )/m).flatMap((part) => {
    const at = /^## (\d+) /.exec(part)?.[1];
    return at === undefined ? [] : [{ number: Number(at), text: part.trimEnd() }];
  });

/** A results.md in which these sections stand in place of those of the same lines. */
export const merged = (before: string, sections: readonly Section[]): string => {
  const all = new Map(sectionsIn(before).map((section) => [section.number, section]));
  for (const section of sections) all.set(section.number, section);
  const texts = [...all.values()].toSorted((a, b) => a.number - b.number).map(({ text }) => text);
  return `${[head, ...texts].join('\n\n')}\n`;
};
