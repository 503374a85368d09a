/** What a statement is told of before it is run: literals that cannot match, and hosts that are put together. */
import type { Table } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName } from '../store/ddl.ts';
import { hasLiteral } from '../store/guard.ts';
import { literalMistakes } from './literals.ts';
import type { Mistake } from './literals.ts';
import { probeOf } from './probe.ts';
import { mixesHosts } from './several_hosts.ts';

/** A database on which statements are run, and what they may name there. */
export interface Asked {
  readonly db: Db;
  readonly tables: readonly Table[];
  readonly names: { readonly tables: readonly string[] };
}

/** A file may hold words of a newer version, which no list here has. */
const isThere = ({ db }: Asked, { columns, value }: Mistake): boolean =>
  columns.some(
    ({ table, column }) =>
      db.prepare(`SELECT 1 FROM ${quoteName(table)} WHERE ${quoteName(column)} = ? LIMIT 1`).get(value) !==
      undefined,
  );

/** The literals of a statement that cannot match. */
export const mistakesIn = (asked: Asked, sql: string): readonly Mistake[] => {
  if (!hasLiteral(sql)) return [];
  const probe = probeOf(asked.db, asked.names.tables, asked.tables, sql);
  try {
    return literalMistakes(probe.db, sql, probe.know).filter(
      (mistake) => mistake.isOrder || !isThere(asked, mistake),
    );
  } finally {
    probe.close();
  }
};

/** Whether a statement puts rows of several hosts together without their host_id. */
export const putsHostsTogether = (asked: Asked, sql: string): boolean => {
  const probe = probeOf(asked.db, asked.names.tables, asked.tables, sql);
  try {
    return mixesHosts(probe.db, sql);
  } finally {
    probe.close();
  }
};
