/** A mounted volume answers as the Mac itself would, runs nothing, and gives nothing away. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { collect } from '../../collector/collect.ts';
import type { Collection, TableResult } from '../../collector/collection.ts';
import { UserError } from '../../collector/errors.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import { commandNames } from '../../collector/sources.ts';
import { faultOfOwned } from '../../collector/source_failures.ts';
import { volumeFiles, volumeBackend } from '../../collector/backends/volume.ts';
import type { Value } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { makeVolume, put, recordFolder, writeBinaryPlist } from '../mounted.ts';
import type { Mounted } from '../mounted.ts';
import { canary, hasCanary, neverCollected } from '../parsers/directory.ts';
import { cli, program, sample, temporaryFolder } from '../standin.ts';

const asked = tables.filter(({ generate }) => generate !== undefined);
const mobile = sample('macos10.15-mobile');
const managed = sample('macos26-managed');

/** What a volume can say in full, and then what it can say in part. */
const whole = [
  'account_policy_data',
  'authentication_authorities',
  'deleted_users',
  'enrollment_markers',
  'group_members',
  'groups',
  'loginwindow_settings',
  'mobile_account_policies',
  'mobile_accounts',
  'user_groups',
  'users',
];

const resultOf = (collection: Collection, name: string): TableResult => {
  const found = collection.results.find(({ table }) => table.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
};
const mounted = (t: ExecutionContext, bundle = managed, form?: 'whole' | 'pair' | 'booted') => {
  const folder = join(temporaryFolder(t), 'mnt');
  return { folder, ...makeVolume(bundle, folder, form) };
};
const collected = async (path: string): Promise<Collection> => collect(asked, await volumeBackend(path));
const users = ({ data }: Mounted, name = ''): string => join(data, recordFolder, 'users', name);
const record = (entries: Readonly<Record<string, PlistValue>>): Uint8Array =>
  writeBinaryPlist(new Map(Object.entries(entries)));
/** Of its own for each name. */
const guidOf = (name: string): string =>
  `${Buffer.from(name).toString('hex').padEnd(8, '0').slice(0, 8)}-0000-4000-8000-000000000001`;
const plain = (name: string, more: Readonly<Record<string, PlistValue>> = {}): Uint8Array =>
  record({
    ...{ name: [name], uid: ['601'], gid: ['20'], generateduid: [guidOf(name)] },
    ...{ shell: ['/bin/zsh'], home: [`/Users/${name}`], ...more },
  });
const names = (collection: Collection): unknown[] =>
  resultOf(collection, 'users').rows.map(({ username }) => username);
/** All that a collection says anywhere. */
const textOf = (collection: Collection): string =>
  JSON.stringify(collection.results.map(({ rows, reason }) => [rows, reason])) +
  JSON.stringify(collection.errors);

const isRoot = process.geteuid?.() === 0;

/** Only root can lay a file out as root's; where all is the user's own, nothing says whose it was. */
const laidOut = (rows: readonly Readonly<Record<string, Value>>[]) =>
  rows.map((row) => (isRoot || row['owner_uid'] === undefined ? row : { ...row, owner_uid: null }));

for (const name of ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged']) {
  for (const form of ['whole', 'pair', 'booted'] as const) {
    test(`${name}, ${form}: the rows are those of the Mac itself`, async (t) => {
      const { folder } = mounted(t, sample(name), form);
      const [volume, mac] = await Promise.all([
        collected(folder),
        collect(asked, await evidenceBackend(sample(name))),
      ]);
      const nameless = ({ rows }: TableResult) => rows.map((row) => ({ ...row, host_id: null }));
      // How the Mac is bound, and so whom Active Directory makes an administrator, no file that is read tells.
      const unbound = (rows: readonly Readonly<Record<string, Value>>[]) =>
        rows.map((row) =>
          row['account_type'] === 'mobile' && row['is_admin'] === 0 ? { ...row, is_admin: null } : row,
        );
      for (const table of whole) {
        const { status, reason } = resultOf(volume, table);
        t.deepEqual(
          nameless(resultOf(volume, table)),
          laidOut(unbound(nameless(resultOf(mac, table)))),
          table,
        );
        t.true(status === 'ok' || status === 'empty', `${table}: ${reason}`);
      }
      t.true(resultOf(volume, 'users').rows.length > 20);
      const [host] = resultOf(volume, 'hosts').rows;
      const [ofMac] = resultOf(mac, 'hosts').rows;
      for (const column of ['os_version', 'os_version_num', 'os_build', 'setup_done_time'])
        t.is(host?.[column], ofMac?.[column], column);
      t.is(host?.['cpu_arch'], null);
      t.is(volume.hostId, null);
      // What the profile says is not on the volume; the files that macOS applies are.
      const { status, rows } = resultOf(volume, 'filevault_policies');
      t.true(status === 'partial' || status === 'not_recorded');
      for (const row of rows) {
        t.is(row['defer'], resultOf(mac, 'filevault_policies').rows[0]?.['defer'] ?? null);
        t.is(row['escrow_payload_present'], null);
      }
    });
  }
}

/** Makes all of a folder somebody's, as a volume looks that is mounted with its owners ignored. */
const giveAll = (folder: string, uid: number): void => {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(folder, name), uid, uid);
};

