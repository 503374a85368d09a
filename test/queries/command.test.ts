import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { causeOf } from '../../cli/not_seen.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import { isSeen } from '../../collector/status.ts';
import { queries } from '../../queries/index.ts';
import { readPacks, stripComments } from '../../queries/osquery_pack.ts';
import { tables } from '../../tables/index.ts';
import { makeStandIn, program, temporaryFolder } from '../standin.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-findings-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const sample = (name: string): string[] => ['--source', join(root, 'samples', name)];
const cli = (...argv: string[]) => {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...argv], {
    encoding: 'utf8',
    cwd: folder,
  });
  return { stdout, stderr, status };
};
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};

interface Row {
  readonly verdict: string;
  readonly query_name: string;
  readonly severity: string;
  readonly host_id: string | null;
  readonly subject: string | null;
  readonly details: Record<string, unknown>[];
  readonly remediation: string;
  readonly blind_spots: { readonly table: string; readonly reason: string }[];
}

test('findings says what was found, what it means and what to do, and apart what could not be judged', (t) => {
  const { stdout, status } = cli('findings', ...sample('macos15-unmanaged'));
  t.is(status, 0);
  const filevault = queries.find(({ name }) => name === 'filevault_off');
  t.regex(stdout, /^high {6}filevault_off: FileVault is off\n {2}means: {2}The data volume/m);
  t.true(stdout.replaceAll(/\s+/g, ' ').includes(filevault?.remediation ?? 'no'));
  const [found, open] = stdout.split('What was not seen, which is not "clean":');
  t.regex(found ?? '', /_svcadm/);
  t.regex(
    open ?? '',
    /2 tables were not wholly seen \(bootstrap_tokens, conflicts\), because profiles status/,
  );
  t.regex(
    stdout,
    /110 questions on 1 host: found 5 high, 7 medium, 2 low, 18 info \(and 6 more that these explain\); /,
  );
});

test('each column that declares why it is NULL leaves its question open with these words, whole', async (t) => {
  const asked = tables.filter(({ generate }) => generate !== undefined);
  const { results } = await collect(asked, await evidenceBackend(join(root, 'samples/macos26-managed')));
  const open: string[] = [];
  for (const { table, rows, status } of results) {
    for (const [column, { nullBecause }] of Object.entries(table.columns)) {
      if (
        nullBecause === undefined ||
        table.columns[column]?.from?.length === 0 ||
        nullBecause.startsWith('off by default: --include') ||
        !isSeen(status) ||
        !rows.some((row) => row[column] === null)
      )
        continue;
      open.push(`${column}: ${nullBecause} (${table.name})`);
      const name = `needs_${table.name}_${column}`;
      file(
        `declared/${name}.sql`,
        `-- name: ${name}\n-- title: x\n-- severity: low\n-- purpose: x\n-- requires: ${table.name}.${column}\n` +
          `SELECT host_id, ${column} AS subject FROM ${table.name} WHERE ${column} = 'no such'`,
      );
    }
  }
  t.true(open.length >= 1, open.join('\n'));
  const { stdout } = cli('findings', '--queries', join(folder, 'declared'), ...sample('macos26-managed'));
  const words = stdout.replaceAll(/\s+/g, ' ');
  for (const line of open) t.true(words.includes(line), `${line}\n${stdout}`);
});

test('what a database tells of a table as one text is not cut: the column is named beside it', (t) => {
  const spot = { table: 'users', column: 'uid', reason: 'ok: gid: no; it is not; uid: x' };
  const told = 'gid: no; it is not; uid: x';
  t.is(
    causeOf({ ...spot, because: { by: 'table_status', status: 'ok', told } }),
    `users.uid is not known; of the table it is said: ${told}`,
  );
  t.is(causeOf({ ...spot, because: { by: 'nobody' } }), 'users.uid is not known');
  t.is(causeOf({ ...spot, because: { by: 'question' } }), spot.reason);
  t.is(causeOf({ ...spot, because: { by: 'table_status', status: 'partial', told } }), spot.reason);
  t.is(causeOf({ ...spot, column: null, because: { by: 'question' } }), spot.reason);
});

