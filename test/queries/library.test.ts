import test from 'ava';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { allColumns } from '../../collector/table.ts';
import { evaluateIn, judgedWorld } from '../../cli/findings.ts';
import { names } from '../../cli/names.ts';
import { parseQuery, severities } from '../../queries/query.ts';
import { withReads } from '../../queries/reads.ts';
import { openEmptyStore } from '../../store/empty.ts';
import { queries } from '../../queries/index.ts';
import { parts } from '../../queries/parts.ts';
import { blindSpotStatements, exemptStatement } from '../../queries/blind_spots.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Answer, Verdict } from '../../queries/evaluate.ts';
import { withClosed } from '../../queries/closed.ts';
import { prepareGuarded } from '../../store/guard.ts';
import { tables } from '../../tables/index.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cases, changedSince } from './cases.ts';
import { add, cleanHost, collectable, day, deny, later, now, set } from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const root = join(import.meta.dirname, '../..');
const queryNamed = (name: string) => {
  const query = queries.find((candidate) => candidate.name === name);
  if (query === undefined) throw new Error(`there is no question ${name}`);
  return query;
};
const evaluated = (hosts: readonly Host[], name: string): Answer => {
  const db = sqliteOf(relationsOf(hosts));
  const [answer] = evaluate(db, [queryNamed(name)], { now, names, tables });
  db.close();
  if (answer === undefined) throw new Error('no answer');
  return answer;
};
const verdict = (hosts: readonly Host[], name: string): Verdict | undefined =>
  evaluated(hosts, name).verdicts.get(hosts[0]?.hostId ?? '');

/** The questions that a Match block could answer otherwise for some. */
const ofMatch = (): readonly string[] =>
  queries
    .filter(
      ({ sql, requires }) => /sshd_config/.test(sql) && JSON.stringify(requires).includes('has_match_blocks'),
    )
    .map(({ name }) => name);

const count = (group: string): number => queries.filter((query) => query.group === group).length;

test('the library has the questions and the pack lockout, in the groups of the design', (t) => {
  t.is(queries.length, 110);
  t.deepEqual(
    ['trust', 'posture', 'detection', 'hygiene', 'context', 'fleet', 'lockout'].map((group) => [
      group,
      count(group),
    ]),
    [
      ['trust', 2],
      ['posture', 51],
      ['detection', 30],
      ['hygiene', 13],
      ['context', 8],
      ['fleet', 3],
      ['lockout', 3],
    ],
  );
});

for (const { query, fires, unknown, clean } of cases) {
  test(`${query}: fires, does not fire, is unknown`, (t) => {
    t.is(verdict(fires('HOST-A'), query), 'hit');
    const cleanHosts = clean?.('HOST-B') ?? [cleanHost('HOST-B')];
    const answer = evaluated(cleanHosts, query);
    t.is(answer.verdicts.get('HOST-B'), 'clean', JSON.stringify(answer.blindSpots.get('HOST-B')));
    // Unknown: the same clean host, with one fact missing.
    const hosts = clean?.('HOST-C') ?? [cleanHost('HOST-C')];
    const last = hosts.at(-1);
    if (last === undefined) throw new Error('no snapshot');
    if (query === 'host_not_seen') {
      const relations = relationsOf(hosts);
      relations.find(({ name }) => name === 'table_status')?.rows.splice(0);
      const db = sqliteOf(relations);
      t.is(evaluate(db, [queryNamed(query)], { now, names, tables })[0]?.verdicts.get('HOST-C'), 'unknown');
      return;
    }
    unknown(last);
    t.is(verdict(hosts, query), 'unknown');
  });
}

test('every question has a case, or a test of its own', (t) => {
  const own = ['posture_by_os_version', 'rare_admin_accounts', 'token_drift_over_time'];
  t.deepEqual(
    [...cases.map(({ query }) => query), ...own].toSorted(),
    queries.map(({ name }) => name).toSorted(),
  );
});

test('nothing above info is found on the clean constructed host', (t) => {
  const db = sqliteOf(relationsOf([cleanHost('HOST-A', now - day), later(cleanHost('HOST-A', now - day))]));
  const found = evaluate(db, queries, { now, names, tables }).filter(
    ({ query, hits }) => query.severity !== 'info' && hits.length > 0,
  );
  t.deepEqual(
    found.map(({ query, hits }) => [query.name, hits]),
    [],
  );
});

