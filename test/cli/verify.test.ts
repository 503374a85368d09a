/** doctor --verify: what it asks of a Mac, what it says of the answers, and what it leaves to somebody. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Claim } from '../../cli/doctor/claim.ts';
import { claims } from '../../cli/doctor/claims.ts';
import { verify } from '../../cli/doctor/verify.ts';
import type { Verification } from '../../cli/doctor/verify.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { liveBackend } from '../../collector/backends/live.ts';
import { ownMac } from '../../collector/backends/own.ts';
import { argvOf, commands, isReadablePath, sourceOf, statOnly } from '../../collector/sources.ts';
import { askProgram } from '../../scripts/ask.ts';
import { claimsOf } from '../../scripts/claims.ts';
import { makeStandIn, root, runsIn, sample, temporaryFolder } from '../standin.ts';

const isRoot = process.geteuid?.() === 0;
const page = readFileSync(join(root, 'docs/verify-on-a-mac.md'), 'utf8');

test('every line of the page is asked, or left to be run by hand, or both; none is lost', (t) => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:claim|---) /.test(line));
  t.is(claims.length, rows.length);
  t.true(claims.length > 50);
  for (const { claim, asks, isByHand, command } of claims) {
    t.true(asks.length > 0 || isByHand, claim);
    t.not(claim, '');
    t.not(command, '');
  }
  t.true(claims.filter(({ asks }) => asks.length > 0).length >= 30);
});

test('it asks what the list of sources names, and nothing else', (t) => {
  for (const { asks } of claims)
    for (const ask of asks) {
      if (ask.kind === 'command') t.is(sourceOf(argvOf(ask.source, ask.parameters)), ask.source);
      if (ask.kind === 'file') t.true(isReadablePath(ask.source, ask.path), ask.path);
      if (ask.kind === 'stat') t.true((statOnly as readonly string[]).includes(ask.path), ask.path);
    }
});

const only = (cell: string): Claim => {
  const [claim] = claimsOf(`| claim | command |\n| --- | --- |\n| it is so | ${cell} |\n`);
  if (claim === undefined) throw new Error(cell);
  return claim;
};

test('a command of the page that is not word by word one of the list is left to a person', (t) => {
  for (const cell of [
    ...[
      '`fdesetup list -extended -verbose`',
      '`fdesetup`',
      '`fdesetup remove -user x`',
      '`profiles show -type enrollment`',
    ],
    ...[
      '`diskutil info -plist $x`',
      '`fdesetup status \\| cat`',
      '`fdesetup status > /tmp/x`',
      '`sudo sh -c "fdesetup status"`',
    ],
    ...[
      '`/tmp/fdesetup status`',
      '`sysadminctl -secureTokenStatus -x`',
      '`sysadminctl -secureTokenStatus`',
      '`sysadminctl -secureTokenStatus interactive`',
    ],
    ...[
      '`dscl . -readall /Users`',
      '`plutil -p /etc/kcpassword`',
      '`plutil -convert xml1 /Library/Preferences/com.apple.loginwindow.plist`',
    ],
    ...[
      '`ls -l /etc/passwd`',
      '`stat /etc/kcpassword /etc/master.passwd`',
      '`launchctl bootout system/x`',
      '`launchctl print gui/501`',
    ],
    ...['`fdesetup $(id)`', '`cat /etc/kcpassword`', 'look at it', '`fdesetup status` twice'],
  ]) {
    const { asks, isByHand } = only(cell);
    t.true(isByHand, cell);
    if (!cell.endsWith('twice')) t.deepEqual(asks, [], cell);
  }
  t.deepEqual(only('`sudo /usr/bin/fdesetup status; echo $?`').asks, [
    { kind: 'command', source: 'fdesetup_status', parameters: [] },
  ]);
  t.is(only('`sudo fdesetup list`').who, 'root');
  t.is(only('`fdesetup list`').who, 'user');
  t.is(only('`fdesetup list`, as user and as root').who, 'anybody');
  t.is(only('`fdesetup status`').who, 'anybody');
});

const verifyOf = (mac: string, output: string | null = null): Promise<Verification> =>
  verify(liveBackend({ execRoot: mac }), ownMac(mac), { output, allowNetwork: false });

const standIn = (folder: string, name = 'macos26-managed'): { root: string; log: string } => {
  const made = makeStandIn(sample(name), folder);
  const launchctl = join(made.root, 'bin/launchctl');
  mkdirSync(join(made.root, 'bin'), { recursive: true });
  writeFileSync(
    launchctl,
    `#!/bin/sh\nprintf '%s %s\\n' /bin/launchctl "$*" >> '${made.log}'\necho "Could not find service \\"\${2#system/}\\" in domain for system" >&2\nexit 113\n`,
  );
  chmodSync(launchctl, 0o755);
  // The evidence has nothing of an account that is not there (test/corpus has the sentence).
  const real = join(made.root, 'usr/sbin/sysadminctl');
  renameSync(real, `${real}.real`);
  writeFileSync(
    real,
    `#!/bin/sh\n[ "$2" = nosuchuser ] || exec "$0.real" "$@"\nprintf '%s %s\\n' /usr/sbin/sysadminctl "$*" >> '${made.log}'\n` +
      `echo '2026-09-01 10:00:00.000 sysadminctl[123:456] Unknown user nosuchuser' >&2\n`,
  );
  chmodSync(real, 0o755);
  return made;
};

const lineFor = ({ lines }: Verification, command: string) => {
  const line = lines.find(({ says }) => says.endsWith(`: ${command}`));
  if (line === undefined) throw new Error(`no line of ${command}`);
  return line;
};

test.serial(
  'a Mac whose answers are known is parsed, asked once each and of the list alone, and its bundle replays',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac, log } = standIn(folder);
    const out = join(folder, 'verify.tar.gz');
    const found = await verifyOf(mac, out);
    t.is(found.lines.length, claims.filter(({ asks }) => asks.length > 0).length);
    t.deepEqual(
      found.lines.filter(({ status }) => status === 'error'),
      [],
    );
    t.is(lineFor(found, 'diskutil info -plist /').status, 'ok');
    const runs = runsIn(log);
    t.is(new Set(runs).size, runs.length, 'each is asked once');
    for (const run of runs) {
      const argv = run.trim().split(' ');
      t.true(sourceOf(argv) !== null || /^\/bin\/launchctl print system\/[a-z.]+$/.test(run.trim()), run);
      const source = sourceOf(argv);
      if (source !== null) t.false(commands[source].network, run);
    }
    const evidence = await evidenceBackend(out);
    t.truthy(await evidence.run('diskutil_info_root', argvOf('diskutil_info_root')));
    t.is(
      (await evidence.run('ioreg_platform', argvOf('ioreg_platform'))) === null,
      !runs.some((run) => run.includes('ioreg')),
    );
    const replayed = await askProgram([
      'query',
      '--source',
      out,
      '--json',
      'SELECT status FROM filevault_status',
    ]);
    t.is(replayed.exitCode, 0, replayed.stderr);
    // Nothing is overwritten.
    await t.throwsAsync(verifyOf(mac, out), { message: /exists already/ });
  },
);

/** Puts a program in the place of one of the stand-in. */
const fake = (mac: string, path: string, script: string): void => {
  writeFileSync(join(mac, path), `#!/bin/sh\n${script}\n`);
  chmodSync(join(mac, path), 0o755);
};

