/** What each source says of the secure token of an account, and where they disagree. */
import { quoteText } from '../../store/ddl.ts';
import { notWhollySeen } from './sql.ts';
import { column, host } from './tile.ts';
import type { Tile } from './tile.ts';

export const witnessSources = ['apfs', 'opendirectory', 'sysadminctl', 'fdesetup'] as const;

const word = (source: string): string =>
  `MAX(CASE WHEN o.source = '${source}' THEN CASE o.value WHEN 1 THEN 'yes: ' WHEN 0 THEN 'no: ' ELSE 'not told' END || ` +
  "CASE WHEN o.value IS NULL THEN '' ELSE COALESCE(o.raw_state, '') END END)";
const command = (source: string): string => `MAX(CASE WHEN o.source = '${source}' THEN o.command_id END)`;

interface Which {
  /** One Mac, or all. */
  readonly hostId: string | null;
  /** Only accounts on which sources disagree. */
  readonly onlyConflicts: boolean;
}

const rowsOf = ({ hostId, onlyConflicts }: Which): string => {
  const words = witnessSources.map((source) => `${word(source)} AS ${source}`);
  const commands =
    hostId === null ? [] : witnessSources.map((source) => `${command(source)} AS ${source}_id`);
  const from = onlyConflicts
    ? "FROM conflicts d CROSS JOIN secure_token_observations o\n    WHERE d.fact = 'secure_token' AND o.host_id = d.host_id AND d.subject IN (o.username, o.uuid)"
    : `FROM secure_token_observations o${hostId === null ? '' : `\n    WHERE o.host_id = ${quoteText(hostId)}`}`;
  return (
    `SELECT o.host_id, o.username, o.uuid,\n      ${[...words, ...commands].join(',\n      ')}\n    ${from}\n` +
    '    GROUP BY o.host_id, o.username, o.uuid HAVING MAX(COALESCE(o.value, 1)) = 1'
  );
};

/** What a table says of the account of a row: asked row by row, for a join would make an index of all accounts first. */
const of = (what: string, table: string): string =>
  `(SELECT MAX(${what}) FROM ${table} s WHERE s.host_id = w.host_id AND s.username = w.username AND s.uuid IS w.uuid)`;
const rules =
  '(SELECT GROUP_CONCAT(DISTINCT c.rule_id) FROM conflicts c WHERE c.host_id = w.host_id ' +
  "AND c.fact = 'secure_token' AND c.subject IN (w.username, w.uuid))";

const cell = (label: string) => column(label, 'nobody', 'text', 'not asked');

export const witnessTile = (which: Which): Tile => ({
  id: 'witnesses',
  title: which.onlyConflicts
    ? 'Where sources disagree on a secure token'
    : 'Who says who holds a secure token',
  says:
    'A row for each account of which some source says that it holds a token, or did not tell. A missing tag in OpenDirectory and a ' +
    'missing place in the list of fdesetup are no evidence against a token. Marked is what a rule calls a conflict.',
  sql:
    'SELECT w.host_id, w.username, w.uuid, w.apfs, w.opendirectory, w.sysadminctl, w.fdesetup,\n' +
    `  ${of('s.secure_token', 'secure_tokens')} AS secure_token,\n  ${of('s.confidence', 'secure_tokens')} AS confidence,\n` +
    `  COALESCE(${rules}, CASE WHEN ${of('s.has_conflict', 'secure_tokens')} = 0 THEN 'none' END) AS rule_ids` +
    (which.hostId === null ? '' : `,\n  ${witnessSources.map((source) => `w.${source}_id`).join(', ')}`) +
    `\nFROM (\n    ${rowsOf(which)}\n) w\n` +
    // Accounts of macOS that nobody uses and of which nobody tells anything fill the page of a Mac on which root did not look.
    `WHERE COALESCE(${of('s.is_awake', 'users')}, 1) = 1 OR ${rules} IS NOT NULL OR ${of('s.secure_token', 'secure_tokens')} = 1\n` +
    "ORDER BY rule_ids = 'none', w.host_id, w.username, w.uuid",
  columns: {
    host_id: host,
    username: column('account', 'name', 'text', 'no local account'),
    uuid: column('GeneratedUID', 'device', 'text', 'unknown'),
    apfs: cell('APFS'),
    opendirectory: cell('OpenDirectory'),
    sysadminctl: cell('sysadminctl'),
    fdesetup: cell('fdesetup'),
    secure_token: column('verdict', 'nobody', 'yes', 'unknown'),
    confidence: column('how sure', 'nobody', 'text', 'unknown'),
    rule_ids: column('conflict', 'nobody', 'text', 'unknown'),
    ...(which.hostId === null
      ? {}
      : Object.fromEntries(
          witnessSources.map((source) => [`${source}_id`, column(`command of ${source}`, 'command_id')]),
        )),
  },
  unknown: {
    sql: notWhollySeen('secure_token_observations'),
    says: 'of which what the sources say was not wholly seen',
  },
  empty: which.onlyConflicts
    ? 'No sources are known to disagree.'
    : 'No source says that an account holds a token.',
  isList: true,
});
