/** The status for people, at 80 columns: what is well in a line, and each thing that is not. */
import { isComplete } from '../../collector/status.ts';
import { plural } from '../../collector/plural.ts';
import { ageWords, failure, ok, printLines, sizeWords, unknown, warning } from '../doctor/report.ts';
import type { Line } from '../doctor/report.ts';
import { print, printRows } from '../output.ts';
import { isoSeconds } from '../time.ts';
import type { CursorState, JudgedHost, JudgedTable, Surroundings } from './judge.ts';
import { isNoneInUse, statusOf } from './totals.ts';
import type { Totals } from './totals.ts';

/** So many hosts are told of one by one; --json has all. */
const mostHosts = 20;

const since = (age: number | null): string => (age === null ? 'never' : `${ageWords(age)} ago`);

const tableWords = (table: JudgedTable, hostAge: number | null): string => {
  const says = `${table.table} ${statusOf(table).replaceAll('_', ' ')}`;
  if (table.age === null) return `${says} (never seen)`;
  // A partial one is as new as the host.
  return table.age === hostAge ? says : `${says} (last seen ${since(table.age)})`;
};

const nameOf = ({ hostId, name }: JudgedHost): string => (name === null ? hostId : `${hostId} (${name})`);

/** What is not as it should be with a host; null for nothing. */
const hostLine = (host: JudgedHost): Line | null => {
  if (host.isRetired) return null;
  const [says, todo]: [string[], string[]] = [[], []];
  if (host.isOld) {
    says.push(`last seen ${since(host.age)}`);
    todo.push('see whether it is on, and what its job says');
  }
  if (host.ahead !== null) {
    says.push(
      `its newest snapshot does not count: dated ${isoSeconds(host.ahead.collectedTime)}, stored ${isoSeconds(host.ahead.ingestedTime)}`,
    );
    todo.push('set its clock right');
  }
  const blind = host.tables.filter(({ isBlind }) => isBlind);
  if (blind.length > 0) {
    says.push(`not wholly seen: ${blind.map((table) => tableWords(table, host.age)).join(', ')}`);
    const reason = blind.find((table) => table.reason !== null)?.reason;
    if (reason != null) todo.push(`${reason}; table_status has the reasons`);
  }
  if (says.length === 0) return null;
  const isOld = host.isOld || blind.some((table) => table.isOld);
  return (isOld ? failure : warning)('host', `${nameOf(host)}: ${says.join('; ')}`, todo.join('; '));
};

/** Remembers the first hosts that there is something to say of. */
export class HostLines {
  readonly #lines: Line[] = [];
  #more = 0;
  /** The only host, where there is one. */
  #only: JudgedHost | null = null;
  #count = 0;

  add(host: JudgedHost): void {
    this.#count += 1;
    this.#only = this.#count === 1 ? host : null;
    const line = hostLine(host);
    if (line === null) return;
    if (this.#lines.length < mostHosts) this.#lines.push(line);
    else this.#more += 1;
  }

  get lines(): readonly Line[] {
    return this.#more === 0
      ? this.#lines
      : [...this.#lines, warning('host', `and ${this.#more} more hosts so: --json has all`)];
  }
  get only(): JudgedHost | null {
    return this.#only;
  }
}

const cursorLine = ({ path, isThere, pending, oldestTime, isOld }: CursorState, now: number): Line => {
  if (pending === 0) return ok('cursor', `${path}: all is exported`);
  const says = `${path}: ${plural(pending, 'snapshot')} not exported, the oldest stored ${since(oldestTime === null ? null : now - oldestTime)}`;
  const what = isThere ? says : `${says}; it is not there: nothing was exported by it yet`;
  return isOld ? failure('cursor', what, 'see what the export says') : ok('cursor', what);
};

const logLine = ({ path, error }: NonNullable<Surroundings['log']>): Line => {
  if (error === null) return ok('log', `${path}: no error in its end`);
  const says = `${path}: the last error${error.time === null ? '' : `, of ${error.time}`}: ${error.text}`;
  return error.isLast
    ? warning('log', says, 'the line after it has the hint')
    : ok('log', `${says}; runs went well since`);
};

/** Tables that some host does not show wholly, where there are many hosts. */
const tableLines = ({ hosts, retired, tables }: Totals, now: number): readonly Line[] =>
  [...tables]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([table, { statuses, oldestGoodTime }]) => {
      const bad = [...statuses].filter(([status]) => !isComplete(status));
      if (bad.length === 0) return [];
      const counts = bad.map(([status, count]) => `${status.replaceAll('_', ' ')} on ${count}`).join(', ');
      const seen =
        oldestGoodTime === null ? 'never seen' : `the oldest good look ${since(now - oldestGoodTime)}`;
      return [warning('table', `${table}: ${counts} of ${plural(hosts - retired, 'host')}; ${seen}`)];
    });

const hostsLine = (totals: Totals, now: number): Line => {
  const { hosts, retired, old, oldestTime, newestTime } = totals;
  if (hosts === 0)
    return warning('hosts', 'the database holds no snapshot that counts', 'run snapshot or merge');
  if (isNoneInUse(totals))
    return warning(
      'hosts',
      `${plural(hosts, 'host')}, of which none is in use: not seen for longer than --retired-after`,
      'is anything still stored here? see what the job says',
    );
  const left = retired === 0 ? '' : `, ${retired} of them out of use`;
  if (newestTime === null || oldestTime === null)
    return unknown('hosts', `${plural(hosts, 'host')}${left}; no look at one counts`);
  const span =
    hosts - retired === 1
      ? `last seen ${since(Math.max(0, now - newestTime))}`
      : `the newest look ${since(Math.max(0, now - newestTime))}, the oldest ${since(Math.max(0, now - oldestTime))}`;
  const says = `${plural(hosts, 'host')}${left}; ${span}`;
  return old > 0 ? failure('hosts', `${says}; ${old} older than --max-age`) : ok('hosts', says);
};

/** Prints all of it. */
export const printStatus = (around: Surroundings, totals: Totals, hosts: HostLines): void => {
  const { now, path, bytes, walBytes, clockBehind, cursors, log } = around;
  const wal = walBytes === 0 ? '' : `, and ${sizeWords(walBytes)} in its log`;
  printLines([
    ok('database', `${path}: ${sizeWords(bytes)}${wal}`),
    ...(clockBehind === 0
      ? []
      : [
          warning(
            'clock',
            `the clock here is ${ageWords(clockBehind)} behind the newest snapshot: one of the two is wrong, and ages too`,
            'set the clock right',
          ),
        ]),
    hostsLine(totals, now),
    ...(totals.hosts > 1 ? tableLines(totals, now) : []),
    ...hosts.lines,
    ...cursors.map((cursor) => cursorLine(cursor, now)),
    ...(log === null ? [] : [logLine(log)]),
  ]);
  const { only } = hosts;
  if (only === null || only.tables.length === 0) return;
  print('\n');
  printRows(
    'pretty',
    ['table', 'status', 'last_seen'],
    only.tables.map((table) => [table.table, statusOf(table), since(table.age)]),
  );
};
