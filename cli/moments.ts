/** Which columns of an answer are moments: people read dates. */
import { allColumns } from '../collector/table.ts';
import { tables } from '../tables/index.ts';
import { isShown } from './screen.ts';
import { noTimes } from './table_text.ts';
import type { Times } from './table_text.ts';

/** What SQLite says of a column of an answer. */
interface Origin {
  readonly name: string;
  /** The column of a table that it shows as it is; null where it is calculated. */
  readonly column: string | null;
}

/** Of what only a database of snapshots has (docs/store.md). */
const timesOfStore = [
  ...['collected_time', 'ingested_time', 'change_time', 'last_good_time'],
  ...['valid_from_time', 'valid_until_time'],
];

/** The names under which a moment is declared, and never anything else. */
const timeNames = (): ReadonlySet<string> => {
  const declared = tables.flatMap((table) =>
    allColumns(table).map(([name, { unit }]) => ({ name, isTime: unit === 'unix_seconds' })),
  );
  const others = new Set(declared.filter(({ isTime }) => !isTime).map(({ name }) => name));
  const times = declared.filter(({ name, isTime }) => isTime && !others.has(name)).map(({ name }) => name);
  return new Set([...timesOfStore, ...times]);
};

/** The columns that are dates for people; none where it is no person who reads. */
export const momentsIn = (columns: readonly Origin[], isRaw: boolean): Times => {
  if (isRaw || !isShown()) return noTimes;
  const names = timeNames();
  // Behind the views of a database are columns of other names (docs/store.md).
  const declared = ({ name, column }: Origin): string =>
    column === null || column.startsWith('_') ? name : column;
  return new Set(columns.flatMap((column, index) => (names.has(declared(column)) ? [index] : [])));
};