(isRoot ? test : test.skip)(
  'where owners are ignored nobody is told for one, and no file of a home is read (needs root)',
  async (t) => {
    const { folder, ...made } = mounted(t);
    const home = join(made.data, 'Users/alice/.ssh');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'authorized_keys'), 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA alice\n');
    const [owner] = resultOf(await collected(folder), 'enrollment_markers').rows.flatMap((row) =>
      row['file_exists'] === 1 ? [row['owner_uid']] : [],
    );
    t.is(owner, 0);
    giveAll(folder, 501);
    const backend = await volumeBackend(folder);
    const { rows, status, reason, columnsAffected } = resultOf(
      await collect(asked, backend),
      'enrollment_markers',
    );
    t.true(rows.some((row) => row['file_exists'] === 1));
    t.true(rows.every((row) => row['owner_uid'] === null));
    t.is(status, 'ok');
    t.deepEqual(columnsAffected, ['owner_uid']);
    t.regex(reason ?? '', /^owner_uid: the volume is mounted with its owners ignored/);
    const owned = await backend.readOwned?.('/Users/alice/.ssh/authorized_keys', 501);
    t.is(owned?.bytes, null);
    const fault = owned == null ? null : faultOfOwned('authorized_keys', owned, 501);
    t.regex(fault?.message ?? '', /owners ignored/);
    t.is(fault?.code, 'not_recorded');
  },
);

test('a Data volume by itself knows the accounts and not the version', async (t) => {
  const { data } = mounted(t, managed, 'pair');
  const volume = await collected(data);
  t.is(resultOf(volume, 'users').status, 'ok');
  t.is(resultOf(volume, 'enrollment_markers').status, 'ok');
  t.is(resultOf(volume, 'loginwindow_settings').status, 'ok');
  t.is(resultOf(volume, 'hosts').status, 'not_recorded');
  t.regex(resultOf(volume, 'hosts').reason ?? '', /on the System volume/);
});

test('what only a running Mac can say is not recorded, and no process is started', async (t) => {
  const { folder } = mounted(t);
  const machine = await volumeBackend(folder);
  const answered = new Set<string>(volumeFiles.flatMap(({ serves }) => serves));
  for (const source of commandNames)
    if (!answered.has(source)) t.is(await machine.run(source, ['x']), null, source);
  t.is(await machine.stat('/dev/console'), null);
  const volume = await collected(folder);
  t.deepEqual(volume.commands, []);
  for (const name of [
    'apfs_volumes',
    'filevault_users',
    'filevault_status',
    'bootstrap_tokens',
    'mdm_enrollments',
  ])
    t.is(resultOf(volume, name).status, 'not_recorded', name);
  t.true(volume.errors.every(({ commandId }) => commandId === null));
  t.is(machine.capturedTime, 1_790_000_000);
  t.is(machine.euid, null);
});

