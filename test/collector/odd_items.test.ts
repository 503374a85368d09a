/** One odd item in an answer of a sample host: what it costs the tables, and what it does not. */
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { commands, laterPlaces } from '../../collector/sources.ts';
import type { Command, CommandName } from '../../collector/sources.ts';
import type { Value } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { sample, temporaryFolder } from '../standin.ts';

type AnyRow = Readonly<Record<string, Value>>;
const managed = 'macos26-managed';

/** The sample host, of which one output says something else. */
const collected = async (
  t: ExecutionContext,
  source: CommandName | null,
  edit: (stdout: string) => string = (stdout) => stdout,
  host = managed,
  encoding: BufferEncoding = 'utf8',
): Promise<Collection> => {
  const folder = join(temporaryFolder(t), 'host');
  cpSync(sample(host), folder, { recursive: true });
  rmSync(join(folder, 'SHA256SUMS'), { force: true });
  const { argv }: Command = source === null ? { ...commands.sw_vers, argv: [''] } : commands[source];
  const begin = argv.filter((word) => !word.startsWith('{')).join('\n');
  for (const number of readdirSync(join(folder, 'commands'))) {
    const at = join(folder, 'commands', number);
    if (source === null || !readFileSync(join(at, 'argv'), 'utf8').startsWith(begin)) continue;
    const before = readFileSync(join(at, 'stdout'), encoding);
    t.not(edit(before), before, `nothing is changed in ${source}`);
    writeFileSync(join(at, 'stdout'), edit(before), encoding);
  }
  return collect(tables, await evidenceBackend(folder));
};
const rowsOf = ({ results }: Collection, name: string): readonly AnyRow[] =>
  results.find(({ table }) => table.name === name)?.rows ?? [];
const statusOf = ({ results }: Collection, name: string): string =>
  results.find(({ table }) => table.name === name)?.status ?? 'none';
const rowOf = (collection: Collection, name: string, username: string): AnyRow =>
  rowsOf(collection, name).find((row) => row['username'] === username) ?? {};
/** Tables of which a row or a cell is another one. */
const changed = (before: Collection, after: Collection): string[] =>
  before.results
    .filter(({ table, rows }) => JSON.stringify(rows) !== JSON.stringify(rowsOf(after, table.name)))
    .map(({ table }) => table.name);
/** What a record of dscl is, by its name. */
const recordOf = (stdout: string, name: string): string =>
  (stdout.match(/\t<dict>\n[^]*?\n\t<\/dict>\n/g) ?? []).find((each) =>
    each.includes(`<string>${name}</string>`),
  ) ?? '';
const inRecord =
  (name: string, search: string | RegExp, by: string) =>
  (stdout: string): string =>
    stdout.replace(recordOf(stdout, name), (record) => record.replace(search, by));
const attribute = (name: string): RegExp =>
  new RegExp(`\t\t<key>[A-Za-z]+:${name}</key>\n\t\t<array>[^]*?</array>\n`);

test('a line that is logged before or after an answer costs nothing', async (t) => {
  const whole = await collected(t, null);
  const log = '2026-09-23 08:49:47.123 dscl[123:456] +[Node x]: <private> is not known\n';
  for (const source of [
    ...(['ds_users', 'ds_groups', 'ds_account_policy', 'diskutil_apfs_list', 'diskutil_info_root'] as const),
    ...(['diskutil_apfs_list_users', 'ioreg_platform', 'sw_vers', 'sysctl'] as const),
  ]) {
    for (const edit of [(stdout: string) => log + stdout, (stdout: string) => stdout + log]) {
      const after = await collected(t, source, edit);
      t.deepEqual(changed(whole, after), [], source);
    }
  }
});

test('an odd full name of one account costs that name', async (t) => {
  const whole = await collected(t, null);
  const after = await collected(
    t,
    'ds_users',
    inRecord(
      '_sshd',
      attribute('RealName'),
      '\t\t<key>dsAttrTypeStandard:RealName</key>\n\t\t<array>\n\t\t\t<data>AQ==</data>\n\t\t</array>\n',
    ),
  );
  t.deepEqual(rowOf(after, 'users', '_sshd'), { ...rowOf(whole, 'users', '_sshd'), description: null });
  t.deepEqual(changed(whole, after), ['users']);
  t.is(statusOf(after, 'users'), 'partial');
  // What has none of the name is as whole as before.
  for (const name of ['hosts', 'user_groups', 'group_members', 'secure_tokens', 'conflicts'])
    t.is(statusOf(after, name), statusOf(whole, name), name);
});

