/**
 * What may differ from what was recorded, and why. All else must be the same, byte for byte. An entry that explains nothing
 * any more fails the test: take it out. What is said here holds for every format and every file that a table is in.
 */
export type Intended = { readonly reason: string } & (
  | {
      /** `table.column`: it is new. It is compared without it, and without the changes that tell of it. */
      readonly newColumn: string;
    }
  | {
      /** `table.column`: its values are other ones; they may be anything. */
      readonly changedColumn: string;
    }
  | {
      /** A table is new: its rows, its line in table_status and what is exported of it. */
      readonly newTable: string;
    }
  | {
      /**
       * Of what is collected anew from evidence, snapshot ids and row ids are other ones, as rows are: they must map one
       * to one to the recorded ones, across all files. What the recorded database and export hold keeps its ids.
       */
      readonly newIds: true;
    }
  | {
      /** A line that says otherwise what another said, or that is new (null). */
      readonly line: string;
      readonly was: string | null;
    }
  | {
      /** A file (`world/name`) that is not compared, or with `section` the part of it under `=== section`. */
      readonly file: string;
      readonly section?: string;
    }
);

/** There are more questions, and three are split. What the others answer was compared row by row on a fleet of 1,000 hosts. */
const ofQuestions = [
  'samples/export/findings-csv.csv',
  'samples/export/findings-ecs.ndjson',
  'samples/export/findings-hec.ndjson',
  'samples/export/findings-json.json',
  'samples/export/findings-native.ndjson',
  'samples/export/findings-ocsf.ndjson',
  'samples/export/findings-osquery.ndjson',
  'samples/findings.json',
  'samples/findings.txt',
  'samples/overview.txt',
  'declared/queries.json',
  'declared/queries.txt',
  'declared/queries.unknown.sql',
  'fleet/asked/export/findings-hec.ndjson',
  'fleet/asked/export/findings-ocsf.ndjson',
  'fleet/asked/findings-as-of.ndjson',
  'fleet/asked/findings-asked.ndjson',
  'fleet/asked/findings-asked.txt',
  'fleet/asked/findings.ndjson',
  'fleet/asked/findings_history.ndjson',
  'stored/asked/export/findings-hec.ndjson',
  'stored/asked/export/findings-ocsf.ndjson',
  'stored/asked/findings-as-of.ndjson',
  'stored/asked/findings-asked.ndjson',
  'stored/asked/findings-asked.txt',
  'stored/asked/findings.ndjson',
  'stored/asked/findings_history.ndjson',
  'merged/asked/export/findings-hec.ndjson',
  'merged/asked/export/findings-ocsf.ndjson',
  'merged/asked/findings-as-of.ndjson',
  'merged/asked/findings-asked.ndjson',
  'merged/asked/findings-asked.txt',
  'merged/asked/findings.ndjson',
  'merged/asked/findings_history.ndjson',
];

const ofAccess = 'who gets in over the network, and what runs or is asked when somebody logs in';

export const intended: readonly Intended[] = [
  { newTable: 'sharing_preferences', reason: ofAccess },
  { newTable: 'remote_desktop_rights', reason: ofAccess },
  { newTable: 'login_hooks', reason: ofAccess },
  { newTable: 'smart_card_settings', reason: ofAccess },
  { newTable: 'mdm_security_info', reason: ofAccess },
  { newTable: 'ad_config', reason: ofAccess },
  { newTable: 'sudoers', reason: ofAccess },
  { newTable: 'password_policy', reason: ofAccess },
  { newTable: 'authorization_mechanisms', reason: ofAccess },
  { newTable: 'logins', reason: ofAccess },
  { newTable: 'secureboot', reason: ofAccess },
  { newColumn: 'users.home_mode', reason: ofAccess },
  { newColumn: 'users.smart_card_paired', reason: ofAccess },
  { newColumn: 'mdm_enrollments.setup_skips_filevault', reason: ofAccess },
  { newColumn: 'loginwindow_settings.asks_for_name', reason: ofAccess },
  { newColumn: 'loginwindow_settings.admin_host_info', reason: ofAccess },
  { newColumn: 'loginwindow_settings.retries_until_hint', reason: ofAccess },
  { newColumn: 'loginwindow_settings.console_access_disabled', reason: ofAccess },
  { newIds: true, reason: ofAccess },
  {
    changedColumn: 'table_status.reason',
    reason: 'it says that columns were not looked at by older evidence',
  },
  { changedColumn: 'command_log.stdout_sha256', reason: 'of launchctl three labels more are kept' },
  { file: 'samples/export/csv-spreadsheet.csv', reason: ofAccess },
  { file: 'declared/tables.txt', reason: ofAccess },
  { file: 'declared/access.json', reason: ofAccess },
  { file: 'declared/access.txt', reason: ofAccess },
  { file: 'declared/json-schema.json', reason: ofAccess },
  { file: 'declared/schema.json', reason: ofAccess },
  { file: 'declared/schema.md', reason: ofAccess },
  { file: 'declared/schema.sql', reason: ofAccess },
  { file: 'declared/tables.json', reason: ofAccess },
  ...ofQuestions.map((file) => ({
    file,
    reason: 'questions were added and split, and header and SQL of others are written otherwise',
  })),
];