test('the same volume gives the same bytes, whoever asks and whenever', async (t) => {
  const { folder } = mounted(t);
  const sql = 'SELECT * FROM users JOIN table_status USING (host_id)';
  const one = await cli(['query', '--source', `volume:${folder}`, '--json', sql]);
  utimesSync(join(folder, recordFolder, 'users', 'root.plist'), 1, 1);
  const two = await cli(['query', '--source', `volume:${folder}/`, '--json', sql], {
    env: { TZ: 'Pacific/Apia' },
  });
  t.is(one.code, 0, one.stderr);
  t.is(one.stdout, two.stdout);
});

test('no secret of a record reaches a row, an error or a message', async (t) => {
  const volume = mounted(t, mobile);
  const secret = Object.fromEntries(neverCollected.map((key) => [key, [canary(key)]]));
  // Broken where the secrets are, so that a message could quote them.
  put(
    users(volume, 'broken1.plist'),
    record({ ...secret, name: ['broken1'], uid: [new Map([['x', canary('x')]])] }),
  );
  put(users(volume, 'broken2.plist'), record({ ...secret, uid: [canary('uid')] }));
  put(
    users(volume, 'broken3.plist'),
    `<?xml version="1.0"?><plist><dict><key>ShadowHashData</key><string>${canary('x')}`,
  );
  put(users(volume, 'broken4.plist'), canary('text'));
  put(users(volume, 'policy.plist'), plain('policy', { ...secret, accountPolicyData: [canary('policy')] }));
  const all = await collected(volume.folder);
  t.is(resultOf(all, 'users').code, 'parse_failed');
  const text = textOf(all);
  t.true(text.length > 20_000);
  t.false(hasCanary(text));
  t.false(text.includes(Buffer.from('CANARY').toString('hex')));
  t.false(text.includes(Buffer.from('CANARY').toString('base64').slice(0, 7)));
  // They were there to be found.
  t.true(readFileSync(users(volume, 'root.plist'), 'latin1').includes('CANARY-ShadowHashData'));
});

test('a record that cannot be read is told, and the others stay', async (t) => {
  const volume = mounted(t);
  const before = await collected(volume.folder);
  put(users(volume, 'mallory.plist'), 'bplist00');
  put(users(volume, 'zoë.plist'), plain('zoë'));
  put(join(volume.data, recordFolder, 'groups', 'odd.plist'), writeXmlPlist(['x']));
  const after = await collected(volume.folder);
  t.deepEqual(
    names(after).filter((name) => name !== 'zoë'),
    names(before),
  );
  t.true(names(after).includes('zoë'));
  for (const table of ['users', 'authentication_authorities', 'account_policy_data', 'mobile_accounts']) {
    const { status, code, reason } = resultOf(after, table);
    t.is(status, 'partial', table);
    t.is(code, 'parse_failed', table);
    t.regex(reason ?? '', /users\/mallory\.plist: not a property list/, table);
  }
  t.regex(resultOf(after, 'groups').reason ?? '', /groups\/odd\.plist: /);
  t.is(resultOf(after, 'groups').rows.length, resultOf(before, 'groups').rows.length);
  t.true(
    after.errors.some(({ tableName, message }) => tableName === 'users' && message.includes('mallory.plist')),
  );
  // A table that rests on other files is whole.
  t.is(resultOf(after, 'enrollment_markers').status, 'ok');
});

