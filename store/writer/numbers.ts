/** Rows keep the numbers that they have when their history is made anew, so that what did not change is not written. */
import type { OpenVersion } from '../history.ts';
import type { Cells } from '../snapshot.ts';

export class RowNumbers {
  readonly #keyOf: (cells: Cells) => string;
  readonly #free = new Map<string, number[]>();
  #last = 0;

  constructor(keyOf: (cells: Cells) => string, versions: readonly OpenVersion[]) {
    this.#keyOf = keyOf;
    for (const { rowNumber, cells } of versions) {
      this.#last = Math.max(this.#last, rowNumber);
      const key = keyOf(cells);
      const numbers = this.#free.get(key);
      if (numbers === undefined) this.#free.set(key, [rowNumber]);
      else if (!numbers.includes(rowNumber)) numbers.push(rowNumber);
    }
  }

  /** The number of a version is given to no other row. */
  take({ rowNumber, cells }: OpenVersion): void {
    const key = this.#keyOf(cells);
    const numbers = this.#free.get(key) ?? [];
    this.#free.set(
      key,
      numbers.filter((other) => other !== rowNumber),
    );
  }

  /** The number of a row: one that its key had, or a new one. */
  of(key: string): number {
    return this.#free.get(key)?.shift() ?? (this.#last += 1);
  }
}
