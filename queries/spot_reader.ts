/** Asks the statements that find blind spots, in as few passes over the tables as it takes. */
import type { Value } from '../collector/table.ts';
import { quoteName, quoteText } from '../store/ddl.ts';
import { wasNotCollected } from './blind_spots.ts';
import type { Glance, SpotStatement } from './blind_spots.ts';

export type AnyRow = Readonly<Record<string, Value>>;

/** Asks SQL that may read the parameter `:among`, a JSON array of ids of hosts. */
export type Ask = (sql: string, among?: readonly string[]) => readonly AnyRow[];

/** Which hosts have rows that statements look for, by table and condition: found in one pass over each table. */
const glancesAt = (
  statements: readonly SpotStatement[],
  ask: Ask,
): ((glance: Glance) => readonly string[]) => {
  const all = statements.flatMap(({ glance }) => glance ?? []);
  const byTable = new Map(
    [...Map.groupBy(all, ({ table }) => table)].map(([table, own]) => {
      const conditions = [...new Set(own.map(({ condition }) => condition))];
      const columns = conditions.map((condition, index) => `(${condition}) AS c${index}`);
      const rows = ask(
        `SELECT DISTINCT host_id, ${columns.join(', ')} FROM ${quoteName(table)} WHERE (${conditions.join(') OR (')})`,
      );
      const found = new Map(
        conditions.map((condition, index) => [
          condition,
          [...new Set(rows.filter((row) => row[`c${index}`] === 1).map((row) => String(row['host_id'])))],
        ]),
      );
      return [table, found] as const;
    }),
  );
  return ({ table, condition }) => byTable.get(table)?.get(condition) ?? [];
};

/** Which tables hosts have a status of, in lists: mostly one that all have. Few, for no order of 60 names is made anew. */
const listsOfTables =
  'SELECT tables, COUNT(*) AS hosts FROM (SELECT host_id, json_group_array(table_name) AS tables FROM table_status GROUP BY host_id) GROUP BY tables';

/** Of each table, the hosts that have no status of it: mostly none. */
const absentFrom = (table: string, hosts: readonly string[], ask: Ask): readonly string[] => {
  const lists = ask(listsOfTables);
  const has = (row: AnyRow): boolean => (JSON.parse(String(row['tables'])) as string[]).includes(table);
  const count = lists.filter(has).reduce((sum, row) => sum + Number(row['hosts']), 0);
  if (count === hosts.length) return [];
  const rows = ask(`SELECT host_id FROM table_status WHERE table_name = ${quoteText(table)}`);
  const own = new Set(rows.map((row) => row['host_id']));
  return hosts.filter((host) => !own.has(host));
};

/**
 * @param hosts Every host that is known at all.
 * @param ask Remembers what it was asked.
 * @returns The rows of a statement: host_id, table_name, column_name, reason, and status and told where table_status says it.
 */
export const spotReader = (
  statements: readonly SpotStatement[],
  hosts: () => readonly string[],
  ask: Ask,
): ((statement: SpotStatement) => readonly AnyRow[]) => {
  const glances = glancesAt(statements, ask);
  return ({ withParts, absentFrom: table, glance, isOfEveryHost }) => {
    // They are known by now: to find them in the tables takes longer than the rest of the statement.
    if (isOfEveryHost === true)
      return ask(withParts('(SELECT value AS host_id FROM json_each(:among))'), hosts());
    if (table !== undefined)
      return absentFrom(table, hosts(), ask).map((host) => ({
        ...{ host_id: host, table_name: table, column_name: null },
        reason: wasNotCollected,
      }));
    if (glance === undefined) return ask(withParts(''));
    const found = glances(glance);
    if (found.length === 0) return [];
    if (found.length * 4 > hosts().length) return ask(withParts(''));
    return ask(withParts('\n    AND host_id IN (SELECT value FROM json_each(:among))'), found);
  };
};
