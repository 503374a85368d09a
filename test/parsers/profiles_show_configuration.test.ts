import test from 'ava';
import type { ExecutionContext } from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import { unread } from '../../collector/parsers/allowed.ts';
import {
  parseProfilesShowConfiguration as parse,
  sanitizeProfilesShowConfiguration as reduce,
  type ConfigurationProfiles,
} from '../../collector/parsers/profiles_show_configuration.ts';
import { plistOf } from './corpus.ts';
import { answerOf, fuzzParser } from './fuzz.ts';
import {
  answerOfCase,
  casesOf,
  fuzzReducer,
  holdsNoCanary,
  neverCollected,
  noiseLines,
  plantXml,
  tell,
  textOf,
  type Told,
} from './more.ts';

const look = (answer: Partial<Answer>): unknown => {
  try {
    return parse(answerOf(answer));
  } catch (problem) {
    return problem instanceof CollectError ? problem.code : String(problem);
  }
};
const nothing = {
  mdm: null,
  isComplete: true,
  fileVault: null,
  escrow: { present: false, location: null },
  mcxFileVault: null,
  loginwindow: null,
  platformSso: null,
};

const expected: Readonly<Record<string, unknown>> = {
  'profiles-list-01.txt': nothing,
  'profiles-list-02.txt': nothing,
  'profiles-list-03.txt': nothing,
  'profiles-list-04.txt': 'parse_failed', // text; we ask with -output stdout-xml
  'profiles-list-05.txt': 'parse_failed', // the same, for one user
  'profiles-list-06.txt': 'permission_denied', // says nothing of the device
  'profiles-list-07.txt': nothing,
  'profiles-list-09.txt': 'permission_denied',
  'profiles-list-10.txt': 'parse_failed', // that there are two says not which
  'profiles-list-11.txt': 'parse_failed', // a form that no Mac prints
  'profiles-list-13.txt': nothing,
  'profiles-list-xml-01.plist': nothing, // a firewall and a passcode profile: nothing for us
};

for (const each of casesOf('profiles-list')) {
  test(`${each.file} is answered so`, (t) => {
    const answer = answerOfCase(each);
    t.deepEqual(look(answer), expected[each.file]);
    t.deepEqual(look({ ...answer, stdout: reduce(answer.stdout) }), expected[each.file]);
  });
}

test('every case of the corpus is replayed', (t) => {
  t.deepEqual(
    casesOf('profiles-list').map(({ file }) => file),
    Object.keys(expected),
  );
});

// --- Constructed: the envelope of profiles-list-xml-01.plist, the payloads of Apple's schema. ---

const payload = (type: string, content: string): string => `<dict>
<key>PayloadContent</key><dict>${content}</dict>
<key>PayloadDisplayName</key><string>Display Name</string>
<key>PayloadIdentifier</key><string>com.example.payload</string>
<key>PayloadOrganization</key><string>Payload Organisation</string>
<key>PayloadType</key><string>${type}</string>
<key>PayloadUUID</key><string>11111111-2222-3333-4444-555555555555</string>
</dict>`;
const profile = (identifier: string, ...payloads: readonly string[]): string => `<dict>
<key>ProfileDescription</key><string>Description</string>
<key>ProfileDisplayName</key><string>Display Name</string>
<key>ProfileIdentifier</key><string>${identifier}</string>
<key>ProfileInstallDate</key><string>2023-03-31 01:14:38 +0200</string>
<key>ProfileItems</key><array>${payloads.join('')}</array>
<key>ProfileOrganization</key><string>Contoso &amp; Co</string>
<key>ProfileRemovalDisallowed</key><string>true</string>
<key>ProfileUUID</key><string>66666666-2222-3333-4444-555555555555</string>
</dict>`;
const scope = (name: string, ...profiles: readonly string[]): string =>
  `<key>${name}</key><array>${profiles.join('')}</array>`;
