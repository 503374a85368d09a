/** Canaries in every field that must never be collected: none may be in a row, an error or a bundle. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import type { Backend } from '../../collector/backends/backend.ts';
import type { Output } from '../../collector/backends/backend.ts';
import type { CommandName } from '../../collector/sources.ts';
import { CollectError } from '../../collector/errors.ts';
import { parserOf } from '../../collector/parsing.ts';
import { tables } from '../../tables/index.ts';
import { plantedAnswers } from './answers.ts';
import { sample, temporaryFolder } from '../standin.ts';

const canary = 'CANARY';
let planted = 0;
const next = (): string => {
  planted += 1;
  return `${canary}${planted}`;
};
const recoveryKey = 'AB12-CD34-EF56-GH78-JK90-LM12';

const secretAttributes = [
  'dsAttrTypeNative:ShadowHashData',
  'dsAttrTypeNative:HeimdalSRPKey',
  'dsAttrTypeNative:KerberosKeys',
  'dsAttrTypeNative:PasswordPlus',
  'dsAttrTypeNative:KDCAuthKey',
  'dsAttrTypeNative:SecureTokenVerifierHistory',
  'dsAttrTypeNative:AutoGrantSecureToken',
  'dsAttrTypeNative:FVTokenSecret',
  'dsAttrTypeNative:SmartCardSecureTokenData',
  'dsAttrTypeNative:_writers_passwd',
  'dsAttrTypeNative:_writers_hint',
  'dsAttrTypeNative:hint',
  'dsAttrTypeNative:LinkedIdentity',
  'dsAttrTypeNative:jpegphoto',
  'dsAttrTypeStandard:AuthenticationHint',
  'dsAttrTypeStandard:JPEGPhoto',
  'dsAttrTypeStandard:Picture',
  'dsAttrTypeStandard:Password',
  'dsAttrTypeStandard:EMailAddress',
  'dsAttrTypeStandard:PhoneNumber',
];

const insertAfterFirst = (text: string, mark: string, addition: string): string => {
  const at = text.indexOf(mark);
  return at === -1 ? text : text.slice(0, at + mark.length) + addition + text.slice(at + mark.length);
};

/** The same output with secrets in it, as a tool might print them that prints more than it was asked for. */
const plantText = (source: CommandName, text: string): string => {
  const attributes = secretAttributes
    .map((key) => `<key>${key}</key><array><string>${next()}</string></array>`)
    .join('');
  switch (source) {
    case 'ds_users':
    case 'ds_groups':
      return insertAfterFirst(text, '<dict>', attributes);
    case 'ds_account_policy':
      return insertAfterFirst(
        insertAfterFirst(text, '<dict>', attributes),
        '&lt;dict&gt;',
        `&lt;key&gt;history&lt;/key&gt;&lt;string&gt;${next()}&lt;/string&gt;`,
      );
    case 'ioreg_platform':
      return insertAfterFirst(
        text,
        '<dict>',
        `<key>IOPlatformSerialNumber</key><string>${next()}</string><key>secret</key><string>${next()}</string>`,
      );
    case 'profiles_show_configuration': {
      const content = [
        'Password',
        'Username',
        'Challenge',
        'PushMagic',
        'UnlockToken',
        'PayloadContent2',
        'Topic',
        'IdentityCertificateUUID',
        'Certificate',
      ]
        .map((key) => `<key>${key}</key><string>${next()}</string>`)
        .join('');
      const wifi = `<dict><key>PayloadType</key><string>com.apple.wifi.managed</string><key>PayloadContent</key><dict><key>Password</key><string>${next()}</string></dict></dict>`;
      return text
        .replaceAll('<key>PayloadContent</key>\n', `<key>PayloadContent</key>\n`)
        .replace(/<key>PayloadContent<\/key>(\s*)<dict>/g, (whole) => `${whole}${content}`)
        .replace(/<key>ProfileItems<\/key>(\s*)<array>/g, (whole) => `${whole}${wifi}`)
        .replace(
          /(<key>ServerURL<\/key>\s*<string>https:\/\/)([^<]*)/g,
          `$1user:${next()}@$2/${next()}?token=${next()}`,
        );
    }
    case 'fdesetup_show_deferral_info':
      return insertAfterFirst(text, '{', ` RecoveryKey = "${next()}"; HardwareUUID = "${next()}"; `);
    case 'profiles_show_enrollment_cached':
      return insertAfterFirst(text, '{', ` SupportPhone = "${next()}"; SupportEmail = "${next()}"; `);
    default:
      return text;
  }
};

