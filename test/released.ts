/** What was released: test/contract/sources.json has it. A source that is not there came later. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Released {
  readonly commands: readonly {
    readonly source: string;
    readonly argv: readonly string[];
    readonly privilege: string;
    readonly network: boolean;
  }[];
  readonly files: readonly { readonly source: string; readonly paths: readonly string[] }[];
  readonly stat_only: readonly string[];
}

export const releasedSources = JSON.parse(
  readFileSync(join(import.meta.dirname, 'contract/sources.json'), 'utf8'),
) as Released;

const names: ReadonlySet<string> = new Set(
  [...releasedSources.commands, ...releasedSources.files].map(({ source }) => source),
);

export const isReleased = (source: string): boolean => source === 'stat' || names.has(source);

const schema = JSON.parse(readFileSync(join(import.meta.dirname, 'contract/released.json'), 'utf8')) as {
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly { readonly name: string }[];
  }[];
};
const columns: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  schema.tables.map((table) => [table.name, new Set(table.columns.map(({ name }) => name))]),
);

export const isReleasedTable = (table: string): boolean => columns.has(table);
export const isReleasedColumn = (table: string, column: string): boolean =>
  columns.get(table)?.has(column) === true;