test('what a record that cannot be read would say is not denied', async (t) => {
  const volume = mounted(t);
  const group = (name: string, gid: string, more: Readonly<Record<string, PlistValue>>): Uint8Array =>
    record({ name: [name], gid: [gid], generateduid: [guidOf(name)], ...more });
  const groups = (name: string): string => join(volume.data, recordFolder, 'groups', name);
  const uuid = '7E4D2B90-1C3A-4F6E-8D5B-2A9C0E7F1B34';
  put(
    groups('team.plist'),
    group('team', '700', { users: ['mallory', 'nobody-there'], nestedgroups: [uuid] }),
  );
  const team = (collection: Collection): unknown[] =>
    resultOf(collection, 'group_members')
      .rows.filter(({ groupname }) => groupname === 'team')
      .map(({ member, is_resolved: isResolved }) => [member, isResolved]);
  const adminBits = (collection: Collection): unknown[] => [
    ...new Set(resultOf(collection, 'users').rows.map(({ is_admin: isAdmin }) => isAdmin)),
  ];
  const before = await collected(volume.folder);
  t.deepEqual(team(before), [
    ['mallory', 0],
    ['nobody-there', 0],
    [uuid, 0],
  ]);
  t.true(adminBits(before).includes(0));
  put(users(volume, 'mallory.plist'), 'bplist00');
  const withoutUser = await collected(volume.folder);
  t.deepEqual(team(withoutUser), [
    ['mallory', null],
    ['nobody-there', null],
    [uuid, 0],
  ]);
  t.true(resultOf(withoutUser, 'group_members').columnsAffected?.includes('is_resolved'));
  t.true(adminBits(withoutUser).includes(0));
  put(groups('odd.plist'), writeXmlPlist(['x']));
  const withoutGroup = await collected(volume.folder);
  t.deepEqual(team(withoutGroup).at(-1), [uuid, null]);
  // Any account may be a member of the group that is missing, and it of admin.
  t.deepEqual(adminBits(withoutGroup).toSorted(), [1, null]);
  t.true(resultOf(withoutGroup, 'users').columnsAffected?.includes('is_admin'));
});

test('an odd value of a record costs itself, as it does where dscl prints it', async (t) => {
  const volume = mounted(t);
  const of = async (bytes: Uint8Array) => {
    put(users(volume, 'odd.plist'), bytes);
    const after = await collected(volume.folder);
    const { rows, status, reason } = resultOf(after, 'users');
    return { row: rows.find(({ username }) => username === 'odd'), rows, status, reason };
  };
  const normal = await of(plain('odd', { realname: ['Odd'] }));
  t.is(normal.status, 'ok');
  const odd = await of(plain('odd', { realname: [true] }));
  t.deepEqual(odd.row, { ...normal.row, description: null });
  t.deepEqual(
    odd.rows.filter(({ username }) => username !== 'odd'),
    normal.rows.filter(({ username }) => username !== 'odd'),
  );
  t.is(odd.status, 'partial');
  t.is(odd.reason, 'the record odd of dscl: RealName cannot be read');
  t.deepEqual((await of(plain('odd', { realname: 'Odd' }))).row, normal.row);
  t.is((await of(plain('odd', { generateduid: ['none'] }))).row?.['uuid'], null);
  // A file under another name with the same account in it: what differs of the two is not known.
  put(users(volume, 'odd2.plist'), plain('odd', { uid: ['602'], realname: ['Odd'] }));
  t.deepEqual((await of(plain('odd', { realname: ['Odd'] }))).row, {
    ...normal.row,
    uid: null,
    uid_signed: null,
    has_false_identity: null,
    is_system_account: null,
  });
});

test('many broken records are told in few words', async (t) => {
  const volume = mounted(t);
  for (let index = 0; index < 120; index += 1) put(users(volume, `broken${index}.plist`), 'x');
  const { errors, results } = await collected(volume.folder);
  t.is(results.find(({ table }) => table.name === 'users')?.status, 'partial');
  const told = errors.filter(({ tableName }) => tableName === 'users').map(({ message }) => message);
  t.is(told.filter((message) => message.includes('/broken')).length, 50);
  t.true(told.some((message) => message.endsWith('70 more records cannot be read')));
});