const output = (...scopes: readonly string[]): string => plistOf(`<dict>${scopes.join('')}</dict>`);
const device = (...payloads: readonly string[]): string =>
  output(scope('_computerlevel', ...payloads.map((each, index) => profile(`com.example.${index}`, each))));
const custom = (domain: string, settings: string): string =>
  payload(
    'com.apple.ManagedClient.preferences',
    `<key>PayloadContentManagedPreferences</key><dict><key>${domain}</key><dict><key>Forced</key><array><dict>
<key>mcx_preference_settings</key><dict>${settings}</dict></dict></array></dict></dict>`,
  );

const mdm = (
  more = '',
  url = 'https://user:CANARY@MDM.example.com:8443/connect/CANARY?token=CANARY#CANARY',
): string =>
  payload(
    'com.apple.mdm',
    `<key>AccessRights</key><integer>8191</integer><key>ServerCapabilities</key><array>
<string>com.apple.mdm.per-user-connections</string><string>com.apple.mdm.bootstraptoken</string></array>
<key>ServerURL</key><string>${url}</string>${more}`,
  );
const fileVault = payload(
  'com.apple.MCX.FileVault2',
  `<key>Enable</key><string>On</string><key>Defer</key><true/><key>DeferDontAskAtUserLogout</key><true/>
<key>DeferForceAtUserLoginMaxBypassAttempts</key><integer>-1</integer><key>ShowRecoveryKey</key><false/>
<key>UseRecoveryKey</key><integer>1</integer><key>ForceEnableInSetupAssistant</key><true/>
<key>Certificate</key><data>Q0FOQVJZ</data><key>OutputPath</key><string>/CANARY</string>`,
);
const escrow = payload(
  'com.apple.security.FDERecoveryKeyEscrow',
  '<key>Location</key><string>Contoso IT</string><key>EncryptCertPayloadUUID</key><string>CANARY</string>',
);
const sso = payload(
  'com.apple.extensiblesso',
  `<key>RegistrationToken</key><string>CANARY</string><key>ExtensionIdentifier</key><string>com.example.sso</string>
<key>PlatformSSO</key><dict><key>AuthenticationMethod</key><string>Password</string>
<key>FileVaultPolicy</key><array><string>RequireAuthentication</string><string>AllowOfflineGracePeriod</string></array>
<key>NonPlatformSSOAccounts</key><array><string>itadmin</string></array>
<key>NewUserAuthorizationMode</key><string>Standard</string></dict>`,
);
const mcx = payload(
  'com.apple.MCX',
  '<key>dontAllowFDEDisable</key><true/><key>Password</key><string>CANARY</string>',
);
const loginwindow = payload('com.apple.loginwindow', '<key>DisableFDEAutoLogin</key><true/>');
const wifi = payload('com.apple.wifi.managed', '<key>Password</key><string>CANARY</string>');
const scep = payload(
  'com.apple.security.scep',
  '<key>PayloadContent</key><dict><key>Challenge</key><string>CANARY</string></dict>',
);

const everything = output(
  scope(
    '_computerlevel',
    profile('com.example.mdm', mdm(), scep),
    profile('com.example.filevault', fileVault, escrow),
    profile('com.example.rest', mcx, loginwindow, sso, wifi),
  ),
  scope('alice', profile('com.example.user', wifi)),
);
const all = {
  mdm: {
    identifier: 'com.example.mdm',
    installTime: 1680218078,
    serverHost: 'mdm.example.com',
    accessRights: 8191,
    serverCapabilities: ['com.apple.mdm.per-user-connections', 'com.apple.mdm.bootstraptoken'],
    organization: 'Contoso & Co',
    isUserEnrollment: null,
  },
  isComplete: true,
  fileVault: {
    enable: 'On',
    defer: true,
    maxBypassAttempts: -1,
    dontAskAtLogout: true,
    showRecoveryKey: false,
    useRecoveryKey: true,
    forceEnableInSetupAssistant: true,
    irkCertificatePresent: true,
  },
  escrow: { present: true, location: 'Contoso IT' },
  mcxFileVault: { dontAllowFdeDisable: true, dontAllowFdeEnable: null },
  loginwindow: { disableFdeAutologin: true },
  platformSso: {
    authenticationMethod: 'Password',
    fileVaultPolicy: ['RequireAuthentication', 'AllowOfflineGracePeriod'],
    loginPolicy: null,
    unlockPolicy: null,
    nonPlatformSsoAccounts: ['itadmin'],
    newUserAuthorizationMode: 'Standard',
    userAuthorizationMode: null,
  },
};

