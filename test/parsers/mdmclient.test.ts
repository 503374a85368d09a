import { readFileSync } from 'node:fs';
import test from 'ava';
import { CollectError } from '../../collector/errors.ts';
import type { Answer } from '../../collector/answer.ts';
import {
  parseMdmclientQueryDeviceInformation as parseDevice,
  sanitizeMdmclientQueryDeviceInformation as reduceDevice,
  type AutoSetupAdmin,
} from '../../collector/parsers/mdmclient_query_device_information.ts';
import {
  parseMdmclientQuerySecurityInfo as parseSecurity,
  sanitizeMdmclientQuerySecurityInfo as reduceSecurity,
} from '../../collector/parsers/mdmclient_query_security_info.ts';
import { answerOf, fuzzParser } from './fuzz.ts';
import { casesOf, fuzzReducer, holdsNoCanary, neverCollected, plantOpenStep, tell, textOf } from './more.ts';

const looking =
  (parse: (answer: Answer) => unknown) =>
  (answer: Partial<Answer>): unknown => {
    try {
      return parse(answerOf(answer));
    } catch (problem) {
      return problem instanceof CollectError ? problem.code : String(problem);
    }
  };
const security = looking(parseSecurity);
const device = looking(parseDevice);

/** Constructed: after the form that kolide/launcher has of 13.3.1 (headline, TABs), with other values. */
const deviceInformation = (line: string): string => `=== CPF_GetInstalledProfiles === (<Device>)
Number of <Device> profiles found: 6 (Filtered: 0)
Daemon response: {
\tQueryResponses =\t {
\t\tActiveManagedUsers =\t\t (
\t\t\t"11111111-2222-3333-4444-555555555555"
\t\t);
\t\tAutoSetupAdminAccounts =\t\t (
\t\t\t{
\t\t\t\tGUID = "a1b2c3d4-0000-4000-8000-0123456789ab";
\t\t\t\tshortName = itadmin;
\t\t\t\tpasswordHash = {length = 3, bytes = 0x0a0b0c};
\t\t\t}
\t\t);
\t\tBuildVersion = 22E261;
\t\tDeviceName = "Some \\U2019Device\\U2019";
${line}
\t\tIsSupervised = 1;
\t\tPushToken = {length = 32, bytes = 0x00000000 11111111 ... 22222222 33333333};
\t\tSerialNumber = XXXXXXXXXX;
\t};
}
Agent response: (null)
`;
/** Constructed: the keys of Apple's schema, on an Apple silicon Mac with macOS 11.5 or later. */
const securityInfo = `2026-01-02 03:04:05.678 mdmclient[123:456] noise { that ends nowhere
Daemon response: {
    SecurityInfo =     {
        BootstrapTokenAllowedForAuthentication = allowed;
        BootstrapTokenRequiredForKernelExtensionApproval = 1;
        BootstrapTokenRequiredForSoftwareUpdate = 1;
        "FDE_Enabled" = 1;
        "FDE_PersonalRecoveryKeyCMS" = {length = 600, bytes = 0x30820254 06092a86 ... 00000000 00000000 };
        "FDE_PersonalRecoveryKeyDeviceKey" = XXXXXXXXXX;
        FirewallSettings =         {
            Applications =             (
                                {
                    Allowed = 1;
                    Name = "An App";
                }
            );
            FirewallEnabled = 1;
        };
        IsRecoveryLockEnabled = 0;
        ManagementStatus =         {
            EnrolledViaDEP = 1;
            IsUserEnrollment = 0;
            UserApprovedEnrollment = 1;
        };
        RemoteDesktopEnabled = 0;
        SecureBoot =         {
            ExternalBootLevel = disallowed;
            SecureBootLevel = full;
        };
    };
}
Agent response: {
    SecurityInfo =     {
        BootstrapTokenAllowedForAuthentication = disallowed;
    };
}
`;
const known = {
  bootstrapTokenAllowedForAuthentication: 'allowed',
  bootstrapTokenRequiredForSoftwareUpdate: true,
  bootstrapTokenRequiredForKernelExtensionApproval: true,
  fdeEnabled: true,
  isRecoveryLockEnabled: false,
  remoteDesktopEnabled: false,
  secureBootLevel: 'full',
  externalBootLevel: 'disallowed',
  managementStatus: { enrolledViaDep: true, userApprovedEnrollment: true, isUserEnrollment: false },
};

test('every case of the corpus is replayed here', (t) => {
  t.deepEqual(
    casesOf('mdmclient').map(({ file }) => file),
    [
      ...[1, 2, 3, 4, 5, 6].map((number) => `mdmclient-eacspreflight-0${number}.txt`),
      'mdmclient-error-01.txt',
      'mdmclient-querysecurityinfo-02.txt',
      'mdmclient-querysecurityinfo-03.txt',
    ],
  );
});

