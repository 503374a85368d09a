/**
 * What a Mac is, as far as it says how much a finding matters there: the words of `severity-where`. Each is true of a host
 * only where it is proven; so what is not known lowers no severity.
 */
import { quoteText } from '../store/ddl.ts';
import type { Expectation } from './expectations.ts';
import { everyHost } from './known.ts';

interface Fact {
  /** The tables without which it is true of nobody. */
  readonly tables: readonly string[];
  /** The ids of the hosts of which it is proven. */
  readonly sql: string;
}

/** Files that only an enrolment leaves, or whoever pretends one. */
const enrolmentMarkers = ['RecordFound', 'ProfileInstalled']
  .map((name) => quoteText(`/var/db/ConfigurationProfiles/Settings/.cloudConfig${name}`))
  .join(', ');

const without = (table: string, condition = '1 = 1'): string =>
  `NOT EXISTS (SELECT 1 FROM ${table} x WHERE x.host_id = m.host_id AND ${condition})`;

/** Every witness says that it is not enrolled, and nothing that an organisation leaves is there, on no host that is known. */
const personal: Fact = {
  tables: [
    'mdm_enrollments',
    'enrollment_markers',
    'bootstrap_tokens',
    'filevault_status',
    'filevault_policies',
    'managed_users',
    'mobile_accounts',
  ],
  sql: [
    'SELECT m.host_id FROM mdm_enrollments m WHERE m.is_enrolled = 0 AND m.dep_record_cached = 0',
    `(SELECT COUNT(*) FROM enrollment_markers e WHERE e.host_id = m.host_id AND e.file_exists = 0 AND e.path IN (${enrolmentMarkers})) = 2`,
    without('bootstrap_tokens', '(x.crypto_user_present = 1 OR x.escrowed_to_server = 1)'),
    without('filevault_status', 'x.prk_escrow_blob_present = 1'),
    without('filevault_policies', 'x.escrow_payload_present = 1'),
    without('managed_users'),
    without('mobile_accounts'),
  ].join(' AND '),
};

/** No Mac that is asked with it is managed. */
const noneIsManaged = (andOf: string): string =>
  `NOT EXISTS (SELECT 1 FROM mdm_enrollments o WHERE (o.is_enrolled = 1 OR o.dep_record_cached = 1)${andOf})`;

/** Of a file: no Mac of it was ever managed. */
const neverManaged = (enrolments: string, markers: string, now: string): string =>
  `NOT EXISTS (SELECT 1 FROM ${enrolments} h WHERE (h.is_enrolled = 1 OR h.dep_record_cached = 1) AND h.valid_from_time <= ${now}) ` +
  `AND NOT EXISTS (SELECT 1 FROM ${markers} k WHERE k.host_id = m.host_id AND k.file_exists = 1 ` +
  `AND k.path IN (${enrolmentMarkers}) AND k.valid_from_time <= ${now})`;

export const facts = {
  personal,
  virtual_machine: { tables: ['hosts'], sql: 'SELECT host_id FROM hosts WHERE is_virtual_machine = 1' },
  bootstrap_token_escrowed: {
    tables: ['bootstrap_tokens'],
    sql: 'SELECT host_id FROM bootstrap_tokens WHERE supported_on_server = 1 AND escrowed_to_server = 1 AND crypto_user_present = 1',
  },
  filevault_on: {
    tables: ['filevault_status'],
    sql: "SELECT host_id FROM filevault_status WHERE filevault_enabled = 1 AND status = 'on'",
  },
  filevault_off: {
    tables: ['filevault_status'],
    sql: "SELECT host_id FROM filevault_status WHERE filevault_enabled = 0 AND status IN ('off', 'deferred')",
  },
  no_institutional_key: {
    tables: ['filevault_status', 'filevault_policies', 'apfs_crypto_users'],
    sql:
      'SELECT m.host_id FROM filevault_status m WHERE m.has_institutional_recovery_key = 0 AND ' +
      `${without('apfs_crypto_users', "x.type = 'InstitutionalRecovery'")} AND ${without('filevault_policies', 'x.irk_certificate_present = 1')}`,
  },
  private_key_file: {
    tables: ['filevault_deferrals'],
    sql: "SELECT host_id FROM filevault_deferrals WHERE SUBSTR(output_file_mode, LENGTH(output_file_mode) - 1) = '00'",
  },
} as const satisfies Readonly<Record<string, Fact>>;

export type FactName = keyof typeof facts;
export const factNames = Object.keys(facts) as FactName[];
/** The tables that the words are asked of. */
export const factTables: readonly string[] = factNames.flatMap((name) => facts[name].tables);
export const isFact = (word: string): word is FactName => word in facts;

/** The names of two histories, of all hosts; null where there is none, and `foreign` where the views of the file are not to be run. */
export type Histories = { readonly enrolments: string; readonly markers: string } | 'foreign' | null;

/** Where a word is asked: what is known of each host, and of its past where there is one. */
export interface Place {
  readonly expect: Expectation;
  readonly historiesOf: () => Histories;
  /** Where each host is asked as if it were alone, the moment at which it is; null where one moment, `:now`, is that of all. */
  readonly alone: { readonly nowOf: (hostId: string) => string } | null;
}

/** The statement that finds the hosts of which a word is proven; null where that is none. */
export const factSql = (name: FactName, { expect, historiesOf, alone }: Place): string | null => {
  if (name !== 'personal') return facts[name].sql;
  if (expect === 'managed') return null;
  if (expect === 'personal') return `SELECT host_id FROM ${everyHost} h`;
  const histories = historiesOf();
  // What its past says is not known then, so nobody says that it was never managed.
  if (histories === 'foreign') return null;
  const now = alone === null ? ':now' : alone.nowOf('m.host_id');
  return [
    facts.personal.sql,
    noneIsManaged(alone === null ? '' : ' AND o.host_id = m.host_id'),
    ...(histories === null ? [] : [neverManaged(histories.enrolments, histories.markers, now)]),
  ].join(' AND ');
};
