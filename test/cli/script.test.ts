/** The printed collector, in every shell that a Mac may have: its bundle gives the rows of `capture`. */
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { rowsOf } from '../../cli/collected.ts';
import { toolName } from '../../cli/version.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { liveBackend } from '../../collector/backends/live.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import { captureScript, isInScript } from '../../collector/script/script.ts';
import type { ScriptOptions } from '../../collector/script/script.ts';
import { commandNames, commands, sourceOf } from '../../collector/sources.ts';
import type { Command, SourceName } from '../../collector/sources.ts';
import { noShells } from '../../collector/accounts.ts';
import { tables } from '../../tables/index.ts';
import { writeBinaryPlist } from '../mounted.ts';
import { canary, neverCollected } from '../parsers/directory.ts';
import { cli, makeStandIn, root, runsIn, sample, temporaryFolder } from '../standin.ts';

/** A table that rests on what the script does not record is told by `capture` alone. */
const mayBeAsked = (source: SourceName): boolean =>
  isInScript(source) || (commands as Readonly<Record<string, Command>>)[source]?.network === true;
const compared = tables.filter(({ sources }) => sources.every(mayBeAsked));
const asked = compared.filter(({ generate }) => generate !== undefined);
const isThere = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const isWindows = process.platform === 'win32';

/** A test that needs a program is skipped, by its name, where there is none. */
/** One after the other: each starts hundreds of processes, and a busy Mac is told as one. */
const needing = (program: string) => (isThere(program) ? test.serial : test.serial.skip);
const shells: readonly (readonly [string, ...string[]])[] = [['dash'], ['bash'], ['busybox', 'sh'], ['zsh']];

const text = (more: Partial<ScriptOptions> = {}): string =>
  captureScript({ tool: toolName, noShells, ...more });

interface Mac {
  readonly folder: string;
  readonly root: string;
  readonly log: string;
}

/** As plutil prints what is XML already; `converts` for a real conversion, which is slower. */
const putPlutil = (at: string, converts: boolean): void => {
  mkdirSync(join(at, 'usr/bin'), { recursive: true });
  const program = join(at, 'usr/bin/plutil');
  const converter = join(at, 'convert.ts');
  const module = (name: string): string => JSON.stringify(join(root, 'collector/parsers', name));
  writeFileSync(
    converter,
    `import { readFileSync } from 'node:fs';\nimport { parsePlistFile } from ${module('plist.ts')};\nimport { writeXmlPlist } from ${module('plist_write.ts')};\nprocess.stdout.write(writeXmlPlist(parsePlistFile(new Uint8Array(readFileSync(process.argv[2] ?? '')))));\n`,
  );
  const body = converts
    ? `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${converter}' "$6"`
    : 'exec cat "$6"';
  writeFileSync(program, `#!/bin/sh\n[ "$1 $2 $3 $4 $5" = '-convert xml1 -o - --' ] || exit 9\n${body}\n`);
  chmodSync(program, 0o755);
};

const macOf = (
  t: ExecutionContext,
  bundle: string,
  options: Parameters<typeof makeStandIn>[2] & { readonly converts?: boolean } = {},
): Mac => {
  const folder = temporaryFolder(t);
  const made = makeStandIn(bundle, folder, options);
  putPlutil(made.root, options.converts ?? false);
  mkdirSync(join(folder, 'tmp'));
  return { folder, ...made };
};

interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly out: string;
}

