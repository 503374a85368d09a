import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Parse } from '../../collector/answer.ts';
import { parseDiskutilApfsList } from '../../collector/parsers/diskutil_apfs_list.ts';
import { parseDiskutilApfsListUsers } from '../../collector/parsers/diskutil_apfs_list_users.ts';
import { parseDiskutilInfoRoot } from '../../collector/parsers/diskutil_info_root.ts';
import { caseOf, plistOf, textOf } from './corpus.ts';
import { answerOf, fuzzParser } from './fuzz.ts';

const codeOf = (parse: Parse<unknown>, answer: Partial<Answer>): string => {
  try {
    return `no error: ${JSON.stringify(parse(answerOf(answer)))}`;
  } catch (error) {
    return error instanceof CollectError ? error.code : String(error);
  }
};

type Plain = string | boolean | readonly Plain[] | { readonly [key: string]: Plain | undefined };
const xmlOf = (value: Plain): string => {
  if (typeof value === 'string') return `<string>${value}</string>`;
  if (typeof value === 'boolean') return value ? '<true/>' : '<false/>';
  if (Array.isArray(value)) return `<array>${value.map(xmlOf).join('')}</array>`;
  const entries = Object.entries(value).filter(([, element]) => element !== undefined) as [string, Plain][];
  return `<dict>${entries.map(([key, element]) => `<key>${key}</key>${xmlOf(element)}`).join('')}</dict>`;
};
const printed = (value: Plain): string => plistOf(xmlOf(value));

for (const [name, parse] of [
  ['info', parseDiskutilInfoRoot],
  ['apfs list', parseDiskutilApfsList],
  ['apfs listUsers', parseDiskutilApfsListUsers],
] as const) {
  test(`${name}: what diskutil reports as an error`, (t) => {
    const code = (answer: Partial<Answer>): string => codeOf(parse, answer);
    const notFound = plistOf(
      '<dict><key>Error</key><true/><key>ErrorMessage</key><string>Could not find disk: disk9s9</string>' +
        '<key>ExitCode</key><integer>1</integer></dict>',
    );
    t.is(code({ stdout: notFound, exitCode: 1 }), 'source_failed');
    t.is(code({ stdout: notFound }), 'source_failed');
    t.is(code({ stdout: printed({ Error: true }) }), 'source_failed');
    t.is(code({ stdout: 'Could not find disk: disk9s9\n' }), 'source_failed');
    t.is(
      code({ stdout: 'Unable to run because unable to use the DiskManagement framework.\n' }),
      'source_failed',
    );
    t.is(code({ stderr: 'diskutil crashed\n', exitCode: 1 }), 'source_failed');
    t.is(code({ stdout: '<plist', stderr: 'diskutil crashed\n', exitCode: 1 }), 'source_failed');
    const whole = printed({ Containers: [], Users: [], DeviceIdentifier: 'disk1s1' });
    t.is(code({ stdout: whole, exitCode: 1 }), 'source_failed');
    t.false(code({ stdout: whole }).endsWith('_failed'));
  });

  test(`${name}: what is not known`, (t) => {
    const code = (stdout: string): string => codeOf(parse, { stdout });
    t.is(code(''), 'parse_failed');
    t.is(code('something new\n'), 'parse_failed');
    t.is(code(printed(['a'])), 'parse_failed');
    t.is(code(printed({ New: 'a' })), 'parse_failed');
    t.is(code(printed({ Containers: 'a', Users: 'a', FilesystemType: true })), 'parse_failed');
    t.is(code(plistOf('<dict/>').replace('</plist>', '<dict/></plist>')), 'parse_failed');
  });
}

test('the message of diskutil is told in one line', (t) => {
  const stdout = printed({ Error: true, ErrorMessage: 'Could not find disk: disk9s9\nand more' });
  t.throws(() => parseDiskutilApfsList(answerOf({ stdout })), {
    message: 'diskutil apfs list reported: Could not find disk: disk9s9',
  });
});