test('findings as JSON: hits with their facts, and unknown hosts with the reasons', (t) => {
  const { stdout } = cli('findings', '--json', ...sample('macos14-not-root'));
  const rows = JSON.parse(stdout) as Row[];
  const unknown = rows.filter(({ verdict }) => verdict === 'unknown');
  const orphan = unknown.find(({ query_name: name }) => name === 'filevault_orphan_users');
  t.is(orphan?.blind_spots[0]?.table, 'filevault_users');
  t.regex(orphan?.blind_spots[0]?.reason ?? '', /denied: .*root/);
  t.true(rows.every(({ verdict, details }) => (verdict === 'hit') === details.length > 0));
  t.false(
    rows.some(
      (row) =>
        row.verdict === 'unknown' &&
        rows.some(
          (other) =>
            other.verdict === 'hit' && other.query_name === row.query_name && other.host_id === row.host_id,
        ),
    ),
  );
});

test('the same evidence gives the same bytes', (t) => {
  const argv = ['findings', '--ndjson', ...sample('macos10.15-mobile')];
  t.is(cli(...argv).stdout, cli(...argv).stdout);
});

test('--fail-on and --strict have their exit codes, and unknown is never passed over in silence', (t) => {
  t.is(cli('findings', '--fail-on', 'high', ...sample('macos15-unmanaged')).status, 3);
  t.is(
    cli('findings', '--fail-on', 'critical', '--group', 'posture', ...sample('macos26-managed')).status,
    0,
  );
  const open = cli(
    'findings',
    '--fail-on',
    'high',
    '-n',
    'filevault_orphan_users',
    ...sample('macos14-not-root'),
  );
  t.is(open.status, 0);
  t.regex(open.stderr, /1 question of severity high or above could not be judged .* no pass/);
  t.is(cli('findings', '--strict', '-n', 'filevault_orphan_users', ...sample('macos14-not-root')).status, 4);
  t.is(cli('findings', '--strict', '--fail-on', 'high', ...sample('macos15-unmanaged')).status, 3);
  t.is(cli('findings', '--strict', '-n', 'filevault_off', ...sample('macos26-managed')).status, 0);
  // With --fail-on, --strict asks for the queries of that severity or above.
  const stale = ['-n', 'stale_account_can_unlock', ...sample('macos14-not-root')];
  t.is(cli('findings', '--strict', ...stale).status, 4);
  t.is(cli('findings', '--strict', '--fail-on', 'medium', ...stale).status, 4);
  t.is(cli('findings', '--strict', '--fail-on', 'high', ...stale).status, 0);
  // What nobody asked for is no gap: one healthy Mac passes, without a database and without --allow-network.
  t.is(cli('findings', '--strict', ...sample('macos26-managed')).status, 0);
  const wrong = cli('findings', '--fail-on', 'severe');
  t.is(wrong.status, 2);
  t.regex(wrong.stderr, /critical/);
});

test('every output mode prints, and a wrong name or group is explained', (t) => {
  for (const mode of ['csv', 'line', 'list', 'markdown', 'osquery-json', 'ndjson']) {
    const { stdout, status } = cli(
      'findings',
      `--${mode}`,
      '-n',
      'filevault_off',
      ...sample('macos15-unmanaged'),
    );
    t.is(status, 0, mode);
    t.regex(stdout, /filevault_off/, mode);
  }
  t.regex(cli('findings', '-n', 'filevault_of').stderr, /did you mean filevault_off/);
  t.regex(cli('findings', '--group', 'postur').stderr, /the groups are .*posture/);
  t.regex(cli('findings', '--as-of', '-7d').stderr, /--as-of goes with --db/);
});

test('queries lists all, and prints one with its reasons; query -n asks one', (t) => {
  const list = JSON.parse(cli('queries', '--json').stdout) as { name: string; remediation: string }[];
  t.deepEqual(list.map(({ name }) => name).toSorted(), queries.map(({ name }) => name).toSorted());
  const { stdout } = cli('queries', 'hidden_admin');
  for (const heading of ['Why it matters', 'What to do', 'What else could cause it', 'References', 'SELECT'])
    t.true(stdout.includes(heading), heading);
  // What must be known is a list, with one line each.
  const policy = cli('queries', 'old_password').stdout;
  t.regex(policy, /\n {2}account_policy_data\n {2}users\n {2}no users where [^\n]+\n\nWITH persons/);
  t.regex(cli('queries', 'filevault_off', '--unknown-sql').stdout, /FROM table_status/);
  const asked = JSON.parse(
    cli('query', '-n', 'hidden_admin', '--json', ...sample('macos15-unmanaged')).stdout,
  ) as { subject: string }[];
  t.deepEqual(
    asked.map(({ subject }) => subject),
    ['_svcadm'],
  );
  t.regex(
    cli('query', '-n', 'uuid_changed', ...sample('macos26-managed')).stderr,
    /compares snapshots[\s\S]*--db/,
  );
});

