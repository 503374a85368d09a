/** What there is to say of all hosts together, counted while they go by. */
import type { JudgedHost, JudgedTable, Surroundings } from './judge.ts';

interface TableTotal {
  /** Hosts by the status of the table there. */
  readonly statuses: Map<string, number>;
  oldestGoodTime: number | null;
}

export interface Totals {
  hosts: number;
  retired: number;
  old: number;
  ahead: number;
  /** Hosts on which not every table was wholly seen. */
  blind: number;
  /** Hosts with a table that was not seen for longer than --max-age, while the host was. */
  oldTables: number;
  oldestTime: number | null;
  newestTime: number | null;
  readonly tables: Map<string, TableTotal>;
}

export const noTotals = (): Totals => ({
  ...{ hosts: 0, retired: 0, old: 0, ahead: 0, blind: 0, oldTables: 0 },
  ...{ oldestTime: null, newestTime: null, tables: new Map() },
});

const earlier = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);

/** What a table is called that the last snapshot does not have. */
export const statusOf = ({ status }: JudgedTable): string => status ?? 'not_collected';

const addTable = (totals: Totals, table: JudgedTable): void => {
  let total = totals.tables.get(table.table);
  if (total === undefined) {
    total = { statuses: new Map(), oldestGoodTime: null };
    totals.tables.set(table.table, total);
  }
  const status = statusOf(table);
  total.statuses.set(status, (total.statuses.get(status) ?? 0) + 1);
  total.oldestGoodTime = earlier(total.oldestGoodTime, table.lastGoodTime);
};

export const addHost = (totals: Totals, host: JudgedHost): void => {
  totals.hosts += 1;
  if (host.isRetired) {
    totals.retired += 1;
    return;
  }
  if (host.isOld) totals.old += 1;
  if (host.ahead !== null) totals.ahead += 1;
  if (host.tables.some(({ isBlind }) => isBlind)) totals.blind += 1;
  if (host.tables.some(({ isOld }) => isOld)) totals.oldTables += 1;
  totals.oldestTime = earlier(totals.oldestTime, host.lastTime);
  if (host.lastTime !== null) totals.newestTime = Math.max(totals.newestTime ?? 0, host.lastTime);
  for (const table of host.tables) addTable(totals, table);
};

/** Seconds. Clocks that differ by no more tell ages well enough for anybody who counts in hours. */
const usualSkew = 300;

/** Whether no age can be told: what was seen last is dated later than it is here. */
export const areAgesUnknown = ({ clockBehind }: Surroundings): boolean => clockBehind > usualSkew;

/** Something was seen too long ago, or waits too long to be exported. */
export const isAnyOld = ({ old, oldTables }: Totals, { cursors }: Surroundings): boolean =>
  old > 0 || oldTables > 0 || cursors.some(({ isOld }) => isOld);

/** There is no host of which anything is expected: a database that is empty, or that nobody feeds any more. */
export const isNoneInUse = ({ hosts, retired }: Totals): boolean => hosts === retired;

/** Something was not seen, or does not count, or the last run ended with an error. */
export const isAnyUnseen = (totals: Totals, { clockBehind, log }: Surroundings): boolean =>
  isNoneInUse(totals) ||
  totals.blind > 0 ||
  totals.ahead > 0 ||
  clockBehind > 0 ||
  log?.error?.isLast === true;
