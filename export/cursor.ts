/**
 * What has been exported before. docs/siem.md explains it.
 *
 * A snapshot may come late, by a merge, from a clock that was wrong, or both: neither the time at which it was
 * collected nor that at which it was stored tells whether it was exported. So the cursor knows the snapshots
 * themselves: by host and id for the days of which it has seen most lately, and by a count and a checksum for each day
 * before. An id without its host would be no name: a Mac that sends the id of another's snapshot would keep that from being
 * told. Where a checksum does not fit, the snapshots of that day are exported once more: rows are repeated then,
 * and none is left out.
 */
import { existsSync } from 'node:fs';
import { UserError } from '../collector/errors.ts';
import { fileFailure } from '../collector/file_failure.ts';
import { readRegular } from '../collector/files.ts';
import type { Db } from '../store/database.ts';
import { idsOfSeveralHosts, storedBetween, storedDays } from '../store/known_snapshots.ts';
import type { StoredDay } from '../store/known_snapshots.ts';
import type { Store } from '../store/store.ts';
import type { SeenEvent } from './seen_events.ts';
import type { ToldReports } from './told_reports.ts';
import { replaceFile } from './file_sink.ts';
import { lockBeside } from './lock.ts';

/** Count, and the sums of both halves of the ids. */
type Settled = readonly [count: number, low: number, high: number];

/** The ids of the snapshots of each host. */
type SeenIds = ReadonlyMap<string, ReadonlySet<number>>;

export interface Cursor {
  /** What was asked for: another choice needs another cursor. */
  readonly selection: string;
  /** What was seen, by the day on which it was stored. */
  readonly recent: ReadonlyMap<number, SeenIds>;
  /** The same, as a version before wrote it: of which host an id is, it does not say. */
  readonly nameless: ReadonlyMap<number, ReadonlySet<number>>;
  readonly settled: ReadonlyMap<number, Settled>;
  /** Of an export of what happened to findings: the last event that was seen. */
  readonly event: SeenEvent | null;
  /** Of an export that leaves out reports without news: what was told of each host last. */
  readonly reports: ToldReports;
}

const format = 'tokenquery-cursor';
const version = 2;
/** Its days have ids without their hosts. */
const namelessVersion = 1;
/** A hundred times that of 10,000 hosts with a year of daily snapshots. */
const maxCursorBytes = 256 * 1024 * 1024;

export const emptyCursor = (selection: string): Cursor => ({
  selection,
  recent: new Map(),
  nameless: new Map(),
  settled: new Map(),
  event: null,
  reports: new Map(),
});

const notACursor = (path: string): UserError =>
  new UserError(
    `${path} is not a cursor of tokenquery`,
    'it was not touched; name another file, and export makes it',
  );

interface CursorJson<Day = HostDay | NamelessDay> {
  readonly format: string;
  readonly version: number;
  readonly selection: string;
  /** What `recent` and `reports` count hosts by. */
  readonly hosts?: readonly string[];
  readonly recent: readonly Day[];
  readonly settled: readonly (readonly [number, number, number, number])[];
  readonly event?: SeenEvent;
  /** A version that does not know it drops it, and tells reports whole. */
  readonly reports?: readonly ReportOfHost[];
}

type NamelessDay = readonly [day: number, ids: readonly number[]];
type ReportOfHost = readonly [host: number, time: number, digest: string | null];
type HostDay = readonly [day: number, hosts: readonly (readonly [host: number, ...ids: number[]])[]];

const isListOf = <T>(list: unknown, isOne: (one: unknown) => one is T): list is T[] =>
  Array.isArray(list) && list.every(isOne);
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

const isEvent = (event: unknown): event is SeenEvent =>
  Array.isArray(event) && event.length === 2 && isNumber(event[0]) && typeof event[1] === 'string';

