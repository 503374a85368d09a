/** How much a finding matters on this host: only what is proven makes it matter less, and the reason is told. */
import { join } from 'node:path';
import test from 'ava';
import { collect } from '../../collector/collect.ts';
import { isOfOlderEvidence } from '../../collector/source_failures.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { evaluateIn, judgedWorld } from '../../cli/findings.ts';
import { names } from '../../cli/names.ts';
import { factNames, facts } from '../../queries/context.ts';
import type { FactName } from '../../queries/context.ts';
import type { Expectation } from '../../queries/expectations.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { findingsOfAnswer, HostJudge } from '../../queries/findings.ts';
import { judgeTurns } from '../../queries/judging.ts';
import type { Finding } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery } from '../../queries/query.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { cases, notEnrolled } from './cases.ts';
import {
  add,
  cleanHost,
  collectable,
  collectionOf,
  day,
  deny,
  later,
  now,
  remove,
  set,
} from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

type Change = (host: Host) => void;
const marker = (name: string): string => `/var/db/ConfigurationProfiles/Settings/.cloudConfig${name}`;

/** A Mac of one person, of which every witness says that it was never managed. */
const home: Change = (host) => {
  notEnrolled(host);
  set(host, 'enrollment_markers', { file_exists: 0 }, { path: marker('RecordFound') });
  set(host, 'enrollment_markers', { file_exists: 1 }, { path: marker('RecordNotFound') });
  set(host, 'filevault_status', { prk_escrow_blob_present: 0 });
  if (host.tables.get('filevault_policies')?.rows.length !== 0) remove(host, 'filevault_policies', {});
};
const homeHost = (hostId: string, time = now): Host => {
  const host = cleanHost(hostId, time);
  home(host);
  return host;
};

const found = (hosts: readonly Host[], expect: Expectation = 'auto', name?: string): readonly Finding[] => {
  const db = sqliteOf(relationsOf(hosts));
  const asked = queries.filter((query) => name === undefined || query.name === name);
  const answers = evaluate(db, asked, { now, names, tables, expect });
  db.close();
  return answers.flatMap(findingsOfAnswer);
};

const gaps = (hosts: readonly Host[], expect: Expectation = 'auto') =>
  found(hosts, expect, 'mdm_not_enrolled').map(({ hostId, severity }) => `${hostId} ${severity}`);

/** Makes a fact proven on a host, and not known. */
const conditions: Readonly<Record<FactName, { readonly yes: Change; readonly unknown: Change }>> = {
  personal: { yes: home, unknown: (host) => set(host, 'enrollment_markers', { file_exists: null }) },
  virtual_machine: {
    yes: (host) => set(host, 'hosts', { is_virtual_machine: 1 }),
    unknown: (host) => set(host, 'hosts', { is_virtual_machine: null }),
  },
  bootstrap_token_escrowed: {
    yes: () => {},
    unknown: (host) => set(host, 'bootstrap_tokens', { escrowed_to_server: null, state: 'unknown' }),
  },
  filevault_on: { yes: () => {}, unknown: (host) => deny(host, 'filevault_status') },
  filevault_off: {
    yes: (host) => set(host, 'filevault_status', { filevault_enabled: 0, status: 'off' }),
    unknown: (host) => deny(host, 'filevault_status'),
  },
  no_institutional_key: {
    yes: (host) =>
      add(host, 'apfs_crypto_users', {
        device_identifier: 'disk3s5',
        crypto_user_uuid: 'EC1C2AD9-B618-4ED6-BD8D-50F361C27507',
        type: 'ICloud',
        resolution: 'recovery_key',
      }),
    unknown: (host) => {
      conditions.no_institutional_key.yes(host);
      set(host, 'filevault_status', { has_institutional_recovery_key: null });
    },
  },
  private_key_file: {
    yes: (host) => set(host, 'filevault_deferrals', { output_file_mode: '0600' }),
    unknown: (host) => set(host, 'filevault_deferrals', { output_file_mode: null }),
  },
};

for (const query of queries.filter(({ severityWhere }) => severityWhere.length > 0)) {
  test(`${query.name}: its severity is lower where that is proven, and nowhere else`, (t) => {
    const { fires } = cases.find((one) => one.query === query.name) ?? { fires: () => [] };
    for (const { when, severity, reason } of query.severityWhere) {
      const made = (change: 'yes' | 'unknown'): readonly Host[] => {
        const hosts = fires('HOST-A');
        // First what makes the host another one, then what makes the question fire.
        for (const host of hosts) for (const name of when) conditions[name][change](host);
        return hosts;
      };
      const [proven] = found(made('yes'), 'auto', query.name);
      t.is(proven?.severity, severity, reason);
      t.is(proven?.severityReason, reason);
      for (const finding of found(made('unknown'), 'auto', query.name)) {
        t.is(finding.severity, query.severity, `${reason}: not known`);
        t.is(finding.severityReason, null);
      }
    }
  });
}