test('all payloads (constructed)', (t) => {
  t.deepEqual(look({ stdout: everything }), all);
  t.deepEqual(look({ stdout: reduce(everything) }), all);
  t.is(reduce(everything), reduce(everything.replace(/\s+(?=<)/g, '\n')), 'layout does not count');
});

test('a reduced output has the listed keys and nothing else (constructed)', (t) => {
  const keys = new Set(Array.from(reduce(everything).matchAll(/<key>([^<]*)<\/key>/g), ([, key]) => key));
  t.deepEqual([...keys].sort(), [
    ...['AccessRights', 'AuthenticationMethod', 'Certificate', 'Defer', 'DeferDontAskAtUserLogout'],
    ...['DeferForceAtUserLoginMaxBypassAttempts', 'DisableFDEAutoLogin', 'Enable', 'FileVaultPolicy'],
    ...['ForceEnableInSetupAssistant', 'Location', 'NewUserAuthorizationMode', 'NonPlatformSSOAccounts'],
    ...[
      'PayloadContent',
      'PayloadType',
      'PlatformSSO',
      'ProfileIdentifier',
      'ProfileInstallDate',
      'ProfileItems',
    ],
    ...[
      'ProfileOrganization',
      'ServerCapabilities',
      'ServerURL',
      'ShowRecoveryKey',
      'UseRecoveryKey',
      '_computerlevel',
    ],
    ...['dontAllowFDEDisable', 'user 1'],
  ]);
  t.true(reduce(everything).includes('<string>https://mdm.example.com</string>'));
  t.regex(reduce(everything), /<key>Certificate<\/key>\s*<true\/>/);
});

test('of the server only its host (constructed)', (t) => {
  const hostOf = (url: string): string | null =>
    (look({ stdout: device(mdm('', url)) }) as typeof all).mdm.serverHost;
  t.is(hostOf('https://MDMSERVER:8443/mdm/ServerURL'), 'mdmserver');
  t.is(hostOf('http://[2001:db8::1]:80/x'), '[2001:db8::1]');
  t.is(hostOf('https://a.example.com\\@b.example.com/'), 'a.example.com');
  for (const odd of [
    '',
    'mdm.example.com',
    'ftp://mdm.example.com',
    'https://',
    'javascript:CANARY',
    'https://a b/CANARY',
  ]) {
    t.is(hostOf(odd), null, odd);
    t.regex(reduce(device(mdm('', odd))), /<key>ServerURL<\/key>\s*<dict\/>/);
  }
});

test('user enrolment is told by its marks alone (constructed)', (t) => {
  const kind = (more: string) =>
    (look({ stdout: device(mdm(more)) }) as typeof all).mdm.isUserEnrollment as unknown;
  t.is(kind(''), null);
  t.is(kind('<key>ManagedAppleID</key><string>CANARY@example.com</string>'), true);
  t.is(kind('<key>EnrollmentMode</key><string>BYOD</string>'), true);
  t.is(kind('<key>EnrollmentMode</key><string>ADDE</string>'), false);
  t.is(kind('<key>EnrollmentMode</key><string>other</string>'), null);
  const planted = device(mdm('<key>ManagedAppleID</key><string>CANARY@example.com</string>'));
  holdsNoCanary(t, planted, reduce(planted), parse(answerOf({ stdout: planted })));
});