test('of SystemVersion.plist one odd value costs itself', async (t) => {
  const volume = mounted(t);
  const at = join(volume.system, 'System/Library/CoreServices/SystemVersion.plist');
  const original = readFileSync(at, 'utf8');
  const version = /<key>ProductVersion<\/key>\s*<string>([^<]*)/.exec(original)?.[1];
  const odd = /(<key>ProductBuildVersion<\/key>\s*)<string>[^<]*<\/string>/;
  for (const text of [original.replace(odd, '$1<integer>7</integer>'), original.replace(odd, '')]) {
    writeFileSync(at, text);
    const { rows, status } = resultOf(await collected(volume.folder), 'hosts');
    t.is(rows[0]?.['os_version'], version);
    t.is(rows[0]?.['os_build'], null);
    t.is(status, 'partial');
  }
});

test('a home that lies behind a link out of the volume is named as not looked at', async (t) => {
  const volume = mounted(t);
  renameSync(join(volume.data, 'Users'), join(volume.data, 'private/homes'));
  symlinkSync('../../outside', join(volume.data, 'Users'));
  const { rows, columnsAffected } = resultOf(await collected(volume.folder), 'users');
  t.true(rows.some(({ can_login: can, home_exists: home }) => can === 1 && home === null));
  t.true(columnsAffected?.includes('home_exists'));
});

test('dscl hides names that begin with a dot, and so do we', async (t) => {
  const volume = mounted(t);
  const before = names(await collected(volume.folder));
  put(users(volume, '.ghost.plist'), plain('.ghost'));
  put(users(volume, '._alice.plist'), 'AppleDouble');
  put(users(volume, 'note.txt'), plain('note'));
  const after = await collected(volume.folder);
  t.deepEqual(names(after), before);
  t.is(resultOf(after, 'users').status, 'ok');
});

test('odd names of accounts change no path and break no row', async (t) => {
  const volume = mounted(t);
  const odd = [
    '..',
    '.',
    '-rf',
    'a/b',
    'line\nbreak',
    'interactive',
    "o'brien",
    'ta\tb',
    '../../../etc/x',
    'nul\u0000',
  ];
  for (const [index, name] of odd.entries())
    put(users(volume, `odd${index}.plist`), plain(name, { home: [`/Users/../${name}`] }));
  put(users(volume, 'na\nme.plist'), 'x');
  const after = await collected(volume.folder);
  t.is(resultOf(after, 'users').status, 'partial');
  t.true(odd.filter((name) => name !== 'nul\u0000').every((name) => names(after).includes(name)));
  // As dscl prints what holds a NUL.
  t.true(names(after).some((name) => String(name).startsWith('6e756c00') || name === 'nul\u0000'));
  t.false(after.errors.some(({ message }) => /[\n\t]/.test(message)));
});