test('a host is another Mac by its model, its serial number or its container, and not by what was not told', (t) => {
  const changes = (first: (host: Host) => void, next: (host: Host) => void): Verdict | undefined =>
    verdict(changedSince(first, next)('HOST-A'), 'host_identity_changed');
  const serial = (value: string | null) => (host: Host) => set(host, 'hosts', { serial_number: value });
  const container = (value: string | null) => (host: Host) => {
    host.tables.get('apfs_volumes')?.rows.splice(0);
    add(host, 'apfs_volumes', {
      device_identifier: 'disk3s5',
      role: 'Data',
      is_internal: 1,
      container_uuid: value,
    });
  };
  t.is(changes(serial('C02EXAMPLE01'), serial('C02EXAMPLE02')), 'hit');
  t.is(changes(serial('C02EXAMPLE01'), serial('C02EXAMPLE01')), 'clean');
  t.not(changes(serial(null), serial('C02EXAMPLE02')), 'hit');
  t.not(changes(serial('C02EXAMPLE01'), serial(null)), 'hit');
  t.is(
    changes(
      container('00000000-0000-4000-8000-000000000002'),
      container('00000000-0000-4000-8000-000000000001'),
    ),
    'hit',
  );
  t.not(changes(container(null), container('00000000-0000-4000-8000-000000000001')), 'hit');
});

test('posture_by_os_version counts unknown hosts as unknown, not as failures', (t) => {
  const hosts = ['A', 'B', 'C'].map((id) => cleanHost(id));
  const [, b, c] = hosts;
  if (b === undefined || c === undefined) throw new Error('no host');
  set(b, 'filevault_status', { filevault_enabled: 0, status: 'off' });
  set(c, 'filevault_status', { filevault_enabled: null, status: 'unknown' });
  const answer = evaluated(hosts, 'posture_by_os_version');
  t.deepEqual(
    answer.hits.map(({ hostId, subject, facts }) => [
      hostId,
      subject,
      facts['hosts'],
      facts['filevault_known'],
      facts['filevault_percent'],
      facts['admin_owner_percent'],
    ]),
    [[null, 'macOS 15', 3, 2, 50, 100]],
  );
  t.deepEqual([...answer.verdicts.values()], ['clean', 'clean', 'unknown']);
  // It has nothing to tell of a fleet whose versions are not known.
  set(b, 'hosts', { os_major: null });
  t.deepEqual(evaluated([b], 'posture_by_os_version').hits, []);
});

test('rare_admin_accounts needs twenty hosts, and leaves out the person at the screen', (t) => {
  const fleet = Array.from({ length: 20 }, (_, index) => cleanHost(`HOST-${index}`));
  t.is(evaluated(fleet, 'rare_admin_accounts').hits.length, 0);
  t.is(evaluated(fleet, 'rare_admin_accounts').verdicts.get('HOST-3'), 'clean');
  const [first, second] = fleet;
  if (first === undefined || second === undefined) throw new Error('no host');
  for (const table of ['users', 'secure_tokens'])
    set(first, table, { username: 'svc' }, { username: 'itadmin' });
  for (const table of ['users', 'secure_tokens'])
    set(second, table, { username: 'qed' }, { username: 'itadmin' });
  set(second, 'hosts', { console_username: 'qed' });
  t.deepEqual(
    evaluated(fleet, 'rare_admin_accounts').hits.map(({ hostId, subject }) => [hostId, subject]),
    [['HOST-0', 'svc']],
  );
  t.is(evaluated(fleet.slice(0, 19), 'rare_admin_accounts').verdicts.get('HOST-0'), 'not_asked');
});