test('a byte that is not UTF-8 costs the value in which it stands', async (t) => {
  const whole = await collected(t, null);
  const name = String(rowOf(whole, 'users', '_sshd')['description']);
  const after = await collected(t, 'ds_users', inRecord('_sshd', name, `\u00ff${name}`), managed, 'latin1');
  t.deepEqual(rowOf(after, 'users', '_sshd'), { ...rowOf(whole, 'users', '_sshd'), description: null });
  t.deepEqual(changed(whole, after), ['users']);
});

test('an account without a name, or without a GeneratedUID, makes nobody an orphan', async (t) => {
  const whole = await collected(t, null);
  const orphans = (collection: Collection): readonly AnyRow[] => [
    ...rowsOf(collection, 'conflicts').filter((row) => row['rule_id'] === 'M06'),
    ...['apfs_crypto_users', 'filevault_users'].flatMap((name) =>
      rowsOf(collection, name).filter((row) => row['resolution'] === 'orphan'),
    ),
  ];
  const [holder = {}] = rowsOf(whole, 'secure_tokens').filter((row) => row['secure_token'] === 1);
  const name = String(holder['username']);
  const others = (collection: Collection): readonly AnyRow[] =>
    rowsOf(collection, 'users').filter((row) => row['username'] !== name);
  for (const edit of [
    inRecord(name, attribute('GeneratedUID'), ''),
    inRecord(name, attribute('RecordName'), ''),
    inRecord(name, String(holder['uuid']), `${holder['uuid']} `),
    inRecord(name, '<key>dsAttrTypeStandard:GeneratedUID</key>', ''),
  ]) {
    const after = await collected(t, 'ds_users', edit);
    t.deepEqual(orphans(after), []);
    t.deepEqual(others(after), others(whole));
    t.is(statusOf(after, 'users'), 'partial');
    t.not(rowOf(after, 'secure_tokens', name)['secure_token'], 0);
  }
});

test('an odd entry of a list costs itself, and takes from nobody else', async (t) => {
  const whole = await collected(t, null);
  const tokens = (collection: Collection) =>
    rowsOf(collection, 'secure_tokens').map((row) => [
      row['username'],
      row['secure_token'],
      row['volume_owner'],
    ]);
  const odd = await collected(t, 'diskutil_apfs_list_users', (stdout) =>
    stdout.replace('<array>\n', '<array>\n\t\t<string>x</string>\n'),
  );
  for (const [index, [name, token, owner]] of tokens(odd).entries()) {
    const [, tokenBefore, ownerBefore] = tokens(whole)[index] ?? [];
    // Who is listed is; who is not may be the one that cannot be read.
    if (tokenBefore === 1) t.deepEqual([token, owner], [tokenBefore, ownerBefore], String(name));
    else t.not(owner, 1, String(name));
  }
  t.is(rowsOf(odd, 'apfs_crypto_users').length, rowsOf(whole, 'apfs_crypto_users').length);
  const locked = await collected(t, 'diskutil_apfs_list', (stdout) =>
    stdout.replace(/(<key>Locked<\/key>\s*)<false\/>/, '$1<string>No</string>'),
  );
  t.deepEqual(changed(whole, locked), ['apfs_volumes']);
});

test('an odd member of a group costs nobody his is_admin, unless the group is admin', async (t) => {
  const whole = await collected(t, null);
  const admins = (collection: Collection) => rowsOf(collection, 'users').map((row) => row['is_admin']);
  const odd = (group: string) =>
    inRecord(group, /(?<=GroupMembership<\/key>\n\t\t<array>\n)/, '\t\t\t<true/>\n');
  const [other = {}] = rowsOf(whole, 'group_members').filter(
    (row) => row['member_kind'] === 'name' && row['groupname'] !== 'admin',
  );
  const after = await collected(t, 'ds_groups', odd(String(other['groupname'])));
  t.deepEqual(admins(after), admins(whole));
  t.is(statusOf(after, 'group_members'), 'partial');
  const inAdmin = await collected(t, 'ds_groups', odd('admin'));
  t.deepEqual(
    admins(inAdmin),
    admins(whole).map((is) => (is === 1 ? 1 : null)),
  );
});