const mdmclient = (source: CommandName): string =>
  source === 'mdmclient_query_security_info'
    ? `Daemon response: {\n SecurityInfo = {\n BootstrapTokenAllowedForAuthentication = allowed;\n "FDE_PersonalRecoveryKeyCMS" = <${Buffer.from(next()).toString('hex')}>;\n FDEPersonalRecoveryKeyDeviceKey = "${next()}";\n };\n Status = Acknowledged;\n}\n`
    : `Daemon response: {\n QueryResponses = {\n EACSPreflight = success;\n AutoSetupAdminAccounts = ( { GUID = "0A0B0C0D-0E0F-4A4B-8C8D-000000000001"; shortName = itadmin; secret = "${next()}"; } );\n SerialNumber = "${next()}";\n UDID = "${next()}";\n PushToken = "${next()}";\n UnlockToken = "${next()}";\n iTunesStoreAccountHash = "${next()}";\n WiFiMAC = "${next()}";\n };\n}\n`;

const leaky = (host: Backend): Backend => ({
  ...host,
  run: async (source, argv): Promise<Output | null> => {
    if (source.startsWith('mdmclient_')) {
      return {
        outcome: 'exited',
        exitCode: 0,
        signal: null,
        stdout: new TextEncoder().encode(mdmclient(source)),
        stderr: new Uint8Array(),
        startedTime: null,
        durationMs: null,
        isSpawned: true,
      };
    }
    const known = await host.run(source, argv);
    if (known === null) return null;
    const stdout = plantText(source, Buffer.from(known.stdout).toString());
    // A recovery key where nobody expects one: it may spoil the answer, it may not pass.
    const isSpoiled = source === 'fdesetup_version' || source === 'fdesetup_using_recovery_key';
    return {
      ...known,
      stdout: new TextEncoder().encode(isSpoiled ? `${recoveryKey}\n` : stdout),
      stderr:
        source === 'sysadminctl_secure_token_status'
          ? known.stderr
          : new TextEncoder().encode(Buffer.from(known.stderr).toString()),
    };
  },
  readFile: async (path) => {
    const keys = [
      'Password',
      'Username',
      'UnlockToken',
      'AccessKey',
      'RegistrationToken',
      'LoginwindowText',
      'lastUserName',
      'autoLoginUserScreenLockedPassword',
    ]
      .map((key) => `<key>${key}</key><string>${next()}</string>`)
      .join('');
    return {
      kind: 'content',
      bytes: new TextEncoder().encode(
        `<?xml version="1.0" encoding="UTF-8"?>\n<plist version="1.0"><dict>${keys}<key>Certificate</key><data>${Buffer.from(next()).toString('base64')}</data><key>deletedUsers</key><array><dict><key>name</key><string>old</string><key>dsAttrTypeStandard:RealName</key><string>${next()}</string><key>secret</key><string>${next()}</string></dict></array><key>PlatformSSO</key><dict><key>AuthenticationMethod</key><string>Password</string><key>AccessKeyReaderGroupIdentifier</key><data>${Buffer.from(next()).toString('base64')}</data></dict></dict></plist>\n<!-- ${path.length} -->\n`,
      ),
    };
  },
});

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );

/** How a canary could hide: as it is, in base64, in hexadecimal. */
const forms = [
  canary,
  Buffer.from(canary).toString('base64').slice(0, 7),
  Buffer.from(canary).toString('hex'),
  recoveryKey,
];