test('a link that leads out is never followed', async (t) => {
  const volume = mounted(t, managed);
  const outside = join(volume.folder, '..', 'outside');
  const preferences = writeXmlPlist(new Map([['autoLoginUser', 'outside']]));
  put(join(outside, 'com.apple.loginwindow.plist'), preferences);
  put(
    join(outside, 'com.apple.preferences.accounts.plist'),
    writeXmlPlist(new Map([['deletedUsers', [new Map([['name', 'outside']])]]])),
  );
  put(join(outside, 'evil.plist'), plain('outside'));
  put(join(outside, '.AppleSetupDone'), '');
  const local = join(volume.data, 'Library/Preferences');
  const at = (name: string): string => join(local, name);
  const read = async (): Promise<Collection> => collected(volume.folder);
  const relative = '../../../outside/com.apple.loginwindow.plist';
  for (const target of [
    relative,
    join(outside, 'com.apple.loginwindow.plist'),
    `/../../../..${outside}/com.apple.loginwindow.plist`,
    '../../../../../../../../../../etc/passwd',
    'com.apple.loginwindow.plist',
  ]) {
    rmSync(at('com.apple.loginwindow.plist'), { force: true });
    symlinkSync(target, at('com.apple.loginwindow.plist'));
    const after = await read();
    t.false(textOf(after).includes('outside"'), target);
    t.is(resultOf(after, 'loginwindow_settings').rows[0]?.['autologin_username'], null, target);
    if (!target.startsWith('/') || target.startsWith('/..')) {
      t.is(resultOf(after, 'loginwindow_settings').status, 'partial', target);
      t.regex(
        resultOf(after, 'loginwindow_settings').reason ?? '',
        /leads out of the volume|is not recorded/,
        target,
      );
    }
  }
  // A folder on the way.
  renameSync(local, join(volume.data, 'Library/Kept'));
  symlinkSync(join('../../outside'), local);
  const behind = await read();
  t.is(resultOf(behind, 'deleted_users').status, 'not_recorded');
  t.false(textOf(behind).includes('outside"'));
  // A record, the folder of records, and a path that is only looked at.
  symlinkSync(join(outside, 'evil.plist'), users(volume, 'evil.plist'));
  symlinkSync('../../../../../../../../outside/evil.plist', users(volume, 'evil2.plist'));
  const third = await read();
  t.false(names(third).includes('outside'));
  t.regex(resultOf(third, 'users').reason ?? '', /evil\.plist is not a file/);
  rmSync(join(volume.data, 'private/var/db/.AppleSetupDone'));
  renameSync(
    join(volume.data, 'private/var/db/ConfigurationProfiles'),
    join(volume.data, 'private/var/db/Kept'),
  );
  symlinkSync(outside, join(volume.data, 'private/var/db/ConfigurationProfiles'));
  mkdirSync(join(outside, 'Settings'));
  put(join(outside, 'Settings/.cloudConfigRecordFound'), 'x');
  const found = resultOf(await read(), 'enrollment_markers').rows.find(({ path }) =>
    String(path).endsWith('RecordFound'),
  );
  t.is(found?.['file_exists'], 0);
  rmSync(users(volume), { recursive: true });
  symlinkSync('../../../../../../../outside', users(volume).replace(/\/$/, ''));
  const last = await read();
  t.is(resultOf(last, 'users').status, 'not_recorded');
  t.regex(resultOf(last, 'users').reason ?? '', /leads out of the volume/);
});

test('links inside of the volume are resolved as that Mac would', async (t) => {
  const volume = mounted(t, sample('macos15-unmanaged'));
  const local = join(volume.data, 'Library/Preferences');
  renameSync(join(local, 'com.apple.loginwindow.plist'), join(volume.data, 'private/moved.plist'));
  symlinkSync('/private/moved.plist', join(local, 'com.apple.loginwindow.plist'));
  const [row] = resultOf(await collected(volume.folder), 'loginwindow_settings').rows;
  const mac = await collect(asked, await evidenceBackend(sample('macos15-unmanaged')));
  t.deepEqual({ ...row, host_id: null }, { ...resultOf(mac, 'loginwindow_settings').rows[0], host_id: null });
  t.is(row?.['kcpassword_present'], 1);
  // A home on another volume is not proven to be missing.
  put(users(volume, 'roamer.plist'), plain('roamer', { home: ['/Volumes/Stick/roamer'] }));
  put(users(volume, 'linked.plist'), plain('linked', { home: ['/Users/linked/home'] }));
  symlinkSync('/Volumes/Stick/linked', join(volume.data, 'Users/linked'));
  const after = resultOf(await collected(volume.folder), 'users');
  const homeOf = (name: string) => after.rows.find(({ username }) => username === name)?.['home_exists'];
  t.is(homeOf('roamer'), null);
  t.is(homeOf('linked'), null);
  t.is(homeOf('signage'), 0);
  t.is(after.code, 'not_recorded');
});

