import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  argvOf,
  commandNames,
  commands,
  fileNames,
  files,
  isReadablePath,
  isSafeUsername,
  isStatPath,
  sourceOf,
  statNamedBySources,
  statOnly,
} from '../../collector/sources.ts';
import type { Command } from '../../collector/sources.ts';
import { isReleased, releasedSources } from '../released.ts';
import { makeStandIn, program, runsIn, sample, temporaryFolder } from '../standin.ts';

test('every source that was released is as it was, in the same order', (t) => {
  const { commands: argvs, files: paths, stat_only: stats } = releasedSources;
  t.deepEqual(
    commandNames.filter(isReleased).map((name) => {
      const { argv, privilege, network }: Command = commands[name];
      return { source: name, argv: [...argv], privilege, network };
    }),
    argvs.map(({ source, argv, privilege, network }) => ({ source, argv, privilege, network }) as never),
  );
  t.deepEqual(
    fileNames
      .filter(isReleased)
      // What came later stands behind.
      .map((source, index) => ({
        source,
        paths: files[source].paths.slice(0, paths[index]?.paths.length),
      })),
    paths.map(({ source, paths: given }) => ({ source, paths: given }) as never),
  );
  const known: readonly string[] = [...statOnly, ...statNamedBySources];
  t.deepEqual(
    known.filter((path) => stats.includes(path)),
    [...stats],
  );
});

/** A value that a parameter takes. */
const example: Readonly<Record<string, string>> = { '{username}': 'alice', '{device}': 'disk3s5' };

test('every source is exact: an absolute path, whole words, one owner, a reason', (t) => {
  for (const name of commandNames) {
    const { argv, parameter, why, timeoutSeconds = 15 }: Command = commands[name];
    t.regex(argv[0] ?? '', /^\/(?:bin|sbin|usr\/bin|usr\/sbin|usr\/libexec)\/[A-Za-z0-9_-]+$/, name);
    for (const word of argv) {
      // eslint-disable-next-line no-control-regex
      t.notRegex(word, /^$|[\u0000-\u001f\u007f-\u009f]/, name);
      if (/[{}]/.test(word)) t.true(word === parameter?.placeholder, name);
    }
    t.is(
      argv.filter((word) => word === parameter?.placeholder).length,
      parameter === undefined ? 0 : 1,
      name,
    );
    t.is(sourceOf(argvOf(name, parameter === undefined ? [] : [example[parameter.placeholder] ?? ''])), name);
    t.true(why.length > 10 && !why.includes('TODO'), name);
    t.true(timeoutSeconds > 0 && timeoutSeconds <= 60, name);
  }
  const paths = fileNames.flatMap((name) => files[name].paths);
  t.is(new Set(paths).size, paths.length);
  for (const path of [...paths, ...statOnly].map((each) => each.replace(/^\{home\}/, '/Users/alice'))) {
    t.regex(path, /^\/[^/]/);
    t.notRegex(path, /\/\.{0,2}(?:\/|$)|[*?\n]/);
  }
  for (const name of fileNames) t.true(files[name].why.length > 10, name);
});

