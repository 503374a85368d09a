/**
 * Days of a planted fleet, as a centre lives through them: snapshots come late, together and twice; FileVault goes off and on
 * again, and on some hosts somebody accepts that for a time. What the store and every export tell of it is held against what was
 * planted. `node test/queries/year.ts [HOSTS [DAYS]]` lives through a year of a hundred hosts; year.test.ts through less. Constructed.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseExceptions } from '../../queries/exceptions.ts';
import { queries } from '../../queries/index.ts';
import { Overlay } from '../../queries/overlay.ts';
import { isAboutSeeing } from '../../queries/reviewed.ts';
import { judgePending } from '../../queries/judging.ts';
import { askProgram } from '../../scripts/ask.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { day, now } from './constructed.ts';
import { snapshotsOf } from './life.ts';

const question = 'filevault_off';
const formats = ['native', 'json', 'csv', 'osquery', 'ocsf', 'ecs', 'hec'] as const;

/** How a format says that something happened to the question: its word, in one group. */
const saidBy: Readonly<Record<(typeof formats)[number], RegExp>> = {
  native: /"event":"([a-z]+)"[^\n]*?"query_name":"filevault_off"/g,
  json: /"event":"([a-z]+)"[^\n]*?"query_name":"filevault_off"/g,
  csv: /^([a-z]+),\d+,[0-9a-f]{64},filevault_off,/gm,
  osquery: /"event":"([a-z]+)"[^\n]*?"query_name":"filevault_off"/g,
  ocsf: /"class_uid":2003[^\n]*?"status":"(New|In Progress|Suppressed|Resolved|Withdrawn)"[^\n]*?"control":"filevault_off"/g,
  ecs: /"action":"finding-([a-z]+)"[^\n]*?"id":"filevault_off"/g,
  hec: /"event":"([a-z]+)"[^\n]*?"query_name":"filevault_off"/g,
};
const ofOcsf: Readonly<Record<string, string>> = {
  New: 'new',
  'In Progress': 'expired',
  Suppressed: 'suppressed',
  Resolved: 'resolved',
  Withdrawn: 'withdrawn',
};

/** A source of numbers that are always the same. */
const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
};

const hostIdOf = (index: number): string =>
  `${index.toString(16).padStart(8, '0').toUpperCase()}-0000-4000-8000-000000000000`;

interface Plan {
  readonly hostId: string;
  /** By day. */
  readonly isOff: readonly boolean[];
  readonly isAccepted: (at: number) => boolean;
  readonly accepted: readonly [from: number, until: number] | null;
}

const planOf = (index: number, days: number, next: (below: number) => number): Plan => {
  let isOff = false;
  const accepted: Plan['accepted'] = index % 3 === 0 ? [next(days), next(days) + 3] : null;
  return {
    hostId: hostIdOf(index),
    isOff: Array.from({ length: days }, () => {
      if (next(4) === 0) isOff = !isOff;
      return isOff;
    }),
    accepted: accepted !== null && accepted[0] < accepted[1] ? accepted : null,
    isAccepted: (at) =>
      accepted !== null && accepted[0] < accepted[1] && at >= accepted[0] && at < accepted[1],
  };
};

/** What happens to the finding, from what was planted alone: `host day event`. */
const eventsOf = ({ hostId, isOff, isAccepted }: Plan): readonly string[] => {
  const events: string[] = [];
  let before: 'none' | 'open' | 'accepted' = 'none';
  for (const [at, is] of isOff.entries()) {
    const state = !is ? 'none' : isAccepted(at) ? 'accepted' : 'open';
    const event =
      state === before
        ? null
        : state === 'none'
          ? 'resolved'
          : state === 'accepted'
            ? 'suppressed'
            : before === 'none'
              ? 'new'
              : 'expired';
    if (event !== null) events.push(`${hostId} ${at} ${event}`);
    before = state;
  }
  return events;
};

const countsOf = (words: readonly string[]): Readonly<Record<string, number>> =>
  Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]).sort());

export interface Lived {
  readonly planted: readonly string[];
  readonly stored: readonly string[];
  /** How often each event was told by each format. */
  readonly told: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly withdrawn: number;
}

/** The other questions are nobody's in a long life: they take their time, and nothing was planted for them. */
const onlyTheQuestion = (): Overlay => {
  const overlay = new Overlay(queries);
  const changes = queries
    .filter((query) => query.name !== question && !isAboutSeeing(query))
    .map(({ name }) => ({ query: name, severity: 'off', owner: 'Mara Lindqvist', reason: 'Not planted.' }));
  overlay.add(JSON.stringify({ version: 1, changes }), 'off.json');
  return overlay;
};

