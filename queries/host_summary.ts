/**
 * `host_summary`: one row per Mac, with what people ask first. A temporary view: it is in no file and in no export. A cell is
 * what the last look at the Mac told for certain; what that look did not tell is NULL, also where an older one did.
 */
import { isSeen } from '../collector/status.ts';
import type { Table } from '../collector/table.ts';
import type { Db } from '../store/database.ts';
import { quoteName, quoteText, statusList } from '../store/ddl.ts';
import { exemptStatement } from './blind_spots.ts';
import { mayBeOf, storedQueries } from './findings.ts';
import { bare, isColumnKnown, isTableKnown } from './known.ts';
import type { Requirement } from './known.ts';
import { isNotAsked } from './means.ts';
import type { Query, Severity } from './query.ts';

interface SummaryColumn {
  readonly name: string;
  readonly type: 'TEXT' | 'INTEGER';
  readonly description: string;
  /** The tables without which it is NULL. */
  readonly needs: readonly string[];
  /** SQL over a row `l` of the last looks. */
  readonly is: string;
}

/** Where the rows come from, and the moment that they are told of. */
export interface SummaryOf {
  /** Unix seconds: what `:now` stands for. */
  readonly now: number;
  /** Whether they are of a database of snapshots; findings are known in one alone. */
  readonly isStored: boolean;
  /** What is declared of the tables: it says which facts nobody asks for. */
  readonly tables: readonly Table[];
}

/** True where a row `t` of table_status of the host says so. */
const where = (table: string, known: string): string =>
  `EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = l.host_id AND t.table_name = ${quoteText(table)} AND ${known})`;

/** A value of a table that has one row for each Mac. */
const cellOf = (table: string, column: string): string =>
  `CASE WHEN ${where(table, isColumnKnown(column))} THEN ` +
  `(SELECT r.${quoteName(column)} FROM ${quoteName(table)} r WHERE r.host_id = l.host_id) END`;

const cell = (
  name: string,
  type: SummaryColumn['type'],
  table: string,
  column: string,
  description: string,
): SummaryColumn => ({
  ...{ name, type, description },
  needs: [table],
  is: cellOf(table, column),
});

/** What a table tells of which no row is an answer, too: nothing asks for it. */
const policyCell = (column: string): string =>
  `CASE WHEN ${where('filevault_policies', "t.status = 'empty'")} THEN 0 ELSE ${cellOf('filevault_policies', column)} END`;

/** Exact, or NULL: an account of which it is not known may be one of them. */
const tokenAdministrators =
  `CASE WHEN ${where('secure_tokens', isTableKnown({ ...bare('secure_tokens'), reads: ['is_admin', 'secure_token'] }))} THEN (` +
  'SELECT CASE WHEN COALESCE(SUM(COALESCE(s.secure_token, 1) = 1 AND COALESCE(s.is_admin, 1) = 1 ' +
  'AND (s.secure_token IS NULL OR s.is_admin IS NULL)), 0) = 0 ' +
  'THEN COALESCE(SUM(s.secure_token = 1 AND s.is_admin = 1), 0) END FROM secure_tokens s WHERE s.host_id = l.host_id) END';

const reports: ReadonlySet<string> = new Set(['table_status', 'collection_errors', 'command_log']);

/** What was not asked for leaves nothing open. */
const requirementSql = (requirement: Requirement, tables: readonly Table[]): string => {
  const { table, column, isNullAnswer } = requirement;
  const isKnown = column === null || isNullAnswer ? isTableKnown(requirement) : isColumnKnown(column);
  const declared = tables.find(({ name }) => name === table);
  if (column !== null && declared?.columns[column]?.from?.length === 0) return '1';
  const notAsked = declared === undefined ? null : isNotAsked(declared, column);
  return notAsked === null ? isKnown : `(${isKnown} OR ${notAsked})`;
};