/** domain/semantics.md 1.2: what must be impossible to call. */
const denied = [
  ...['install', 'remove', 'renew', 'sync', 'validate'].flatMap((verb) => [
    ['/usr/bin/profiles', verb],
    ['/usr/bin/profiles', verb, '-type', 'bootstraptoken'],
    ['/usr/bin/profiles', verb, '-type', 'enrollment'],
  ]),
  ...['-I', '-R', '-D', '-N', '-W'].map((option) => ['/usr/bin/profiles', option]),
  ['/usr/bin/profiles', 'show', '-type', 'enrollment'],
  ['/usr/bin/profiles', 'show', '-type', 'bootstraptoken'],
  ...[
    'enable',
    'disable',
    'add',
    'remove',
    'sync',
    'changerecovery',
    'removerecovery',
    'authrestart',
    'validaterecovery',
  ].map((verb) => ['/usr/bin/fdesetup', verb]),
  ...['-inputplist', '-outputplist', '-key', '-keychain', '-certificate', '-user', '-extended'].flatMap(
    (option) => [
      ['/usr/bin/fdesetup', 'status', option],
      ['/usr/bin/fdesetup', 'list', '-extended', option],
    ],
  ),
  ...[
    '-secureTokenOn',
    '-secureTokenOff',
    '-addUser',
    '-deleteUser',
    '-newPassword',
    '-oldPassword',
    '-resetPasswordFor',
    '-autologin',
    '-screenLock',
    '-guestAccount',
    '-afpGuestAccess',
    '-smbGuestAccess',
    '-automaticTime',
    'interactive',
    '-adminUser',
    '-adminPassword',
    '-password',
  ].flatMap((option) => [
    ['/usr/sbin/sysadminctl', option, 'alice'],
    ['/usr/sbin/sysadminctl', '-secureTokenStatus', 'alice', option],
    ['/usr/sbin/sysadminctl', '-secureTokenStatus', option],
  ]),
  ...[
    'create',
    'createpl',
    'createpli',
    'append',
    'merge',
    'delete',
    'deletepl',
    'deletepli',
    'change',
    'changei',
    'passwd',
    'auth',
    'authonly',
    'cd',
    'interactive',
    'read',
    'readall',
    'list',
    'search',
  ].flatMap((verb) => [
    ['/usr/bin/dscl', '.', verb, '/Users/alice'],
    ['/usr/bin/dscl', '.', `-${verb}`, '/Users'],
    ['/usr/bin/dscl', '-plist', '.', `-${verb}`, '/Users'],
    ['/usr/bin/dscl', '-plist', '/Search', `-${verb}`, '/Users', 'RecordName'],
    ['/usr/bin/dscl', '-u', 'admin', '-P', 'x', '.', `-${verb}`, '/Users'],
  ]),
  ...[
    '/usr/sbin/dseditgroup',
    '/usr/sbin/dsenableroot',
    '/usr/bin/dsimport',
    '/usr/bin/dsexport',
    '/usr/bin/passwd',
    '/usr/sbin/createhomedir',
    '/usr/bin/security',
    '/usr/bin/odutil',
    '/usr/bin/dscacheutil',
    '/usr/bin/dsmemberutil',
    '/usr/bin/bputil',
    '/usr/sbin/nvram',
    '/usr/sbin/firmwarepasswd',
    '/usr/sbin/systemsetup',
    '/usr/bin/defaults',
    '/usr/bin/plutil',
    '/usr/sbin/softwareupdate',
    '/sbin/shutdown',
    '/usr/bin/sudo',
    '/usr/bin/su',
    '/usr/bin/osascript',
    '/bin/sh',
    '/bin/bash',
    '/usr/bin/env',
  ].map((forbidden) => [forbidden]),
  ['/usr/bin/pwpolicy', '-setpassword'],
  ['/usr/bin/pwpolicy', '-clearaccountpolicies'],
  ['/usr/sbin/sc_auth', 'pair'],
  ['/usr/sbin/diskutil', 'apfs', 'changePassphrase', 'disk3s5'],
  ['/usr/sbin/diskutil', 'apfs', 'encryptVolume', 'disk3s5'],
  ['/usr/sbin/diskutil', 'apfs', 'decryptVolume', 'disk3s5'],
  ['/usr/sbin/diskutil', 'apfs', 'unlockVolume', 'disk3s5'],
  ['/usr/sbin/diskutil', 'apfs', 'updatePreboot', '/'],
  ['/usr/sbin/diskutil', 'apfs', 'deleteVolume', 'disk3s5'],
  ['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', 'disk3s5; rm'],
  ['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', 'disk3'],
  ['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', '/Volumes/x'],
  ['/usr/sbin/diskutil', 'apfs', 'listUsers', '-plist', 'disk3s5', '-x'],
  ['/usr/sbin/diskutil', 'info', '-plist', 'disk1'],
  ['/usr/bin/csrutil', 'disable'],
  ['/usr/bin/csrutil', 'authenticated-root', 'disable'],
  ['/bin/launchctl', 'bootstrap', 'system'],
  ['/bin/launchctl', 'disable', 'system/x'],
  ['/usr/libexec/mdmclient', 'dep', 'nag'],
  ['/usr/sbin/sysctl', '-w', 'kern.x=1'],
  ['/usr/sbin/sysctl', 'hw.model=1'],
  // The right argv under another path, or with a relative one.
  ['fdesetup', 'status'],
  ['/tmp/fdesetup', 'status'],
  ['/usr/bin/../bin/fdesetup', 'status'],
  ['/usr/bin/fdesetup'],
  [],
];

