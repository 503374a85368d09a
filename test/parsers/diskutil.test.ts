import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Parse } from '../../collector/answer.ts';
import { parseDiskutilApfsList } from '../../collector/parsers/diskutil_apfs_list.ts';
import { parseDiskutilApfsListUsers } from '../../collector/parsers/diskutil_apfs_list_users.ts';
import { parseDiskutilInfoRoot } from '../../collector/parsers/diskutil_info_root.ts';
import { sizeAndDigest } from '../../collector/parsers/withheld.ts';
import { caseOf, plistOf, textOf } from './corpus.ts';
import { noted } from './directory.ts';
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
  const told = (message: string): string | undefined => {
    const stdout = printed({ Error: true, ErrorMessage: message });
    return t.throws(() => parseDiskutilApfsList(answerOf({ stdout })))?.message;
  };
  t.is(told('Could not find disk: disk9s9\n'), 'diskutil apfs list reported: Could not find disk: disk9s9');
  const more = 'Could not find disk: disk9s9\nand more';
  t.is(told(more), `diskutil apfs list reported: ${sizeAndDigest(more)}`);
});

// --- info ---

test('info: every fact', (t) => {
  const stdout = printed({
    APFSContainerReference: 'disk3',
    APFSVolumeGroupID: '9c07052a-b31a-4916-9257-cb5cc581b350',
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
    containerReference: 'disk3',
    volumeGroupUuid: '9C07052A-B31A-4916-9257-CB5CC581B350',
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

test('info: one odd key of many costs itself', (t) => {
  const whole = {
    ...{ FilesystemType: 'apfs', FileVault: true, Encryption: true, DeviceIdentifier: 'disk3s1s1' },
    VolumeUUID: '424FEA98-2296-48FD-8DFF-0866835572E9',
    APFSContainerReference: 'disk3',
    APFSVolumeGroupID: '9C07052A-B31A-4916-9257-CB5CC581B350',
  };
  const normal = noted(parseDiskutilInfoRoot, printed(whole));
  t.deepEqual(normal.notes, []);
  const facts: Readonly<Record<keyof typeof whole, string>> = {
    ...{ FilesystemType: 'filesystem', FileVault: 'fileVault', Encryption: 'encryption' },
    ...{ DeviceIdentifier: 'deviceIdentifier', VolumeUUID: 'volumeUuid' },
    ...{ APFSContainerReference: 'containerReference', APFSVolumeGroupID: 'volumeGroupUuid' },
  };
  for (const key of Object.keys(whole) as (keyof typeof whole)[]) {
    for (const odd of [[], { a: 'b' }]) {
      const { value, notes } = noted(parseDiskutilInfoRoot, printed({ ...whole, [key]: odd }));
      t.deepEqual(value, { ...normal.value, [facts[key]]: null }, key);
      t.is(notes.length, 1);
      t.true(notes[0]?.includes(key), notes[0] ?? '');
    }
    // A lost key may be any that is not there.
    const lost = noted(parseDiskutilInfoRoot, printed(whole).replace(`<key>${key}</key>`, ''));
    t.deepEqual(lost.value, { ...normal.value, [facts[key]]: null }, key);
    t.is(lost.notes.length, 1);
  }
  t.is(noted(parseDiskutilInfoRoot, printed({ ...whole, VolumeUUID: 'none' })).value.volumeUuid, null);
  t.is(
    codeOf(parseDiskutilInfoRoot, { stdout: printed({ FilesystemType: true, New: 'a' }) }),
    'parse_failed',
  );
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
    unread: new Set(),
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
      unread: new Set(),
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
  t.is(code({ Containers: ['a', { Volumes: ['a'] }] }), 'parse_failed');
});

/** How one item of a list can be odd: as text, and what it costs. */
type Oddity = readonly [
  what: string,
  costs: 'nothing' | 'value' | 'record',
  change: (item: string) => string,
];
const log = '2026-09-23 08:49:47.123 diskutil[123:456] objc: Class X is implemented twice\n';

test('apfs list: one odd volume of many costs itself', (t) => {
  const volume = (n: number): Plain => ({
    ...{ APFSVolumeUUID: `518E791C-9D17-4F77-9E86-232B0F71D08${n}`, DeviceIdentifier: `disk${n}s5` },
    ...{ Name: `Volume ${n}`, Roles: ['Data'], FileVault: true, Encryption: true },
  });
  const container = (n: number): Plain => ({
    ...{ ContainerReference: `disk${n}`, Volumes: [volume(n)] },
  });
  const items = [1, 2, 3].map((n) => xmlOf(container(n)));
  const documentOf = (all: readonly string[]): string =>
    plistOf(`<dict><key>Containers</key><array>${all.join('')}</array></dict>`);
  const whole = noted(parseDiskutilApfsList, documentOf(items));
  t.deepEqual([whole.notes, whole.value.length], [[], 3]);
  const oddities: readonly Oddity[] = [
    [
      'no device',
      'record',
      (item) => item.replace(/<key>DeviceIdentifier<\/key><string>[^<]*<\/string>/, ''),
    ],
    ['a device that is none', 'record', (item) => item.replace(/>disk(\d)s5</, '>/dev/disk$1s5<')],
    ['a UUID that is none', 'value', (item) => item.replace('518E791C', 'none')],
    [
      'a word for true',
      'value',
      (item) => item.replace('<key>FileVault</key><true/>', '<key>FileVault</key><string>No</string>'),
    ],
    ['a lost key', 'value', (item) => item.replace('<key>FileVault</key>', '')],
    ['a lost value', 'value', (item) => item.replace('<key>FileVault</key><true/>', '<key>FileVault</key>')],
    [
      'a key twice',
      'nothing',
      (item) => item.replace('<key>FileVault</key>', '<key>FileVault</key><key>FileVault</key>'),
    ],
    [
      'roles that are none',
      'record',
      (item) => item.replace('<array><string>Data</string></array>', '<string>Data</string>'),
    ],
    [
      'an odd role',
      'record',
      (item) => item.replace('<string>Data</string>', '<string>Data</string><true/>'),
    ],
    ['no list of volumes', 'record', (item) => item.replace('<key>Volumes</key>', '<key>Volume</key>')],
    ['an unknown element', 'value', (item) => item.replace('<true/>', '<yes/>')],
    ['no word on FileVault', 'value', (item) => item.replace('<key>FileVault</key><true/>', '')],
    [
      'no roles',
      'record',
      (item) => item.replace('<key>Roles</key><array><string>Data</string></array>', ''),
    ],
    [
      'a further key',
      'nothing',
      (item) => item.replace('<key>Name</key>', '<key>New</key><dict/><key>Name</key>'),
    ],
    ['no container', 'record', () => '<string>x</string>'],
    ['the container twice', 'nothing', (item) => item + item],
    ['the container twice, against itself', 'record', (item) => item + item.replace('<true/>', '<false/>')],
  ];
  for (const [what, costs, change] of oddities) {
    for (const at of items.keys()) {
      const stdout = documentOf(items.map((item, index) => (index === at ? change(item) : item)));
      for (const text of [stdout, log + stdout, stdout + log]) {
        const { value, notes, isComplete } = noted(parseDiskutilApfsList, text);
        const isOther = ({ deviceIdentifier }: { deviceIdentifier: string }): boolean =>
          deviceIdentifier !== `disk${at + 1}s5`;
        t.deepEqual(value.filter(isOther), whole.value.filter(isOther), what);
        t.is(notes.length, costs === 'nothing' ? 0 : 1, `${what}: ${notes.join()}`);
        t.is(isComplete, costs !== 'record', what);
        if (costs === 'nothing') t.deepEqual(value, whole.value, what);
      }
    }
  }
  const twice = documentOf([...items, items[0]?.replace('Data', 'System') ?? '']);
  const [first] = noted(parseDiskutilApfsList, twice).value;
  t.like(first, { fileVault: true, roles: [] });
  t.true(first?.unread.has('Roles'));
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
        differing: [],
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

test('apfs listUsers: one odd user of many costs itself', (t) => {
  const uuidOf = (n: number): string => `2457711A-523C-4604-B75A-F48A571D503${n}`;
  const items = [1, 2, 3].map((n) =>
    xmlOf({ APFSCryptoUserType: 'LocalOpenDirectory', APFSCryptoUserUUID: uuidOf(n), VolumeOwner: true }),
  );
  const documentOf = (all: readonly string[]): string =>
    plistOf(`<dict><key>Users</key><array>${all.join('')}</array></dict>`);
  const whole = noted(parseDiskutilApfsListUsers, documentOf(items));
  t.deepEqual([whole.notes, whole.value.users.length], [[], 3]);
  const oddities: readonly (readonly [...Oddity, object?])[] = [
    [
      'no UUID',
      'record',
      (item) => item.replace(/<key>APFSCryptoUserUUID<\/key><string>[^<]*<\/string>/, ''),
    ],
    ['a UUID that is none', 'record', (item) => item.replace('2457711A', 'XXXX')],
    ['a lower-case UUID', 'nothing', (item) => item.replace('2457711A', '2457711a')],
    [
      'no type',
      'value',
      (item) => item.replace('<key>APFSCryptoUserType</key><string>LocalOpenDirectory</string>', ''),
      { type: null },
    ],
    ['an empty type', 'value', (item) => item.replace('LocalOpenDirectory', ''), { type: null }],
    [
      'a type of another kind',
      'value',
      (item) => item.replace('<string>LocalOpenDirectory</string>', '<true/>'),
      { type: null },
    ],
    [
      'a word for true',
      'value',
      (item) => item.replace('<true/>', '<string>Yes</string>'),
      { volumeOwner: null },
    ],
    ['a lost key', 'value', (item) => item.replace('<key>VolumeOwner</key>', ''), { volumeOwner: null }],
    ['a lost UUID', 'record', (item) => item.replace('<key>APFSCryptoUserUUID</key>', '')],
    [
      'against itself',
      'value',
      (item) => item.replace('<true/>', '<true/><key>VolumeOwner</key><false/>'),
      { volumeOwner: null },
    ],
    [
      'no word on the owner',
      'value',
      (item) => item.replace('<key>VolumeOwner</key><true/>', ''),
      { volumeOwner: null },
    ],
    ['no dictionary', 'record', () => '<string>x</string>'],
    ['twice', 'nothing', (item) => item + item],
    [
      'twice, once as owner',
      'value',
      (item) => item + item.replace('<true/>', '<false/>'),
      { volumeOwner: null, differing: ['VolumeOwner'] },
    ],
    [
      'twice, of two types',
      'value',
      (item) => item + item.replace('LocalOpenDirectory', 'Disk'),
      { type: null, differing: ['APFSCryptoUserType'] },
    ],
    [
      'twice, once without an owner',
      'value',
      (item) => item + item.replace('<key>VolumeOwner</key><true/>', ''),
      { volumeOwner: null, differing: ['VolumeOwner'] },
    ],
  ];
  for (const [what, costs, change, facts] of oddities) {
    for (const at of items.keys()) {
      const stdout = documentOf(items.map((item, index) => (index === at ? change(item) : item)));
      const { value, notes, isComplete } = noted(parseDiskutilApfsListUsers, log + stdout);
      const expected = whole.value.users.flatMap((user, index) =>
        index !== at ? [user] : costs === 'record' ? [] : [{ ...user, ...facts }],
      );
      t.deepEqual(value.users, expected, what);
      t.is(notes.length > 0, costs !== 'nothing', `${what}: ${notes.join()}`);
      t.is(isComplete, costs !== 'record', what);
    }
  }
  // Where nothing of a list can be read it is not known to be empty.
  const code = (list: Plain): string => codeOf(parseDiskutilApfsListUsers, { stdout: printed(list) });
  t.is(code({ Users: ['a', { APFSCryptoUserType: 'MDMRecovery' }] }), 'parse_failed');
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
