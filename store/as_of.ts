/** A store as it was known at a moment in the past. */
import { quoteName } from './ddl.ts';
import type { Store } from './file.ts';
import { asOfViews } from './schema.ts';

/** Makes the plain names mean a moment, for this connection alone. */
export const viewAsOf = ({ db, tables, tableIds }: Store, time: number): void => {
  for (const [name, sql] of asOfViews(tables, (table) => tableIds.get(table) ?? 0, time)) {
    db.exec(`CREATE TEMP VIEW ${quoteName(name)} AS\n${sql}`);
  }
};
