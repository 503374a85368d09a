import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import { unread } from '../../collector/parsers/allowed.ts';
import {
  parseAccountsPreferences,
  sanitizeAccountsPreferences,
} from '../../collector/parsers/accounts_preferences.ts';
import {
  parseLoginwindowPreferences,
  sanitizeLoginwindowPreferences,
} from '../../collector/parsers/loginwindow_preferences.ts';
import {
  parseManagedPreferences,
  sanitizeManagedPreferences,
} from '../../collector/parsers/managed_preferences.ts';
import {
  parseSystemConfiguration,
  sanitizeSystemConfiguration,
} from '../../collector/parsers/system_configuration.ts';
import { bytesOf as contentOf } from '../fixtures/backend.ts';
import { plistOf } from './corpus.ts';
import { failsOnlyAsCollectError, fuzzText } from './fuzz.ts';
import {
  bytesOf,
  casesOf,
  fuzzFileReducer,
  holdsNoCanary,
  moreCases,
  neverCollected,
  plantXml,
  tell,
  textOf,
} from './more.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const file = (body: string): Uint8Array => encode(plistOf(`<dict>${body}</dict>`));
const looking =
  (parse: (bytes: Uint8Array) => unknown) =>
  (bytes: Uint8Array): unknown => {
    try {
      return parse(bytes);
    } catch (problem) {
      return problem instanceof CollectError ? problem.code : String(problem);
    }
  };
const managed = looking(parseManagedPreferences);
const loginwindow = looking(parseLoginwindowPreferences);
const accounts = looking(parseAccountsPreferences);

/** A binary property list of one dictionary of strings, booleans and small integers. Constructed. */
const binary = (entries: Readonly<Record<string, string | boolean | number>>): Uint8Array => {
  const text = (value: string): number[] => [
    0x5f,
    0x11,
    value.length >> 8,
    value.length & 255,
    ...encode(value),
  ];
  const objects = Object.entries(entries).flatMap(([key, value]) => [
    text(key),
    typeof value === 'string' ? text(value) : typeof value === 'boolean' ? [value ? 9 : 8] : [0x10, value],
  ]);
  const count = objects.length / 2;
  const root = [
    0xdf,
    0x10,
    count,
    ...Array.from(objects, (_, index) => 1 + ((index % count) * 2 + (index < count ? 0 : 1))),
  ];
  const bytes = [...encode('bplist00')];
  const offsets = [root, ...objects].map((object) => {
    const at = bytes.length;
    bytes.push(...object);
    return [at >> 8, at & 255];
  });
  const eight = (value: number): number[] => [0, 0, 0, 0, 0, 0, value >> 8, value & 255];
  const table = bytes.length;
  bytes.push(
    ...offsets.flat(),
    0,
    0,
    0,
    0,
    0,
    0,
    2,
    1,
    ...eight(objects.length + 1),
    ...eight(0),
    ...eight(table),
  );
  return Uint8Array.from(bytes);
};

const noGroup = {
  mobileAccounts: null,
  mcxFileVault: null,
  guestAccount: null,
  fileVault: null,
  platformSso: null,
  loginwindow: null,
};
const noLogin = {
  autologinUsername: null,
  disableFdeAutologin: null,
  guestEnabled: null,
  hide500Users: null,
  hiddenUsers: null,
  asksForName: null,
  adminHostInfo: null,
  retriesUntilHint: null,
  disableConsoleAccess: null,
  hooks: { login: null, logout: null },
};

test('mcx-managed-01.plist', (t) => {
  const [only, ...others] = casesOf('mcx-managed');
  t.deepEqual([only?.file, others], ['mcx-managed-01.plist', []]);
  const value = parseManagedPreferences(bytesOf('mcx-managed-01.plist'));
  t.is(value.mobileAccounts?.askForSecureTokenAuthBypass, only?.expect.ask_bypass as never);
  t.deepEqual(value, {
    ...noGroup,
    mobileAccounts: {
      askForSecureTokenAuthBypass: true,
      createAtLogin: null,
      warnOnCreate: null,
      expiryDisusedSeconds: null,
    },
  });
  t.is(decode(sanitizeManagedPreferences(bytesOf('mcx-managed-01.plist'))), textOf('mcx-managed-01.plist'));
});

test('fdesetup-deferplist-01.plist, which is never read, would come out empty', (t) => {
  const bytes = bytesOf('fdesetup-deferplist-01.plist');
  for (const reduce of [
    sanitizeManagedPreferences,
    sanitizeLoginwindowPreferences,
    sanitizeAccountsPreferences,
  ]) {
    t.is(decode(reduce(bytes)), plistOf('<dict/>'));
  }
  t.deepEqual(parseManagedPreferences(bytes), noGroup);
});