/** Runs the script in a shell; its temporary files go to a folder of its own. */
const run = (
  mac: Mac,
  shell: readonly [string, ...string[]],
  script: string,
  more: {
    readonly name?: string;
    readonly uid?: number;
    readonly after?: (pid: number) => Promise<void>;
  } = {},
): Promise<Run> =>
  new Promise((resolve, reject) => {
    const at = join(mac.folder, 'tokenquery-capture.sh');
    writeFileSync(at, script);
    const out = join(mac.folder, more.name ?? `${shell.join('-')}.tar.gz`);
    const [program, ...first] = shell;
    const child = spawn(program, [...first, at, out, mac.root], {
      cwd: mac.folder,
      env: { PATH: process.env['PATH'], TMPDIR: join(mac.folder, 'tmp') },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(more.uid === undefined ? {} : { uid: more.uid, gid: more.uid }),
    });
    const parts: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => parts[name].push(chunk));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        out,
        stdout: Buffer.concat(parts.stdout).toString(),
        stderr: Buffer.concat(parts.stderr).toString(),
      }),
    );
    if (more.after !== undefined && child.pid !== undefined) void more.after(child.pid).catch(reject);
  });

/** What `capture` of the same Mac replays to. */
const captured = async (mac: Mac): Promise<Collection> => {
  const { backend, recording } = recordingBackend(liveBackend({ execRoot: mac.root }), new Set());
  const { hostId } = await collect(asked, backend);
  const out = join(mac.folder, 'captured');
  rmSync(out, { recursive: true, force: true });
  await writeBundle(out, recording, {
    capturedTime: backend.capturedTime,
    euid: backend.euid,
    hostId,
    tool: 'x',
  });
  return collect(asked, await evidenceBackend(out));
};

/** When, and for how long, is of the run and not of the Mac. */
const timeless = new Set(['duration_ms', 'started_time', 'last_good_time']);
const allRows = (collection: Collection): Record<string, readonly unknown[]> =>
  Object.fromEntries(
    compared.map((table) => [
      table.name,
      rowsOf(table, collection).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !timeless.has(name))),
      ),
    ]),
  );

const isSame = async (t: ExecutionContext, mac: Mac, { code, stderr, out }: Run): Promise<Collection> => {
  t.is(code, 0, stderr);
  const replayed = await collect(asked, await evidenceBackend(out));
  t.deepEqual(allRows(replayed), allRows(await captured(mac)));
  return replayed;
};

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
/** The files of a bundle, by their path in it. */
const unpacked = (mac: Mac, out: string): ReadonlyMap<string, string> => {
  const into = join(mac.folder, 'unpacked');
  rmSync(into, { recursive: true, force: true });
  mkdirSync(into);
  spawnSync('tar', ['-xzf', out, '-C', into]);
  const top = join(into, 'tokenquery-evidence');
  return new Map(filesBelow(top).map((file) => [file.slice(top.length + 1), readFileSync(file, 'latin1')]));
};
const exitCodeOf = (files: ReadonlyMap<string, string>, argv: string): string | undefined => {
  for (const [path, content] of files) {
    if (path.endsWith('/argv') && content.trimEnd().replaceAll('\n', ' ') === argv)
      return files.get(path.replace(/argv$/, 'exit_code'))?.trim();
  }
  return undefined;
};

/** A copy of a sample in which outputs are others. */
const changed = (
  t: ExecutionContext,
  name: string,
  change: (argv: string, stdout: string) => string,
): string => {
  const bundle = join(temporaryFolder(t), name);
  cpSync(sample(name), bundle, { recursive: true });
  for (const each of readdirSync(join(bundle, 'commands'))) {
    const at = join(bundle, 'commands', each);
    const stdout = existsSync(join(at, 'stdout')) ? readFileSync(join(at, 'stdout'), 'utf8') : '';
    const argv = readFileSync(join(at, 'argv'), 'utf8').trimEnd().replaceAll('\n', ' ');
    const to = change(argv, stdout);
    if (to !== stdout) writeFileSync(join(at, 'stdout'), to);
  }
  return bundle;
};