// --- info ---

test('info: every fact', (t) => {
  const stdout = printed({
    DeviceIdentifier: 'disk3s1s1',
    Encryption: true,
    FileVault: false,
    FilesystemName: 'APFS',
    FilesystemType: 'apfs',
    VolumeUUID: '424fea98-2296-48fd-8dff-0866835572e9',
  });
  t.deepEqual(parseDiskutilInfoRoot(answerOf({ stdout })), {
    filesystem: 'apfs',
    fileVault: false,
    encryption: true,
    deviceIdentifier: 'disk3s1s1',
    volumeUuid: '424FEA98-2296-48FD-8DFF-0866835572E9',
  });
});

test('info: what the texts of the corpus say, as a property list', (t) => {
  for (const file of [
    'diskutil-info-01.txt',
    'diskutil-info-02.txt',
    'diskutil-info-03.txt',
    'diskutil-info-04.txt',
  ]) {
    const { device, filevault, encrypted } = caseOf(file).expect as Record<string, string | null>;
    const stdout = printed({
      FilesystemType: 'apfs',
      DeviceIdentifier: device ?? undefined,
      FileVault: filevault === 'Yes',
      Encryption: encrypted === null ? undefined : encrypted === 'Yes',
    });
    const info = parseDiskutilInfoRoot(answerOf({ stdout }));
    t.is(info.deviceIdentifier, device ?? null);
    t.is(info.fileVault, false);
    t.is(info.encryption, encrypted === null ? null : false, file);
  }
});

test('info: file systems by type, then by name', (t) => {
  const of = (info: Plain): string | null =>
    parseDiskutilInfoRoot(answerOf({ stdout: printed(info) })).filesystem;
  t.is(of({ FilesystemType: 'hfs', FilesystemName: 'Journaled HFS+' }), 'hfs');
  t.is(of({ FilesystemName: 'Case-sensitive Journaled HFS+' }), 'hfs');
  t.is(of({ FilesystemName: 'Case-sensitive APFS' }), 'apfs');
  t.is(of({ FilesystemType: 'msdos', FilesystemName: 'APFS' }), null);
  t.is(of({ DeviceIdentifier: 'disk1s1' }), null);
});

test('info: wrong kinds are not known', (t) => {
  const code = (info: Plain): string => codeOf(parseDiskutilInfoRoot, { stdout: printed(info) });
  t.is(code({ FilesystemType: 'apfs', FileVault: 'Yes' }), 'parse_failed');
  t.is(code({ FilesystemType: 'apfs', VolumeUUID: 'none' }), 'parse_failed');
});

const infoSample = printed({ DeviceIdentifier: 'disk3s1s1', FileVault: false, FilesystemType: 'apfs' });
test('info: any text', (t) => fuzzParser(t, parseDiskutilInfoRoot, [infoSample]));

// --- apfs list ---

test('apfs list: every fact of the corpus', (t) => {
  const volumes = parseDiskutilApfsList(answerOf({ stdout: textOf('diskutil-apfs-list-plist-03.plist') }));
  t.is(volumes.length, 4);
  t.deepEqual(volumes[0], {
    containerUuid: 'AA2CC5FB-44E2-4677-86AF-66895B9C9956',
    containerReference: 'disk1',
    isInternal: null,
    deviceIdentifier: 'disk1s1',
    uuid: 'C72D5CF6-E9D1-3FCB-A0B0-E3DE83364FD6',
    name: 'Macintosh HD',
    roles: [],
    encryption: true,
    fileVault: null,
    locked: false,
    cryptoMigrationOn: false,
    volumeGroupUuid: null,
  });
});

