/** One thing that a report tells: a title, the statement behind it, its rows, and on how many Macs it is not known. */
import type { Privacy } from '../../collector/privacy.ts';
import type { Value } from '../../collector/table.ts';
import type { Preparing } from '../../store/database.ts';

/** How a value is shown. */
export type Show =
  | 'text'
  | 'number'
  | 'time'
  | 'host'
  | 'yes'
  | 'question'
  | 'severity'
  | 'sentence'
  | 'facts'
  | 'commands'
  | 'argv';

export interface TileColumn {
  readonly label: string;
  readonly privacy: Privacy;
  readonly show: Show;
  /** What an unknown value is called; NULL is never left out, and never drawn as none. */
  readonly ofNull?: string;
}

export interface Tile {
  readonly id: string;
  readonly title: string;
  /** What it says, and by which rule. */
  readonly says: string;
  /** One statement, which `tokenquery query --db FILE` answers with the same rows. */
  readonly sql: string;
  /** In the order of the statement. */
  readonly columns: Readonly<Record<string, TileColumn>>;
  /** Of how many Macs it cannot tell; null where that cannot be. */
  readonly unknown: { readonly sql: string; readonly says: string } | null;
  /** What stands where there are no rows. */
  readonly empty: string;
  /** Of a list that grows with the fleet, no more than so many rows are shown. */
  readonly isList?: true;
}

export type Row = Readonly<Record<string, Value>>;

/** A tile with what its statements answered. */
export interface Told {
  readonly tile: Tile;
  readonly rows: readonly Row[];
  /** Rows that are not shown. */
  readonly more: number;
  readonly unknown: number;
}

export const column = (
  label: string,
  privacy: Privacy,
  show: Show = 'text',
  ofNull?: string,
): TileColumn => ({ label, privacy, show, ...(ofNull === undefined ? {} : { ofNull }) });

/** A number of things. */
export const count = (label: string): TileColumn => column(label, 'nobody', 'number');

/** The Mac of a row. */
export const host = column('Mac', 'device', 'host');

/** Asks the statements of a tile. */
export const ask = (db: Preparing, tile: Tile, most: number): Told => {
  const rows: Row[] = [];
  let more = 0;
  const answer = db.prepare(tile.sql).safeIntegers(false).iterate() as IterableIterator<Row>;
  for (const row of answer)
    if (tile.isList === true && rows.length >= most) more += 1;
    else rows.push(row);
  const unknown = tile.unknown === null ? 0 : (db.prepare(tile.unknown.sql).pluck().get() as number | null);
  return { tile, rows, more, unknown: unknown ?? 0 };
};