test('pipes, devices and giants are neither waited for nor read', async (t) => {
  if (process.platform === 'win32') return void t.pass('there are no pipes in the file system');
  const volume = mounted(t);
  const local = join(volume.data, 'Library/Preferences');
  rmSync(join(local, 'com.apple.loginwindow.plist'));
  for (const at of [join(local, 'com.apple.loginwindow.plist'), users(volume, 'pipe.plist')])
    t.is(spawnSync('mkfifo', [at]).status, 0);
  writeFileSync(users(volume, 'giant.plist'), '');
  truncateSync(users(volume, 'giant.plist'), 1024 ** 4);
  mkdirSync(users(volume, 'folder.plist'));
  writeFileSync(join(local, 'com.apple.preferences.accounts.plist'), '');
  truncateSync(join(local, 'com.apple.preferences.accounts.plist'), 1024 ** 3);
  const after = await collected(volume.folder);
  const told = after.errors.map(({ code, message }) => `${code} ${message}`).join('\n');
  t.regex(told, /parse_failed \/Library\/Preferences\/com\.apple\.loginwindow\.plist is not a file/);
  t.regex(told, /parse_failed [^\n]*users\/pipe\.plist is not a file/);
  t.regex(told, /parse_failed [^\n]*users\/folder\.plist is not a file/);
  t.regex(told, /output_too_large [^\n]*users\/giant\.plist is larger than 16 MiB/);
  t.is(resultOf(after, 'deleted_users').code, 'output_too_large');
  t.is(resultOf(after, 'users').status, 'partial');
});

test('a folder with more entries than any Mac has is not walked to its end', async (t) => {
  const volume = mounted(t);
  for (let index = 0; index < 500; index += 1) put(users(volume, `x${index}`), '');
  const collectWith = async (maxEntries: number) =>
    collect(asked, await volumeBackend(volume.folder, { maxEntries }));
  const after = await collectWith(400);
  t.is(resultOf(after, 'users').status, 'failed');
  t.is(resultOf(after, 'users').code, 'output_too_large');
  t.regex(resultOf(after, 'users').reason ?? '', /users holds more than 400 entries/);
  t.is(resultOf(after, 'groups').status, 'ok');
  t.is(resultOf(await collectWith(1000), 'users').status, 'ok');
});

test.serial('5,000 accounts are read', async (t) => {
  const volume = mounted(t);
  const picture = new Map<string, PlistValue>([['jpegphoto', [new Uint8Array(1000)]]]);
  const ids = new Map<string, PlistValue>([
    ['uid', ['NUMBER']],
    ['gid', ['20']],
    ['generateduid', ['00000000-0000-4000-8000-00000000NUMBER']],
  ]);
  const template = writeXmlPlist(
    new Map([...picture, ...ids, ['name', ['NAME']], ['shell', ['/usr/bin/false']]]),
  );
  for (let index = 0; index < 5000; index += 1)
    writeFileSync(
      users(volume, `user${index}.plist`),
      template.replace('NAME', `user${index}`).replaceAll('NUMBER', String(1000 + index)),
    );
  const after = await collect(
    asked.filter(({ name }) => name === 'authentication_authorities' || name === 'groups'),
    await volumeBackend(volume.folder),
  );
  t.is(resultOf(after, 'authentication_authorities').status, 'ok');
});

