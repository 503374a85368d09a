/** One cause, one finding; and advice that neither contradicts itself nor locks anybody out. */
import test from 'ava';
import { names } from '../../cli/names.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { checkExplanations, explain, rootOf } from '../../queries/explained.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import type { Finding } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery, severityRank } from '../../queries/query.ts';
import type { Query } from '../../queries/query.ts';
import { tables } from '../../tables/index.ts';
import { cases, changedSince } from './cases.ts';
import { add, addPerson, cleanHost, now, set, uuidOf } from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const found = (hosts: readonly Host[]): readonly Finding[] => {
  const db = sqliteOf(relationsOf(hosts));
  const answers = evaluate(db, queries, { now, names, tables });
  db.close();
  return answers.flatMap(findingsOfAnswer).filter(({ severity }) => severity !== 'info');
};

/** What stands by itself, and what stands with it. */
const told = (findings: readonly Finding[]): Readonly<Record<string, readonly string[]>> => {
  const explained = explain(findings);
  const roots = findings.filter((finding) => !explained.has(finding));
  const under = Map.groupBy(explained.keys(), (finding) => rootOf(finding, explained));
  return Object.fromEntries(
    roots.map((root) => [
      `${root.query.name} ${root.subject}`,
      (under.get(root) ?? []).map(({ query, subject }) => `${query.name} ${subject}`).toSorted(),
    ]),
  );
};

const firesOf = (name: string): readonly Host[] =>
  cases.find(({ query }) => query === name)?.fires('HOST-A') ?? [];

test('nobody holds a token: one finding, with all that follows from it', (t) => {
  t.deepEqual(told(found(firesOf('no_secure_token_user'))), {
    'no_secure_token_user host': [
      'admin_without_token itadmin',
      'admin_without_token mquist',
      'apple_silicon_no_admin_volume_owner host',
      'lockout_single_loss bootstrap token',
      'lockout_single_loss personal recovery key',
    ],
  });
});

test('the measured families are one finding each', (t) => {
  t.deepEqual(told(found(firesOf('apple_silicon_no_admin_volume_owner'))), {
    'apple_silicon_no_admin_volume_owner host': ['lockout_single_loss bootstrap token'],
  });
  t.deepEqual(told(found(firesOf('secure_token_lost'))), {
    'secure_token_lost itadmin': ['admin_without_token itadmin'],
  });
  t.deepEqual(told(found(firesOf('mdm_enrollment_lost'))), {
    'mdm_enrollment_lost host': ['mdm_not_enrolled host', 'prk_not_escrowed_by_profile host'],
  });
  t.deepEqual(told(found(firesOf('uuid_changed'))), {
    'uuid_changed mquist': [
      'new_admin_between_snapshots mquist',
      'secure_token_gained mquist',
      'secure_token_lost mquist',
    ],
  });
  t.deepEqual(told(found(firesOf('only_token_holder_is_managed_admin'))), {
    'only_token_holder_is_managed_admin itadmin': [
      'admin_without_token mquist',
      'laps_admin_holds_secure_token itadmin',
    ],
  });
  const single = told(found(firesOf('single_token_admin')));
  t.deepEqual(single['lockout_single_loss mquist'], ['single_token_admin mquist']);
});

test('an account that went away with its token is one finding, and one without a token another', (t) => {
  for (const token of [1, 0] as const) {
    const fires = changedSince(
      (host) => addPerson(host, { username: 'loaner', uid: 504, token }),
      (host) => {
        for (const table of host.tables.values())
          table.rows = table.rows.filter((row) => row['username'] !== 'loaner');
      },
    );
    t.deepEqual(
      told(found(fires('HOST-A'))),
      token === 1
        ? { 'secure_token_lost loaner': ['account_deleted loaner'] }
        : { 'account_deleted loaner': [] },
    );
  }
});

test('an account that poses as another is not told to log in, so that it gets a token', (t) => {
  for (const [name, uid, root] of [
    ['_svcadm', 490, 'system_account_impostor _svcadm'],
    ['svcadm', 490, 'hidden_admin svcadm'],
  ] as const) {
    const host = cleanHost('HOST-A');
    addPerson(host, { username: name, uid, isAdmin: 1, token: 0 });
    const own = told(found([host]));
    t.true(own[root]?.includes(`admin_without_token ${name}`), JSON.stringify(own));
    t.is(own[`admin_without_token ${name}`], undefined);
  }
});

const conflict = (rule: string, subject: string, severity = 'medium') => ({
  ...{ subject, rule_id: rule, severity, subject_kind: 'host', fact: 'bootstrap' },
  ...{ source_a: 'profiles', value_a: '1', source_b: 'apfs', value_b: '0', conclusion: 'x' },
});

test('a conflict that has a question of its own is told with that, and another conflict of the same subject is not', (t) => {
  const stale = firesOf('bootstrap_token_stale')[0] as Host;
  add(stale, 'conflicts', conflict('M10', 'host'));
  t.deepEqual(told(found([stale])), { 'bootstrap_token_stale host': ['token_source_conflicts host'] });
  add(stale, 'conflicts', conflict('M19', 'host'));
  t.deepEqual(Object.keys(told(found([stale]))).length, 2);
  const orphan = uuidOf('HOST-A', 'gone');
  for (const [subject, count] of [
    [orphan, 1],
    [uuidOf('HOST-A', 'other'), 2],
  ] as const) {
    const host = firesOf('filevault_orphan_users')[0] as Host;
    add(host, 'conflicts', { ...conflict('M06', subject, 'high'), subject_kind: 'crypto_user' });
    t.is(Object.keys(told(found([host]))).length, count, subject);
  }
});