for (const { file, expect } of casesOf('mdmclient-eacspreflight')) {
  test(`${file}: one line of an answer, here in a constructed one`, (t) => {
    const line = textOf(file).trimEnd();
    t.deepEqual(device({ stdout: deviceInformation(line) }), {
      eacsPreflight: expect.EACSPreflight,
      isSupervised: true,
      autoSetupAdminAccounts: [{ guid: 'A1B2C3D4-0000-4000-8000-0123456789AB', shortName: 'itadmin' }],
      areAllAdminsKnown: true,
    });
    t.is(device({ stdout: line }), 'parse_failed', 'a line alone is no answer');
  });
}

test('mdmclient-error-01.txt: the agent cannot be asked, the daemon can', (t) => {
  const stderr = textOf('mdmclient-error-01.txt');
  t.is((device({ stdout: deviceInformation(''), stderr }) as { isSupervised: boolean }).isSupervised, true);
  t.is(device({ stderr }), 'parse_failed');
  t.is(device({ stdout: 'Daemon response: (null)\nAgent response: (null)\n', stderr }), 'source_failed');
  t.is(
    device({ stdout: 'Daemon response: (null)\nAgent response: (null)\n', stderr, euid: 501 }),
    'permission_denied',
  );
});

test('mdmclient-querysecurityinfo-02.txt was cut by the index that it comes from', (t) => {
  const stdout = textOf('mdmclient-querysecurityinfo-02.txt');
  t.is(security({ stdout }), 'parse_failed');
  // Closed by us: constructed.
  const closed = `${stdout.trimEnd()} { }; }; }\n`;
  t.like(security({ stdout: closed }), {
    fdeEnabled: true,
    managementStatus: null,
    isRecoveryLockEnabled: null,
  });
});

test('mdmclient-querysecurityinfo-03.txt was cut by its author', (t) => {
  const stdout = textOf('mdmclient-querysecurityinfo-03.txt');
  t.is(security({ stdout }), 'parse_failed');
  // Without the marks of the cuts, and closed: constructed.
  t.deepEqual(security({ stdout: `${stdout.replaceAll('[...]', '')}    };\n}\n` }), {
    bootstrapTokenAllowedForAuthentication: 'not supported',
    bootstrapTokenRequiredForSoftwareUpdate: false,
    bootstrapTokenRequiredForKernelExtensionApproval: false,
    fdeEnabled: true,
    isRecoveryLockEnabled: null,
    remoteDesktopEnabled: true,
    secureBootLevel: null,
    externalBootLevel: null,
    managementStatus: null,
  });
});

test('all keys of the schema, with noise before and an agent that says otherwise (constructed)', (t) => {
  t.deepEqual(security({ stdout: securityInfo }), known);
  t.deepEqual(security({ stdout: reduceSecurity(securityInfo) }), known);
  const lines = reduceSecurity(securityInfo).split('\n');
  t.is(lines[0], 'Daemon response: {');
  t.deepEqual(lines.slice(-3), ['}', 'Agent response: (null)', '']);
});

test('what is not known is refused', (t) => {
  t.is(security({}), 'parse_failed');
  t.is(security({ exitCode: 1, stderr: 'no such verb' }), 'source_failed');
  t.is(security({ stdout: 'Must be running as root' }), 'permission_denied');
  t.is(
    security({ stderr: 'mdmclient: this command requires root privileges', exitCode: 1 }),
    'permission_denied',
  );
  t.is(security({ stdout: 'Daemon response: { }' }), 'parse_failed');
  t.is(security({ stdout: 'Agent response: { SecurityInfo = { }; }' }), 'parse_failed');
  t.is(device({ stdout: securityInfo }), 'parse_failed');
  t.is(security({ stdout: deviceInformation('') }), 'parse_failed');
  const noAccounts = 'Daemon response: { QueryResponses = { AutoSetupAdminAccounts = ( ); }; }';
  t.deepEqual(device({ stdout: noAccounts }), {
    eacsPreflight: null,
    isSupervised: null,
    autoSetupAdminAccounts: [],
    areAllAdminsKnown: true,
  });
});

const toldSecurity = (stdout: string) =>
  tell((text: string, note) => parseSecurity(answerOf({ stdout: text }), note), stdout);
const toldDevice = (stdout: string) =>
  tell((text: string, note) => parseDevice(answerOf({ stdout: text }), note), stdout);
