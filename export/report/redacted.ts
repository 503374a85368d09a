/** A report that says less of people and machines, by the rules of a redacted export (export/redact.ts). */
import { UserError } from '../../collector/errors.ts';
import { compareValues } from '../../collector/order.ts';
import type { Table, Value } from '../../collector/table.ts';
import { severityRank } from '../../queries/query.ts';
import type { Db } from '../../store/database.ts';
import { ownTables } from '../own_tables.ts';
import { hmacOf } from '../pseudonyms.ts';
import { ColumnsByName, Redactor, applied, ruleOf } from '../redact.ts';
import type { Level } from '../redact.ts';
import type { ReportData } from './data.ts';
import type { Row, Told } from './tile.ts';

/** The level of each Mac of which the last look came redacted. What is redacted stays so. */
type Redacted = ReadonlyMap<string, string>;

/**
 * The Macs that are redacted already. Throws UserError where they and the others would be told at several levels: the same
 * account would be two.
 *
 * @param hostId The one Mac that is told of; null for all.
 */
export const redactedHosts = (db: Db, asked: Level | null, hostId: string | null): Redacted => {
  const rows = db
    .prepare('SELECT host_id, redaction FROM latest_snapshots WHERE :host IS NULL OR host_id = :host')
    .raw(true)
    .all({ host: hostId }) as [string, string | null][];
  const levels = new Set(rows.map(([, own]) => own ?? asked ?? 'none'));
  if (levels.size > 1) {
    const named = [...levels].map((level) => (level === 'none' ? 'not at all' : level)).toSorted();
    throw new UserError(
      `the snapshots are redacted in different ways: ${named.join(', ')}`,
      '--host makes the page of one Mac; merge those of one kind into a database of their own',
    );
  }
  return new Map(rows.flatMap(([id, own]) => (own === null ? [] : [[id, own] as const])));
};

export interface Redaction {
  readonly level: Level;
  readonly key: Uint8Array;
  readonly redacted: Redacted;
  readonly tables: readonly Table[];
}

const compareBy = (told: Told): ((a: Row, b: Row) => number) => {
  // By what names nobody first, and then by what is told: an order by names would tell where a name belongs.
  const open = Object.entries(told.tile.columns).filter(([, { privacy }]) => privacy === 'nobody');
  const compareOpen = (a: Row, b: Row): number => {
    for (const [name, { show }] of open) {
      const [one, other] = [a[name] ?? null, b[name] ?? null];
      const order =
        show === 'severity'
          ? severityRank(one) - severityRank(other)
          : show === 'time'
            ? compareValues(other, one)
            : compareValues(one, other);
      if (order !== 0) return order;
    }
    return 0;
  };
  return (a, b) => compareOpen(a, b) || compareValues(JSON.stringify(a), JSON.stringify(b));
};

/** The pseudonym of a Mac, as an export of the same key has it. */
export const hostPseudonym =
  ({ key, redacted }: Redaction): ((hostId: string) => string) =>
  (hostId) =>
    redacted.has(hostId) ? hostId : hmacOf(key)(hostId);

/** @param ofHost The one Mac that the rows are of, where they do not say it. */
export const redactData = (data: ReportData, redaction: Redaction, ofHost: string | null): ReportData => {
  const { level, key, redacted, tables } = redaction;
  const hmac = hmacOf(key);
  const columns = new ColumnsByName([...tables, ...ownTables]);
  const pseudonym = hostPseudonym(redaction);
  const redactRow = ({ tile }: Told, row: Row): Row => {
    const hostId = String(row['host_id'] ?? ofHost ?? '');
    if (redacted.has(hostId) || (redacted.size > 0 && hostId === '')) return row;
    const by = new Redactor(level, hmac, hostId, columns);
    const told = Object.entries(tile.columns).map(([name, { privacy }]) => [
      name,
      applied(ruleOf(privacy), row[name] ?? null, (other) => row[other] ?? null, by) as Value,
    ]);
    return Object.fromEntries(told) as Row;
  };
  const redactSql = (sql: string): string =>
    ofHost === null ? sql : sql.replaceAll(ofHost, pseudonym(ofHost));
  const tolds = [...data.tolds].map(([id, told]) => {
    const { tile } = told;
    const rows = told.rows.map((row) => redactRow(told, row));
    const unknown = tile.unknown === null ? null : { ...tile.unknown, sql: redactSql(tile.unknown.sql) };
    const isOfMany = tile.isList === true || 'host_id' in tile.columns || 'command_id' in tile.columns;
    return [
      id,
      {
        ...told,
        tile: { ...tile, sql: redactSql(tile.sql), unknown },
        rows: isOfMany ? rows.toSorted(compareBy(told)) : rows,
      },
    ] as const;
  });
  return { ...data, tolds: new Map(tolds) };
};