test('token_drift_over_time tells each week once, with the state at its end', (t) => {
  const first = cleanHost('HOST-A', now - 16 * day);
  const second = later(first, 8 * day);
  set(second, 'secure_tokens', { secure_token: 0 }, { username: 'itadmin' });
  const busy = later(second, 3600);
  const answer = evaluated([first, second, busy, later(busy, 8 * day - 3600)], 'token_drift_over_time');
  t.deepEqual(
    answer.hits.map(({ facts }) => [
      facts['hosts_seen'],
      facts['token_holders'],
      facts['admins'],
      facts['escrowed'],
      facts['conflicts'],
    ]),
    [
      [1, 2, 3, 1, 0],
      [1, 1, 3, 1, 0],
      [1, 1, 3, 1, 0],
    ],
  );
  t.is(answer.verdicts.get('HOST-A'), 'clean');
  t.is(verdict([first], 'token_drift_over_time'), 'unknown');
  t.deepEqual(evaluated([cleanHost('HOST-A', now - 200 * day)], 'token_drift_over_time').hits, []);
});

test('the first snapshot of a host is no change, and a change is told for seven days', (t) => {
  const history = queries.filter(
    ({ needsHistory, isOfFleet, notSeenAfter }) => needsHistory && !isOfFleet && notSeenAfter === 0,
  );
  t.is(history.length, 18);
  for (const { query, fires } of cases) {
    if (!history.some(({ name }) => name === query)) continue;
    const [first, second] = fires('HOST-A');
    if (first === undefined || second === undefined) throw new Error('no snapshots');
    t.is(verdict([second], query), 'unknown', `${query} on a first snapshot`);
    t.deepEqual(evaluated([second], query).hits, []);
    // Ten days ago, and collected since: no longer news.
    first.time = now - 13 * day;
    second.time = now - 10 * day;
    t.is(verdict([first, second, later(second, 9 * day)], query), 'clean', `${query} ten days on`);
    // Not collected for ten days: nobody knows.
    t.is(verdict([first, { ...first, time: now - 10 * day }], query), 'unknown', `${query} not looked at`);
  }
});

test('a table that was not looked at is no change', (t) => {
  for (const query of ['secure_token_lost', 'secure_token_gained', 'new_admin_between_snapshots']) {
    const first = cleanHost('HOST-A', now - 3 * day);
    const dark = later(first, day);
    for (const table of ['users', 'secure_tokens']) deny(dark, table);
    const light = later(first, 3 * day);
    t.deepEqual(evaluated([first, dark, light], query).hits, [], query);
    t.is(verdict([first, dark, light], query), 'clean', query);
    // A fact that was unknown in between is no change either ...
    const grey = later(first, day);
    set(grey, 'secure_tokens', { secure_token: null });
    set(grey, 'users', { is_admin: null });
    t.deepEqual(evaluated([first, grey, light], query).hits, [], query);
  }
  // ... and does not hide one.
  const first = cleanHost('HOST-A', now - 3 * day);
  set(first, 'users', { is_admin: 0 }, { username: 'itadmin' });
  set(first, 'secure_tokens', { secure_token: 0 }, { username: 'itadmin' });
  const grey = later(first, day);
  set(grey, 'users', { is_admin: null }, { username: 'itadmin' });
  set(grey, 'secure_tokens', { secure_token: null }, { username: 'itadmin' });
  const light = later(first, 3 * day);
  set(light, 'users', { is_admin: 1 }, { username: 'itadmin' });
  set(light, 'secure_tokens', { secure_token: 1 }, { username: 'itadmin' });
  t.is(verdict([first, grey, light], 'new_admin_between_snapshots'), 'hit');
  t.is(verdict([first, grey, light], 'secure_token_gained'), 'hit');
});

test('an account that comes back, or goes, is told apart from one that changed', (t) => {
  const first = cleanHost('HOST-A', now - 3 * day);
  const without = later(first, day);
  for (const table of ['users', 'secure_tokens']) {
    const state = without.tables.get(table);
    if (state !== undefined) state.rows = state.rows.filter((row) => row['username'] !== 'itadmin');
  }
  const back = later(first, 3 * day);
  t.deepEqual(
    evaluated([first, without, back], 'secure_token_lost').hits.map(({ facts }) => facts['is_account_gone']),
    [1],
  );
  t.deepEqual(
    evaluated([first, without, back], 'new_admin_between_snapshots').hits.map(({ subject, facts }) => [
      subject,
      facts['is_new_account'],
    ]),
    [['itadmin', 1]],
  );
});

