/** Constructed Macs: evidence of one with many accounts, and of many that are like the samples. */
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { PlistDict, PlistValue } from '../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../collector/parsers/plist_write.ts';
import { commands } from '../collector/sources.ts';
import { uuidOf } from './fleet.ts';
import { root } from './place.ts';

const uuidOfPerson = (index: number): string =>
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
    // What an administrator's loop asks first.
    [['/usr/bin/dscl', '.', '-list', '/Users'], people.map(({ name }) => `${name}\n`).join(''), ''],
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
  if (stderr !== '') writeFileSync(join(into, 'stderr'), stderr);
};

/** Every Mac has one, and an answer without it is not believed. */
const superuser: Person = {
  ...{ index: -501, name: 'root', uuid: 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA00000000', hasToken: false },
};

const people = (accounts: number): readonly Person[] => [
  superuser,
  ...Array.from({ length: accounts - 1 }, (_, index) => ({
    index,
    name: `user${index}`,
    uuid: uuidOfPerson(index),
    hasToken: index % 2 === 0,
  })),
];

/** How many of so many accounts have a token. */
export const tokensOf = (accounts: number): number =>
  people(accounts).filter(({ hasToken }) => hasToken).length;

/** Evidence of a Mac with so many accounts, every second of them with a token: what a live collection is answered with. */
export const makeConstructedMac = (at: string, accounts: number): void => {
  mkdirSync(at, { recursive: true });
  writeFileSync(
    join(at, 'evidence.json'),
    JSON.stringify({
      format: 'tokenquery-evidence',
      version: 1,
      origin: 'constructed',
      captured_time: 1_790_000_000,
      euid: 0,
      host_id: uuidOfPerson(1),
    }),
  );
  for (const [index, answer] of answersOf(people(accounts)).entries())
    writeAnswer(join(at, 'commands', String(index + 1).padStart(5, '0')), answer);
};

/** The records of so many users, as dscl prints them. */
export const userRecords = (accounts: number): string => writeXmlPlist(people(accounts).map(userOf));

const samples = join(root, 'samples');

const filesOf = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(path, name)).isFile(),
  );

/** The sums of a bundle that was changed. */
const sumAnew = (bundle: string): void => {
  const lines = filesOf(bundle)
    .filter((name) => name !== 'SHA256SUMS')
    .toSorted()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(bundle, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(bundle, 'SHA256SUMS'), lines.join(''));
};

/** The managed sample as it was looked at so many minutes later, when nothing was another. */
export const makeLaterLook = (path: string, minutes: number): void => {
  rmSync(path, { recursive: true, force: true });
  cpSync(join(samples, 'macos26-managed'), path, { recursive: true });
  const manifest = join(path, 'evidence.json');
  const later = (time: string): string => String(Number(time) + minutes * 60);
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(
    manifest,
    text.replace(/("captured_time": )(\d+)/, (_, name: string, time: string) => name + later(time)),
  );
  for (const name of filesOf(path).filter((own) => own.endsWith('/started_time'))) {
    const file = join(path, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, later));
  }
  sumAnew(path);
};

/** The managed sample as another Mac. */
export const makeAnotherMac = (path: string, index: number): void => {
  cpSync(join(samples, 'macos26-managed'), path, { recursive: true });
  const manifest = readFileSync(join(path, 'evidence.json'), 'utf8');
  const own = /"host_id":\s*"([0-9A-F-]{36})"/.exec(manifest)?.[1] ?? '';
  for (const name of filesOf(path)) {
    const text = readFileSync(join(path, name), 'latin1');
    if (text.includes(own))
      writeFileSync(join(path, name), text.replaceAll(own, uuidOf(`mac ${index}`)), 'latin1');
  }
  sumAnew(path);
};

/** The unmanaged sample with more accounts like one of its own. */
export const makeMacWithAccounts = (path: string, count: number): void => {
  cpSync(join(samples, 'macos15-unmanaged'), path, { recursive: true });
  for (const command of readdirSync(join(path, 'commands'))) {
    const file = join(path, 'commands', command, 'stdout');
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    const like = text
      .match(/\t<dict>\n[\s\S]*?\n\t<\/dict>\n/g)
      ?.find((one) => one.includes('<string>cbrae</string>'));
    const uid = /UniqueID<\/key>\s*<array>\s*<string>(\d+)/.exec(like ?? '')?.[1];
    const uuid = /GeneratedUID<\/key>\s*<array>\s*<string>([0-9A-F-]+)/.exec(like ?? '')?.[1];
    if (like === undefined || uid === undefined || uuid === undefined) continue;
    const more = Array.from({ length: count }, (_, index) =>
      like
        .replaceAll('cbrae', `user${index}`)
        .replaceAll(`<string>${uid}</string>`, `<string>${1000 + index}</string>`)
        .replaceAll(uuid, uuidOf(`account ${index}`)),
    );
    const end = text.lastIndexOf('</array>');
    writeFileSync(file, text.slice(0, end) + more.join('') + text.slice(end));
  }
  sumAnew(path);
};