test('a Mac is not of Intel because a line is missing', async (t) => {
  const edit = (stdout: string): string => stdout.replace(/hw\.optional\.arm64.*\n/, '');
  t.like(rowsOf(await collected(t, 'sysctl', edit), 'hosts')[0], {
    is_apple_silicon: 1,
    cpu_arch: 'arm64',
    has_t2: 0,
  });
  const noModel = (stdout: string): string => edit(stdout).replace(/hw\.model.*\n/, 'hw.model: Unknown1,1\n');
  t.like(rowsOf(await collected(t, 'sysctl', noModel), 'hosts')[0], { is_apple_silicon: null, has_t2: null });
  const intel = await collected(t, null, undefined, 'macos10.15-mobile');
  t.like(rowsOf(intel, 'hosts')[0], { is_apple_silicon: 0, has_t2: 1 });
  const cut = await collected(t, 'sysctl', (stdout) => stdout.replace(/(sec = \d{4})[^]*/, '$1'));
  t.like(rowsOf(cut, 'hosts')[0], { boot_time: null, is_apple_silicon: 1 });
});

/** Cells and rows of which another value is told, and not that it is unknown. */
const wrong = (before: Collection, after: Collection): string[] =>
  before.results.flatMap(({ table, rows }) => {
    const keyOf = (row: AnyRow): string => JSON.stringify(table.key.map((name) => row[name]));
    const now = new Map(rowsOf(after, table.name).map((row) => [keyOf(row), row]));
    const then = new Map(rows.map((row) => [keyOf(row), row]));
    const differing = [...then].flatMap(([key, row]) =>
      Object.keys(row)
        .filter(
          (name) => now.has(key) && ![row[name], null, 'unknown'].includes(now.get(key)?.[name] ?? null),
        )
        .filter(
          (name) => !['sources', 'confidence', 'columns_affected', 'reason', 'code', 'status'].includes(name),
        )
        .map((name) => `${table.name} ${key} ${name}: ${row[name]} became ${now.get(key)?.[name]}`),
    );
    const isEmptied = rows.length > 0 && now.size === 0 && statusOf(after, table.name) === 'empty';
    return isEmptied ? [...differing, `${table.name} is empty`] : differing;
  });

const texts = [
  ...(['fdesetup_status', 'fdesetup_list_extended', 'fdesetup_has_personal_recovery_key'] as const),
  ...(['fdesetup_supports_auth_restart', 'fdesetup_show_deferral_info', 'csrutil_status'] as const),
  ...([
    'profiles_status_bootstraptoken',
    'profiles_status_enrollment',
    'profiles_show_configuration',
  ] as const),
  ...(['profiles_show_enrollment_cached', 'launchctl_print_disabled'] as const),
];

/** Inserts, after what a pattern finds first, the same once more with a change. */
const twice =
  (what: RegExp, search: string | RegExp, by: string) =>
  (stdout: string): string =>
    stdout.replace(what, (found) => `${found}${found.replace(search, by)}`);