for (const name of ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged', 'macos14-not-root']) {
  test(`${name}: no secret reaches a row, an error or a bundle`, async (t) => {
    const before = planted;
    const { backend, recording } = recordingBackend(leaky(await evidenceBackend(sample(name))), new Set());
    const collection = await collect(
      tables.filter(({ generate }) => generate !== undefined),
      backend,
      { allowNetwork: true },
    );
    t.true(planted - before > 50, 'the canaries were not planted');
    const out = join(temporaryFolder(t), 'bundle');
    await writeBundle(out, recording, { capturedTime: 1, euid: 0, hostId: null, tool: 'x' });
    const rows = JSON.stringify(collection.results.map(({ rows: all }) => all));
    t.true(rows.length > 10_000, 'nothing was collected');
    const texts = new Map([
      ['rows', rows],
      ['errors', JSON.stringify(collection.errors)],
      ['reasons', JSON.stringify(collection.results.map(({ reason }) => reason))],
      ['command_log', JSON.stringify(collection.commands.map(({ argv }) => argv))],
      ...filesBelow(out).map((file) => [file, readFileSync(file, 'latin1')] as const),
    ]);
    for (const [where, text] of texts)
      for (const form of forms) t.false(text.includes(form), `${form} in ${where}`);
  });

  test(`${name}: a bundle that holds secrets does not give them away when it is replayed`, async (t) => {
    const collection = await collect(
      tables.filter(({ generate }) => generate !== undefined),
      leaky(await evidenceBackend(sample(name))),
    );
    const text = JSON.stringify([
      collection.results,
      collection.errors,
      collection.commands.map(({ argv, output }) => [argv, Buffer.from(output.stdout).toString('latin1')]),
    ]);
    for (const form of forms) t.false(text.includes(form), form);
  });
}

/** Of each source an answer with a canary in one of its nodes, another one each time that it is asked. */
const plantedHost = async (name: string, turn: number) => {
  const host = await evidenceBackend(sample(name));
  const canaries: string[] = [];
  const marked = (): string => `${next()}!`;
  const backend: Backend = {
    ...host,
    run: async (source, argv): Promise<Output | null> => {
      const known = await host.run(source, argv);
      if (known?.exitCode == null) return known;
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
      const answer = {
        stdout: text(known.stdout),
        stderr: text(known.stderr),
        exitCode: known.exitCode,
      };
      const variants = [...plantedAnswers(answer, marked)];
      const variant = variants[(turn * 37) % variants.length];
      if (variant === undefined) return known;
      const parse = await parserOf(source);
      let value = '';
      try {
        value = JSON.stringify(parse({ ...variant, euid: 0 }), (_, each: unknown) =>
          each instanceof Map || each instanceof Set ? [...each] : each,
        );
      } catch (error) {
        if (!(error instanceof CollectError)) throw error;
      }
      const found = JSON.stringify(variant).match(/CANARY\d+!/g) ?? [];
      canaries.push(...found.filter((each) => !value.includes(each)));
      const { stdout, stderr, exitCode } = variant;
      return { ...known, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr), exitCode };
    },
  };
  return { backend, canaries };
};

test('what no parser reads is in no row, error, reason, bundle or export', async (t) => {
  let hidden = 0;
  for (let turn = 0; turn < 20; turn += 1) {
    const name = ['macos26-managed', 'macos10.15-mobile', 'macos15-unmanaged'][turn % 3] ?? '';
    const { backend: host, canaries } = await plantedHost(name, turn);
    const { backend, recording } = recordingBackend(host, new Set());
    const collection = await collect(
      tables.filter(({ generate }) => generate !== undefined),
      backend,
    );
    const bundle = [...recording.commands.values()].flatMap(({ output }) =>
      [output.stdout, output.stderr].map((bytes) => Buffer.from(bytes).toString()),
    );
    const files = [...recording.files.values()].map((file) =>
      file.kind === 'content' ? Buffer.from(file.bytes).toString() : '',
    );
    // An export is made of rows, statuses and errors alone.
    const said = JSON.stringify([collection.results, collection.errors, bundle, files]);
    for (const each of canaries) t.false(said.includes(each), `${name}, turn ${turn}: ${each}`);
    hidden += canaries.length;
  }
  t.log(`${hidden} canaries`);
  t.true(hidden >= 400);
});