test('apfs list: what the texts of the corpus say, as a property list', (t) => {
  for (const file of [
    'diskutil-apfs-list-01.txt',
    'diskutil-apfs-list-02.txt',
    'diskutil-apfs-list-03.txt',
  ]) {
    const { volumes } = caseOf(file).expect as {
      volumes: { device: string; role: string; filevault: string }[];
    };
    const stdout = printed({
      Containers: [
        {
          Volumes: volumes.map(({ device, role, filevault }) => ({
            DeviceIdentifier: device,
            Roles: [role],
            // Encrypted at rest is not FileVault.
            Encryption: filevault !== 'No',
            FileVault: filevault.startsWith('Yes'),
          })),
        },
      ],
    });
    const found = parseDiskutilApfsList(answerOf({ stdout }));
    t.deepEqual(
      found.map(({ deviceIdentifier, roles, fileVault, encryption }) => [
        deviceIdentifier,
        roles,
        fileVault,
        encryption,
      ]),
      volumes.map(({ device, role, filevault }) => [
        device,
        [role],
        false,
        filevault === 'No (Encrypted at rest)',
      ]),
      file,
    );
  }
});

test('apfs list: newer keys, and several containers', (t) => {
  const stdout = printed({
    Containers: [
      { APFSContainerUUID: 'aa2cc5fb-44e2-4677-86af-66895b9c9956', Internal: true, Volumes: [] },
      {
        Internal: false,
        Volumes: [
          {
            DeviceIdentifier: 'disk3s5',
            APFSVolumeGroupUUID: 'dcbca6bd-bff1-4f8f-ae1a-6e937d2d4bdc',
            CryptoMigrationOn: true,
            FileVault: true,
            Locked: true,
            Roles: ['Data'],
          },
        ],
      },
    ],
  });
  t.deepEqual(parseDiskutilApfsList(answerOf({ stdout })), [
    {
      containerUuid: null,
      containerReference: null,
      isInternal: false,
      deviceIdentifier: 'disk3s5',
      uuid: null,
      name: null,
      roles: ['Data'],
      encryption: null,
      fileVault: true,
      locked: true,
      cryptoMigrationOn: true,
      volumeGroupUuid: 'DCBCA6BD-BFF1-4F8F-AE1A-6E937D2D4BDC',
    },
  ]);
});

test('apfs list: no container is an answer, a missing list is not', (t) => {
  t.deepEqual(parseDiskutilApfsList(answerOf({ stdout: printed({ Containers: [] }) })), []);
  const code = (list: Plain): string => codeOf(parseDiskutilApfsList, { stdout: printed(list) });
  t.is(code({ AllDisks: [] }), 'parse_failed');
  t.is(code({ Containers: [{}] }), 'parse_failed');
  t.is(code({ Containers: [{ Volumes: [{}] }] }), 'parse_failed');
  t.is(code({ Containers: [{ Volumes: [{ DeviceIdentifier: '/' }] }] }), 'parse_failed');
  t.is(code({ Containers: [{ Volumes: [{ DeviceIdentifier: '-x' }] }] }), 'parse_failed');
  t.is(
    code({ Containers: [{ Volumes: [{ DeviceIdentifier: 'disk1s1', FileVault: 'No' }] }] }),
    'parse_failed',
  );
  t.is(code({ Containers: [{ Volumes: [{ DeviceIdentifier: 'disk1s1', Roles: [true] }] }] }), 'parse_failed');
});

const listSample = printed({
  Containers: [
    {
      Volumes: [
        {
          APFSVolumeUUID: '518E791C-9D17-4F77-9E86-232B0F71D08F',
          DeviceIdentifier: 'disk1s2',
          Roles: ['Data'],
        },
      ],
    },
  ],
});
test('apfs list: any text', (t) => fuzzParser(t, parseDiskutilApfsList, [listSample]));

// --- apfs listUsers ---

const plistTypes: Readonly<Record<string, string>> = {
  'Local Open Directory': 'LocalOpenDirectory',
  'Local Open Directory User': 'LocalOpenDirectory',
  'Personal Recovery User': 'PersonalRecovery',
  'MDM Bootstrap Token External Key': 'MDMRecovery',
  'iCloud Recovery User': 'ICloud',
  'iCloud Recovery External Key': 'ICloudRecovery',
  'Disk User': 'Disk',
};

