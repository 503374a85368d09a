/**
 * One Mac, measured: the wall time of a collection against what the limit on processes allows, and the memory
 * that 5,000 accounts take. Everything in one run, on a stand-in Mac that answers after 60 ms.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../collector/sources.ts';
import { makeStandIn } from '../test/standin.ts';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist/tokenquery.cjs');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));

const uuidOf = (index: number): string =>
  `0A0B0C0D-0E0F-4A4B-8C8D-${index.toString(16).toUpperCase().padStart(12, '0')}`;
const element = (key: string, values: readonly string[]): string =>
  `<key>dsAttrTypeStandard:${key}</key><array>${values.map((value) => `<string>${value}</string>`).join('')}</array>`;
const plist = (body: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n<plist version="1.0">\n${body}\n</plist>\n`;

/** A constructed bundle with so many accounts, every second of them with a token. */
const makeBundle = (name: string, accounts: number): string => {
  const at = join(folder, name);
  const people = Array.from({ length: accounts }, (_, index) => ({
    index,
    name: `user${index}`,
    uuid: uuidOf(index),
  }));
  const users = people.map(
    ({ index, name: short, uuid }) =>
      `<dict>${element('RecordName', [short])}${element('UniqueID', [String(501 + index)])}${element('PrimaryGroupID', ['20'])}${element('RealName', [`Person ${index}`])}${element('GeneratedUID', [uuid])}${element('NFSHomeDirectory', [`/Users/${short}`])}${element('UserShell', ['/bin/zsh'])}${element('AuthenticationAuthority', [';ShadowHash;HASHLIST:&lt;SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2&gt;', `;Kerberosv5;;${short}@LKDC:SHA1.0123456789ABCDEF0123456789ABCDEF01234567;LKDC:SHA1.0123456789ABCDEF0123456789ABCDEF01234567;`, ...(index % 2 === 0 ? [';SecureToken;'] : [])])}</dict>`,
  );
  const groups = `<dict>${element('RecordName', ['admin'])}${element('PrimaryGroupID', ['80'])}${element('GeneratedUID', ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050'])}${element('GroupMembership', ['root', 'user0'])}</dict>`;
  const volume =
    '<dict><key>Containers</key><array><dict><key>APFSContainerUUID</key><string>0A0B0C0D-0E0F-4A4B-8C8D-FFFFFFFFFFFF</string><key>ContainerReference</key><string>disk3</string><key>Volumes</key><array><dict><key>DeviceIdentifier</key><string>disk3s5</string><key>APFSVolumeUUID</key><string>0A0B0C0D-0E0F-4A4B-8C8D-EEEEEEEEEEEE</string><key>Name</key><string>Data</string><key>Roles</key><array><string>Data</string></array><key>Encryption</key><true/><key>FileVault</key><true/><key>Locked</key><false/></dict></array></dict></array></dict>';
  const cryptoUsers = people
    .filter(({ index }) => index % 2 === 0)
    .map(
      ({ uuid }) =>
        `<dict><key>APFSCryptoUserUUID</key><string>${uuid}</string><key>APFSCryptoUserType</key><string>LocalOpenDirectory</string><key>VolumeOwner</key><true/></dict>`,
    );
  const answers: readonly (readonly [readonly string[], string, string])[] = [
    [commands.sw_vers.argv, 'ProductName:\t\tmacOS\nProductVersion:\t\t26.1\nBuildVersion:\t\t25B78\n', ''],
    [
      commands.ioreg_platform.argv,
      plist(
        '<array><dict><key>IOPlatformUUID</key><string>0A0B0C0D-0E0F-4A4B-8C8D-0123456789AB</string></dict></array>',
      ),
      '',
    ],
    [commands.ds_users.argv, plist(`<array>${users.join('\n')}</array>`), ''],
    [commands.ds_groups.argv, plist(`<array>${groups}</array>`), ''],
    [commands.diskutil_apfs_list.argv, plist(volume), ''],
    [
      [...commands.diskutil_apfs_list_users.argv.slice(0, -1), 'disk3s5'],
      plist(`<dict><key>Users</key><array>${cryptoUsers.join('\n')}</array></dict>`),
      '',
    ],
    [
      commands.fdesetup_list_extended.argv,
      `ESCROW  UUID                                                                 TYPE USER\n${people
        .filter(({ index }) => index % 2 === 0)
        .map(({ name: short, uuid }) => `        ${uuid}                              OS User ${short}\n`)
        .join('')}`,
      '',
    ],
    ...people.map(
      ({ index, name: short }) =>
        [
          [...commands.sysadminctl_secure_token_status.argv.slice(0, -1), short],
          '',
          `2026-09-22 07:14:05.101 sysadminctl[812:10422] Secure token is ${index % 2 === 0 ? 'ENABLED' : 'DISABLED'} for user Person ${index}\n`,
        ] as const,
    ),
  ];
  mkdirSync(at, { recursive: true });
  writeFileSync(
    join(at, 'evidence.json'),
    JSON.stringify({
      format: 'tokenquery-evidence',
      version: 1,
      origin: 'constructed',
      captured_time: 1_790_000_000,
      euid: 0,
      host_id: uuidOf(1),
    }),
  );
  for (const [index, [argv, stdout, stderr]] of answers.entries()) {
    const command = join(at, 'commands', String(index + 1).padStart(5, '0'));
    mkdirSync(command, { recursive: true });
    writeFileSync(join(command, 'argv'), `${argv.join('\n')}\n`);
    writeFileSync(join(command, 'exit_code'), '0\n');
    if (stdout !== '') writeFileSync(join(command, 'stdout'), stdout);
    if (stderr !== '') writeFileSync(join(command, 'stderr'), stderr);
  }
  return at;
};