test('each file that is not asked by its argv has a test that replays it', (t) => {
  const beginnings = [
    'fdesetup-showdeferralinfo',
    'fdesetup-deferplist',
    'mdmclient-',
    'profiles-show-enrollment',
    'profiles-list',
    'mcx-managed',
  ];
  t.deepEqual(
    moreCases.filter(({ file: name }) => !beginnings.some((beginning) => name.startsWith(beginning))),
    [],
  );
});

const mcx = file(`<key>cachedaccounts.askForSecureTokenAuthBypass</key><false/>
<key>cachedaccounts.expiry.delete.disusedSeconds</key><integer>-1</integer>
<key>com.apple.cachedaccounts.CreateAtLogin</key><true/><key>com.apple.cachedaccounts.WarnOnCreate</key><integer>0</integer>
<key>dontAllowFDEDisable</key><true/><key>dontAllowFDEEnable</key><false/>
<key>DisableGuestAccount</key><true/><key>EnableGuestAccount</key><false/>`);
const fileVault = file(`<key>Enable</key><string>Off</string><key>Defer</key><true/>
<key>DeferForceAtUserLoginMaxBypassAttempts</key><integer>9999</integer><key>DeferDontAskAtUserLogout</key><false/>
<key>PayloadCertificateUUID</key><string>CANARY</string><key>OutputPath</key><string>/CANARY</string>`);
const sso =
  file(`<key>AuthenticationMethod</key><string>Password</string><key>RegistrationToken</key><string>CANARY</string>
<key>PlatformSSO</key><dict><key>AuthenticationMethod</key><string>SmartCard</string>
<key>FileVaultPolicy</key><array><string>AttemptAuthentication</string></array><key>LoginPolicy</key><array/>
<key>UnlockPolicy</key><array><string>RequireTouchID</string></array><key>UserAuthorizationMode</key><string>Groups</string>
<key>AccountDisplayName</key><string>CANARY</string></dict>`);
const login = file(`<key>autoLoginUser</key><string>alice</string><key>GuestEnabled</key><false/>
<key>Hide500Users</key><true/><key>HiddenUsersList</key><array><string>itadmin</string><string>Bob é</string></array>
<key>DisableFDEAutoLogin</key><true/><key>lastUserName</key><string>CANARY</string><key>lastUser</key><string>loggedIn</string>
<key>LoginwindowText</key><string>CANARY</string><key>AdminHostInfo</key><string>HostName</string>
<key>DisableConsoleAccess</key><true/><key>LoginHook</key><string>/Library/in.sh</string><key>LogoutHook</key>
<string>/Library/out.sh</string><key>RetriesUntilHint</key><integer>0</integer><key>SHOWFULLNAME</key><true/>`);
const loginValue = {
  autologinUsername: 'alice',
  disableFdeAutologin: true,
  guestEnabled: false,
  hide500Users: true,
  hiddenUsers: ['itadmin', 'Bob é'],
  asksForName: true,
  adminHostInfo: 'HostName',
  retriesUntilHint: 0,
  disableConsoleAccess: true,
  hooks: { login: '/Library/in.sh', logout: '/Library/out.sh' },
};
const deleted = file(`<key>deletedUsers</key><array><dict><key>date</key><date>2024-02-29T12:00:00Z</date>
<key>dsAttrTypeStandard:RealName</key><string>CANARY</string><key>dsAttrTypeStandard:UniqueID</key><integer>503</integer>
<key>name</key><string>old</string></dict><dict><key>dsAttrTypeStandard:UniqueID</key><string>504</string></dict></array>`);
const deletedValue = [
  { username: 'old', uid: 503, deletedTime: 1709208000 },
  { username: null, uid: 504, deletedTime: null },
];

