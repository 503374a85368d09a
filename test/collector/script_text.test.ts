/** One odd item of an output costs the printed collector what it costs the collector: the rest is kept, and noted alike. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { CollectError } from '../../collector/errors.ts';
import { fileParserOf, parserOf } from '../../collector/parsing.ts';
import { decodeUtf8, sanitizeFile, sanitizeOutput } from '../../collector/sanitize.ts';
import { captureScript } from '../../collector/script/script.ts';
import { fileNames } from '../../collector/sources.ts';
import type { CommandName, FileName } from '../../collector/sources.ts';
import { noShells } from '../../collector/accounts.ts';
import { plistOf } from '../parsers/corpus.ts';
import { fuzzRuns } from '../parsers/fuzz.ts';
import { noiseLines } from '../parsers/more.ts';
import { temporaryFolder } from '../standin.ts';

interface Case {
  readonly what: CommandName | FileName;
  readonly text: string;
}

const isFile = (what: string): what is FileName => (fileNames as readonly string[]).includes(what);
const oddValues = ['{ }', '<0a>', '(null)', '( { }, x )', '{length = 1, bytes = 0x00}', 'perhaps'];
const oddElements = [
  '<dict/>',
  '<array/>',
  '<array><dict/><string>x</string></array>',
  '<string>perhaps</string>',
  '<string/>',
  '<data>eA==</data>',
  '<integer>7</integer>',
  '<real>1.0</real>',
  '<real>0.5</real>',
  '<true/>',
  '<date>2026-01-02T03:04:05Z</date>',
  '<string>2026-01-02T03:04:05+01:00</string>',
];

/** Each entry in turn with another value, twice with another value, and twice the same. */
const openStepCases = (
  what: CommandName,
  entries: readonly string[],
  wrap: (body: string) => string,
): Case[] => {
  const of = (list: readonly string[]): Case => ({ what, text: wrap(`{\n    ${list.join('\n    ')}\n}\n`) });
  const whole = of(entries).text;
  return [
    of(entries),
    ...entries.flatMap((entry, at) => [
      of([...entries, entry]),
      of(entries.toSpliced(at, 1)),
      ...oddValues.flatMap((odd) => {
        const other = entry.replace(/=.*/s, `= ${odd};`);
        return [of(entries.with(at, other)), of([...entries, other])];
      }),
    ]),
    ...noiseLines.flatMap((line) => [
      { what, text: `${line}\n${whole}` },
      { what, text: `${whole}${line}\n${line}\n` },
    ]),
  ];
};

const deferrals = openStepCases(
  'fdesetup_show_deferral_info',
  [
    'Defer = 1;',
    'DeferDontAskAtUserLogout = 1;',
    'DeferForceAtUserLoginMaxBypassAttempts = "-1";',
    'OutputPath = "/private/var/root/key.plist";',
    'ProfileUUID = "418DEB1B-2D6C-4B0E-8A0D-0C3B6E1F2A11";',
    'RecoveryKey = SECRET;',
    'ShowRecoveryKey = 1;',
    'Usernames =     ( alice, "b \\U00e9" );',
  ],
  (body) => body,
);
const enrollments = openStepCases(
  'profiles_show_enrollment_cached',
  [
    'ConfigurationURL = "https://SECRET/";',
    'IsMandatory = 1;',
    'IsSupervised = 0;',
    'SkipSetup = ( Siri, FileVault );',
  ],
  (body) => `Device Enrollment configuration:\n${body}`,
);

/** A dictionary with each pair in turn of another kind, or without it. */
const dictCases = (pairs: Readonly<Record<string, string>>, wrap: (body: string) => string): string[] => {
  const of = (list: readonly (readonly [string, string])[]): string =>
    wrap(list.map(([key, value]) => `<key>${key}</key>${value}`).join(''));
  const entries = Object.entries(pairs);
  return [
    of(entries),
    ...entries.flatMap(([key], at) => [
      of(entries.toSpliced(at, 1)),
      ...oddElements.map((odd) => of(entries.with(at, [key, odd]))),
    ]),
  ];
};

const settings = {
  Enable: '<string>On</string>',
  Defer: '<true/>',
  DeferForceAtUserLoginMaxBypassAttempts: '<integer>-1</integer>',
  Certificate: '<data>U0VDUkVU</data>',
  Password: '<string>SECRET</string>',
};
const payloads: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'com.apple.MCX.FileVault2': settings,
  'com.apple.security.FDERecoveryKeyEscrow': { Location: '<string>Example IT</string>' },
  'com.apple.mdm': {
    AccessRights: '<integer>8191</integer>',
    ServerCapabilities: '<array><string>com.apple.mdm.bootstraptoken</string></array>',
    ServerURL: '<string>https://u:SECRET@MDM.example.com:443/SECRET</string>',
  },
  'com.apple.ManagedClient.preferences': {
    PayloadContentManagedPreferences:
      '<dict><key>com.apple.mcx</key><dict><key>Forced</key><array><dict><key>mcx_preference_settings</key>' +
      '<dict><key>dontAllowFDEDisable</key><true/><key>Secret</key><string>SECRET</string></dict></dict></array></dict></dict>',
  },
};
const payload = (type: string, content: string): string =>
  `<dict><key>PayloadContent</key><dict>${content}</dict><key>PayloadType</key><string>${type}</string></dict>`;