test('where two profiles differ, nothing is said (constructed)', (t) => {
  const location = (name: string) =>
    payload('com.apple.security.FDERecoveryKeyEscrow', `<key>Location</key><string>${name}</string>`);
  t.like(look({ stdout: device(location('A'), location('A')) }), {
    escrow: { present: true, location: 'A' },
  });
  t.like(look({ stdout: device(location('A'), location('B')) }), {
    escrow: { present: true, location: null },
  });
  const policy = (text: string) =>
    payload(
      'com.apple.extensiblesso',
      `<key>PlatformSSO</key><dict><key>LoginPolicy</key><array><string>${text}</string></array></dict>`,
    );
  t.deepEqual(look({ stdout: device(sso, policy('X')) }), {
    ...nothing,
    platformSso: { ...all.platformSso, loginPolicy: ['X'] },
  });
  t.like(look({ stdout: device(policy('Y'), policy('X')) }), {
    platformSso: {
      ...all.platformSso,
      authenticationMethod: null,
      fileVaultPolicy: null,
      nonPlatformSsoAccounts: null,
      newUserAuthorizationMode: null,
    },
  });
});

test('custom settings count where a payload would (constructed)', (t) => {
  const both = device(
    custom('com.apple.MCX', '<key>dontAllowFDEEnable</key><false/><key>x</key><string>CANARY</string>'),
    mcx,
  );
  t.like(look({ stdout: both }), {
    mcxFileVault: { dontAllowFdeDisable: true, dontAllowFdeEnable: false },
  });
  holdsNoCanary(t, both, reduce(both));
  t.like(
    look({
      stdout: device(custom('com.apple.loginwindow', '<key>DisableFDEAutoLogin</key><false/>')),
    }),
    {
      loginwindow: { disableFdeAutologin: false },
    },
  );
  t.deepEqual(look({ stdout: device(custom('com.apple.finder', '<key>x</key><true/>')) }), nothing);
});

test('settings of a user are not those of the device (constructed)', (t) => {
  const user = scope('alice', profile('com.example.user', fileVault, escrow, mcx, loginwindow, sso));
  t.deepEqual(look({ stdout: output(scope('_computerlevel'), user) }), nothing);
  t.deepEqual(look({ stdout: output(user) }), nothing, 'root was told of no device profile');
  t.is(look({ stdout: output(user), euid: 501 }), 'permission_denied');
  t.is(look({ stdout: output(user), euid: null }), 'parse_failed');
  t.like(look({ stdout: output(scope('alice', profile('com.example.mdm', mdm()))) }), {
    mdm: all.mdm,
  });
  t.like(look({ stdout: everything, euid: 501 }), { mdm: all.mdm });
});

test('an old Platform SSO profile, and a date in the other form (constructed)', (t) => {
  const old = payload(
    'com.apple.extensiblesso',
    '<key>AuthenticationMethod</key><string>UserSecureEnclaveKey</string>',
  );
  const dated = device(mdm()).replace(
    '<string>2023-03-31 01:14:38 +0200</string>',
    '<date>2023-03-30T23:14:38Z</date>',
  );
  t.like(look({ stdout: device(old) }), {
    platformSso: {
      ...all.platformSso,
      authenticationMethod: 'UserSecureEnclaveKey',
      fileVaultPolicy: null,
      nonPlatformSsoAccounts: null,
      newUserAuthorizationMode: null,
    },
  });
  t.is((look({ stdout: dated }) as typeof all).mdm.installTime, 1680218078);
});

test('what is not known is refused', (t) => {
  t.is(look({}), 'parse_failed');
  t.is(look({ exitCode: 1, stderr: 'profiles: something' }), 'source_failed');
  t.is(look({ stdout: everything, exitCode: 1 }), 'source_failed');
  t.is(look({ stdout: 'profiles: this command requires root privileges\n' }), 'permission_denied');
  t.is(look({ stdout: everything, stderr: 'Must be running as root\n' }), 'permission_denied');
  t.is(look({ stdout: `There are no configuration profiles installed\n${everything}` }), 'parse_failed');
  t.is(look({ stdout: plistOf('<array/>') }), 'parse_failed');
  t.deepEqual(look({ stdout: plistOf('<dict/>') }), nothing);
});