test('with a database the questions of change are answered, also at a former moment', (t) => {
  const db = join(folder, 'own.db');
  t.is(cli('snapshot', '--db', db, ...sample('macos15-unmanaged')).status, 0);
  const rows = JSON.parse(
    cli('findings', '--db', db, '--json', '-n', 'hidden_admin', '-n', 'uuid_changed').stdout,
  ) as Row[];
  t.deepEqual(
    rows.map(({ verdict, query_name: name }) => [verdict, name]),
    [
      ['hit', 'hidden_admin'],
      ['unknown', 'uuid_changed'],
    ],
  );
  t.is(cli('findings', '--db', db, '--json', '--as-of', '2020-01-01', '-n', 'hidden_admin').stdout, '[]\n');
  const nobody = cli('findings', '--db', db, '--strict', '--as-of', '2020-01-01');
  t.is(nobody.status, 4);
  t.regex(nobody.stderr, /there is no host to judge: that is no pass/);
  t.regex(cli('findings', '--db', db, ...sample('macos15-unmanaged')).stderr, /exclude each other/);
  const kept = JSON.parse(
    cli(
      'query',
      '--db',
      db,
      '--json',
      "SELECT subject, first_seen_time FROM findings WHERE query_name = 'hidden_admin'",
    ).stdout,
  ) as unknown[];
  t.deepEqual(kept, [{ subject: '_svcadm', first_seen_time: 1_790_065_211 }]);
});

const header =
  '-- name: shells\n-- title: A shell that is not zsh\n-- severity: low\n-- purpose: We have zsh.\n';

test('own questions are asked like those of the library', (t) => {
  const own = join(folder, 'good');
  file(
    'good/shells.sql',
    `${header}SELECT u.host_id, u.username AS subject, u.shell\nFROM users u\nWHERE u.can_login = 1 AND u.shell <> '/bin/zsh'\nORDER BY u.host_id, u.username;\n`,
  );
  file(
    'good/deep/denied_users.sql',
    '-- name: denied_users\n-- title: A FileVault user\n-- severity: info\n-- purpose: None.\nSELECT host_id, username AS subject FROM filevault_users ORDER BY 1, 2',
  );
  const { stdout, status, stderr } = cli(
    'findings',
    '--queries',
    own,
    '--json',
    ...sample('macos14-not-root'),
  );
  t.is(status, 0, stderr);
  const rows = JSON.parse(stdout) as Row[];
  t.deepEqual([...new Set(rows.map(({ query_name: name }) => name))], ['shells', 'denied_users']);
  t.is(rows.find(({ query_name: name }) => name === 'denied_users')?.verdict, 'unknown');
  t.regex(cli('queries', '--queries', own).stdout, /shells/);
});

