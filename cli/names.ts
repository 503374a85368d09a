/** The names that a statement may use, for messages that suggest the near one; a store may have more. */
import { allColumns } from '../collector/table.ts';
import type { Names } from '../queries/evaluate.ts';
import { tables } from '../tables/index.ts';

export const names: Names = {
  tables: tables.map(({ name }) => name),
  columns: [...new Set(tables.flatMap((table) => allColumns(table).map(([name]) => name)))],
};