test.serial(
  'an unknown form is an error, a program that fails or is not there a warning, and none is taken for parsed',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac } = standIn(folder);
    fake(mac, 'usr/sbin/diskutil', 'echo "something new, with a secret hunter2"');
    rmSync(join(mac, 'usr/bin/fdesetup'));
    fake(mac, 'usr/bin/profiles', 'kill -9 $$');
    const out = join(folder, 'bundle');
    const found = await verifyOf(mac, out);
    const unknown = lineFor(found, 'diskutil info -plist /');
    t.is(unknown.status, 'error');
    t.regex(unknown.says, /^unknown form \(/);
    t.regex(unknown.todo, /send the bundle in/);
    t.regex(lineFor(found, 'fdesetup version').says, /^failed \(\/usr\/bin\/fdesetup is not on this Mac\)/);
    t.is(lineFor(found, 'fdesetup version').status, 'warning');
    t.regex(
      lineFor(found, 'profiles status -type enrollment').says,
      /^failed \(profiles was ended by SIGKILL\)/,
    );
    // Of what no parser reads nothing is kept, told or printed.
    const texts = [JSON.stringify(found), readFileSync(join(out, 'verify.json'), 'utf8')];
    for (const text of texts) t.false(text.includes('hunter2'));
    const commandsOf = join(out, 'commands');
    t.true(existsSync(commandsOf));
    const { stdout } = await askProgram(['query', '--source', out, '--json', 'SELECT * FROM command_log']);
    t.false(stdout.includes('hunter2'));
  },
);