test('a mistake in an own question is named with its file and line', (t) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['no_name', '-- title: x\nSELECT 1', /no_name\.sql:1: the header lacks name/],
    [
      'typo',
      '-- name: typo\n-- tittle: x\n',
      /typo\.sql:2: this line of the header is not understood[\s\S]*did you mean "-- title:"/,
    ],
    [
      'grave',
      '-- name: grave\n-- title: x\n-- severity: severe\n-- purpose: x\nSELECT 1',
      /grave\.sql:3: there is no severity "severe"[\s\S]*critical/,
    ],
    [
      'other',
      '-- name: another\n-- title: x\n-- severity: low\n-- purpose: x\nSELECT 1',
      /other\.sql:1: the name is another and the file is other\.sql/,
    ],
    ['twice', '-- name: twice\n-- name: twice\n', /twice\.sql:2: name is given twice/],
    [
      'empty',
      '-- name: empty\n-- title: x\n-- severity: low\n-- purpose: x\n',
      /empty\.sql:5: there is no SQL/,
    ],
    [
      'table',
      '-- name: table\n-- title: x\n-- severity: low\n-- purpose: x\nSELECT host_id, 1 AS subject FROM usres',
      /table\.sql: there is no table usres[\s\S]*users/,
    ],
    [
      'column',
      '-- name: column\n-- title: x\n-- severity: low\n-- purpose: x\n-- requires: users.is_amdin\nSELECT host_id, username AS subject FROM users',
      /column\.sql: requires names a column that users does not have: is_amdin/,
    ],
    [
      'needs',
      '-- name: needs\n-- title: x\n-- severity: low\n-- purpose: x\n-- requires: users is_admin\nSELECT 1',
      /needs\.sql:5: requires does not understand/,
    ],
    [
      'first',
      '-- name: first\n-- title: x\n-- severity: low\n-- purpose: x\nSELECT username AS subject, host_id FROM users',
      /first\.sql: the first column must be host_id/,
    ],
    [
      'subject',
      '-- name: subject\n-- title: x\n-- severity: low\n-- purpose: x\nSELECT host_id, username FROM users',
      /subject\.sql: there must be a column subject/,
    ],
    [
      'write',
      '-- name: write\n-- title: x\n-- severity: low\n-- purpose: x\nDELETE FROM users',
      /write\.sql: DELETE is refused/,
    ],
    [
      'two',
      '-- name: two\n-- title: x\n-- severity: low\n-- purpose: x\nSELECT host_id, 1 AS subject FROM users; SELECT 2',
      /two\.sql: there is more than one statement/,
    ],
    [
      'inject',
      '-- name: inject\n-- title: x\n-- severity: low\n-- purpose: x\n-- requires: users.is_admin where 1 = 1); DELETE FROM users\nSELECT host_id, 1 AS subject FROM users',
      /inject\.sql: /,
    ],
    [
      'past',
      '-- name: past\n-- title: x\n-- severity: low\n-- history: yes\n-- purpose: x\nSELECT host_id, 1 AS subject FROM users_history',
      /past\.sql: the header lacks requires/,
    ],
  ];
  for (const [name, text, expected] of cases) {
    file(`bad-${name}/${name}.sql`, text);
    const { stderr, status, stdout } = cli(
      'findings',
      '--queries',
      join(folder, `bad-${name}`),
      ...sample('macos26-managed'),
    );
    t.is(status, 1, `${name}: ${stderr}`);
    t.is(stdout, '', name);
    t.regex(stderr, expected, name);
    t.notRegex(stderr, /\n\s+at /, name);
  }
  t.regex(cli('findings', '--queries', join(folder, 'nowhere')).stderr, /nowhere is not there/);
  mkdirSync(join(folder, 'bad-bytes'));
  writeFileSync(join(folder, 'bad-bytes/bytes.sql'), Buffer.from(`${header}\xff`, 'latin1'));
  t.regex(cli('findings', '--queries', join(folder, 'bad-bytes')).stderr, /bytes\.sql is not UTF-8/);
});

test('a finding without facts, and a wrong name of an own question', (t) => {
  const folderOfOne = join(folder, 'bare');
  file(
    'bare/every_host.sql',
    '-- name: every_host\n-- title: A host\n-- severity: low\n-- purpose: A host\nSELECT host_id, 1 AS subject FROM hosts',
  );
  const { stdout } = cli('findings', '--queries', folderOfOne, ...sample('macos26-managed'));
  t.regex(stdout, /^low {7}every_host: A host\n {4}mquist-mbp \(\S+\) {2}1\n/);
  t.regex(
    cli('findings', '--queries', folderOfOne, '-n', 'some_host').stderr,
    /there is no question some_host\n.*the names are every_host/,
  );
});

test('a pack of osquery is read as osquery reads it, and what cannot be asked is named', (t) => {
  const pack = file(
    'it.conf',
    [
      '{',
      '  // a comment on a line of its own',
      '  # and another',
      '  "platform": "darwin",',
      '  "discovery": ["SELECT 1 FROM users WHERE uid = 501"],',
      '  "queries": {',
      '    "admins": {"query": "SELECT u.username, g.groupname FROM users u JOIN user_groups g USING (uid) \\',
      'WHERE g.gid = 80 AND u.uid > 500;", "interval": "3600", "description": "Administrators"},',
      '    "processes": {"query": "SELECT * FROM processes", "interval": 60},',
      '    "windows": {"query": "SELECT * FROM users", "platform": "windows"},',
      '    "filevault": {"query": "SELECT username FROM filevault_users", "interval": 60},',
      '    "attach": {"query": "ATTACH \'x\' AS y", "interval": 60}',
      '  }',
      '}',
    ].join('\n'),
  );
  const { stdout, stderr, status } = cli(
    'findings',
    '--pack',
    pack,
    '--json',
    ...sample('macos14-not-root'),
    ...sample('macos26-managed'),
  );
  t.is(status, 0, stderr);
  t.regex(stderr, /left out: pack_it_processes: there is no table processes/);
  t.regex(stderr, /left out: pack_it_windows: it is for windows/);
  t.regex(stderr, /left out: pack_it_attach: ATTACH is refused/);
  const rows = JSON.parse(stdout) as Row[];
  const admins = rows
    .filter(({ query_name: name }) => name === 'pack_it_admins')
    .map(({ subject }) => subject);
  // uid 501 is on both hosts: each was asked apart, so nobody is paired with the groups of the other.
  t.deepEqual(admins.toSorted(), ['deskops', 'ethorne', 'itadmin', 'itadmin', 'mquist']);
  const filevault = rows.filter(({ query_name: name }) => name === 'pack_it_filevault');
  t.deepEqual(new Set(filevault.map(({ verdict }) => verdict)), new Set(['hit', 'unknown']));
});