const measure = (...parameters: readonly string[]): { seconds: number; rssMiB: number; stdout: string } => {
  const script = `const { spawnSync } = require('node:child_process');
    const started = performance.now();
    const child = spawnSync(process.execPath, ${JSON.stringify([built, ...parameters])}, { encoding: 'utf8', maxBuffer: 1 << 28 });
    console.log(JSON.stringify({ seconds: (performance.now() - started) / 1000, status: child.status, stderr: child.stderr, stdout: child.stdout.slice(0, 400) }));`;
  const outer = spawnSync('/usr/bin/env', [process.execPath, '-e', script], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const result = JSON.parse(outer.stdout) as {
    seconds: number;
    status: number;
    stderr: string;
    stdout: string;
  };
  if (result.status !== 0) throw new Error(result.stderr);
  // The child says its own peak at its end (see below), since wait4 is not to be had from Node.
  const peak = spawnSync(process.execPath, ['--require', join(folder, 'peak.cjs'), built, ...parameters], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return {
    seconds: result.seconds,
    rssMiB: Number(/peak (\d+)/.exec(peak.stderr)?.[1]) / 1024,
    stdout: result.stdout,
  };
};

try {
  writeFileSync(
    join(folder, 'peak.cjs'),
    "process.on('exit', () => require('node:fs').writeSync(2, `peak ${process.resourceUsage().maxRSS}\\n`));\n",
  );
  const limit = Math.max(4, availableParallelism());

  const many = makeBundle('accounts-200', 200);
  const slow = makeStandIn(many, join(folder, 'slow'), { delay: '0.06' });
  const sql = 'SELECT count(*) AS users, sum(secure_token) AS tokens FROM secure_tokens';
  const one = spawnSync(join(slow.root, '/usr/sbin/sysadminctl'), ['-secureTokenStatus', 'user1']);
  const single = ((): number => {
    const started = performance.now();
    for (let round = 0; round < 10; round += 1)
      spawnSync(join(slow.root, '/usr/sbin/sysadminctl'), ['-secureTokenStatus', 'user199']);
    return (performance.now() - started) / 10_000;
  })();
  const live = measure('query', '--json', '--exec-root', slow.root, sql);
  const allowed = (200 / limit) * single;
  process.stdout.write(
    `200 accounts, one sysadminctl each (${(single * 1000).toFixed(0)} ms a run${one.status === 0 ? '' : ' FAILED'}), ${limit} at once:\n` +
      `  ${live.seconds.toFixed(2)} s, ${(live.seconds / allowed).toFixed(2)} x what the limit allows (${allowed.toFixed(2)} s)  ${live.stdout.replaceAll('\n', '')}\n`,
  );

  const huge = makeBundle('accounts-5000', 5_000);
  for (const query of [sql, 'SELECT count(*) AS users FROM users', 'SELECT count(*) FROM conflicts']) {
    const { seconds, rssMiB } = measure('query', '--json', '--source', huge, query);
    process.stdout.write(
      `5,000 accounts: ${seconds.toFixed(2)} s, ${rssMiB.toFixed(0)} MiB peak: ${query}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
