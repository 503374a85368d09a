/** A store as it was at one moment after the other: the views are made once, and the moment is a value that they read. */
import { viewAsOf } from './as_of.ts';
import { quoteName } from './ddl.ts';
import { asOfViews } from './schema.ts';
import type { Store } from './store.ts';

const momentTable = '_moment';
const moment = `(SELECT m.time FROM temp.${momentTable} m)`;

/** To be made outside of a transaction: what it makes would go with one that fails. */
export class Moments {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
    store.db.exec(`CREATE TEMP TABLE ${momentTable} (time INTEGER)`);
    store.db.exec(`INSERT INTO temp.${momentTable} VALUES (0)`);
    viewAsOf(store, moment);
  }

  /** @param time Unix seconds. */
  show(time: number): void {
    this.#store.db.prepare(`UPDATE temp.${momentTable} SET time = ?`).run(time);
  }

  /** The plain names mean what is known now. */
  end(): void {
    const { db, tables } = this.#store;
    for (const name of asOfViews(tables, () => 0, 0).keys()) db.exec(`DROP VIEW temp.${quoteName(name)}`);
    db.exec(`DROP TABLE temp.${momentTable}`);
  }
}