/** All that an organisation leaves on a Mac, or that is not known of it. */
const signs: Readonly<Record<string, Change>> = {
  'is_enrolled is not known': (host) => set(host, 'mdm_enrollments', { is_enrolled: null }),
  'a stored record': (host) => set(host, 'mdm_enrollments', { dep_record_cached: 1 }),
  'whether there is a stored record': (host) => set(host, 'mdm_enrollments', { dep_record_cached: null }),
  'the markers were not seen': (host) => deny(host, 'enrollment_markers'),
  'the enrolments were not seen': (host) => deny(host, 'mdm_enrollments'),
  RecordFound: (host) => set(host, 'enrollment_markers', { file_exists: 1 }, { path: marker('RecordFound') }),
  ProfileInstalled: (host) =>
    set(host, 'enrollment_markers', { file_exists: 1 }, { path: marker('ProfileInstalled') }),
  'ProfileInstalled is not known': (host) =>
    set(host, 'enrollment_markers', { file_exists: null }, { path: marker('ProfileInstalled') }),
  'a bootstrap key': (host) => set(host, 'bootstrap_tokens', { crypto_user_present: 1 }),
  'an escrowed recovery key': (host) => set(host, 'filevault_status', { prk_escrow_blob_present: 1 }),
  'a profile that escrows': (host) => add(host, 'filevault_policies', { escrow_payload_present: 1 }),
  'an account that MDM made': (host) =>
    add(host, 'managed_users', {
      username: 'x',
      uuid: 'A1B2C3D4-0000-4000-8000-0123456789AB',
      kind: 'auto_setup_admin',
      source: 'mdmclient',
    }),
  'a directory': (host) =>
    add(host, 'mobile_accounts', { uid: 90_001, username: 'j', original_node: '/Active Directory/CORP' }),
};

const lowered = ['HOST-A info'];
const isManaged = (hosts: readonly Host[]): boolean =>
  gaps(hosts).every((line) => line !== 'HOST-A info') && !gaps(hosts, 'managed').includes('HOST-A info');

for (const [sign, change] of Object.entries(signs)) {
  test(`a Mac is no personal one: ${sign}`, (t) => {
    const host = homeHost('HOST-A');
    t.deepEqual(gaps([host]), lowered);
    change(host);
    t.true(isManaged([host]));
  });
}

test('a Mac that was managed, or stands among managed ones, is no personal one, whatever it says now', (t) => {
  // In its own history, some looks ago.
  const was = cleanHost('HOST-A', now - 300 * day);
  const off = later(was, 200 * day);
  home(off);
  t.true(isManaged([was, off, later(off, 99 * day)]));
  // Only a stored record, or a marker.
  for (const sign of ['a stored record', 'ProfileInstalled']) {
    const past = homeHost('HOST-A', now - 30 * day);
    signs[sign]?.(past);
    const since = homeHost('HOST-A', now);
    t.true(isManaged([past, since]), sign);
  }
  t.true(isManaged([homeHost('HOST-A'), cleanHost('HOST-B')]));
  // Another one that left.
  const other = cleanHost('HOST-B', now - 90 * day);
  const left = later(other, 80 * day);
  home(left);
  t.true(isManaged([homeHost('HOST-A'), other, left]));
  t.deepEqual(gaps([homeHost('HOST-A'), homeHost('HOST-B')]), ['HOST-A info', 'HOST-B info']);
  // Who asks has the last word.
  t.deepEqual(gaps([homeHost('HOST-A')], 'managed'), ['HOST-A medium']);
  const host = homeHost('HOST-A');
  signs['ProfileInstalled']?.(host);
  t.deepEqual(gaps([host], 'personal'), lowered);
});

test('to leave MDM is a finding, and lowers no severity', (t) => {
  const was = cleanHost('HOST-A', now - 3 * day);
  const off = later(was, 2 * day);
  home(off);
  const severityOf = (hosts: readonly Host[]) =>
    found(hosts)
      .filter(({ severity }) => severity !== 'info')
      .map(({ query, severity }) => `${query.name} ${severity}`)
      .filter((line) => /^(?:mdm|prk)_/.test(line));
  t.deepEqual(severityOf([was, off, later(off, day)]), [
    'mdm_enrollment_lost high',
    'mdm_not_enrolled medium',
    'prk_not_escrowed_by_profile high',
  ]);
});