test('managed preferences of each domain (constructed)', (t) => {
  t.deepEqual(managed(mcx), {
    ...noGroup,
    mobileAccounts: {
      askForSecureTokenAuthBypass: false,
      createAtLogin: true,
      warnOnCreate: false,
      expiryDisusedSeconds: -1,
    },
    mcxFileVault: { dontAllowFdeDisable: true, dontAllowFdeEnable: false },
    guestAccount: { disableGuestAccount: true, enableGuestAccount: false },
  });
  t.deepEqual(managed(fileVault), {
    ...noGroup,
    fileVault: {
      enable: 'Off',
      defer: true,
      maxBypassAttempts: 9999,
      dontAskAtLogout: false,
      showRecoveryKey: null,
      useRecoveryKey: null,
      forceEnableInSetupAssistant: null,
      irkCertificatePresent: true,
    },
  });
  t.deepEqual(managed(sso), {
    ...noGroup,
    platformSso: {
      authenticationMethod: 'SmartCard',
      fileVaultPolicy: ['AttemptAuthentication'],
      loginPolicy: [],
      unlockPolicy: ['RequireTouchID'],
      nonPlatformSsoAccounts: null,
      newUserAuthorizationMode: null,
      userAuthorizationMode: 'Groups',
    },
  });
  t.deepEqual(managed(login), { ...noGroup, loginwindow: loginValue });
  t.deepEqual(managed(file('<key>Enable</key><string>On</string>')), {
    ...noGroup,
    fileVault: {
      enable: 'On',
      defer: null,
      maxBypassAttempts: null,
      dontAskAtLogout: null,
      showRecoveryKey: null,
      useRecoveryKey: null,
      forceEnableInSetupAssistant: null,
      irkCertificatePresent: false,
    },
  });
  t.deepEqual(managed(file('<key>other</key><true/>')), noGroup);
});

test('the login window (constructed)', (t) => {
  t.deepEqual(loginwindow(login), loginValue);
  t.deepEqual(loginwindow(file('')), noLogin);
  t.deepEqual(loginwindow(file('<key>autoLoginUser</key><string></string>')), noLogin);
  t.deepEqual(
    loginwindow(
      binary({ autoLoginUser: 'alice', GuestEnabled: false, Hide500Users: 1, lastUserName: 'CANARY' }),
    ),
    {
      ...noLogin,
      autologinUsername: 'alice',
      guestEnabled: false,
      hide500Users: true,
    },
  );
});

test('a name with a NUL in it is none, and costs nothing else (constructed)', (t) => {
  const bytes = binary({ autoLoginUser: 'al\0ce', GuestEnabled: true });
  const { value, notes } = tell(parseLoginwindowPreferences, bytes);
  t.deepEqual(value, { ...noLogin, autologinUsername: unread, guestEnabled: true });
  t.is(notes.length, 1);
  t.deepEqual(tell(parseLoginwindowPreferences, sanitizeLoginwindowPreferences(bytes)), { value, notes });
});

test('deleted users (constructed)', (t) => {
  t.deepEqual(accounts(deleted), deletedValue);
  t.deepEqual(accounts(file('<key>other</key><true/>')), []);
  t.deepEqual(accounts(file('<key>deletedUsers</key><array/>')), []);
});

/** Any value but one of the kind itself. */
const oddFor = (value: string): readonly string[] =>
  [
    '<dict/>',
    '<array><dict/></array>',
    '<data>eA==</data>',
    '<real>0.5</real>',
    '<string>perhaps</string>',
  ].filter((odd) => !(odd.startsWith('<string') && value.startsWith('<string')));

test('the odd value of one key costs that key, and is not the same as none (constructed)', (t) => {
  const settings = {
    'cachedaccounts.askForSecureTokenAuthBypass': [
      '<true/>',
      'mobileAccounts',
      'askForSecureTokenAuthBypass',
    ],
    'cachedaccounts.expiry.delete.disusedSeconds': [
      '<integer>-1</integer>',
      'mobileAccounts',
      'expiryDisusedSeconds',
    ],
    dontAllowFDEDisable: ['<true/>', 'mcxFileVault', 'dontAllowFdeDisable'],
    DisableGuestAccount: ['<false/>', 'guestAccount', 'disableGuestAccount'],
    Enable: ['<string>On</string>', 'fileVault', 'enable'],
    Defer: ['<integer>1</integer>', 'fileVault', 'defer'],
    DeferForceAtUserLoginMaxBypassAttempts: ['<integer>3</integer>', 'fileVault', 'maxBypassAttempts'],
    AuthenticationMethod: ['<string>Password</string>', 'platformSso', 'authenticationMethod'],
    HiddenUsersList: ['<array><string>itadmin</string></array>', 'loginwindow', 'hiddenUsers'],
    GuestEnabled: ['<false/>', 'loginwindow', 'guestEnabled'],
    autoLoginUser: ['<string>alice</string>', 'loginwindow', 'autologinUsername'],
  } as const;
  type Values = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const body = (replaced?: string, by = ''): Uint8Array =>
    file(
      Object.entries(settings)
        .map(([key, [value]]) => `<key>${key}</key>${key === replaced ? by : value}`)
        .join(''),
    );
  const whole = tell(parseManagedPreferences, body());
  t.deepEqual(whole.notes, []);
  for (const [key, [given, group, name]] of Object.entries(settings)) {
    t.not((whole.value as unknown as Values)[group]?.[name], null, key);
    for (const odd of oddFor(given)) {
      const { value, notes } = tell(parseManagedPreferences, body(key, odd));
      const expected = whole.value as unknown as Values;
      t.deepEqual(
        value as unknown,
        { ...expected, [group]: { ...expected[group], [name]: unread } },
        `${key} ${odd}`,
      );
      t.is(notes.length, 1);
      t.true(notes[0]?.includes(key));
      t.deepEqual(tell(parseManagedPreferences, sanitizeManagedPreferences(body(key, odd))), {
        value,
        notes,
      });
    }
  }
  const lists = tell(parseManagedPreferences, file('<key>PlatformSSO</key><array/>'));
  t.is(lists.value.platformSso?.nonPlatformSsoAccounts, unread);
  t.is(lists.value.platformSso?.authenticationMethod, unread);
  t.is(lists.notes.length, 1);
  const words = file(
    '<key>PlatformSSO</key><dict><key>AuthenticationMethod</key><string>OpenID</string></dict>',
  );
  t.is(tell(parseManagedPreferences, words).value.platformSso?.authenticationMethod, 'OpenID');
  t.deepEqual(tell(parseManagedPreferences, words).notes, []);
});