/** Lives through the days of hosts, and returns what was planted, stored and told. */
export const live = async (hosts: number, days: number): Promise<Lived> => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-year-'));
  const path = join(folder, 'fleet.db');
  const next = numbers(1);
  const start = now - days * day;
  const plans = Array.from({ length: hosts }, (_, index) => planOf(index, days, next));
  const exceptions = plans.flatMap(({ hostId, accepted }) => {
    if (accepted === null) return [];
    const [from, until] = accepted.map((at) => new Date((start + at * day) * 1000).toISOString());
    return [
      {
        query: question,
        host: hostId,
        subject: 'host',
        owner: 'Mara Lindqvist',
        reason: 'A lab Mac.',
        from,
        until,
      },
    ];
  });
  const text = JSON.stringify({ version: 1, exceptions });
  const judgement = {
    overlay: hosts * days > 1000 ? onlyTheQuestion() : null,
    ...(exceptions.length === 0
      ? {}
      : { exceptions: parseExceptions(text, 'accepted.json', { queries, now: start }) }),
  };
  // By the night on which they reach the centre: up to six days late, some of them twice.
  const nights = new Map<number, Snapshot[]>();
  for (const { hostId, isOff } of plans) {
    const calm = { hasHiddenAdmin: false, isGuestOn: false, denied: null };
    for (const [at, snapshot] of snapshotsOf(
      hostId,
      isOff.map((isFilevaultOff) => ({ ...calm, isFilevaultOff })),
    ).entries()) {
      const late = next(4) === 0 ? next(7) : 0;
      for (const night of next(10) === 0 ? [at + late, at + late + 1] : [at + late])
        nights.set(night, [...(nights.get(night) ?? []), snapshot]);
    }
  }
  const told = new Map<string, string[]>(formats.map((format) => [format, []]));
  for (let night = 0; night < days + 9; night += 1) {
    const some = nights.get(night) ?? [];
    const store = openForWriting(path, tables);
    const since = new Map<string, number>();
    transact(store, () => {
      for (const [hostId, own] of Map.groupBy(some, ({ hostId: of }) => of)) {
        storeWriter(store.db, tables).add(own, now);
        since.set(hostId, Math.min(...own.map(({ collectedTime }) => collectedTime)));
      }
    });
    judgePending(store, since, judgement);
    store.close();
    if (night % 7 !== 6 && night !== days + 8) continue;
    for (const format of formats) {
      const output = join(folder, `${format}-${night}`);
      const cursor = join(folder, `${format}.cursor`);
      const { exitCode, stderr } = await askProgram([
        ...['export', '--db', path, '--finding-events', '--format', format],
        ...['--cursor', cursor, '--output', output],
      ]);
      if (exitCode !== 0) throw new Error(stderr);
      told.get(format)?.push(textOf(output));
    }
  }
  const store = openForWriting(path, tables);
  const rows = store.db
    .prepare(
      'SELECT host_id, event_time, event FROM finding_events WHERE query_name = ? ORDER BY host_id, event_time',
    )
    .raw(true)
    .all(question) as [string, number, string][];
  store.close();
  rmSync(folder, { recursive: true });
  const isKept = ([, , event]: [string, number, string]): boolean => event !== 'withdrawn';
  const words = new Map(
    [...told].map(([format, texts]) => [
      format,
      texts.flatMap((one) =>
        [...one.matchAll(saidBy[format as keyof typeof saidBy])].map(([, word = '']) => ofOcsf[word] ?? word),
      ),
    ]),
  );
  return {
    planted: plans.flatMap(eventsOf).toSorted(),
    stored: rows
      .filter(isKept)
      .map(([hostId, time, event]) => `${hostId} ${Math.round((time - start) / day)} ${event}`)
      .toSorted(),
    told: Object.fromEntries([...words].map(([format, all]) => [format, countsOf(all)])),
    withdrawn: rows.filter((row) => !isKept(row)).length,
  };
};

/** The text of an export: a file, or a folder with one for each table. */
const textOf = (output: string): string => {
  try {
    return readFileSync(output, 'utf8');
  } catch {
    try {
      return readdirSync(output)
        .map((name) => readFileSync(join(output, name), 'utf8'))
        .join('\n');
    } catch {
      // Nothing was new.
      return '';
    }
  }
};

if (import.meta.main) {
  const [hosts = 100, days = 365] = process.argv.slice(2).map(Number);
  const lived = await live(hosts, days);
  const isSame = JSON.stringify(lived.planted) === JSON.stringify(lived.stored);
  process.stdout.write(
    `${hosts} hosts, ${days} days: ${lived.planted.length} events planted, ${lived.stored.length} stored, ${isSame ? 'the same' : 'NOT the same'}; ${lived.withdrawn} withdrawn\n${JSON.stringify(lived.told)}\n`,
  );
  process.exitCode = isSame ? 0 : 1;
}