test('a healthy home Mac and a healthy managed Mac show nothing above info', async (t) => {
  const alone = homeHost('HOST-A');
  // One administrator, with a key that only the owner has.
  for (const table of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
    remove(alone, table, { username: 'itadmin' });
  const above = (list: readonly Finding[]) =>
    list.filter(({ severity }) => severity !== 'info').map(({ query }) => query.name);
  t.deepEqual(above(found([alone])), []);
  t.deepEqual(above(found([alone], 'managed')).toSorted(), [
    'lockout_single_loss',
    'mdm_not_enrolled',
    'prk_not_escrowed_by_profile',
    'single_token_admin',
  ]);
  t.deepEqual(above(found([cleanHost('HOST-A')])), []);
  const root = join(import.meta.dirname, '../..');
  for (const place of ['test/queries/evidence/F4-icloud.tar.gz', 'samples/macos26-managed']) {
    const world = judgedWorld([await collect(collectable, await evidenceBackend(join(root, place)))]);
    const answers = evaluateIn(world);
    world.close();
    t.deepEqual(above(answers.flatMap(findingsOfAnswer)), [], place);
    // Questions of later versions are open where the evidence was made before them, and no others.
    const open = answers.filter(({ verdicts }) => [...verdicts.values()].includes('unknown'));
    for (const { query, blindSpots } of open)
      for (const { reason, because } of [...blindSpots.values()].flat())
        t.true(because.by === 'means' || isOfOlderEvidence(reason), `${place}: ${query.name}: ${reason}`);
  }
});

test('a question whose rows say how much they matter does not flatten the gravest of them', (t) => {
  const conflict = (rule: string, severity: string, subject = 'mquist') => ({
    subject_kind: 'user',
    fact: 'secure_token',
    ...{ subject, rule_id: rule, severity },
    ...{ source_a: 'opendirectory', value_a: '1', source_b: 'apfs', value_b: '0', conclusion: 'x' },
  });
  const host = cleanHost('HOST-A');
  add(
    host,
    'conflicts',
    conflict('M01', 'medium'),
    conflict('M02', 'high'),
    conflict('M01', 'medium', 'itadmin'),
  );
  t.deepEqual(
    found([host], 'auto', 'token_source_conflicts').map(({ subject, severity }) => [subject, severity]),
    [
      ['itadmin', 'medium'],
      ['mquist', 'high'],
    ],
  );
});

test('what is stored has the severity of this host with its reason, and no info', (t) => {
  const store = openForWriting(join(temporaryFolder(t), 'own.db'), tables);
  const take = (host: Host, expect?: Expectation): void => {
    const judge = new HostJudge(store.db, tables, expect === undefined ? {} : { expect });
    transact(store, () => {
      storeWriter(store.db, tables).add([snapshotOf(tables, collectionOf(host), '0.8.0')], host.time);
      judgeTurns(store.db, judge, [{ hostId: host.hostId, time: host.time, isLast: false }]);
    });
    judge.end();
  };
  const stored = () =>
    store.db
      .prepare(
        "SELECT host_id, query_name, severity, json_extract(details, '$[0].severity_reason') FROM findings WHERE query_name LIKE 'mdm%' OR query_name LIKE 'rec%' ORDER BY 1, 2",
      )
      .raw(true)
      .all();
  const host = homeHost('A0000000-0000-4000-8000-000000000001', now - 3 * day);
  set(host, 'filevault_deferrals', { output_path: '/x', output_file_exists: 1, output_file_mode: '0600' });
  take(host);
  const key = [host.hostId, 'recovery_key_file_on_disk', 'high', 'only the owner of the file may read it'];
  t.deepEqual(stored(), [key]);
  const again = later(host);
  take(again, 'managed');
  t.deepEqual(stored(), [[host.hostId, 'mdm_not_enrolled', 'medium', null], key]);
  take(later(again));
  t.deepEqual(stored(), [key]);
  // Another Mac of the same file is managed: so is this one.
  take(cleanHost('A0000000-0000-4000-8000-000000000002', now - day / 2));
  take(later(host, 3 * day));
  t.deepEqual(stored(), [[host.hostId, 'mdm_not_enrolled', 'medium', null], key]);
  store.close();
});

test('every fact that a header may name has tables that are declared, and lines that are wrong are named', (t) => {
  for (const name of factNames)
    for (const table of facts[name].tables)
      t.true(
        tables.some((one) => one.name === table),
        table,
      );
  const header = '-- name: x\n-- title: x\n-- severity: medium\n-- purpose: x\n';
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['severity-where: low', /x\.sql:5: severity-where does not understand "low"/],
    ['severity-where: low when personal', /does not understand/],
    ['severity-where: low when personal:', /does not understand/],
    ['severity-where: grave when personal: x', /does not understand/],
    ['severity-where: high when personal: x', /severity-where says high, and severity is medium/],
    ['severity-where: low when private: x', /a fact that is not there: private/],
    ['severity-from: a b', /"a b" is no column/],
  ];
  for (const [line, message] of wrong)
    t.throws(() => parseQuery(`${header}-- ${line}\nSELECT 1`, 'x.sql'), { message });
  const { severityWhere } = parseQuery(
    `${header}-- severity-where: low when personal and filevault_on: one\n--   two\n-- severity-where: info when virtual_machine: three\nSELECT 1`,
    'x.sql',
  );
  t.deepEqual(severityWhere, [
    { severity: 'low', when: ['personal', 'filevault_on'], reason: 'one two' },
    { severity: 'info', when: ['virtual_machine'], reason: 'three' },
  ]);
});