const told = (stdout: string) =>
  tell((text: string, note) => parse(answerOf({ stdout: text }), note), stdout);
/** The same from the raw and from the reduced output. */
const toldTwice = (t: ExecutionContext, stdout: string): Told<ConfigurationProfiles> => {
  const raw = told(stdout);
  t.deepEqual(told(reduce(stdout)), raw);
  t.is(reduce(reduce(stdout)), reduce(stdout));
  return raw;
};

test('the odd value of one key costs that key, and the error names the profile (constructed)', (t) => {
  const cases: readonly (readonly [from: string, to: string, profile: string, lost: object])[] = [
    [
      '<string>On</string>',
      '<string>Perhaps</string>',
      '',
      { fileVault: { ...all.fileVault, enable: unread } },
    ],
    ['<string>On</string>', '<true/>', 'filevault', { fileVault: { ...all.fileVault, enable: unread } }],
    [
      '<key>Defer</key><true/>',
      '<key>Defer</key><string>perhaps</string>',
      'filevault',
      { fileVault: { ...all.fileVault, defer: unread } },
    ],
    [
      '<integer>-1</integer>',
      '<real>1.5</real>',
      'filevault',
      { fileVault: { ...all.fileVault, maxBypassAttempts: unread } },
    ],
    ['<integer>8191</integer>', '<string>all</string>', 'mdm', { mdm: { ...all.mdm, accessRights: null } }],
    [
      '<string>com.apple.mdm.per-user-connections</string>',
      '<dict/>',
      'mdm',
      { mdm: { ...all.mdm, serverCapabilities: null } },
    ],
    ['https://user:', 'user:', 'mdm', { mdm: { ...all.mdm, serverHost: null } }],
    [
      '2023-03-31 01:14:38 +0200',
      '2023-02-31 01:14:38 +0200',
      'mdm',
      { mdm: { ...all.mdm, installTime: null } },
    ],
    ['2023-03-31 01:14:38 +0200', '31.03.2023', 'mdm', { mdm: { ...all.mdm, installTime: null } }],
    ['<string>Contoso &amp; Co</string>', '<data/>', 'mdm', { mdm: { ...all.mdm, organization: null } }],
    ['<string>Contoso IT</string>', '<array/>', 'filevault', { escrow: { present: true, location: null } }],
    [
      '<key>dontAllowFDEDisable</key><true/>',
      '<key>dontAllowFDEDisable</key><dict/>',
      'rest',
      { mcxFileVault: { ...all.mcxFileVault, dontAllowFdeDisable: unread } },
    ],
    [
      '<key>DisableFDEAutoLogin</key><true/>',
      '<key>DisableFDEAutoLogin</key><string/>',
      'rest',
      { loginwindow: { disableFdeAutologin: unread } },
    ],
    [
      '<string>Password</string>',
      '<true/>',
      'rest',
      { platformSso: { ...all.platformSso, authenticationMethod: unread } },
    ],
    [
      '<string>Password</string>',
      '<string>OpenID</string>',
      'none',
      { platformSso: { ...all.platformSso, authenticationMethod: 'OpenID' } },
    ],
  ];
  t.deepEqual(toldTwice(t, everything), { value: all, notes: [] } as never);
  for (const [from, to, profileName, lost] of cases) {
    t.true(everything.includes(from), from);
    const { value, notes } = toldTwice(t, everything.replace(from, to));
    t.deepEqual(value as unknown, { ...all, ...lost }, to);
    t.is(notes.length, profileName === 'none' ? 0 : 1, to);
    if (profileName !== '' && profileName !== 'none')
      t.true(notes[0]?.includes(`com.example.${profileName}`), notes[0]);
  }
});