test('what one answer has twice and not alike is one row of conflicts, whatever it is (M20)', async (t) => {
  const uuid = '09A21BED-E3D9-4AEF-92C1-F3D22B179948';
  const volume =
    /\t{4}<dict>\n(?:\t{5}[^\n]*\n)*?\t{5}<string>disk3s5<\/string>\n(?:\t{5}[^\n]*\n)*?\t{4}<\/dict>\n/;
  const profile =
    /\t\t<dict>\n\t{3}<key>ProfileIdentifier<\/key>\n\t{3}<string>com.example.mdm.filevault[^]*?\n\t\t<\/dict>\n/;
  const cases: readonly (readonly [CommandName, (stdout: string) => string, string, string, string])[] = [
    [
      'ds_groups',
      (stdout) => {
        const record = recordOf(stdout, '_developer');
        return stdout.replace(record, `${record}${record.replace('>204<', '>205<')}`);
      },
      'host',
      'group _developer',
      'PrimaryGroupID',
    ],
    [
      'diskutil_apfs_list',
      twice(volume, /<key>FileVault<\/key>\n\t+<true\/>/, '<key>FileVault</key><false/>'),
      'host',
      'volume disk3s5',
      'FileVault',
    ],
    [
      'profiles_show_configuration',
      twice(profile, '<string>On</string>', '<string>Off</string>'),
      'host',
      'profile com.example.mdm.filevault',
      'ProfileItems',
    ],
    [
      'fdesetup_list_extended',
      twice(new RegExp(`.*${uuid}.*\\n`), 'mquist', 'other'),
      'crypto_user',
      uuid,
      'USER',
    ],
  ];
  const disputes = (of: Collection) => rowsOf(of, 'conflicts').filter(({ rule_id }) => rule_id === 'M20');
  t.deepEqual(disputes(await collected(t, null)), []);
  for (const [source, edit, kind, subject, value] of cases) {
    const found = disputes(await collected(t, source, edit));
    t.deepEqual(
      found.map((row) => [row['subject_kind'], row['subject'], row['value_a'], row['severity']]),
      [[kind, subject, value, 'medium']],
      source,
    );
    t.is((JSON.parse(String(found[0]?.['command_ids'])) as string[]).length, 1);
  }
});

const ofSmartcards = {
  table: 'smart_card_settings',
  columns: [
    'allow_smart_card',
    'enforce_smart_card',
    'check_certificate_trust',
    'one_card_per_user',
    'user_pairing',
    'allow_unmapped_users',
    'token_removal_action',
  ],
};

const laterCases: Readonly<
  Record<string, { readonly table: string; readonly columns: readonly string[] | null }>
> = {
  '/Library/Preferences/com.apple.MCX.plist': { table: 'mobile_account_policies', columns: null },
  '/Library/Preferences/SystemConfiguration/preferences.plist': {
    table: 'hosts',
    columns: ['hostname', 'computer_name'],
  },
  '/private/var/root/Library/Preferences/com.apple.loginwindow.plist': {
    table: 'login_hooks',
    columns: null,
  },
  '/Library/Managed Preferences/com.apple.security.smartcard.plist': ofSmartcards,
  '/Library/Preferences/com.apple.security.smartcard.plist': ofSmartcards,
  '/Library/Application Support/Apple/Remote Desktop/RemoteManagement.launchd': {
    table: 'sharing_preferences',
    columns: ['remote_management'],
  },
  '/etc/sudoers': { table: 'sudoers', columns: null },
  '/etc/sudoers.d': { table: 'sudoers', columns: null },
  '/etc/ssh/sshd_config': { table: 'sshd_config', columns: ['has_match_blocks'] },
  '/etc/ssh/sshd_config.d': { table: 'sshd_config', columns: ['has_match_blocks'] },
  '/etc/ssh/crypto.conf': { table: 'sshd_config', columns: ['has_match_blocks'] },
};

test('a place that older evidence does not name was not looked at, which is neither a failure nor a proof', async (t) => {
  t.deepEqual(Object.keys(laterPlaces), Object.keys(laterCases));
  const whole = await collect(tables, await evidenceBackend(sample(managed)));
  const statusIn = (collection: Collection, name: string) =>
    collection.results.find(({ table }) => table.name === name);
  for (const [path, { table, columns }] of Object.entries(laterCases)) {
    const folder = join(temporaryFolder(t), 'host');
    cpSync(sample(managed), folder, { recursive: true });
    for (const file of ['SHA256SUMS', `files${path}`])
      rmSync(join(folder, file), { force: true, recursive: true });
    const stats = readFileSync(join(folder, 'stat.tsv'), 'utf8').split('\n');
    writeFileSync(join(folder, 'stat.tsv'), stats.filter((line) => !line.startsWith(`${path}\t`)).join('\n'));
    const collection = await collect(tables, await evidenceBackend(folder));
    const [before, after] = [statusIn(whole, table), statusIn(collection, table)];
    t.is(collection.errors.filter(({ tableName }) => tableName === table).length, 0, path);
    t.true(after?.reason?.includes(`${path} was not looked at`), path);
    if (columns === null) {
      t.deepEqual([after?.rows, after?.status, after?.code], [[], 'skipped', null], path);
      continue;
    }
    t.deepEqual([after?.status, after?.code], [before?.status, null], path);
    const unknown = Object.fromEntries(columns.map((column) => [column, null]));
    t.deepEqual(
      after?.rows,
      before?.rows.map((row) => ({ ...row, ...unknown })),
      path,
    );
    t.deepEqual(
      columns.filter((column) => after?.columnsAffected?.includes(column) !== true),
      [],
      path,
    );
  }
});

