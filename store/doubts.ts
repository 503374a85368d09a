/**
 * What table_status says of what is not known for certain, in the order of its columns. It is kept of the last snapshot of
 * a host only, is NULL where whoever made it did not tell, and is no part of what a snapshot is known by.
 */
import type { Value } from '../collector/table.ts';

export const doubtColumns = [
  'failed_sources',
  'rows_may_be_missing',
  'columns_uncertain',
  'columns_inapplicable',
] as const;

export type Doubts = readonly Value[];

export const noDoubtsKnown: Doubts = doubtColumns.map(() => null);

/** Where they begin in a row of table_status. */
const ofStatus = 8;

/** Of a row of table_status, of which they are the last columns. */
export const doubtsOfRow = (row: readonly Value[]): Doubts =>
  doubtColumns.map((_, index) => row[ofStatus + index] ?? null);

/** A row of table_status as it was before there were these columns, where they say nothing. */
export const withoutUnknownDoubts = (row: readonly Value[]): readonly Value[] =>
  doubtsOfRow(row).every((value) => value === null) ? row.slice(0, ofStatus) : row;

/** As fields of a line of an export; one that is not known has none. */
export const doubtFields = (doubts: Doubts): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    doubtColumns.flatMap((name, index) => {
      const value = doubts[index] ?? null;
      return value === null
        ? []
        : [[name, typeof value === 'string' ? (JSON.parse(value) as unknown) : value]];
    }),
  );

const isText = (value: unknown): value is string => typeof value === 'string';

const isOfForm: Readonly<Record<(typeof doubtColumns)[number], (value: unknown) => boolean>> = {
  failed_sources: (value) => Array.isArray(value) && value.every(isText),
  rows_may_be_missing: (value) => value === 0 || value === 1,
  columns_uncertain: (value) => Array.isArray(value) && value.every(isText),
  columns_inapplicable: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isText),
};

/** From the fields of a line; the name of one that cannot be read. */
export const readDoubts = (fields: Readonly<Record<string, unknown>>): Doubts | string => {
  const doubts: Value[] = [];
  for (const name of doubtColumns) {
    const value = fields[name] ?? null;
    if (value !== null && !isOfForm[name](value)) return name;
    doubts.push(value === null || typeof value === 'number' ? value : JSON.stringify(value));
  }
  return doubts;
};