const sampleCollections = async (): Promise<ReadonlyMap<string, Collection>> => {
  const hosts = ['macos10.15-mobile', 'macos14-not-root', 'macos15-unmanaged', 'macos26-managed'];
  return new Map(
    await Promise.all(
      hosts.map(
        async (name) =>
          [name, await collect(collectable, await evidenceBackend(join(root, 'samples', name)))] as const,
      ),
    ),
  );
};

test('on the managed sample host no question of posture, detection or hygiene fires', async (t) => {
  const managed = (await sampleCollections()).get('macos26-managed');
  if (managed === undefined) throw new Error('no sample');
  const asked = queries.filter(({ group }) =>
    ['posture', 'detection', 'hygiene', 'lockout', 'trust'].includes(group),
  );
  const answers = evaluateIn(judgedWorld([managed]), asked);
  t.deepEqual(
    answers
      .filter(({ query, hits }) => hits.length > 0 && query.name !== 'lockout_ways')
      .map(({ query }) => query.name),
    [],
  );
  t.true(answers.some(({ verdicts }) => [...verdicts.values()].includes('clean')));
});

/** What each sample host shows, by the verdicts of all queries. */
test('the sample hosts are judged as they were made', async (t) => {
  const samples = await sampleCollections();
  const hits = (name: string): string[] => {
    const collection = samples.get(name);
    if (collection === undefined) throw new Error(`no sample ${name}`);
    return evaluateIn(judgedWorld([collection]))
      .filter(({ query, verdicts }) => query.severity !== 'info' && [...verdicts.values()].includes('hit'))
      .map(({ query }) => query.name)
      .toSorted();
  };
  t.deepEqual(hits('macos26-managed'), []);
  t.deepEqual(hits('macos14-not-root'), []);
  // Its administrator without a token is barred from one on purpose (DisabledTags).
  t.deepEqual(hits('macos10.15-mobile'), [
    'bootstrap_token_stale',
    'dangling_admin_member',
    'disabled_account_can_unlock',
    'filevault_may_be_turned_off',
    'filevault_orphan_users',
    'home_open_to_others',
    'legacy_recovery_keys',
    'lockout_single_loss',
    'mobile_accounts_without_token',
    'old_password',
    'prk_not_escrowed_by_profile',
    'remote_login_on',
    'removed_from_filevault_keeps_token',
    'token_source_conflicts',
  ]);
  t.deepEqual(hits('macos15-unmanaged'), [
    'account_without_password',
    'admin_without_token',
    'automatic_login_on',
    'automatic_login_password_kept',
    'failed_logins',
    'filevault_deferral_pending',
    'filevault_off',
    'guest_login_on',
    'hidden_admin',
    'lockout_single_loss',
    'mdm_bypass_markers',
    'mdm_not_enrolled',
    'recovery_key_file_on_disk',
    'remote_login_on',
    'root_login_on',
    'screen_sharing_on',
    'single_token_admin',
    'sshd_takes_passwords',
    'system_account_impostor',
    'token_source_conflicts',
  ]);
});

test('what only root is told is unknown on the sample host of an ordinary user, never clean', async (t) => {
  const collection = (await sampleCollections()).get('macos14-not-root');
  if (collection === undefined) throw new Error('no sample');
  const unknown = evaluateIn(judgedWorld([collection]))
    .filter(({ verdicts }) => [...verdicts.values()].includes('unknown'))
    .map(({ query }) => query.name);
  for (const name of [
    'bootstrap_token_not_escrowed',
    'bootstrap_token_stale',
    'filevault_orphan_users',
    'filevault_without_recovery_key',
    'legacy_recovery_keys',
    'lockout_no_way_left',
    'lockout_single_loss',
    'failed_logins',
    'old_password',
    'recovery_key_file_on_disk',
    'removed_from_filevault_keeps_token',
    'token_source_conflicts',
  ]) {
    t.true(unknown.includes(name), name);
  }
});