test('what says the same in a text costs nothing', async (t) => {
  const whole = await collected(t, null);
  const log = '2026-09-23 08:49:47.123 tool[123:456] +[Node x]: something { is not known\n';
  for (const source of texts) {
    for (const edit of [
      (stdout: string) => `${log}\n \n${stdout}\n${log}`,
      (stdout: string) => stdout.replaceAll('\n', ' \r\n'),
    ]) {
      const after = await collected(t, source, edit);
      t.deepEqual(changed(whole, after), [], source);
      t.deepEqual(
        after.results.map(({ status }) => status),
        whole.results.map(({ status }) => status),
        source,
      );
    }
  }
});

test('a line that nobody knows costs no cell beside it', async (t) => {
  const whole = await collected(t, null);
  for (const source of [
    'fdesetup_status',
    'profiles_status_bootstraptoken',
    'profiles_status_enrollment',
  ] as const) {
    for (const line of ['Remote unlock is enabled.\n', 'something new\n']) {
      for (const edit of [(stdout: string) => line + stdout, (stdout: string) => stdout + line]) {
        t.deepEqual(changed(whole, await collected(t, source, edit)), [], `${source}: ${line}`);
      }
    }
  }
});

test('a line that is not UTF-8 costs itself', async (t) => {
  const whole = await collected(t, null);
  for (const source of ['fdesetup_status', 'profiles_status_bootstraptoken'] as const) {
    const after = await collected(t, source, (stdout) => `${stdout}Jos\u00e9\n`, managed, 'latin1');
    // What fdesetup did not say of a conversion, a deferral and a keychain, that line may have said.
    const isOpen = source === 'fdesetup_status';
    t.deepEqual(changed(whole, after), isOpen ? ['filevault_status'] : [], source);
    t.deepEqual(wrong(whole, after), [], source);
    t.is(rowsOf(after, 'filevault_status')[0]?.['filevault_enabled'], 1);
    t.true(
      after.errors.some(({ message }) => message.includes('were withheld')),
      source,
    );
  }
});

test('no line of a text that is lost, doubled or changed turns an answer round', async (t) => {
  const whole = await collected(t, null);
  for (const source of texts.filter((name) => !name.startsWith('profiles_show_c'))) {
    let count = 0;
    await collected(t, source, (stdout) => {
      count = stdout.split('\n').length - 1;
      return `${stdout}\n`;
    });
    for (let at = 0; at < Math.min(count, 8); at += 1) {
      const line = (change: (line: string) => readonly string[]) => (stdout: string) =>
        stdout
          .split('\n')
          .flatMap((each, index) => (index === at ? change(each) : [each]))
          .join('\n');
      for (const change of [
        (each: string) => [each, `x${each.slice(1)}x`],
        (each: string) => [each.replace(/[A-Za-z]{3,}/, 'perhaps'), ''],
      ]) {
        const after = await collected(t, source, (stdout) => {
          const edited = line(change)(stdout);
          return edited === stdout ? `${edited}\n` : edited;
        });
        t.deepEqual(wrong(whole, after), [], `${source}, line ${at + 1}: ${change('line')}`);
      }
      if (at < count - 1) continue;
      const cut = await collected(t, source, (stdout) => stdout.slice(0, -2));
      t.deepEqual(wrong(whole, cut), [], `${source} is cut`);
    }
  }
});
