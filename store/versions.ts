/** How new a reading of evidence is: a number that orders what several versions of the program read. */
import type { Table } from '../collector/table.ts';
import type { Db } from './database.ts';

/** A version as a number that orders versions: 0.2.0 is 2,000; what is no version is 0. */
export const versionRank = (version: string): number => {
  const [, major, minor, patch] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\b/.exec(version) ?? [];
  return major === undefined ? 0 : Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch);
};

/** Of two versions the older; of two that are none, or equal, always the same. */
export const olderOf = (a: string, b: string): string => {
  const order = versionRank(a) - versionRank(b);
  return order < 0 || (order === 0 && a < b) ? a : b;
};

const columnsAtMost = 100_000;

/**
 * How new a reading is: by the version of the program, then by how many columns it knew. An older program that passes a
 * snapshot on may have left out what it does not know.
 */
export const readingOf = (version: string, columns: number): number =>
  versionRank(version) * columnsAtMost + Math.min(columns, columnsAtMost - 1);

/** The version rank of a reading. */
export const rankOf = (reading: number): number => Math.floor(reading / columnsAtMost);

/** In SQL: an older version read the evidence of this snapshot too. */
export const isReadAnew = (snapshot: string): string =>
  `EXISTS (SELECT 1 FROM main._snapshot o WHERE o.host = ${snapshot}.host AND o.collected_time = ${snapshot}.collected_time ` +
  `AND o.euid IS ${snapshot}.euid AND o.redaction IS ${snapshot}.redaction ` +
  `AND o.reading / ${columnsAtMost} < ${snapshot}.reading / ${columnsAtMost})`;

/** Fills in the readings of a file that did not have them. The caller holds the transaction. */
export const fillReadings = (db: Db, tables: readonly Table[]): void => {
  const widths = new Map(tables.map(({ name, columns }) => [name, Object.keys(columns).length]));
  const namesOf = db.prepare(
    'SELECT t.name, json_array_length(l.columns_absent) AS absent FROM _look_table l JOIN _table t ON t.tab = l.tab WHERE l.look = ?',
  );
  const rows = db
    .prepare('SELECT DISTINCT tool_version AS version, look FROM _snapshot WHERE reading = 0')
    .all() as { version: string; look: number }[];
  const fill = db.prepare('UPDATE _snapshot SET reading = ? WHERE tool_version = ? AND look = ?');
  for (const { version, look } of rows) {
    const known = namesOf.all(look) as { name: string; absent: number | null }[];
    const columns = known.reduce((sum, { name, absent }) => sum + (widths.get(name) ?? 0) - (absent ?? 0), 0);
    fill.run(readingOf(version, columns), version, look);
  }
};