/** 04 and 05 hold masked UUIDs, 11 is no output. */
const textForms = ['01', '02', '03', '06', '07', '08', '09', '10'];

test('apfs listUsers: what the texts of the corpus say, as a property list', (t) => {
  for (const number of textForms) {
    const { users } = caseOf(`diskutil-listusers-${number}.txt`).expect as {
      users: { uuid: string; type: string; volume_owner: boolean | null }[];
    };
    const stdout = printed({
      Users: users.map(({ uuid, type, volume_owner }) => ({
        APFSCryptoUserType: plistTypes[type],
        APFSCryptoUserUUID: uuid.toLowerCase(),
        VolumeOwner: volume_owner ?? undefined,
      })),
    });
    t.deepEqual(parseDiskutilApfsListUsers(answerOf({ stdout })), {
      users: users.map(({ uuid, type, volume_owner }) => ({
        uuid,
        type: plistTypes[type] ?? '',
        volumeOwner: volume_owner,
      })),
    });
  }
});

test('apfs listUsers: every known type is told as printed', (t) => {
  const { plist } = JSON.parse(
    readFileSync(new URL('../corpus/cases/crypto-user-types.json', import.meta.url), 'utf8'),
  ) as { readonly plist: readonly string[] };
  for (const type of plist) {
    const stdout = printed({
      Users: [{ APFSCryptoUserType: type, APFSCryptoUserUUID: '2457711A-523C-4604-B75A-F48A571D5036' }],
    });
    t.is(parseDiskutilApfsListUsers(answerOf({ stdout })).users[0]?.type, type);
  }
});

test('apfs listUsers: an empty dictionary has no users, one with other keys is not known', (t) => {
  t.deepEqual(parseDiskutilApfsListUsers(answerOf({ stdout: plistOf('<dict/>') })), { users: [] });
  t.is(codeOf(parseDiskutilApfsListUsers, { stdout: printed({ Containers: [] }) }), 'parse_failed');
});

test('apfs listUsers: only the closing tag of the document may be missing', (t) => {
  const whole = textOf('diskutil-listusers-plist-02.plist').trim();
  t.is(parseDiskutilApfsListUsers(answerOf({ stdout: whole })).users.length, 3);
  for (let end = 1; end < whole.length; end += 1) {
    t.true(
      codeOf(parseDiskutilApfsListUsers, { stdout: whole.slice(0, end) }).endsWith('_failed'),
      `cut at ${end}`,
    );
  }
});

test('apfs listUsers: a user without UUID or type, and wrong kinds', (t) => {
  const code = (user: Plain): string =>
    codeOf(parseDiskutilApfsListUsers, { stdout: printed({ Users: [user] }) });
  const uuid = '2457711A-523C-4604-B75A-F48A571D5036';
  t.is(code({ APFSCryptoUserType: 'MDMRecovery' }), 'parse_failed');
  t.is(code({ APFSCryptoUserUUID: uuid }), 'parse_failed');
  t.is(code({ APFSCryptoUserUUID: uuid, APFSCryptoUserType: '' }), 'parse_failed');
  t.is(code({ APFSCryptoUserUUID: '2457711A-XXXX', APFSCryptoUserType: 'MDMRecovery' }), 'parse_failed');
  t.is(
    code({ APFSCryptoUserUUID: uuid, APFSCryptoUserType: 'MDMRecovery', VolumeOwner: 'Yes' }),
    'parse_failed',
  );
});

const usersSample = printed({
  Users: [
    {
      APFSCryptoUserType: 'MDMRecovery',
      APFSCryptoUserUUID: '2457711A-523C-4604-B75A-F48A571D5036',
      VolumeOwner: true,
    },
  ],
});
test('apfs listUsers: any text', (t) => fuzzParser(t, parseDiskutilApfsListUsers, [usersSample]));