const oddValues = ['{ }', '<0a>', '(null)', '( { } )', '{length = 1, bytes = 0x00}'];

test('security: the odd value of one key costs that key (constructed)', (t) => {
  const lost: Readonly<Record<string, object>> = {
    BootstrapTokenAllowedForAuthentication: { bootstrapTokenAllowedForAuthentication: null },
    BootstrapTokenRequiredForKernelExtensionApproval: {
      bootstrapTokenRequiredForKernelExtensionApproval: null,
    },
    BootstrapTokenRequiredForSoftwareUpdate: { bootstrapTokenRequiredForSoftwareUpdate: null },
    '"FDE_Enabled"': { fdeEnabled: null },
    IsRecoveryLockEnabled: { isRecoveryLockEnabled: null },
    RemoteDesktopEnabled: { remoteDesktopEnabled: null },
    SecureBootLevel: { secureBootLevel: null },
    ExternalBootLevel: { externalBootLevel: null },
    EnrolledViaDEP: { managementStatus: { ...known.managementStatus, enrolledViaDep: null } },
  };
  for (const [key, expected] of Object.entries(lost)) {
    const found = new RegExp(`^ +${key} = [^;]*;$`, 'm').exec(securityInfo)?.[0] ?? '';
    for (const odd of oddValues) {
      for (const text of [
        securityInfo.replace(found, `${key} = ${odd};`),
        securityInfo.replace(found, `${found} ${key} = ${odd};`),
      ]) {
        const { value, notes } = toldSecurity(text);
        t.deepEqual(value as unknown, { ...known, ...expected }, text);
        t.is(notes.length, 1, text);
        t.deepEqual(toldSecurity(reduceSecurity(text)), { value, notes });
      }
    }
    t.deepEqual(toldSecurity(securityInfo.replace(found, `${found} ${found}`)), toldSecurity(securityInfo));
  }
  const none = toldSecurity(
    securityInfo.replace('ManagementStatus =         {', 'ManagementStatus = ( ); Other = {'),
  );
  t.deepEqual(none.value as unknown, { ...known, managementStatus: null });
  t.is(none.notes.length, 1);
});

test('security: a word of Apple that is new is shown (constructed)', (t) => {
  const text = securityInfo.replace('= allowed', '= "allowed for now"');
  t.deepEqual(toldSecurity(text) as unknown, {
    value: { ...known, bootstrapTokenAllowedForAuthentication: 'allowed for now' },
    notes: [],
  });
});

test('security: mdmclient-querysecurityinfo-04.txt, and a level that nobody knows (constructed)', (t) => {
  const text = readFileSync(
    new URL('../corpus/access/mdmclient-querysecurityinfo-04.txt', import.meta.url),
    'utf8',
  );
  t.like(toldSecurity(text), {
    value: {
      isRecoveryLockEnabled: true,
      remoteDesktopEnabled: false,
      secureBootLevel: 'full',
      externalBootLevel: 'not supported',
    },
    notes: [],
  });
  const { value, notes } = toldSecurity(text.replace('= full', '= permissive'));
  t.is(value.secureBootLevel, null);
  t.is(notes.length, 1);
});

test('two answers of the daemon count where they are the same (constructed)', (t) => {
  const twice = `${securityInfo}${securityInfo}`;
  t.deepEqual(toldSecurity(twice), toldSecurity(securityInfo));
  t.is(reduceSecurity(twice), reduceSecurity(securityInfo));
  const other = `${securityInfo}${securityInfo.replace('"FDE_Enabled" = 1', '"FDE_Enabled" = 0')}`;
  const { value, notes } = toldSecurity(other);
  t.deepEqual(value as unknown, { ...known, fdeEnabled: null });
  t.is(notes.length, 1);
  t.deepEqual(toldSecurity(reduceSecurity(other)), { value, notes });
});

test('what the agent answers need have no form (constructed)', (t) => {
  const daemon = securityInfo.slice(0, securityInfo.indexOf('Agent response'));
  for (const agent of [
    '',
    'Agent response: {\n',
    'Agent response: { a = ; }\n',
    'Agent response: <error>\n',
  ]) {
    t.deepEqual(toldSecurity(`${daemon}${agent}`), toldSecurity(securityInfo));
    t.deepEqual(toldSecurity(reduceSecurity(`${daemon}${agent}`)), toldSecurity(securityInfo));
  }
});