if (isWindows) test('there is no shell on Windows', (t) => t.pass());
else {
  for (const shell of shells) {
    const names = [
      ...(shell[0] === 'zsh' ? [] : ['macos15-unmanaged']),
      'macos10.15-mobile',
      ...(shell[0] === 'dash' ? ['macos26-managed', 'macos14-not-root'] : []),
    ];
    for (const name of names) {
      needing(shell[0])(`${shell.join(' ')}, ${name}: the rows are those of capture`, async (t) => {
        const mac = macOf(t, sample(name));
        const ended = await run(mac, shell, text());
        const started = runsIn(mac.log).map((line) => line.trimEnd());
        const replayed = await isSame(t, mac, ended);
        if (process.geteuid?.() === 0) t.is(ended.stderr, '');
        t.regex(ended.stdout, /: [0-9]+ commands, [0-9]+ files\n$/);
        t.is(lstatSync(ended.out).mode & 0o7777, 0o600);
        // It ran what its bundle says, each once, and left nothing behind.
        const files = unpacked(mac, ended.out);
        const said = [...files]
          .filter(([path]) => path.endsWith('/argv'))
          .map(([, argv]) => argv.trimEnd().replaceAll('\n', ' '));
        // What the Mac lacks was asked for too, and started nothing.
        const lacked = said.filter((argv) => exitCodeOf(files, argv) === 'missing');
        t.deepEqual([...started, ...lacked].toSorted(), said.toSorted());
        t.is(new Set(said).size, said.length);
        // The plain list is a fallback, which capture may not need.
        const needed = (argv: string): boolean => argv !== '/usr/bin/fdesetup list';
        t.deepEqual(
          said.filter((argv) => needed(argv) && !lacked.includes(argv)).toSorted(),
          replayed.commands
            .map(({ argv }) => argv.join(' '))
            .filter(needed)
            .toSorted(),
        );
        t.true(said.length >= replayed.commands.length && said.length > 20);
        t.deepEqual(readdirSync(join(mac.folder, 'tmp')), []);
        t.deepEqual(
          readdirSync(mac.folder).filter((file) => file.startsWith('.')),
          [],
        );
      });
    }
  }

  needing('shellcheck')('shellcheck finds nothing', (t) => {
    const at = join(temporaryFolder(t), 'script.sh');
    writeFileSync(at, text());
    const { status, stdout } = spawnSync('shellcheck', ['-s', 'sh', at], { encoding: 'utf8' });
    t.is(status, 0, stdout);
  });

  // The awk of macOS is original-awk.
  for (const awk of ['original-awk', 'mawk', 'busybox awk']) {
    needing(awk.split(' ')[0] ?? '')(`${awk} does the same`, async (t) => {
      const mac = macOf(t, sample('macos15-unmanaged'));
      const script = text().replace(/^umask 077$/m, `umask 077\nawk() { ${awk} "$@"; }`);
      t.true(script.includes(`awk() { ${awk} `));
      await isSame(t, mac, await run(mac, ['sh'], script));
    });
  }

  test.serial('odd names of accounts are asked about as capture does, and run nothing', async (t) => {
    const odd = [
      "o'brien",
      'al ice',
      ' lead',
      'trail ',
      '-x',
      'a/b',
      'interactive',
      'two\nlines',
      'ta\tb',
      '&<>"',
      'back\\slash',
      'Zoë',
      '$(touch pwned)',
      '`touch pwned`',
      '*',
      '..',
      'x;y|z',
      'nbsp\u0085',
      '%s',
      '#',
      '\\n',
    ];
    const argv = commands.ds_users.argv.join(' ');
    const bundle = changed(t, 'macos26-managed', (of, stdout) => {
      if (of !== argv) return stdout;
      const records = parseXmlPlist(stdout) as readonly PlistValue[];
      const more = odd.map(
        (name, index) =>
          new Map<string, PlistValue>([
            ['dsAttrTypeStandard:NFSHomeDirectory', [`/Users/${name}`]],
            ['dsAttrTypeStandard:RecordName', [name, `alias${index}`]],
            ['dsAttrTypeStandard:UniqueID', [String(700 + index)]],
            // Without a shell nobody knows whether it can log in, so it is asked about.
            ...(index % 2 === 0 ? [['dsAttrTypeStandard:UserShell', ['/bin/zsh']] as const] : []),
          ]),
      );
      const disabled = [
        'DisabledUser',
        ';DisabledUser;;ShadowHash;',
        ';disableduser;',
        '1.0;DisabledUser;x',
      ].map(
        (value, index) =>
          new Map<string, PlistValue>([
            ['dsAttrTypeStandard:AuthenticationAuthority', [';ShadowHash;', value]],
            ['dsAttrTypeStandard:RecordName', [`off${index}`]],
            ['dsAttrTypeStandard:UserShell', ['/bin/sh']],
          ]),
      );
      const native = new Map<string, PlistValue>([
        ['dsAttrTypeNative:name', ['twin']],
        ['dsAttrTypeNative:shell', ['/bin/sh']],
        ['dsAttrTypeNative:home', ['/Users/twin']],
      ]);
      return writeXmlPlist([...records, ...more, ...disabled, native]);
    });
    const mac = macOf(t, bundle);
    mkdirSync(join(mac.root, 'Users', '*'));
    const policy = writeXmlPlist(new Map([['cachedaccounts.askForSecureTokenAuthBypass', true]]));
    for (const name of ['al ice', 'back\\slash', '&<>"']) {
      mkdirSync(join(mac.root, 'Library/Managed Preferences', name), { recursive: true });
      writeFileSync(join(mac.root, 'Library/Managed Preferences', name, 'com.apple.MCX.plist'), policy);
    }
    const ended = await run(mac, ['sh'], text());
    const started = runsIn(mac.log);
    const replayed = await isSame(t, mac, ended);
    for (const name of ['-x', 'a/b', 'interactive', 'two', 'ta\tb', 'off0', 'off1', 'off2', 'off3'])
      t.false(started.includes(`/usr/sbin/sysadminctl -secureTokenStatus ${name}`), name);
    t.true(started.includes('/usr/sbin/sysadminctl -secureTokenStatus $(touch pwned)'));
    const names = replayed.commands
      .filter(({ source }) => source.startsWith('sysadminctl'))
      .map(({ argv: of }) => of[2]);
    for (const name of [
      "o'brien",
      ' lead',
      'trail ',
      '&<>"',
      'Zoë',
      '$(touch pwned)',
      '*',
      '\\n',
      'back\\slash',
      'twin',
    ])
      t.true(names.includes(name), name);
    for (const name of [
      '-x',
      'a/b',
      'interactive',
      'two\nlines',
      'ta\tb',
      'nbsp\u0085',
      'off0',
      'off1',
      'off2',
      'off3',
    ])
      t.false(names.includes(name), name);
    t.is(allRows(replayed)['mobile_account_policies']?.length, 3);
    t.false([...filesBelow(mac.folder)].some((file) => file.endsWith('pwned')));
  });

  test.serial('on a Mac with two systems, the startup volume is asked', async (t) => {
    const bundle = changed(t, 'macos15-unmanaged', (argv, stdout) =>
      argv.startsWith('/usr/sbin/diskutil apfs list ')
        ? stdout.replaceAll('<string>VM</string>', '<string>Data</string>')
        : stdout,
    );
    for (const number of readdirSync(join(bundle, 'commands'))) {
      const argv = join(bundle, 'commands', number, 'argv');
      const words = readFileSync(argv, 'utf8');
      if (words.includes('listUsers')) writeFileSync(argv, words.replace(/disk[0-9]+s[0-9]+/, '/'));
    }
    const mac = macOf(t, bundle);
    const replayed = await isSame(t, mac, await run(mac, ['sh'], text()));
    const listed = replayed.commands.filter(({ source }) => source === 'diskutil_apfs_list_users');
    t.deepEqual(
      listed.map(({ argv }) => argv.at(-1)),
      ['/'],
    );
    t.is(replayed.results.find(({ table }) => table.name === 'apfs_crypto_users')?.status, 'ok');
  });

  test.serial('before macOS 10.14 sysadminctl is left alone', async (t) => {
    const bundle = changed(t, 'macos10.15-mobile', (argv, stdout) =>
      argv === '/usr/bin/sw_vers' ? stdout.replace('10.15.7', '10.13.6') : stdout,
    );
    const mac = macOf(t, bundle);
    await isSame(t, mac, await run(mac, ['sh'], text()));
    t.false(runsIn(mac.log).some((line) => line.includes('sysadminctl')));
  });

  test.serial('no secret that a tool or a file holds is in the bundle', async (t) => {
    let planted = 0;
    const next = (): string => `CANARY${(planted += 1)}`;
    const recoveryKey = 'AB12-CD34-EF56-GH78-JK90-LM12';
    const attributes = (): string =>
      neverCollected
        .map((key) => `<key>dsAttrTypeNative:${key}</key><array><string>${next()}</string></array>`)
        .join('');
    const after = (stdout: string, mark: string, addition: string): string =>
      stdout.replace(mark, () => mark + addition);
    const is = (argv: string, source: (typeof commandNames)[number]): boolean =>
      argv === commands[source].argv.join(' ');
    const bundle = changed(t, 'macos10.15-mobile', (argv, stdout) => {
      if (is(argv, 'ds_users') || is(argv, 'ds_groups')) return after(stdout, '<dict>', attributes());
      if (is(argv, 'ds_account_policy')) {
        return after(
          after(stdout, '<dict>', attributes()),
          '&lt;dict&gt;',
          `&lt;key&gt;history&lt;/key&gt;&lt;string&gt;${next()}&lt;/string&gt;&lt;key&gt;creationTime&lt;/key&gt;&lt;string&gt;${next()}&lt;/string&gt;`.replace(
            /&lt;key&gt;creationTime.*$/,
            '',
          ),
        );
      }
      if (is(argv, 'ioreg_platform'))
        return after(stdout, '<dict>', `<key>IOPlatformSerialNumber</key><string>${next()}</string>`);
      if (is(argv, 'fdesetup_show_deferral_info'))
        return after(
          stdout,
          '{',
          ` RecoveryKey = "${next()}"; Nested = { OutputPath = "${next()}"; }; "Odd;Key = {" = (a, "${next()}", <00ff>); Bytes = {length = 2, bytes = 0x${Buffer.from('CANARY').toString('hex')}}; `,
        );
      if (is(argv, 'profiles_show_configuration')) {
        return stdout
          .replace(
            /<key>PayloadContent<\/key>(\s*)<dict>/g,
            (whole) =>
              `${whole}<key>Password</key><string>${next()}</string><key>Username</key><string>${next()}</string><key>Challenge</key><data>${Buffer.from(next()).toString('base64')}</data>`,
          )
          .replace(
            /<key>ProfileItems<\/key>(\s*)<array>/g,
            (whole) =>
              `${whole}<dict><key>PayloadType</key><string>com.apple.wifi.managed</string><key>PayloadContent</key><dict><key>Password</key><string>${next()}</string></dict></dict>`,
          )
          .replace(
            /(<key>ServerURL<\/key>\s*<string>https:\/\/)([^<]*)/g,
            `$1user:${next()}@$2:8443/${next()}?token=${next()}`,
          )
          .replace(
            '<key>PayloadCertificateUUID</key>\n\t\t\t\t\t\t<true/>',
            `<key>PayloadCertificateUUID</key><string>${next()}</string><key>Certificate</key><data>${Buffer.from(next()).toString('base64')}</data>`,
          );
      }
      if (is(argv, 'fdesetup_version')) return `${recoveryKey} ${recoveryKey}\n`;
      // Half of something: what cannot be read is withheld.
      if (is(argv, 'profiles_show_enrollment_cached'))
        return `Device Enrollment configuration:\n{\n OrganizationPhone = "${next()}";\n IsMandatory = 1`;
      return stdout;
    });
    const mac = macOf(t, bundle, { converts: true });
    const keys = ['Password', 'Username', 'UnlockToken', 'AccessKey', 'RegistrationToken', 'LoginwindowText'];
    const preferences = (): Map<string, PlistValue> =>
      new Map<string, PlistValue>([
        ...keys.map((key) => [key, next()] as const),
        ['Certificate', new TextEncoder().encode(next())],
        ['autoLoginUser', 'plocke'],
        [
          'deletedUsers',
          [
            new Map<string, PlistValue>([
              ['name', 'gone'],
              ['dsAttrTypeStandard:RealName', next()],
              ['dsAttrTypeStandard:UniqueID', '507'],
            ]),
          ],
        ],
        [
          'PlatformSSO',
          new Map<string, PlistValue>([
            ['AuthenticationMethod', 'Password'],
            ['AccessKeyTerminalIdentityUUID', next()],
          ]),
        ],
        ['DisableFDEAutoLogin', true],
      ]);
    const managed = join(mac.root, 'Library/Managed Preferences');
    mkdirSync(managed, { recursive: true });
    mkdirSync(join(mac.root, 'Library/Preferences'), { recursive: true });
    for (const [at, write] of [
      ['Library/Preferences/com.apple.loginwindow.plist', writeBinaryPlist],
      ['Library/Preferences/com.apple.preferences.accounts.plist', writeBinaryPlist],
      ['Library/Managed Preferences/com.apple.extensiblesso.plist', writeXmlPlist],
      ['Library/Managed Preferences/com.apple.MCX.plist', writeXmlPlist],
    ] as const)
      writeFileSync(join(mac.root, at), write(preferences()));
    // A key of another kind than it has, with a secret in it, and what is no property list at all.
    writeFileSync(
      join(managed, 'com.apple.MCX.FileVault2.plist'),
      writeXmlPlist(
        new Map<string, PlistValue>([
          ['Defer', next()],
          ['Enable', new Map([['x', next()]])],
        ]),
      ),
    );
    writeFileSync(join(managed, 'com.apple.loginwindow.plist'), `autoLoginUser = ${next()}`);
    const ended = await run(mac, ['sh'], text());
    const files = unpacked(mac, ended.out);
    t.true(planted > 100);
    t.true(files.size > 80);
    const forms = [
      'CANARY',
      Buffer.from('CANARY').toString('base64').slice(0, 7),
      Buffer.from('CANARY').toString('hex'),
      recoveryKey,
    ];
    for (const [path, content] of files)
      for (const form of forms) t.false(content.includes(form), `${form} in ${path}`);
    t.true(canary('x').startsWith('CANARY'));
    t.false([...files.values()].some((content) => content.includes('com.apple.wifi')));
    // What may be kept is there.
    const all = [...files.values()].join('\n');
    for (const kept of [
      'https://mdm.example.com</string>',
      '<string>plocke</string>',
      '<string>gone</string>',
      '[redacted] [redacted]',
      'that are not a known property list were withheld',
      'that are not an answer of profiles show -type enrollment -cached were withheld',
    ])
      t.true(all.includes(kept), kept);
    await isSame(t, mac, ended);
  });

  test.serial(
    'a tool that hangs, is missing, is refused, crashes or prints without end stops nothing',
    async (t) => {
      const nap = '97.531';
      const mac = macOf(t, sample('macos26-managed'), {
        before: (argv) =>
          ({
            '/usr/bin/fdesetup status': `trap '' TERM; sleep ${nap} & sleep ${nap}`,
            '/usr/bin/csrutil status': 'kill -SEGV $$',
            '/bin/launchctl print-disabled system': 'exec yes nothing',
            '/usr/bin/profiles status -type enrollment': 'exit 37',
          })[argv] ?? null,
      });
      rmSync(join(mac.root, 'usr/sbin/sysctl'));
      chmodSync(join(mac.root, 'usr/bin/sw_vers'), 0o644);
      const ended = await run(mac, ['sh'], text({ timeoutSeconds: 5 }));
      t.is(ended.code, 0, ended.stderr);
      const files = unpacked(mac, ended.out);
      t.is(exitCodeOf(files, '/usr/bin/fdesetup status'), 'timeout');
      t.is(exitCodeOf(files, '/usr/bin/csrutil status'), 'signal:SIGSEGV');
      t.regex(
        exitCodeOf(files, '/bin/launchctl print-disabled system') ?? '',
        /^(?:output_too_large|timeout)$/,
      );
      t.is(exitCodeOf(files, '/usr/bin/profiles status -type enrollment'), '37');
      t.is(exitCodeOf(files, commands.sysctl.argv.join(' ')), 'missing');
      // Root may read such a file, but not even root may run it.
      t.is(exitCodeOf(files, '/usr/bin/sw_vers'), 'denied');
      t.is(exitCodeOf(files, '/usr/bin/fdesetup supportsauthrestart'), '0');
      const replayed = await collect(asked, await evidenceBackend(ended.out));
      const codes = new Set(replayed.errors.map(({ code }) => code));
      for (const code of [
        'source_timed_out',
        'source_missing',
        'permission_denied',
        'source_failed',
      ] as const)
        t.true(codes.has(code), code);
      t.true(await isGone(`sleep ${nap}`), 'a process was left');
      t.deepEqual(readdirSync(join(mac.folder, 'tmp')), []);
    },
  );

  for (const [index, shell] of shells.slice(0, 3).entries()) {
    needing(shell[0])(`${shell.join(' ')}: interrupted, it leaves nothing and nobody behind`, async (t) => {
      const nap = `98.${process.pid}${index}`;
      const mac = macOf(t, sample('macos26-managed'), {
        before: (argv) => (argv === '/usr/bin/csrutil status' ? `touch 'READY'; sleep ${nap}` : null),
      });
      const ready = join(mac.folder, 'ready');
      const program = join(mac.root, 'usr/bin/csrutil');
      writeFileSync(program, readFileSync(program, 'utf8').replace("touch 'READY'", `: > '${ready}'`));
      const ended = await run(mac, shell, text(), {
        after: async (pid) => {
          while (!existsSync(ready)) await new Promise((resolve) => setTimeout(resolve, 20));
          process.kill(pid, 'SIGTERM');
        },
      });
      t.is(ended.code, 143, ended.stderr);
      t.false(existsSync(ended.out));
      t.deepEqual(readdirSync(join(mac.folder, 'tmp')), []);
      t.deepEqual(
        readdirSync(mac.folder).filter((file) => file.startsWith('.')),
        [],
      );
      t.true(await isGone(`sleep ${nap}`), 'a process was left');
    });
  }

  test.serial(
    'a bundle is never overwritten, and what is wrong is said before anything is run',
    async (t) => {
      const mac = macOf(t, sample('macos26-managed'));
      const cases: [string, RegExp, number][] = [
        ['there.tar.gz', /there\.tar\.gz exists already/, 1],
        ['dangling.tar.gz', /exists already/, 1],
        ['no/where.tar.gz', /cannot be written\n.*a folder that exists/, 1],
        ['folder', /must end in \.tar\.gz/, 2],
      ];
      writeFileSync(join(mac.folder, 'there.tar.gz'), 'kept');
      symlinkSync(join(mac.folder, 'nothing'), join(mac.folder, 'dangling.tar.gz'));
      for (const [name, pattern, code] of cases) {
        const ended = await run(mac, ['sh'], text(), { name });
        t.is(ended.code, code, name);
        t.regex(ended.stderr, pattern);
        t.is(ended.stdout, '');
      }
      const none = spawnSync('sh', [join(mac.folder, 'tokenquery-capture.sh')], { encoding: 'utf8' });
      t.is(none.status, 2);
      t.regex(none.stderr, /^usage: sh tokenquery-capture\.sh OUT\.tar\.gz/);
      t.is(readFileSync(join(mac.folder, 'there.tar.gz'), 'utf8'), 'kept');
      t.false(existsSync(join(mac.folder, 'nothing')));
      t.deepEqual(runsIn(mac.log), []);
      t.deepEqual(readdirSync(join(mac.folder, 'tmp')), []);
    },
  );

  const mayChangeUser = process.geteuid?.() === 0 && process.platform === 'linux';
  (mayChangeUser ? test : test.skip)(
    'as an ordinary user, what may not be looked at is denied and not missing',
    async (t) => {
      const mac = macOf(t, sample('macos15-unmanaged'));
      for (const folder of ['.', 'tmp']) chmodSync(join(mac.folder, folder), 0o777);
      chmodSync(mac.log, 0o666);
      chmodSync(join(mac.root, 'var/db/ConfigurationProfiles/Settings'), 0o700);
      chmodSync(join(mac.root, 'Library/Preferences/com.apple.loginwindow.plist'), 0o600);
      const ended = await run(mac, ['sh'], text(), { uid: 65534 });
      t.is(ended.code, 0, ended.stderr);
      t.regex(ended.stderr, /captured without root/);
      const files = unpacked(mac, ended.out);
      const stat = files.get('stat.tsv') ?? '';
      t.regex(
        stat,
        /^\/var\/db\/ConfigurationProfiles\/Settings\/\.cloudConfigRecordFound\tdenied\t-\t-\t-\t-$/m,
      );
      t.regex(stat, /^\/Library\/Preferences\/com\.apple\.loginwindow\.plist\tdenied\t/m);
      t.regex(stat, /^\/Library\/Managed Preferences\/com\.apple\.MCX\.plist\tmissing\t/m);
      t.is((JSON.parse(files.get('evidence.json') ?? '') as { euid: number }).euid, 65534);
      const { results } = await collect(asked, await evidenceBackend(ended.out));
      t.is(results.find(({ table }) => table.name === 'loginwindow_settings')?.code, 'permission_denied');
    },
  );
}

