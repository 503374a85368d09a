/**
 * The status in the text format of Prometheus. Times are told, not ages: the collector of node_exporter reads the file later than
 * it was written. A series for each host, and for each table of each host, is told up to a bound only.
 */
import type { JudgedHost, Surroundings } from './judge.ts';
import type { Totals } from './totals.ts';

/** docs/schedule.md names both. */
const mostHosts = 2_000;
const mostTableSeries = 2_500;

const label = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

type Labels = readonly (readonly [name: string, value: string])[];

class Metric {
  readonly name: string;
  readonly #help: string;
  readonly #lines: string[] = [];

  constructor(name: string, help: string) {
    this.name = `tokenquery_${name}`;
    this.#help = help;
  }

  add(value: number, labels: Labels = []): void {
    const shown = labels.map(([name, text]) => `${name}=${label(text)}`).join(',');
    this.#lines.push(`${this.name}${shown === '' ? '' : `{${shown}}`} ${value}`);
  }

  clear(): void {
    this.#lines.length = 0;
  }

  /** Nothing, where there is no sample. */
  text(): string {
    if (this.#lines.length === 0) return '';
    return `# HELP ${this.name} ${this.#help}\n# TYPE ${this.name} gauge\n${this.#lines.join('\n')}\n`;
  }
}

/** Takes hosts in turn, and keeps as many as are told. */
export class Exposition {
  readonly #lastSeen = new Metric('host_last_seen_timestamp_seconds', 'When a host was seen last.');
  readonly #blind = new Metric(
    'host_blind_tables',
    'Tables that the last look at a host did not wholly see.',
  );
  readonly #ahead = new Metric(
    'host_clock_ahead',
    '1 where the newest snapshot does not count, for a clock was ahead.',
  );
  readonly #tableSeen = new Metric(
    'table_last_seen_timestamp_seconds',
    'When a table of a host was seen last.',
  );
  readonly #tableBlind = new Metric(
    'table_blind',
    '1 where the last look at a host did not wholly see a table.',
  );
  #hosts = 0;
  #series = 0;

  add(host: JudgedHost): void {
    if (host.isRetired) return;
    this.#hosts += 1;
    if (this.#hosts > mostHosts) return;
    const labels: Labels = [
      ['host_id', host.hostId],
      ['host_name', host.name ?? ''],
    ];
    if (host.lastTime !== null) this.#lastSeen.add(host.lastTime, labels);
    this.#blind.add(host.tables.filter(({ isBlind }) => isBlind).length, labels);
    this.#ahead.add(host.ahead === null ? 0 : 1, labels);
    this.#series += host.tables.length;
    if (this.#series > mostTableSeries) return;
    for (const table of host.tables) {
      const own: Labels = [...labels, ['table', table.table]];
      if (table.lastGoodTime !== null) this.#tableSeen.add(table.lastGoodTime, own);
      this.#tableBlind.add(table.isBlind ? 1 : 0, own);
    }
  }

  text(around: Surroundings, totals: Totals, exitCode: number): string {
    const perHost = [this.#lastSeen, this.#blind, this.#ahead];
    const perTable = [this.#tableSeen, this.#tableBlind];
    // All or none: a part of them would look like all that there are.
    if (this.#hosts > mostHosts) for (const metric of perHost) metric.clear();
    if (this.#series > mostTableSeries) for (const metric of perTable) metric.clear();
    const leftOut = new Metric(
      'status_series_left_out',
      '1 where there are too many series of a kind to be told.',
    );
    leftOut.add(this.#hosts > mostHosts ? 1 : 0, [['per', 'host']]);
    leftOut.add(this.#series > mostTableSeries ? 1 : 0, [['per', 'table']]);
    return [
      ...commonMetrics(around, totals, exitCode),
      ...tableMetrics(totals),
      ...perHost,
      ...perTable,
      leftOut,
    ]
      .map((metric) => metric.text())
      .join('');
  }
}

const commonMetrics = (around: Surroundings, totals: Totals, exitCode: number): readonly Metric[] => {
  const { now, bytes, walBytes, clockBehind, cursors, log } = around;
  const one = (name: string, help: string, value: number | null): Metric => {
    const metric = new Metric(name, help);
    if (value !== null) metric.add(value);
    return metric;
  };
  const pending = new Metric('cursor_pending_snapshots', 'Snapshots that were not exported by a cursor.');
  const oldest = new Metric(
    'cursor_oldest_pending_timestamp_seconds',
    'When the oldest snapshot was stored that was not exported.',
  );
  for (const { path, pending: count, oldestTime } of cursors) {
    pending.add(count, [['cursor', path]]);
    if (oldestTime !== null) oldest.add(oldestTime, [['cursor', path]]);
  }
  const errorTime = log?.error?.time == null ? null : Date.parse(log.error.time) / 1000;
  return [
    one('status_timestamp_seconds', 'When this was written.', now),
    one('status_exit_code', 'The exit code of tokenquery status.', exitCode),
    one('database_bytes', 'Size of the database.', bytes),
    one('database_wal_bytes', 'Size of its write-ahead log.', walBytes),
    one('clock_behind_seconds', 'How much the clock is behind the newest snapshot.', clockBehind),
    one('hosts', 'Hosts in the database.', totals.hosts),
    one('hosts_retired', 'Hosts that were not seen for longer than --retired-after.', totals.retired),
    one('hosts_old', 'Hosts that were not seen for longer than --max-age.', totals.old),
    one('hosts_blind', 'Hosts of which not every table was wholly seen.', totals.blind),
    one('hosts_clock_ahead', 'Hosts whose newest snapshot does not count.', totals.ahead),
    one(
      'oldest_host_last_seen_timestamp_seconds',
      'The last look at the host that was not seen for longest.',
      totals.oldestTime,
    ),
    one('newest_host_last_seen_timestamp_seconds', 'The newest look at any host.', totals.newestTime),
    one('log_last_error_timestamp_seconds', 'The last error in the log.', errorTime),
    one(
      'log_ends_with_error',
      '1 where an error is the last that the log tells.',
      log === null ? null : log.error?.isLast === true ? 1 : 0,
    ),
    ...[pending, oldest],
  ];
};

const tableMetrics = ({ tables }: Totals): readonly Metric[] => {
  const hosts = new Metric('table_hosts', 'Hosts by the status of a table there.');
  const oldest = new Metric(
    'table_oldest_seen_timestamp_seconds',
    'The last look at a table on the host where it is oldest.',
  );
  for (const [table, { statuses, oldestGoodTime }] of tables) {
    for (const [status, count] of statuses)
      hosts.add(count, [
        ['table', table],
        ['status', status],
      ]);
    if (oldestGoodTime !== null) oldest.add(oldestGoodTime, [['table', table]]);
  }
  return [hosts, oldest];
};
