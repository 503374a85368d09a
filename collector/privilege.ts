/** Who is told what a table tells: it follows from what its sources declare (sources.ts), and is said nowhere else. */
import { commands, files } from './sources.ts';
import type { Command, CommandName, FileName, FileSource, SourceName } from './sources.ts';
import type { Table } from './table.ts';

/**
 * `none`: it speaks of the collection, and asks nobody. `user`: any user is told all. `root best`: any user is told a part, root
 * all. `root`: only root is told anything.
 */
export const tablePrivileges = ['none', 'user', 'root best', 'root'] as const;
export type TablePrivilege = (typeof tablePrivileges)[number];

/** For readers, after "Needs: ". */
export const privilegeWords: Readonly<Record<TablePrivilege, string>> = {
  none: 'nothing, it tells of the collection itself',
  user: 'any user',
  'root best': 'root for all of it, any user for a part',
  root: 'root',
};

const declaredOf = (source: SourceName): Command | FileSource | null =>
  source === 'stat'
    ? null
    : Object.hasOwn(commands, source)
      ? commands[source as CommandName]
      : files[source as FileName];

const needsRoot = (source: SourceName): boolean => declaredOf(source)?.privilege === 'root';

const isOffByDefault = (source: SourceName): boolean => {
  const declared = declaredOf(source);
  return declared !== null && 'network' in declared && declared.network;
};

export const privilegeOf = ({
  sources,
  rowsFrom = [],
}: Pick<Table, 'sources' | 'rowsFrom'>): TablePrivilege => {
  if (sources.length === 0) return 'none';
  // What only --allow-network asks counts where there is nothing else. To look at a path needs no privilege of its own.
  const asked = sources.filter((source) => !isOffByDefault(source));
  const counted = (asked.length === 0 ? sources : asked).filter((source) => source !== 'stat');
  if (!counted.some(needsRoot)) return 'user';
  // Without a row there is nothing for the other sources to fill.
  const ofRows = counted.filter((source) => rowsFrom.includes(source));
  return (ofRows.length === 0 ? counted : ofRows).every(needsRoot) ? 'root' : 'root best';
};