const bodyOf = (pairs: Readonly<Record<string, string>>): string =>
  Object.entries(pairs)
    .map(([key, value]) => `<key>${key}</key>${value}`)
    .join('');
const profile = (items: string, more = ''): string =>
  `<dict><key>ProfileIdentifier</key><string>com.example.a</string>${more}<key>ProfileItems</key>${items}</dict>`;
const scopes = (...profiles: readonly string[]): string =>
  plistOf(`<dict><key>_computerlevel</key><array>${profiles.join('')}</array></dict>`);
const escrow = profile(
  `<array>${payload('com.apple.security.FDERecoveryKeyEscrow', '<key>Location</key><string>x</string>')}</array>`,
);
const mdm = profile(
  `<array>${payload('com.apple.mdm', bodyOf(payloads['com.apple.mdm'] ?? {}))}</array>`,
  '<key>ProfileInstallDate</key><string>2025-10-17 21:36:52 +0000</string><key>ProfileOrganization</key><string>Example</string>',
);

const profileTexts = [
  ...Object.entries(payloads).flatMap(([type, pairs]) =>
    dictCases(pairs, (body) => scopes(profile(`<array>${payload(type, body)}</array>`), escrow)),
  ),
  ...oddElements.flatMap((odd) => [
    scopes(odd, mdm),
    scopes(profile(odd), mdm),
    scopes(profile(`<array>${odd}</array>`), mdm),
    scopes(profile(`<array>${payload('com.apple.mdm', '').replace('<dict></dict>', odd)}</array>`), escrow),
    scopes(profile(`<array>${payload('x', '').replace('<string>x</string>', odd)}</array>`), escrow),
    scopes(
      profile(`<array>${payload('x', bodyOf(settings)).replace('<string>x</string>', odd)}</array>`),
      escrow,
    ),
    scopes(mdm.replace('<string>2025-10-17 21:36:52 +0000</string>', odd)),
    scopes(mdm.replace('<string>Example</string>', odd)),
    scopes(mdm.replace('<string>com.example.a</string>', odd)),
    plistOf(`<dict><key>_computerlevel</key>${odd}<key>alice</key><array>${mdm}</array></dict>`),
    plistOf(`<dict><key>_computerlevel</key><array>${mdm}</array><key>alice</key>${odd}</dict>`),
    scopes(
      profile(
        `<array>${payload('com.apple.ManagedClient.preferences', `<key>PayloadContentManagedPreferences</key><dict><key>COM.apple.loginwindow</key>${odd}</dict>`)}</array>`,
      ),
    ),
  ]),
  ...['https://mdm.example.com', 'HTTP://a&#98;c/', 'ftp://a/', 'https://[::1]:80/x', 'https://a b/'].map(
    (url) => scopes(mdm.replace(/https:[^<]*/, url)),
  ),
  ...['2025-10-17T21:36:52Z', '2025-10-17 21:36:52.5 +02:00', '2025-02-30 21:36:52 +0000', '17.10.2025'].map(
    (date) => scopes(mdm.replace('2025-10-17 21:36:52 +0000', date)),
  ),
];
const none = 'There are no configuration profiles installed';
const profilesCases: Case[] = [
  ...profileTexts,
  ...[
    `${none}\n`,
    `${none} in the system domain\n`,
    `${none}\nSECRET\n`,
    `SECRET\n${none}\n`,
    `${none}\n${none}\n`,
  ],
  ...[`${none} for user 'a b'\n`, `${none} for user 'a'\nSECRET\n`, `${none}\n${scopes(mdm)}`, 'SECRET\n'],
  ...noiseLines.flatMap((line) => [`${line}\n${none}\n${line}\n`, `${line}\n${none}\nSECRET\n`]),
].map((text) => ({ what: 'profiles_show_configuration', text }));