/** Whether no process has these words any more; a busy machine takes a while to bury the dead. */
const isGone = async (words: string): Promise<boolean> => {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const left = spawnSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).stdout ?? '';
    if (!left.includes(words)) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
};

test.serial('the script asks for what the list has and for nothing that may ask a server', (t) => {
  const script = text();
  t.is(script, text());
  const lines = script.split('\n').filter((line) => /^ *ask [a-z]/.test(line));
  const words = lines.map((line) => line.trim().split(' ').slice(4));
  for (const name of commandNames) {
    const { argv, parameter }: Command = commands[name];
    const wanted = argv.map((word) => (word === parameter?.placeholder ? '"$name"' : word)).join(' ');
    t.is(words.filter((each) => each.join(' ') === wanted).length, isInScript(name) ? 1 : 0, name);
  }
  t.is(words.length, commandNames.filter(isInScript).length);
  for (const each of words) {
    const argv = each.map((word) => (word === '"$name"' ? (each[1] === 'apfs' ? 'disk3s5' : 'alice') : word));
    t.not(sourceOf(argv), null, argv.join(' '));
  }
  t.regex(
    script,
    /^keep accounts_preferences "\/Library\/Preferences\/com\.apple\.preferences\.accounts\.plist"$/m,
  );
  t.regex(script, /^look \/etc\/kcpassword$/m);
  t.notRegex(script, /IOPlatformSerialNumber/);
  t.regex(text({ include: new Set(['serial_number']) }), /^ioreg_platform\tIOPlatformSerialNumber\tany$/m);
  // No word that acts, and no secret to ask for.
  t.notRegex(script, /\bsudo\b|\bcurl\b|\bdefaults\b|-adminPassword|read -s/);
});

test.serial('capture --script prints it, or writes it to a new file', async (t) => {
  const folder = temporaryFolder(t);
  const at = join(folder, 'tokenquery-capture.sh');
  const printed = await cli(['capture', '--script']);
  t.is(printed.code, 0, printed.stderr);
  t.is(printed.stdout, text());
  const written = await cli(['capture', '--script', at]);
  t.is(written.code, 0, written.stderr);
  t.is(readFileSync(at, 'utf8'), text());
  const again = await cli(['capture', at, '--script']);
  t.is(again.code, 1);
  t.regex(again.stderr, /exists already/);
  const live = await cli(['capture', '--script', '--allow-network']);
  t.is(live.code, 2);
  t.regex(live.stderr, /--script and --allow-network exclude each other/);
});