test('dates in other forms are dates (constructed)', (t) => {
  for (const form of [
    '2023-03-30T23:14:38Z',
    '2023-03-31T01:14:38+02:00',
    '2023-03-30 23:14:38 +0000',
    '2023-03-30 23:14:38.123 +0000',
    '2023-03-30T20:14:38-0300',
  ]) {
    const { value, notes } = toldTwice(t, everything.replace('2023-03-31 01:14:38 +0200', form));
    t.deepEqual([value.mdm?.installTime, notes], [1680218078, []], form);
  }
});

test('what is of no use need have no form (constructed)', (t) => {
  const odd = [
    '<dict/>',
    '<dict><key>PayloadContent</key><dict><key>x</key><string>CANARY</string></dict></dict>',
    '<dict><key>PayloadType</key><integer>1</integer></dict>',
    '<dict><key>PayloadType</key><string>com.vendor.agent</string><key>PayloadContent</key><array/></dict>',
    '<dict><key>PayloadType</key><string>com.vendor.agent</string></dict>',
  ];
  for (const each of odd) {
    for (const beside of [mdm(), escrow, wifi]) {
      t.deepEqual(
        toldTwice(
          t,
          output(
            scope('_computerlevel', profile('com.example.a', each, beside), profile('com.example.b', each)),
          ),
        ),
        toldTwice(t, output(scope('_computerlevel', profile('com.example.a', beside)))),
      );
    }
  }
});

test('a payload, a profile or a scope that cannot be told takes nothing from the others (constructed)', (t) => {
  const untyped = fileVault.replace('<key>PayloadType</key>', '<key>Type</key>');
  const lostPayloads = ['<string>CANARY</string>', '<array/>', untyped];
  for (const payloadOfNoForm of lostPayloads) {
    const { value, notes } = toldTwice(
      t,
      output(scope('_computerlevel', profile('com.example.a', mdm(), payloadOfNoForm))),
    );
    t.is(value.mdm?.serverHost, 'mdm.example.com');
    t.like(value, { isComplete: false, fileVault: null, escrow: { present: null, location: null } });
    t.is(notes.length, 1);
    t.true(notes[0]?.includes('com.example.a'), notes[0]);
    const known = toldTwice(
      t,
      output(scope('_computerlevel', profile('com.example.a', payloadOfNoForm, escrow))),
    );
    t.like(known.value, { mdm: null, isComplete: false, escrow: { present: true, location: 'Contoso IT' } });
  }
  for (const odd of [
    '<string>CANARY</string>',
    '<array/>',
    profile('com.example.a', escrow).replace('<key>ProfileItems</key>', '<key>Items</key>'),
  ]) {
    const { value, notes } = toldTwice(
      t,
      output(scope('_computerlevel', odd, profile('com.example.mdm', mdm()))),
    );
    t.like(value, { isComplete: false, escrow: { present: null } });
    t.is(value.mdm?.identifier, 'com.example.mdm');
    t.is(notes.length, 1, odd);
  }
  const contentless = toldTwice(t, device(escrow.replace('<key>PayloadContent</key>', '<key>Content</key>')));
  t.like(contentless.value, { isComplete: true, escrow: { present: true, location: null } });
  t.is(contentless.notes.length, 1);
  for (const odd of ['<dict/>', '<string>CANARY</string>', '<true/>']) {
    const ofDevice = toldTwice(
      t,
      output(`<key>_computerlevel</key>${odd}`, scope('alice', profile('com.example.mdm', mdm()))),
    );
    t.like(ofDevice.value, { isComplete: false, escrow: { present: null } });
    t.is(ofDevice.value.mdm?.identifier, 'com.example.mdm');
    const ofUser = toldTwice(
      t,
      output(scope('_computerlevel', profile('com.example.a', fileVault)), `<key>alice</key>${odd}`),
    );
    t.like(ofUser.value, { mdm: null, isComplete: false, escrow: { present: false } });
    t.deepEqual(ofUser.value.fileVault, all.fileVault as never);
    t.is(ofUser.notes.length, 1);
  }
});