test('nothing of the deny-list can be run', (t) => {
  t.true(denied.length > 150);
  for (const argv of denied) t.is(sourceOf(argv), null, argv.join(' '));
});

test('no file beside the list can be read, no trick path looked at', (t) => {
  t.true(isReadablePath('managed_preferences', '/Library/Managed Preferences/alice/com.apple.MCX.plist'));
  for (const path of [
    '/etc/kcpassword',
    '/var/db/FileVaultPRK.dat',
    '/var/db/dslocal/nodes/Default/users/alice.plist',
    '/var/db/ConfigurationProfiles/fdesetup.plist',
    '/Library/Managed Preferences/../com.apple.MCX.plist',
    '/Library/Managed Preferences/../../etc/com.apple.MCX.plist',
    '/Library/Managed Preferences/a/b/com.apple.MCX.plist',
    '/Library/Managed Preferences//com.apple.MCX.plist',
    '/Library/Managed Preferences/com.apple.wifi.plist',
    '/Library/Keychains/FileVaultMaster.keychain',
    '',
  ]) {
    for (const name of fileNames) t.false(isReadablePath(name, path), `${name} ${path}`);
  }
  for (const path of ['relative', '/Users/../etc', '/Users/a\nb', '/Users/a\u0000'])
    t.false(isStatPath(path), path);
  for (const name of ['-adminUser', '', 'a/b', 'a\nb', 'a\u0000', 'a\u009b'])
    t.false(isSafeUsername(name), JSON.stringify(name));
  for (const name of ['alice', 'Zoë', 'al ice', "o'brien", 'a-b', '_svc']) t.true(isSafeUsername(name), name);
});

const hasStrace = spawnSync('strace', ['-V']).status === 0;
(hasStrace ? test : test.skip)(
  'under strace, a live run starts only allowed programs and opens nothing for writing',
  (t) => {
    const folder = temporaryFolder(t);
    const { root: standIn, log } = makeStandIn(sample('macos26-managed'), folder);
    const trace = join(folder, 'trace');
    const { status, stderr } = spawnSync(
      'strace',
      [
        '-f',
        '-e',
        'trace=execve,openat,open,creat,unlink,unlinkat,rename,renameat2,mkdir,mkdirat,connect,chmod,fchmodat',
        '-s',
        '4096',
        '-o',
        trace,
        process.execPath,
        '--disable-warning=ExperimentalWarning',
        program,
        'query',
        '--exec-root',
        standIn,
        '--json',
        'SELECT * FROM table_status',
      ],
      { encoding: 'utf8', env: { PATH: process.env['PATH'] } },
    );
    t.is(status, 0, stderr);
    t.true(existsSync(trace));
    const lines = readFileSync(trace, 'utf8').split('\n');
    // Lines of the stand-in's own scripts (their shell, cat, the log) are not ours: they belong to other processes.
    const ours = lines.find((line) => line.includes('execve('))?.split(' ')[0] ?? '';
    const threads = new Set([ours]);
    const started: string[][] = [];
    const scriptPids = new Set<string>();
    for (const line of lines) {
      const pid = line.split(' ')[0] ?? '';
      const argv = /execve\("[^"]*", (\[.*?\]), /.exec(line)?.[1];
      if (argv === undefined) continue;
      const words = [...argv.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
      if (words[0]?.startsWith(standIn) === true) {
        started.push([words[0].slice(standIn.length), ...words.slice(1)]);
        scriptPids.add(pid);
      } else if (!threads.has(pid)) scriptPids.add(pid);
    }
    t.true(started.length > 20);
    t.is(started.length, runsIn(log).length);
    for (const argv of started) t.not(sourceOf(argv), null, argv.join(' '));
    const forbidden = lines.filter((line) => {
      const pid = line.split(' ')[0] ?? '';
      if (scriptPids.has(pid)) return false;
      if (/ (?:creat|unlink|unlinkat|rename|renameat2|mkdir|mkdirat|chmod|fchmodat)\(/.test(line))
        return true;
      if (/ connect\(/.test(line)) return true;
      return (
        / open(?:at)?\(/.test(line) &&
        /O_WRONLY|O_RDWR|O_CREAT/.test(line) &&
        !/"\/dev\/(?:null|tty|pts)/.test(line)
      );
    });
    t.deepEqual(forbidden, []);
  },
);