test('device: the odd account i of n costs itself, and the rest is not all (constructed)', (t) => {
  const guidOf = (index: number): string => `A1B2C3D4-0000-4000-8000-00000000000${index}`;
  const account = (index: number): string =>
    `{ GUID = "${guidOf(index).toLowerCase()}"; shortName = admin${index}; }`;
  const text = (accounts: readonly string[]): string =>
    `Daemon response: { QueryResponses = { AutoSetupAdminAccounts = ( ${accounts.join(', ')} ); EACSPreflight = success; }; }\n`;
  const all = [1, 2, 3].map(account);
  const values: readonly AutoSetupAdmin[] = [1, 2, 3].map((index) => ({
    guid: guidOf(index),
    shortName: `admin${index}`,
  }));
  const whole = toldDevice(text(all));
  t.deepEqual(whole, {
    value: {
      eacsPreflight: 'success',
      isSupervised: null,
      autoSetupAdminAccounts: values,
      areAllAdminsKnown: true,
    },
    notes: [],
  });
  t.deepEqual(toldDevice(text([...all, account(2)])), whole, 'the same twice');
  for (const at of [0, 1, 2]) {
    for (const odd of [
      'x',
      '( )',
      '{ }',
      '{ shortName = admin; }',
      '{ GUID = x; }',
      '{ GUID = ( ); shortName = admin; }',
    ]) {
      const { value, notes } = toldDevice(text(all.with(at, odd)));
      t.deepEqual(
        value,
        { ...whole.value, autoSetupAdminAccounts: values.toSpliced(at, 1), areAllAdminsKnown: false },
        odd,
      );
      t.true(notes.length > 0, odd);
      t.deepEqual(toldDevice(reduceDevice(text(all.with(at, odd)))), { value, notes });
    }
    const renamed = toldDevice(text([...all, account(at + 1).replace(/admin\d/, 'other')]));
    t.deepEqual(
      renamed.value.autoSetupAdminAccounts,
      values.with(at, { guid: guidOf(at + 1), shortName: null }),
    );
    t.is(renamed.notes.length, 1);
  }
  for (const odd of oddValues.filter((value) => !value.startsWith('('))) {
    const list = toldDevice(text([]).replace('(  )', odd));
    t.deepEqual(list.value, { ...whole.value, autoSetupAdminAccounts: null, areAllAdminsKnown: false }, odd);
    t.is(list.notes.length, 1);
    const preflight = toldDevice(text(all).replace('= success', `= ${odd}`));
    t.deepEqual(preflight.value, { ...whole.value, eacsPreflight: null });
    t.is(preflight.notes.length, 1);
  }
});

test('a label inside a string is none', (t) => {
  const spoof = '\t\tHostName = "x\nDaemon response: { QueryResponses = { IsSupervised = 0; }; }";';
  t.like(device({ stdout: deviceInformation(spoof) }), { isSupervised: true });
});

test('no planted secret comes out', (t) => {
  const preflight = '\t\tEACSPreflight = success;';
  for (const [text, look, reduce, parse] of [
    [securityInfo, security, reduceSecurity, parseSecurity],
    [deviceInformation(preflight), device, reduceDevice, parseDevice],
  ] as const) {
    const planted = `CANARY in a line of the log\n${plantOpenStep(text.slice(text.indexOf('Daemon')))}CANARY again\n`;
    for (const key of neverCollected) t.true(planted.includes(key), key);
    t.deepEqual(look({ stdout: planted }), look({ stdout: text }));
    holdsNoCanary(t, planted, parse(answerOf({ stdout: planted })), reduce(planted));
    t.is(reduce(planted), reduce(text));
    const daemon = planted.slice(0, planted.indexOf('\nAgent'));
    for (const broken of [daemon.slice(0, -3), planted.replace('Daemon', 'Demon')]) {
      holdsNoCanary(t, broken, reduce(broken), t.throws(() => parse(answerOf({ stdout: broken })))?.message);
      t.regex(
        reduce(broken),
        /^tokenquery: \d+ bytes that are not an answer of mdmclient \w+ were withheld\n$/,
      );
    }
  }
  t.false(/XXXXXXXXXX|22222222|11111111|Some|2022|CPF/.test(reduceDevice(deviceInformation(preflight))));
});

const samples = [
  securityInfo,
  deviceInformation(''),
  plantOpenStep('Daemon response: { SecurityInfo = { }; }\n'),
];

test('any output is parsed or refused', (t) => {
  fuzzParser(t, parseSecurity, samples);
  fuzzParser(t, parseDevice, samples);
});

test('any output is reduced without a change of meaning', (t) => {
  fuzzReducer(t, reduceSecurity, (stdout, note) => parseSecurity(answerOf({ stdout }), note), samples);
  fuzzReducer(t, reduceDevice, (stdout, note) => parseDevice(answerOf({ stdout }), note), samples);
});