test('headers name real tables and columns, and every table that the SQL reads', (t) => {
  const db = sqliteOf(relationsOf([]));
  for (const query of queries) {
    for (const { table, column } of query.requires) {
      const known = tables.find(({ name }) => name === table);
      t.truthy(known, `${query.name} requires ${table}`);
      if (known !== undefined && column !== null)
        t.true(
          allColumns(known).some(([name]) => name === column),
          `${query.name} requires ${table}.${column}`,
        );
    }
    // What evaluates them takes them past the guard, so each goes through it here.
    const exempt = exemptStatement(query);
    for (const sql of [...blindSpotStatements(query), ...(exempt === null ? [] : [exempt])])
      t.notThrows(() => prepareGuarded(db, sql, names), query.name);
    const columns = prepareGuarded(db, query.sql, names)
      .columns()
      .map(({ name }) => name);
    t.deepEqual(columns.slice(0, 2), ['host_id', 'subject'], query.name);
    t.is(new Set(columns).size, columns.length, query.name);
    const body = query.sql.replace(/^WITH known_tables AS [^]*?\n\)(?:,|\n)/, '');
    const read = new Set(
      [...body.replaceAll(/--.*$/gm, '').matchAll(/\b(?:FROM|JOIN)\s+([a-z_]+)/g)]
        .map(([, name]) => (name ?? '').replace(/_history$/, ''))
        .filter((name) => tables.some((table) => table.name === name) || name.endsWith('snapshots')),
    );
    const declared = new Set([...query.requires.map(({ table }) => table), ...query.alsoReads]);
    t.deepEqual(
      [...read].filter((name) => !declared.has(name)),
      [],
      `${query.name} reads what it does not declare`,
    );
    // What the SQL leaves out is what its requires leave open: it asks known_tables, and not the statuses.
    if (query.notSeenAfter === 0 && !query.requires.some(({ table }) => table === 'table_status'))
      t.notRegex(body, /\btable_status\b/, `${query.name}: known_tables says what is known`);
    // table_status is read by the judgement itself.
    t.deepEqual(
      query.alsoReads.filter((name) => !read.has(name)),
      [],
      `${query.name} declares what it does not read`,
    );
  }
});

test('the SQL keeps to what SQLite, PostgreSQL and DuckDB share', (t) => {
  const dialect =
    /\b(?:unixepoch|strftime|datetime|julianday|json_\w+|group_concat|string_agg|ifnull|iif|instr|strpos|glob|regexp|ilike|like|limit|date_trunc|to_timestamp|typeof|round|printf|rowid)\b|::|\bIS NOT? (?:TRUE|FALSE)\b/i;
  for (const { name, sql, file } of queries) {
    const bare = sql.replaceAll(/--.*$/gm, '').replaceAll(/'(?:[^']|'')*'/g, "''");
    t.is(dialect.exec(bare)?.[0] ?? null, null, name);
    t.regex(bare, /ORDER BY/, name);
    t.false(/"/.test(bare), `${name}: quotes in SQL`);
    t.true(
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .every((line) => line.length <= 125),
      `${name}: a line is too long`,
    );
  }
});

test('an index that is stale would be seen', (t) => {
  const empty = openEmptyStore(tables);
  for (const query of queries) {
    const parsed = parseQuery(readFileSync(join(root, query.file), 'utf8'), query.file, {
      isStrict: true,
      parts,
    });
    t.deepEqual(withClosed(withReads(parsed, empty), tables, empty), query);
    // Its header leaves out nothing that SQLite finds it to read.
    const bareAlone = query.requires.map((requirement) => ({ ...requirement, reads: null }));
    t.deepEqual(
      { ...query, appliesReads: parsed.appliesReads, closed: [], requires: bareAlone, sql: parsed.sql },
      parsed,
    );
    t.true(severities.includes(query.severity));
  }
});

test('every reference stands in the record of what was checked', (t) => {
  const [record] = readFileSync(join(root, 'docs/references.md'), 'utf8').split('Left out, because');
  const ids = queries.flatMap(({ name, references }) =>
    (
      references.match(
        /[A-Z]{2}-\d+(?:\(\d+\))?|T\d{4}(?:\.\d{3})?|APPL-\d+-\d+|\b(?:os|pwpolicy|system_settings)_[a-z_]+|\b\d{2}\.\d{2}\.\d{2}\b|\b\d\.\d+(?:\.\d+)?\b/g,
      ) ?? []
    ).map((id) => [name, id] as const),
  );
  t.true(ids.length > 60);
  for (const [name, id] of ids)
    t.true(record?.includes(id), `${name} cites ${id}, which docs/references.md does not have`);
  t.true(
    queries.every(({ references }) => references === 'none' || /mSCP|CIS|STIG|800-|ATT&CK/.test(references)),
  );
});