test('the odd entry i of n of the deleted users costs itself (constructed)', (t) => {
  const entry = (index: number): string =>
    `<dict><key>date</key><date>2024-02-29T12:00:0${index}Z</date><key>dsAttrTypeStandard:UniqueID</key><integer>50${index}</integer>` +
    `<key>name</key><string>old${index}</string></dict>`;
  const list = (entries: readonly string[]): Uint8Array =>
    file(`<key>deletedUsers</key><array>${entries.join('')}</array>`);
  const entries = [1, 2, 3].map(entry);
  const whole = tell(parseAccountsPreferences, list(entries));
  t.is(whole.value.length, 3);
  t.deepEqual(whole.notes, []);
  t.deepEqual(tell(parseAccountsPreferences, list([...entries, entry(2)])), whole, 'the same twice');
  for (const at of [0, 1, 2]) {
    for (const odd of [
      '<string>old</string>',
      '<array/>',
      '<dict/>',
      '<dict><key>other</key><true/></dict>',
    ]) {
      const bytes = list(entries.with(at, odd));
      const { value, notes } = tell(parseAccountsPreferences, bytes);
      t.deepEqual(value, whole.value.toSpliced(at, 1));
      t.true(notes.length > 0);
      t.deepEqual(tell(parseAccountsPreferences, sanitizeAccountsPreferences(bytes)), { value, notes });
    }
    const text = entries[at] ?? '';
    for (const [from, expected] of [
      [/<date>.*<\/date>/, { deletedTime: null }],
      [/<integer>.*<\/integer>/, { uid: null }],
      [/<string>.*<\/string>/, { username: null }],
    ] as const) {
      const changed = text.replace(from, '<array/>');
      const removed = text.replace(new RegExp(`<key>[^<]*</key>${from.source}`), '');
      for (const odd of [changed, removed]) {
        t.not(odd, text);
        const { value, notes } = tell(parseAccountsPreferences, list(entries.with(at, odd)));
        t.deepEqual(
          value as unknown,
          whole.value.map((user, index) => (index === at ? { ...user, ...expected } : user)),
        );
        t.is(notes.length, 1, odd);
      }
    }
  }
  const none = tell(parseAccountsPreferences, file('<key>deletedUsers</key><dict/>'));
  t.deepEqual([none.value, none.notes.length], [[], 1]);
});

test('what is not known is refused', (t) => {
  t.is(managed(encode('')), 'parse_failed');
  t.is(managed(encode('{ Enable = On; }')), 'parse_failed');
  t.is(managed(encode(plistOf('<array/>'))), 'parse_failed');
  t.is(managed(mcx.subarray(0, mcx.length - 12)), 'parse_failed');
});

const files = [
  ['managed', parseManagedPreferences, sanitizeManagedPreferences, [mcx, fileVault, sso, login]],
  ['loginwindow', parseLoginwindowPreferences, sanitizeLoginwindowPreferences, [login]],
  ['accounts', parseAccountsPreferences, sanitizeAccountsPreferences, [deleted]],
] as const;