test('nothing graver hides under its cause, and nothing of one host or account explains another', (t) => {
  for (const { query, fires } of cases) {
    const findings = found([...fires('HOST-A'), ...fires('HOST-B')]);
    for (const [finding, cause] of explain(findings)) {
      t.is(finding.hostId, cause.hostId, query);
      t.true(severityRank(cause.severity) <= severityRank(finding.severity), query);
      const rule = finding.query.explainedBy.find((one) => one.query === cause.query.name);
      if (rule?.isOfSubject === true) t.is(finding.subject, cause.subject, query);
    }
  }
});

const question = (name: string, explainedBy: string): Query =>
  parseQuery(
    `-- name: ${name}\n-- title: x\n-- severity: low\n${explainedBy === '' ? '' : `-- explained-by: ${explainedBy}\n`}-- purpose: x\nSELECT 1`,
    `${name}.sql`,
  );

test('the causes of the library exist and go in no circle; what is wrong with one is named', (t) => {
  t.notThrows(() => checkExplanations(queries));
  t.true(queries.filter(({ explainedBy }) => explainedBy.length > 0).length > 10);
  for (const { name, explainedBy, sql } of queries)
    for (const { where } of explainedBy)
      if (where !== null) t.regex(sql, new RegExp(`\\b${where.column}\\b`), name);
  t.throws(() => checkExplanations([question('a', 'b')]), {
    message: 'a.sql: explained-by names a query that is not there: b',
  });
  t.throws(() => checkExplanations([question('a', 'b'), question('b', 'c'), question('c', 'a')]), {
    message: /goes round in a circle/,
  });
  t.throws(() => checkExplanations([question('a', 'a')]), { message: /circle/ });
  t.notThrows(() => checkExplanations([question('a', 'b, c'), question('b', 'c'), question('c', '')]));
  for (const wrong of ['b for the subject', 'b where x', 'b where x is', 'B'])
    t.throws(() => question('a', wrong), { message: /a\.sql:4: explained-by does not understand/ });
});

/** What takes something away from somebody, or changes what opens the Mac. */
const dangerous =
  /\b(?:deletes?|deleted|removes?|removed|disable|unenrol\w*|erase[sd]?|rotate[sd]?|demote\w*|revoke\w*|wipe\w*)\b|\bturn\b[^.;]*\boff\b|\btake (?:a|it|its|his|the|this|their)\b[^.;]*\b(?:away|out)\b|\bfdesetup sync\b/i;
/** What must hold first: somebody who can administer the Mac, or a key, or the data. */
const guard =
  /make sure\b[^.]*\b(?:administrator with a token|another user|a recovery key|personal recovery key|another key|escrowed|data is saved)\b/i;

for (const { name, remediation } of queries) {
  test(`${name}: what is to be done says first what must still hold`, (t) => {
    const danger = dangerous.exec(remediation);
    if (danger === null) return t.pass();
    const held = guard.exec(remediation);
    t.not(held, null, `"${danger[0]}" without "make sure that …": ${remediation}`);
    t.true((held?.index ?? 0) < danger.index, `"${danger[0]}" comes before "make sure": ${remediation}`);
  });
}

test('the words that lock somebody out are known', (t) => {
  for (const text of [
    'Delete the account.',
    'Then take its rights away.',
    'Turn FileVault off.',
    'An administrator runs fdesetup remove -user.',
    'take the account out of FileVault',
    'have MDM rotate the key',
    'erase it and enrol it again',
  ])
    t.regex(text, dangerous, text);
  t.notRegex('look at deleted_users', dangerous);
});

test('no account is told to log in at the login window, and not to: whoever MDM manages keeps away from it', (t) => {
  const managed = { username: 'itops', uid: 503, isAdmin: 1 as const };
  for (const token of [0, 1] as const) {
    for (const others of [true, false]) {
      const host = cleanHost('HOST-A');
      addPerson(host, { ...managed, token, facts: { account_type: 'managed_admin' } });
      add(host, 'managed_users', {
        username: 'itops',
        uuid: uuidOf('HOST-A', 'itops'),
        kind: 'auto_setup_admin',
        source: 'mdmclient',
      });
      if (!others)
        for (const username of ['mquist', 'itadmin'])
          set(
            host,
            'secure_tokens',
            { secure_token: 0, volume_owner: 0, filevault_enabled: 0 },
            { username },
          );
      const own = found([host]).filter(({ subject }) => subject === 'itops');
      const says = (what: RegExp) =>
        own.filter(({ query }) => what.test(query.remediation)).map(({ query }) => query.name);
      t.deepEqual(says(/have the person log in at the login window/i), [], `${token} ${others}`);
      if (token === 1)
        t.deepEqual(says(/nobody logs in with it at the login window/), ['laps_admin_holds_secure_token']);
    }
  }
});