const isCursorJson = (json: Partial<CursorJson> | null): json is CursorJson =>
  typeof json === 'object' &&
  json?.format === format &&
  (json.event === undefined || isEvent(json.event)) &&
  (json.version === namelessVersion
    ? isListOf(json.recent, isNamelessDay)
    : isHosts(json) && areReports(json)) &&
  isListOf(
    json.settled,
    (one): one is CursorJson['settled'][number] => isListOf(one, isNumber) && one.length === 4,
  );

/** The text of a file; null where there is none. */
const textOf = (path: string): string | null =>
  existsSync(path) ? readRegular(path, maxCursorBytes).toString('utf8') : null;

const isNamelessDay = (one: unknown): one is NamelessDay =>
  Array.isArray(one) && one.length === 2 && isNumber(one[0]) && isListOf(one[1], isNumber);

const isHosts = ({ hosts, recent }: Partial<CursorJson>): boolean =>
  isListOf(hosts, (host): host is string => typeof host === 'string') &&
  isListOf(recent, (one): one is HostDay => {
    if (!Array.isArray(one) || one.length !== 2 || !isNumber(one[0])) return false;
    return isListOf(
      one[1],
      (own): own is HostDay[1][number] => isListOf(own, isNumber) && hosts[own[0] ?? -1] !== undefined,
    );
  });

const areReports = ({ hosts, reports = [] }: Partial<CursorJson>): boolean =>
  isListOf(
    reports,
    (one): one is ReportOfHost =>
      Array.isArray(one) &&
      one.length === 3 &&
      hosts?.[one[0] as number] !== undefined &&
      isNumber(one[1]) &&
      (one[2] === null || typeof one[2] === 'string'),
  );

/** The days of a cursor, by how its version has them. */
const daysOf = (json: CursorJson): Pick<Cursor, 'recent' | 'nameless'> => {
  const { hosts, recent } = json;
  if (json.version === namelessVersion) {
    const days = recent as readonly NamelessDay[];
    return { recent: new Map(), nameless: new Map(days.map(([day, ids]) => [day, new Set(ids)])) };
  }
  const seen = (own: HostDay[1]): SeenIds =>
    new Map(own.map(([host, ...ids]) => [hosts?.[host] ?? '', new Set(ids)]));
  return {
    recent: new Map((recent as readonly HostDay[]).map(([day, own]) => [day, seen(own)])),
    nameless: new Map(),
  };
};

/**
 * Keeps other exports from the cursor, and so from the files beside which it stands, until what is returned is
 * called. Two that shift the same older files at once would lose one. SQLite holds the lock, which ends with the
 * process, however that ends; the file itself stays, and is empty.
 */
export const lockCursor = (path: string): (() => void) =>
  lockBeside(path, `another export with the cursor ${path} is running`);

/** What a cursor says; null where there is none. Throws UserError for what is no cursor, or one of another version. */
const readCursorJson = (path: string): CursorJson | null => {
  let json: Partial<CursorJson> | null;
  try {
    const text = textOf(path);
    if (text === null) return null;
    json = JSON.parse(text) as Partial<CursorJson> | null;
  } catch (error) {
    throw error instanceof SyntaxError ? notACursor(path) : fileFailure(error, path, 'read');
  }
  const { version: own } = json ?? {};
  if (json?.format === format && isNumber(own) && own !== version && own !== namelessVersion) {
    throw new UserError(
      `${path} was written by another tokenquery (version ${own})`,
      'it was not touched; name another file',
    );
  }
  if (!isCursorJson(json)) throw notACursor(path);
  return json;
};

/** Whether there is a cursor. Throws as readCursor does. */
export const isCursorThere = (path: string): boolean => readCursorJson(path) !== null;

const cursorOf = (json: CursorJson): Cursor => ({
  selection: json.selection,
  ...daysOf(json),
  settled: new Map(json.settled.map(([day, ...sums]) => [day, sums])),
  event: json.event ?? null,
  reports: new Map(
    (json.reports ?? []).map(([host, time, digest]) => [json.hosts?.[host] ?? '', { time, digest }]),
  ),
});