test('what is no volume is refused by what is missing', async (t) => {
  const volume = mounted(t, managed, 'pair');
  const empty = join(volume.folder, '..', 'empty');
  mkdirSync(empty);
  const refusal = async (path: string, pattern: RegExp): Promise<void> => {
    const error = await t.throwsAsync(volumeBackend(path), { instanceOf: UserError });
    t.regex(error?.message ?? '', pattern);
    t.regex(error?.hint ?? '', /Data volume/);
  };
  await refusal(empty, /is not a macOS volume: it has neither private\/var\/db\/dslocal nor System\/Library/);
  await refusal(
    volume.system,
    /is a System volume without its Data volume: private\/var\/db\/dslocal is missing/,
  );
  await refusal(join(empty, 'nothing'), /^no such volume: /);
  await refusal(join(volume.system, 'System/Library/CoreServices/SystemVersion.plist'), /is not a folder/);
  cpSync(volume.data, join(volume.folder, 'Data 2'), { recursive: true });
  await refusal(volume.folder, /holds more than one macOS volume/);
  // A pair as macOS mounts it, but with a link in the place of the Data volume.
  symlinkSync(volume.data, join(volume.system, 'System/Volumes'));
  await refusal(volume.system, /is a System volume without its Data volume/);
  rmSync(join(volume.system, 'System/Volumes'));
  mkdirSync(join(volume.system, 'System/Volumes'));
  symlinkSync(volume.data, join(volume.system, 'System/Volumes/Data'));
  await refusal(volume.system, /is a System volume without its Data volume/);
  // A link is no volume of the folder.
  rmSync(join(volume.folder, 'Data 2'), { recursive: true });
  symlinkSync(volume.data, join(volume.folder, 'Linked'));
  await t.notThrowsAsync(volumeBackend(volume.folder));
});

test('volume: on the command line, and whose it is', async (t) => {
  const { folder } = mounted(t);
  const source = `volume:${folder}`;
  const hostId = 'f6329a14-3b4c-4d5e-8f60-718293a4b5c6';
  const sql = 'SELECT DISTINCT host_id FROM users';
  const named = await cli(['query', '--source', source, '--host-id', hostId, '--json', sql]);
  t.is(named.code, 0, named.stderr);
  t.deepEqual(JSON.parse(named.stdout), [{ host_id: hostId.toUpperCase() }]);
  const nameless = await cli(['query', '--source', source, '--json', sql]);
  t.deepEqual(JSON.parse(nameless.stdout), [{ host_id: null }]);
  for (const [parameters, pattern] of [
    [['--source', source, '--host-id', 'mac-07'], /--host-id takes a UUID, not "mac-07"/],
    [['--source', source, '--source', source, '--host-id', hostId], /2 sources lack a name/],
    [['--source', managed, '--host-id', hostId], /goes with a source that does not say which Mac/],
    [['--source', 'volume:'], /volume: needs a path/],
    [['--source', 'volume:/no/such/folder'], /no such volume/],
  ] as const) {
    const ended = await cli(['query', ...parameters, sql]);
    t.not(ended.code, 0, parameters.join(' '));
    t.regex(ended.stderr, pattern);
    t.notRegex(ended.stderr, /\n\s+at /);
  }
  const captured = await cli(['capture', '--source', source, join(folder, '..', 'out')]);
  t.regex(captured.stderr, /is evidence already/);
});

const mayChangeUser = process.geteuid?.() === 0 && process.platform === 'linux';
(mayChangeUser ? test : test.skip)(
  'without the right to read, a volume says so and not that there is nobody',
  async (t) => {
    const { folder, data } = mounted(t);
    chmodSync(join(folder, '..'), 0o755);
    chmodSync(users({ data, system: data }), 0o700);
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        program,
        'query',
        '--source',
        `volume:${folder}`,
        '--json',
        "SELECT table_name, status, code, reason FROM table_status WHERE table_name IN ('users', 'groups', 'account_policy_data')",
      ],
      { uid: 65534, gid: 65534, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    await new Promise((resolve) => child.on('close', resolve));
    const rows = JSON.parse(Buffer.concat(out).toString()) as readonly Record<string, unknown>[];
    t.deepEqual(
      rows.map(({ table_name: name, status, code }) => [name, status, code]),
      [
        ['account_policy_data', 'denied', 'permission_denied'],
        ['groups', 'ok', null],
        ['users', 'denied', 'permission_denied'],
      ],
      Buffer.concat(err).toString(),
    );
  },
);
