/** How a shell wants answers to be shown; of a command line alone, nothing is asked. */

export interface Shown {
  /** Whether the names of the columns stand above. */
  readonly hasHeaders: boolean;
  /** What is shown for NULL where people read. */
  readonly nullText: string;
  /** The most characters of each column of a table for people; 0 for no such bound. */
  readonly widths: readonly number[];
  /** Whether what is longer than the terminal goes to a pager. */
  readonly isPaged: boolean;
  /** What shows all of a table that was cut, in words of a shell; null for the options of the command line. */
  readonly showsAll: string | null;
}

export const asItIs: Shown = {
  hasHeaders: true,
  nullText: 'NULL',
  widths: [],
  isPaged: true,
  showsAll: null,
};

let asked = asItIs;
export const shown = (): Shown => asked;
export const show = (given: Shown): void => void (asked = given);