test.serial('what only root, or only a user, is told is not run by the other', async (t) => {
  const { root: mac } = standIn(temporaryFolder(t));
  const found = await verifyOf(mac);
  const [root_, user] = [
    lineFor(found, 'sudo fdesetup list; echo $?'),
    lineFor(found, 'fdesetup list -extended; echo $?'),
  ];
  const [own, other] = isRoot ? [root_, user] : [user, root_];
  t.not(own.status, 'unknown');
  t.is(other.status, 'unknown');
  t.regex(other.says, isRoot ? /run it without sudo/ : /run it with sudo/);
  t.regex(lineFor(found, 'sudo /usr/libexec/mdmclient QueryDeviceInformation').says, /^not run \(/);
});

test.serial(
  'sysadminctl is left alone where it may ask for an administrator, and where that is not known',
  async (t) => {
    for (const version of ['10.13.6', '']) {
      const { root: mac, log } = standIn(temporaryFolder(t));
      fake(
        mac,
        'usr/bin/sw_vers',
        version === ''
          ? 'exit 1'
          : `printf 'ProductName:\\tMac OS X\\nProductVersion:\\t${version}\\nBuildVersion:\\t17G66\\n'`,
      );
      const found = await verifyOf(mac);
      t.is(lineFor(found, 'sysadminctl -secureTokenStatus nosuchuser; echo $?').status, 'unknown');
      t.false(runsIn(log).some((run) => run.includes('sysadminctl')));
    }
  },
);

test.serial(
  'the command prints what is left by hand, names the bundle, and ends with 1 with an unknown form',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac } = standIn(folder);
    const out = join(folder, 'bundle');
    const { stdout } = await askProgram(['doctor', '--exec-root', mac, '--verify', '--output', out]);
    for (const { isByHand, claim } of claims) if (isByHand) t.true(stdout.includes(claim), claim);
    t.true(stdout.includes(`${out}: `));
    fake(mac, 'usr/sbin/diskutil', 'echo new');
    const second = await askProgram(['doctor', '--exec-root', mac, '--verify', '--json']);
    const json = JSON.parse(second.stdout) as {
      checks: readonly { status: string }[];
      by_hand: unknown[];
      bundle: null;
    };
    t.is(second.exitCode, 1);
    t.is(json.by_hand.length, claims.filter(({ isByHand }) => isByHand).length);
    t.is(json.bundle, null);
  },
);

test('without a Mac nothing is asked, and it says so', async (t) => {
  if (process.platform === 'darwin') {
    t.pass();
    return;
  }
  const { exitCode, stdout, stderr } = await askProgram(['doctor', '--verify']);
  t.deepEqual([exitCode, stdout], [1, '']);
  t.regex(stderr, /--verify asks a Mac, and this is none/);
  t.is((await askProgram(['doctor', '--output', 'x'])).exitCode, 2);
});