/** A cursor, whatever it is for, and the hosts that it is for; null for all. One that is not there is null. */
export const readAnyCursor = (
  path: string,
): {
  readonly cursor: Cursor;
  readonly hosts: readonly string[] | null;
  /** It is of what happened to findings. */
  readonly isOfFindings: boolean;
} | null => {
  const json = readCursorJson(path);
  if (json === null) return null;
  try {
    const { hosts, what } = JSON.parse(json.selection) as { hosts?: unknown; what?: unknown };
    const isHost = (one: unknown): one is string => typeof one === 'string';
    return {
      cursor: cursorOf(json),
      hosts: isListOf(hosts, isHost) ? hosts : null,
      isOfFindings: what === 'finding-events',
    };
  } catch {
    throw notACursor(path);
  }
};

/** Reads a cursor; one that is not there has seen nothing. */
export const readCursor = (path: string, selection: string): Cursor => {
  const json = readCursorJson(path);
  if (json === null) return emptyCursor(selection);
  if (json.selection !== selection) {
    throw new UserError(
      `${path} belongs to an export of another format, or of other tables or hosts, or with another redaction`,
      'each export needs a cursor of its own, or rows would be left out: name another file',
    );
  }
  return cursorOf(json);
};

export const writeCursor = (path: string, { selection, recent, settled, event, reports }: Cursor): void => {
  // Each host is named once.
  const seenHosts = [...recent.values()].flatMap((seen) => [...seen.keys()]);
  const hosts = [...new Set([...seenHosts, ...reports.keys()])];
  const numberOf = new Map(hosts.map((host, index) => [host, index]));
  const json: CursorJson<HostDay> = {
    format,
    version,
    selection,
    hosts,
    recent: [...recent].map(([day, seen]) => [
      day,
      Array.from(seen, ([host, ids]) => [numberOf.get(host) ?? 0, ...ids]),
    ]),
    settled: [...settled].map(([day, sums]) => [day, ...sums]),
    ...(event === null ? {} : { event }),
    ...(reports.size === 0
      ? {}
      : {
          reports: Array.from(reports, ([host, { time, digest }]): ReportOfHost => [
            numberOf.get(host) ?? 0,
            time,
            digest,
          ]),
        }),
  };
  const text = `${JSON.stringify(json)}\n`;
  if (textOf(path) === text) return;
  replaceFile(path, text);
};

export interface News {
  /** Snapshots that were not exported before, by host, and the time of the oldest of them. */
  readonly hosts: ReadonlyMap<string, { readonly ids: ReadonlySet<number>; readonly since: number }>;
  /** The cursor after they are exported. */
  readonly next: Cursor;
}

/** So many ids are kept one by one; the days of older ones are kept as a checksum. */
const idsToKeep = 100_000;

const low = 4_294_967_296;
const sumsOf = (seen: SeenIds): Settled => {
  let [count, lowSum, highSum] = [0, 0, 0];
  for (const ids of seen.values()) {
    count += ids.size;
    for (const id of ids) {
      lowSum += id % low;
      highSum += Math.floor(id / low);
    }
  }
  return [count, lowSum, highSum];
};

const sizeOf = (seen: SeenIds): number => [...seen.values()].reduce((sum, ids) => sum + ids.size, 0);

/** By host: the snapshots that a cursor has not seen. */
type NewHosts = Map<string, { readonly ids: Set<number>; since: number }>;

/** The days of a store that are not as a cursor has them. */
const changedDays = (days: readonly StoredDay[], cursor: Cursor): ReadonlySet<number> => {
  const fits = (sums: Settled, other: Settled | undefined): boolean =>
    other !== undefined && other.every((sum, index) => sum === sums[index]);
  const isSame = (day: number, sums: Settled): boolean => {
    // Read anew, so that the next cursor has their hosts.
    if (cursor.nameless.has(day)) return false;
    const known = cursor.recent.get(day);
    return fits(sums, known === undefined ? cursor.settled.get(day) : sumsOf(known));
  };
  return new Set(days.filter(([day, ...sums]) => !isSame(day, sums)).map(([day]) => day));
};