const dictFile = (body: string): string => plistOf(`<dict>${body}</dict>`);
const managed = {
  ...settings,
  'cachedaccounts.expiry.delete.disusedSeconds': '<string>-1</string>',
  HiddenUsersList: '<array><string>itadmin</string></array>',
  PlatformSSO:
    '<dict><key>AuthenticationMethod</key><string>OpenID</string><key>NonPlatformSSOAccounts</key><array><string>a</string></array></dict>',
};
const deleted = {
  date: '<date>2024-02-29T12:00:00Z</date>',
  'dsAttrTypeStandard:UniqueID': '<integer>503</integer>',
  'dsAttrTypeStandard:RealName': '<string>SECRET</string>',
  name: '<string>old</string>',
};
const list = (entries: string): string => dictFile(`<key>deletedUsers</key><array>${entries}</array>`);
const deletedTexts = [
  ...dictCases(deleted, (body) => list(`<dict>${body}</dict><dict>${bodyOf(deleted)}</dict>`)),
  ...oddElements.flatMap((odd) => [
    list(`${odd}<dict>${bodyOf(deleted)}</dict>`),
    dictFile(`<key>deletedUsers</key>${odd}`),
  ]),
];
const fileCases: Case[] = [
  ...dictCases(managed, dictFile).map((text): Case => ({ what: 'managed_preferences', text })),
  ...deletedTexts.map((text): Case => ({ what: 'accounts_preferences', text })),
];
const all: readonly Case[] = [...deferrals, ...enrollments, ...profilesCases, ...fileCases];
/** A shell and an awk for each make them dear: each awk tries every eighth, another one each. */
const step = Math.max(1, Math.floor(80_000 / fuzzRuns));

const script = captureScript({ tool: 'tokenquery', noShells });
const hows = new Map(
  Array.from(script.matchAll(/^ask ([a-z_]+) [0-9]+ ([a-z]+) /gm), ([, name, how]) => [name, how]),
);

/** What the functions of the script, up to where it asks the Mac, keep of each case. */
const keptBy = (t: ExecutionContext, awk: string, cases: readonly Case[]): readonly Buffer[] => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'in'));
  for (const [index, { text }] of cases.entries()) writeFileSync(join(folder, 'in', String(index)), text);
  const tries = cases.map(({ what }, index) => {
    const [from, to] = [`${folder}/in/${index}`, `${folder}/in/${index}.kept`];
    return isFile(what)
      ? `plist -v mode=allow -v set=${what} '${from}' > '${to}' 2>/dev/null || withheld '${from}' 'a known property list' > '${to}'; redact '${to}'`
      : `cp '${from}' "$work/out"; code=0; reduce ${what} ${hows.get(what)}; redact "$work/kept"; cp "$work/kept" '${to}'`;
  });
  const [head = ''] = script.split('\nstarted=$(date +%s)\n');
  const at = join(folder, 'script.sh');
  writeFileSync(at, `${head.replaceAll(/\bawk -v/g, `${awk} -v`)}\n${tries.join('\n')}\n`);
  const { status, stderr } = spawnSync('sh', [at, join(folder, 'out.tar.gz')], { encoding: 'utf8' });
  t.is(status, 0, stderr);
  return cases.map((_, index) => readFileSync(join(folder, 'in', `${index}.kept`)));
};

const plain = (_: string, value: unknown): unknown =>
  value instanceof Map || value instanceof Set ? [...value] : typeof value === 'symbol' ? 'unread' : value;

/** What the parser makes of what is kept of it, with all that it notes. */
const readingOf = async (what: Case['what'], bytes: Uint8Array): Promise<string> => {
  const notes = new Set<string>();
  const note = ({ message }: CollectError): void => void notes.add(message);
  const read = async (): Promise<unknown> => {
    if (isFile(what)) {
      const parse = await fileParserOf(what);
      return parse(await sanitizeFile(what, bytes), note);
    }
    const exited = {
      outcome: 'exited',
      exitCode: 0,
      signal: null,
      startedTime: null,
      durationMs: null,
    } as const;
    const output = { ...exited, isSpawned: true, stdout: bytes, stderr: new Uint8Array() };
    const parse = await parserOf(what);
    const { stdout } = await sanitizeOutput(what, output, new Set());
    return parse({ stdout: decodeUtf8(stdout) ?? '', stderr: '', exitCode: 0, euid: 0 }, note);
  };
  try {
    return JSON.stringify([await read(), [...notes]], plain, 1);
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    return error.code;
  }
};

for (const [offset, awk] of ['original-awk', 'mawk', 'gawk', 'busybox awk'].entries()) {
  const cases = all.filter((_, index) => index % step === offset % step);
  const [program = ''] = awk.split(' ');
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
  const needing = process.platform !== 'win32' && isThere ? test : test.skip;
  needing(`with ${awk}, an odd item costs the script what it costs the collector`, async (t) => {
    const kept = keptBy(t, awk, cases);
    let understood = 0;
    for (const [index, { what, text }] of cases.entries()) {
      const bytes = kept[index] ?? new Uint8Array();
      const ours = await readingOf(what, Buffer.from(text));
      t.is(await readingOf(what, bytes), ours, `${what}: ${text}`);
      const said = Buffer.from(bytes).toString();
      t.false(/SECRET|U0VDUkVU/.test(said), `${what}: ${text}\n${said}`);
      if (ours.startsWith('[')) understood += 1;
    }
    t.log(`${understood} of ${cases.length} are known but for one item`);
    t.true(understood > cases.length / 2);
  });
}