/** SQL that is true where each of these questions could be answered. Of a condition on rows it is content with nothing less. */
const areAnswered = (asked: readonly Query[], tables: readonly Table[]): string => {
  const byTable = Map.groupBy(
    // What speaks of the collection itself is always there.
    asked.flatMap(({ requires }) => requires).filter(({ table }) => !reports.has(table)),
    ({ table }) => table,
  );
  const arms = Array.from(byTable, ([table, requirements]) => {
    const conditions = new Set(requirements.map((requirement) => requirementSql(requirement, tables)));
    return `(t.table_name = ${quoteText(table)} AND ${[...conditions].join(' AND ')})`;
  });
  return arms.length === 0
    ? '1'
    : `(SELECT COUNT(*) FROM table_status t WHERE t.host_id = l.host_id AND (${arms.join(' OR ')})) = ${arms.length}`;
};

/** The same of every question of a severity. */
const isAnswered = (severity: Severity, tables: readonly Table[]): string => {
  const asked = storedQueries.filter((query) => mayBeOf(query, severity) && !query.needsHistory);
  // A question that cannot concern a Mac leaves nothing open on it.
  const byExemption = Map.groupBy(asked, (query) => exemptStatement(query));
  const parts = Array.from(byExemption, ([exempt, queries]) => {
    const all = areAnswered(queries, tables);
    return exempt === null ? all : `(l.host_id IN (${exempt}) OR ${all})`;
  });
  return parts.length === 0 ? '1' : parts.join(' AND ');
};

const isJudged =
  'EXISTS (SELECT 1 FROM main._host j WHERE j.host_id = l.host_id ' +
  'AND l.collected_time BETWEEN j.judged_from_time AND j.judged_until_time)';

const findingsColumn = (severity: Severity, { isStored, tables }: SummaryOf): SummaryColumn => ({
  name: `findings_${severity}`,
  type: 'INTEGER',
  description: `Findings of severity ${severity}; at least so many where blind_spots is not 0.`,
  needs: [],
  is: isStored
    ? `CASE WHEN ${isJudged} THEN (SELECT CASE WHEN COUNT(*) > 0 OR ${isAnswered(severity, tables)} THEN COUNT(*) END ` +
      `FROM findings f WHERE f.host_id = l.host_id AND f.severity = ${quoteText(severity)}) END`
    : 'CAST(NULL AS INTEGER)',
});

/** Who it is, and what the tables say of it. */
const facts: readonly SummaryColumn[] = [
  {
    name: 'host_id',
    type: 'TEXT',
    description: 'Hardware UUID of the Mac.',
    needs: [],
    is: 'l.host_id',
  },
  cell('hostname', 'TEXT', 'hosts', 'hostname', 'LocalHostName.'),
  cell('computer_name', 'TEXT', 'hosts', 'computer_name', 'ComputerName.'),
  cell('model_identifier', 'TEXT', 'hosts', 'model_identifier', 'Model identifier.'),
  cell('os_version', 'TEXT', 'hosts', 'os_version', 'ProductVersion.'),
  cell('filevault_enabled', 'INTEGER', 'filevault_status', 'filevault_enabled', '1 where FileVault is on.'),
  cell('filevault_status', 'TEXT', 'filevault_status', 'status', 'status of the table filevault_status.'),
  cell(
    'has_personal_recovery_key',
    'INTEGER',
    'filevault_status',
    'has_personal_recovery_key',
    '1 where FileVault has a personal recovery key.',
  ),
  cell(
    'has_institutional_recovery_key',
    'INTEGER',
    'filevault_status',
    'has_institutional_recovery_key',
    '1 where FileVault has an institutional recovery key.',
  ),
  {
    name: 'escrow_payload_present',
    type: 'INTEGER',
    description:
      '1 where a profile has the personal recovery key escrowed to MDM; 0 where none speaks of FileVault.',
    needs: ['filevault_policies'],
    is: policyCell('escrow_payload_present'),
  },
  cell(
    'prk_escrow_blob_present',
    'INTEGER',
    'filevault_status',
    'prk_escrow_blob_present',
    '1 where the Mac holds the key as it is escrowed, in /var/db/FileVaultPRK.dat, which is never read.',
  ),
  cell('bootstrap_state', 'TEXT', 'bootstrap_tokens', 'state', 'state of the table bootstrap_tokens.'),
  {
    name: 'token_administrators',
    type: 'INTEGER',
    description: 'Administrators with a secure token. NULL where of one account it is not known.',
    needs: ['secure_tokens'],
    is: tokenAdministrators,
  },
];

