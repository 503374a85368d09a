/**
 * One Mac, measured: the wall time of a collection against what the limit on processes allows, and the memory
 * that 5,000 accounts take. Everything in one run, on a stand-in Mac that answers after 60 ms.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlistDict, PlistValue } from '../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { commands } from '../collector/sources.ts';
import { makeStandIn } from '../test/standin.ts';

const root = join(import.meta.dirname, '..');
const built = join(root, 'dist/tokenquery.cjs');
const folder = mkdtempSync(join(tmpdir(), 'tokenquery-bench-'));

const uuidOf = (index: number): string =>
  `0A0B0C0D-0E0F-4A4B-8C8D-${index.toString(16).toUpperCase().padStart(12, '0')}`;

interface Person {
  readonly index: number;
  readonly name: string;
  readonly uuid: string;
  readonly hasToken: boolean;
}

/** A command with what it prints on either stream. */
type Printed = readonly [argv: readonly string[], stdout: string, stderr: string];

const dict = (pairs: Readonly<Record<string, PlistValue>>): PlistDict => new Map(Object.entries(pairs));
/** As dscl prints a record: every value is a list. */
const record = (attributes: Readonly<Record<string, readonly string[]>>): PlistDict =>
  new Map(Object.entries(attributes).map(([key, values]) => [`dsAttrTypeStandard:${key}`, values]));

const kerberos = 'LKDC:SHA1.0123456789ABCDEF0123456789ABCDEF01234567';
const userOf = ({ index, name, uuid, hasToken }: Person): PlistDict =>
  record({
    RecordName: [name],
    UniqueID: [String(501 + index)],
    PrimaryGroupID: ['20'],
    RealName: [`Person ${index}`],
    GeneratedUID: [uuid],
    NFSHomeDirectory: [`/Users/${name}`],
    UserShell: ['/bin/zsh'],
    AuthenticationAuthority: [
      ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2,SRP-RFC5054-4096-SHA512-PBKDF2>',
      `;Kerberosv5;;${name}@${kerberos};${kerberos};`,
      ...(hasToken ? [';SecureToken;'] : []),
    ],
  });

const adminGroup = record({
  RecordName: ['admin'],
  PrimaryGroupID: ['80'],
  GeneratedUID: ['ABCDEFAB-CDEF-ABCD-EFAB-CDEF00000050'],
  GroupMembership: ['root', 'user0'],
});

const apfs = dict({
  Containers: [
    dict({
      APFSContainerUUID: '0A0B0C0D-0E0F-4A4B-8C8D-FFFFFFFFFFFF',
      ContainerReference: 'disk3',
      Volumes: [
        dict({
          DeviceIdentifier: 'disk3s5',
          APFSVolumeUUID: '0A0B0C0D-0E0F-4A4B-8C8D-EEEEEEEEEEEE',
          Name: 'Data',
          Roles: ['Data'],
          Encryption: true,
          FileVault: true,
          Locked: false,
        }),
      ],
    }),
  ],
});

const cryptoUserOf = ({ uuid }: Person): PlistDict =>
  dict({ APFSCryptoUserUUID: uuid, APFSCryptoUserType: 'LocalOpenDirectory', VolumeOwner: true });

const fdesetupList = (people: readonly Person[]): string =>
  `ESCROW  UUID                                                                 TYPE USER\n${people
    .map(({ name, uuid }) => `        ${uuid}                              OS User ${name}\n`)
    .join('')}`;

const tokenStatusOf = ({ index, name, hasToken }: Person): Printed => [
  [...commands.sysadminctl_secure_token_status.argv.slice(0, -1), name],
  '',
  `2026-09-22 07:14:05.101 sysadminctl[812:10422] Secure token is ${hasToken ? 'ENABLED' : 'DISABLED'} for user Person ${index}\n`,
];

const answersOf = (people: readonly Person[]): readonly Printed[] => {
  const holders = people.filter(({ hasToken }) => hasToken);
  const platform = dict({ IOPlatformUUID: '0A0B0C0D-0E0F-4A4B-8C8D-0123456789AB' });
  const listUsers = [...commands.diskutil_apfs_list_users.argv.slice(0, -1), 'disk3s5'];
  return [
    [commands.sw_vers.argv, 'ProductName:\t\tmacOS\nProductVersion:\t\t26.1\nBuildVersion:\t\t25B78\n', ''],
    [commands.ioreg_platform.argv, writeXmlPlist([platform]), ''],
    [commands.ds_users.argv, writeXmlPlist(people.map(userOf)), ''],
    [commands.ds_groups.argv, writeXmlPlist([adminGroup]), ''],
    [commands.diskutil_apfs_list.argv, writeXmlPlist(apfs), ''],
    [listUsers, writeXmlPlist(dict({ Users: holders.map(cryptoUserOf) })), ''],
    [commands.fdesetup_list_extended.argv, fdesetupList(holders), ''],
    ...people.map(tokenStatusOf),
  ];
};

const writeAnswer = (into: string, [argv, stdout, stderr]: Printed): void => {
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, 'argv'), `${argv.join('\n')}\n`);
  writeFileSync(join(into, 'exit_code'), '0\n');
  if (stdout !== '') writeFileSync(join(into, 'stdout'), stdout);
  if (stderr !== '') writeFileSync(join(folder, 'stderr'), stderr);
};

/** A constructed bundle with so many accounts, every second of them with a token. */
const makeBundle = (name: string, accounts: number): string => {
  const at = join(folder, name);
  const people = Array.from({ length: accounts }, (_, index): Person => ({
    index,
    name: `user${index}`,
    uuid: uuidOf(index),
    hasToken: index % 2 === 0,
  }));
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
  for (const [index, answer] of answersOf(people).entries())
    writeAnswer(join(at, 'commands', String(index + 1).padStart(5, '0')), answer);
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