test('what is found of sshd is found where Remote Login is on alone, and nothing is unknown where it is off', (t) => {
  const ofSshd = queries.filter(({ name }) => name.startsWith('sshd_'));
  t.true(ofSshd.length > 8);
  for (const { query, fires } of cases.filter(({ query: name }) => name.startsWith('sshd_'))) {
    const [isOff, isUnknown] = [fires('HOST-A'), fires('HOST-A')];
    for (const host of isOff) set(host, 'hosts', { remote_login_enabled: 0 });
    t.is(verdict(isOff, query), 'clean', query);
    for (const host of isUnknown) set(host, 'hosts', { remote_login_enabled: null });
    t.is(verdict(isUnknown, query), 'unknown', query);
    const denied = fires('HOST-A');
    for (const host of denied) deny(host, 'sshd_config', 'skipped');
    t.is(verdict(denied, query), 'unknown', query);
  }
});

test('a Match block leaves open what is in order, and takes back nothing that is found', (t) => {
  const questions = ofMatch();
  t.true(questions.length > 6);
  for (const { query, fires, clean } of cases.filter(({ query: name }) => questions.includes(name))) {
    for (const value of [1, null]) {
      const [found, inOrder] = [fires('HOST-A'), clean?.('HOST-A') ?? []];
      for (const host of [...found, ...inOrder]) set(host, 'sshd_config', { has_match_blocks: value });
      t.is(verdict(found, query), 'hit', query);
      t.is(verdict(inOrder, query), 'unknown', query);
    }
  }
});

test('keys that changed matter more than a file that was written again, and keys that were always there are no news', (t) => {
  const keys = {
    file_exists: 1,
    key_count: 1,
    keys_digest: '3f1c5e0a9b7d2468',
    file_modified_time: now - 9 * day,
  };
  const files = (time: number, ...rows: readonly Record<string, number | string | null>[]): Host => {
    const host = cleanHost('HOST-A', time);
    for (const row of rows)
      add(host, 'authorized_key_files', { username: 'mquist', uid: 501, ...keys, ...row });
    return host;
  };
  const told = (...hosts: readonly Host[]) =>
    evaluated(hosts, 'ssh_keys_changed').hits.map(({ subject, facts }) => [
      subject,
      facts['change_kind'],
      facts['how_much'],
    ]);
  const other = { username: 'devon', uid: 502 };
  const [first, last] = [now - 3 * day, now];
  t.deepEqual(told(files(first, {}), files(last, {})), []);
  const written = files(last, { file_modified_time: now - day });
  t.deepEqual(told(files(first, {}), written), [['mquist', 'written again', 'low']]);
  const replaced = files(last, { keys_digest: '0123456789abcdef' });
  t.deepEqual(told(files(first, {}), replaced), [['mquist', 'other keys', 'medium']]);
  t.deepEqual(told(files(first, {}), files(last, {}, other)), [
    ['devon', 'account came with keys', 'medium'],
  ]);
  t.deepEqual(told(files(first, {}), files(last, {}, { ...other, key_count: 0 })), []);
  // Nobody had asked for keys before, or the file could not be read then.
  t.deepEqual(told(cleanHost('HOST-A', first), files(last, {})), []);
  const unread = files(first, { key_count: null, keys_digest: null, file_modified_time: null });
  t.deepEqual(told(unread, files(last, {})), []);
  // What was known before counts, whatever could not be read in between.
  unread.time = now - 2 * day;
  t.deepEqual(told(files(first, {}), unread, replaced), [['mquist', 'other keys', 'medium']]);
  // A new name is the same account.
  const uuid = 'A1B2C3D4-1111-4AAA-8BBB-000000000501';
  t.deepEqual(told(files(first, { uuid }), files(last, { uuid, username: 'marlow' })), []);
});