/** Of the last look itself. */
const ofLook: readonly SummaryColumn[] = [
  {
    name: 'blind_spots',
    type: 'INTEGER',
    description:
      'Tables that the last look did not wholly see: denied, failed, partial, not recorded, unsupported or not asked.',
    needs: [],
    is: `(SELECT SUM(t.status NOT IN ${statusList(isSeen)}) FROM table_status t WHERE t.host_id = l.host_id)`,
  },
  {
    name: 'last_look_time',
    type: 'INTEGER',
    description: 'When the Mac was last looked at, in unix seconds.',
    needs: [],
    is: 'l.collected_time',
  },
];

const columnsOf = (of: SummaryOf): readonly SummaryColumn[] => [
  ...facts,
  ...(['critical', 'high', 'medium', 'low'] as const).map((severity) => findingsColumn(severity, of)),
  ...ofLook,
  {
    name: 'age_seconds',
    type: 'INTEGER',
    description:
      'Seconds from then to now, to the moment of --as-of, or without --db to the newest source. NULL where the clock here is behind.',
    needs: [],
    is: `CASE WHEN l.collected_time <= ${of.now} THEN ${of.now} - l.collected_time END`,
  },
];

/** For people: what it is, and each column with its meaning. */
export const hostSummary = {
  name: 'host_summary',
  description:
    'One row per Mac: its names, FileVault, recovery keys, bootstrap token, token administrators, findings, blind spots and age.',
  columns: columnsOf({ now: 0, isStored: true, tables: [] }) as readonly Omit<SummaryColumn, 'is'>[],
  notes: [
    'A cell is what the last look at the Mac told for certain. What it did not tell is NULL, also where an older look did: ' +
      'ask the table for what was last known, and table_status for how old that is.',
    'It reads table_status, so that a live query with it collects every table.',
    'findings_… are NULL without --db, where the last look was not judged (merge, or an older tokenquery), and where none was ' +
      'found and a question could not be answered.',
    'Questions that compare snapshots count where they found something; that they could not be asked is not told here, and ' +
      'neither is what only --allow-network asks for.',
  ],
  example:
    'SELECT hostname, filevault_status, token_administrators, age_seconds / 86400 AS days FROM host_summary ORDER BY days DESC;',
} as const;

/** Without a database, a table that was good tells when it was looked at. */
const lastLooks = (isStored: boolean): string =>
  isStored
    ? 'latest_snapshots l'
    : '(SELECT host_id, MAX(last_good_time) AS collected_time FROM table_status GROUP BY host_id) l\n' +
      // One Mac may not say which it is; of several, nothing says whose a row is.
      "WHERE l.host_id IS NOT NULL OR (SELECT COUNT(*) FROM table_status WHERE host_id IS NULL AND table_name = 'hosts') = 1";

/** The SELECT of the view. */
const hostSummarySql = (of: SummaryOf): string => {
  const cells = columnsOf(of).map(({ name, is }) => `${is} AS ${quoteName(name)}`);
  const sql = `SELECT ${cells.join(',\n  ')}\nFROM ${lastLooks(of.isStored)}`;
  return of.isStored ? sql : sql.replaceAll('host_id = l.host_id', 'host_id IS l.host_id');
};

/** Makes the view, for this connection alone, where a statement names it. Returns the names that were added. */
export const addHostSummary = (db: Db, sql: string, of: SummaryOf): readonly string[] => {
  const { name } = hostSummary;
  if (!sql.toLowerCase().includes(name)) return [];
  db.exec(`DROP VIEW IF EXISTS temp.${name}`);
  db.exec(`CREATE TEMP VIEW ${name} AS\n${hostSummarySql(of)}`);
  return [name];
};