const put = (seen: Map<string, Set<number>>, hostId: string, id: number): void => {
  const ids = seen.get(hostId);
  if (ids === undefined) seen.set(hostId, new Set([id]));
  else ids.add(id);
};

/** Whether a cursor has a snapshot. An id without its host that two hosts have now is that of neither: both are told. */
const toldBy = (db: Db, cursor: Cursor): ((day: number, hostId: string, id: number) => boolean) => {
  const { recent, nameless } = cursor;
  if (nameless.size === 0) return (day, hostId, id) => recent.get(day)?.get(hostId)?.has(id) === true;
  const doubtful = idsOfSeveralHosts(db);
  return (day, _hostId, id) => nameless.get(day)?.has(id) === true && !doubtful.has(id);
};

/** Reads the days that changed: the ids of each, and what of them is new. */
const readDays = (
  db: Db,
  changed: ReadonlySet<number>,
  cursor: Cursor,
  isWanted: (hostId: string) => boolean,
): { readonly seenOfDay: ReadonlyMap<number, SeenIds>; readonly hosts: NewHosts } => {
  const seenOfDay = new Map([...changed].map((day) => [day, new Map<string, Set<number>>()]));
  const hosts: NewHosts = new Map();
  if (changed.size === 0) return { seenOfDay, hosts };
  const isTold = toldBy(db, cursor);
  for (const [day, hostId, id, time, isSilent] of storedBetween(
    db,
    Math.min(...changed),
    Math.max(...changed),
  )) {
    const seen = seenOfDay.get(day);
    if (seen === undefined) continue;
    put(seen, hostId, id);
    if (isTold(day, hostId, id) || !isWanted(hostId)) continue;
    const host = hosts.get(hostId);
    // Read by a newer version of the program, the same evidence has no news; nor has what does not count.
    const since = isSilent === 1 ? Infinity : time;
    if (host === undefined) hosts.set(hostId, { ids: new Set([id]), since });
    else {
      host.ids.add(id);
      host.since = Math.min(host.since, since);
    }
  }
  return { seenOfDay, hosts };
};

/** The newest days are kept id by id, as many as there is room for, and the others as a checksum. */
const settle = (
  days: readonly StoredDay[],
  seenOfDay: ReadonlyMap<number, SeenIds>,
  cursor: Cursor,
  keep: number,
): Cursor => {
  const recent = new Map<number, SeenIds>();
  const settled = new Map<number, Settled>();
  let kept = 0;
  for (const [day, ...sums] of days) {
    const seen = seenOfDay.get(day) ?? cursor.recent.get(day);
    const size = seen === undefined ? 0 : sizeOf(seen);
    if (seen !== undefined && (kept === 0 || kept + size <= keep)) {
      recent.set(day, seen);
      kept += size;
    } else settled.set(day, sums);
  }
  const { selection, reports } = cursor;
  return { selection, recent, nameless: new Map(), settled, event: null, reports };
};

/** Compares a store with a cursor. The caller holds a transaction, so that nothing comes in between. */
export const newsSince = (
  { db }: Pick<Store, 'db'>,
  cursor: Cursor,
  hostIds: readonly string[] | null,
  keep: number = idsToKeep,
): News => {
  const wanted = hostIds === null ? null : new Set(hostIds);
  const days = storedDays(db);
  const { seenOfDay, hosts } = readDays(
    db,
    changedDays(days, cursor),
    cursor,
    (hostId) => wanted === null || wanted.has(hostId),
  );
  return {
    hosts: new Map([...hosts].sort(([a], [b]) => (a < b ? -1 : 1))),
    next: settle(days, seenOfDay, cursor, keep),
  };
};