test('two MDM profiles count where they are the same (constructed)', (t) => {
  const twice = (first: string, second: string) =>
    toldTwice(
      t,
      output(scope('_computerlevel', profile('com.example.mdm', first), profile('com.example.mdm', second))),
    );
  t.deepEqual(
    twice(mdm(), mdm()),
    toldTwice(t, output(scope('_computerlevel', profile('com.example.mdm', mdm())))),
  );
  const { value, notes } = twice(mdm(), mdm('', 'https://other.example.com/'));
  t.deepEqual(value.mdm as unknown, { ...all.mdm, serverHost: null });
  // That there are two, and that they have one identifier.
  t.is(notes.length, 2);
});

test('a preference domain is one file in any case (constructed)', (t) => {
  const lower = custom('com.apple.mcx', '<key>dontAllowFDEEnable</key><false/>');
  t.like(toldTwice(t, device(lower)).value, {
    mcxFileVault: { dontAllowFdeDisable: null, dontAllowFdeEnable: false },
  });
  const both = custom('com.apple.mcx', '<key>dontAllowFDEEnable</key><false/>').replace(
    '<key>com.apple.mcx</key>',
    '<key>COM.APPLE.MCX</key><dict><key>Forced</key><array><dict><key>mcx_preference_settings</key><dict><key>dontAllowFDEDisable</key><true/></dict></dict></array></dict><key>com.apple.mcx</key>',
  );
  t.like(toldTwice(t, device(both)).value, {
    mcxFileVault: { dontAllowFdeDisable: true, dontAllowFdeEnable: false },
  });
});

test('what is said around the answer costs nothing, or itself (constructed)', (t) => {
  const none = 'There are no configuration profiles installed';
  for (const line of noiseLines) {
    t.deepEqual(toldTwice(t, `${line}\n${everything}`), toldTwice(t, everything));
    t.deepEqual(toldTwice(t, `${line}\n${none}\n${line}\n`), { value: nothing, notes: [] } as never);
  }
  const other = toldTwice(t, `${none}\nCANARY\n`);
  t.deepEqual(other.value as unknown, nothing);
  t.deepEqual(other.notes, ['profiles show -type configuration printed a line that is not known']);
  t.false(reduce(`${none}\nCANARY\n`).includes('CANARY'));
});

test('no planted secret comes out', (t) => {
  // Not in the outermost dictionary, which holds scopes.
  const start = everything.indexOf('<key>_computerlevel');
  const planted = everything.slice(0, start) + plantXml(everything.slice(start));
  for (const key of neverCollected) {
    if (!/[&<]/.test(key)) t.true(planted.includes(`<key>${key}</key>`), key);
  }
  const value = parse(answerOf({ stdout: planted }));
  t.deepEqual(value as unknown, all);
  holdsNoCanary(t, planted, value, reduce(planted));
  for (const odd of [
    planted.replace('<string>On</string>', '<data>Q0FOQVJZ</data>'),
    planted.replace('<string>Contoso IT</string>', '<dict><key>x</key><string>CANARY</string></dict>'),
  ]) {
    const { value: known, notes } = told(odd);
    holdsNoCanary(t, odd, known, notes, reduce(odd));
    t.is(notes.length, 1);
  }
  for (const broken of [planted.slice(0, -20), `${planted}<dict>`]) {
    holdsNoCanary(t, broken, reduce(broken), t.throws(() => parse(answerOf({ stdout: broken })))?.message);
    const size = new TextEncoder().encode(broken).length;
    t.is(
      reduce(broken),
      `tokenquery: ${size} bytes that are not an answer of profiles show -type configuration were withheld\n`,
    );
  }
});

const samples = [
  everything,
  device(mdm()),
  device(fileVault),
  device(custom('com.apple.MCX', '<key>dontAllowFDEEnable</key><false/>'), escrow),
  ...casesOf('profiles-list').map(({ file }) => textOf(file)),
];

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parse, samples);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, reduce, (stdout, note) => parse(answerOf({ stdout }), note), samples);
});