for (const [name, parse, reduce, samples] of files) {
  test(`no planted secret comes out of ${name} preferences`, (t) => {
    for (const sample of samples) {
      const planted = plantXml(decode(sample));
      for (const key of neverCollected)
        if (!/[&<]/.test(key)) t.true(planted.includes(`<key>${key}</key>`), key);
      const value = parse(encode(planted));
      t.deepEqual(value, parse(sample));
      holdsNoCanary(t, planted, value, decode(reduce(encode(planted))));
      t.deepEqual(reduce(encode(planted)), reduce(sample));
      for (const broken of [
        planted.slice(0, -10),
        `${planted}<dict>`,
        planted.replace('<dict>', '<array>'),
      ]) {
        const bytes = encode(broken);
        holdsNoCanary(t, broken, decode(reduce(bytes)), t.throws(() => parse(bytes))?.message);
        t.is(
          decode(reduce(bytes)),
          `tokenquery: ${bytes.length} bytes that are not a known property list were withheld\n`,
        );
      }
    }
    const secrets = Object.fromEntries(neverCollected.slice(0, 40).map((key) => [key, 'CANARY']));
    const bytes = binary({ ...secrets, GuestEnabled: true, Enable: 'On' });
    holdsNoCanary(t, new TextDecoder('latin1').decode(bytes), parse(bytes), decode(reduce(bytes)));
  });

  const all = [...samples, binary({ GuestEnabled: true, Enable: 'On', Defer: 1, autoLoginUser: 'alice' })];

  test(`any bytes of ${name} preferences are parsed or refused`, (t) => {
    fuzzText(samples.map(decode), (text) => failsOnlyAsCollectError(() => parse(encode(text))));
    t.pass();
  });

  test(`any bytes of ${name} preferences are reduced without a change of meaning`, (t) => {
    fuzzFileReducer(t, reduce, parse, all);
  });
}

const written = (value: unknown): Uint8Array => contentOf({ plist: value as never });
const names = (system: unknown) => ({
  CurrentSet: '/Sets/EXAMPLE',
  NetworkServices: { EXAMPLE: { PPP: { AuthName: 'canary-ppp', AuthPassword: 'canary-secret' } } },
  Sets: { EXAMPLE: { Network: { HostNames: { LocalHostName: 'canary-set' } } } },
  ...(system === undefined ? {} : { System: system }),
});
const namesOf = (system: unknown) => parseSystemConfiguration(written(names(system)));

test('the names of the Mac, whatever is in them; what is not set and what is not understood are told apart', (t) => {
  for (const name of ['mac-07', 'Ada’s MacBook Pro', '麦克', 'a\u202eb\u001b[31m', '<&>"', '\u{1F4BB}'])
    t.deepEqual(
      namesOf({ Network: { HostNames: { LocalHostName: name } }, System: { ComputerName: name } }),
      { localHostName: name, computerName: name },
      name,
    );
  for (const none of [undefined, {}, { Network: {} }, { Network: { HostNames: {} }, System: {} }])
    t.deepEqual(namesOf(none), { localHostName: null, computerName: null });
  t.deepEqual(namesOf({ Network: { HostNames: { LocalHostName: '' } }, System: { ComputerName: '' } }), {
    localHostName: null,
    computerName: null,
  });
  for (const odd of ['x', 7, ['x'], true]) {
    t.deepEqual(namesOf(odd), { localHostName: unread, computerName: unread });
    t.deepEqual(namesOf({ Network: odd, System: { ComputerName: 'y' } }), {
      localHostName: unread,
      computerName: 'y',
    });
    t.is(namesOf({ Network: { HostNames: odd } }).localHostName, unread);
  }
  for (const odd of [7, ['x'], true, { x: 'y' }])
    t.deepEqual(namesOf({ Network: { HostNames: { LocalHostName: odd } }, System: { ComputerName: odd } }), {
      localHostName: unread,
      computerName: unread,
    });
});

test('preferences-plist-01: of the configuration of the system two names are kept and nothing else', (t) => {
  const name = "Plaso's Mac mini";
  const published = contentOf({ file: 'test/corpus/access/preferences-plist-01.txt' });
  t.deepEqual(parseSystemConfiguration(published), { localHostName: name, computerName: name });
  const bytes = written(
    names({
      Network: { HostNames: { LocalHostName: 'mac-07' } },
      System: { ComputerName: 'Ada’s', HostName: 'canary-host' },
    }),
  );
  const kept = sanitizeSystemConfiguration(bytes);
  const text = Buffer.from(kept).toString();
  t.notRegex(text, /canary|NetworkServices|Sets|>HostName</);
  t.regex(text, /Ada’s/);
  t.deepEqual(parseSystemConfiguration(kept), parseSystemConfiguration(bytes));
  t.deepEqual(Buffer.from(sanitizeSystemConfiguration(kept)), Buffer.from(kept));
});