test('a pack whose discovery could not be asked is unknown, and one without a query is refused', (t) => {
  const pack = file(
    'found.conf',
    '{"discovery": ["SELECT 1 FROM filevault_users"], "queries": {"users": {"query": "SELECT username FROM users"}}}',
  );
  const verdicts = (name: string): string[] =>
    (JSON.parse(cli('findings', '--pack', pack, '--json', ...sample(name)).stdout) as Row[]).map(
      ({ verdict }) => verdict,
    );
  // Denied: nobody knows whether the pack is for this Mac.
  t.deepEqual(verdicts('macos14-not-root'), ['unknown']);
  // Empty: it is not.
  t.deepEqual(verdicts('macos15-unmanaged'), []);
  const none = cli(
    'findings',
    '--pack',
    file('none.json', '{"queries": {"processes": {"query": "SELECT * FROM processes"}}}'),
    ...sample('macos26-managed'),
  );
  t.is(none.status, 1);
  t.regex(none.stderr, /left out: pack_none_processes[\s\S]*none\.json has no query that can be asked here/);
});

test('query -n collects the tables that the question names, also where it asks how they were collected', (t) => {
  const { root: standIn, log } = makeStandIn(join(root, 'samples/macos15-unmanaged'), temporaryFolder(t));
  const asked = (name: string): string => {
    writeFileSync(log, '');
    const { status, stderr } = cli('query', '-n', name, '--json', '--exec-root', standIn);
    t.is(status, 0, stderr);
    return readFileSync(log, 'utf8');
  };
  const some = asked('account_without_password');
  t.regex(some, /dscl/);
  t.notRegex(some, /diskutil|fdesetup|profiles/);
  // What it is about is every table.
  t.regex(asked('host_not_seen'), /fdesetup/);
});

test('a pack that is none is refused with the place of the fault', (t) => {
  t.regex(
    cli(
      'findings',
      '--pack',
      file('broken.conf', '{\n  "queries": {\n    "a": {"query": "SELECT 1",}\n  }\n}'),
    ).stderr,
    /broken\.conf is not JSON, line 3/,
  );
  // Whatever it is, nothing of it is told.
  for (const text of ['root:$6$CANARY:19000:0:::', '{"a": CANARY'])
    t.notRegex(cli('findings', '--pack', file('shadow', text)).stderr, /CANARY|root:/, text);
  t.regex(
    cli('findings', '--pack', file('empty.conf', '{}')).stderr,
    /neither queries nor packs nor a schedule/,
  );
  t.regex(cli('findings', '--pack', join(folder, 'none.conf')).stderr, /none\.conf is not there/);
  t.is(stripComments('a \\\nb\n  // c\n # d\n"e // f"'), 'a b\n\n\n"e // f"');
  const { packs, skipped } = readPacks(
    file(
      'osquery.conf',
      '{"schedule": {"one": {"query": "SELECT 1"}}, "packs": {"inline": {"queries": {"two": {"query": "SELECT 2"}, "three": {}}}, "file": "/etc/x.conf", "lin": {"platform": "linux", "queries": {}}}}',
    ),
  );
  t.deepEqual(
    packs.flatMap(({ queries: own }) => own.map(({ name }) => name)),
    ['one', 'pack_inline_two'],
  );
  t.is(skipped.length, 3);
});

test('the exit code says what was found, also where nobody reads it', async (t) => {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      program,
      'findings',
      ...sample('macos15-unmanaged'),
      '--fail-on',
      'high',
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  child.stdout.destroy();
  t.is(await new Promise((resolve) => child.on('close', resolve)), 3);
});
