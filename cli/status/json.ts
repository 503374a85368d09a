/** The status for machines: one JSON object, written host by host. */
import type { JudgedHost, Surroundings } from './judge.ts';
import type { Totals } from './totals.ts';

/** The beginning; hosts follow, separated by commas. */
export const jsonBegin = ({
  now,
  path,
  bytes,
  walBytes,
  clockBehind,
  cursors,
  log,
}: Surroundings): string => {
  const head = {
    ...{
      version: 1,
      time: now,
      database: { path, bytes, wal_bytes: walBytes },
      clock_behind_seconds: clockBehind,
    },
    cursors: cursors.map(({ path: cursor, isThere, pending, oldestTime, isOld }) => ({
      ...{ path: cursor, is_there: isThere, pending_snapshots: pending },
      ...{ oldest_pending_time: oldestTime, is_old: isOld },
    })),
    log:
      log === null
        ? null
        : {
            path: log.path,
            last_error:
              log.error === null
                ? null
                : { time: log.error.time, message: log.error.text, is_last: log.error.isLast },
          },
  };
  return `${JSON.stringify(head).slice(0, -1)},"hosts":[`;
};

export const jsonHost = (host: JudgedHost): string =>
  JSON.stringify({
    ...{ host_id: host.hostId, name: host.name, last_time: host.lastTime, age_seconds: host.age },
    ...{ is_old: host.isOld, is_retired: host.isRetired, euid: host.euid, tool_version: host.toolVersion },
    ahead:
      host.ahead === null
        ? null
        : { collected_time: host.ahead.collectedTime, ingested_time: host.ahead.ingestedTime },
    tables: host.tables.map((table) => ({
      ...{ table_name: table.table, status: table.status, code: table.code, reason: table.reason },
      ...{ last_good_time: table.lastGoodTime, age_seconds: table.age },
      ...{ is_blind: table.isBlind, is_old: table.isOld },
    })),
  });

export const jsonEnd = (totals: Totals, exitCode: number): string => {
  const { hosts, retired, old, ahead, blind, oldTables } = totals;
  const tail = {
    totals: { hosts, retired, old, ahead, blind, old_tables: oldTables },
    exit_code: exitCode,
  };
  return `],${JSON.stringify(tail).slice(1)}\n`;
};
