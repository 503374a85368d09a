/** Files of a folder: which there are is told by the folder, on a Mac, in what was recorded of it, and on its disk. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Backend } from '../../collector/backends/backend.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { liveBackend } from '../../collector/backends/live.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { collect } from '../../collector/collect.ts';
import { isDropIn, isReadablePath } from '../../collector/sources.ts';
import sshdConfig from '../../tables/sshd_config.ts';
import sudoers from '../../tables/sudoers.ts';
import { temporaryFolder } from '../standin.ts';

const standIn = (t: Parameters<typeof temporaryFolder>[0]): string => {
  const root = join(temporaryFolder(t), 'mac');
  mkdirSync(join(root, 'etc/sudoers.d/nested'), { recursive: true });
  const put = (path: string, text: string): void => writeFileSync(join(root, path), text);
  put('etc/sudoers', 'root ALL = (ALL) ALL\n#includedir /private/etc/sudoers.d\n');
  put('etc/sudoers.d/agent', 'alice ALL = NOPASSWD: /usr/bin/x hunter2\n');
  // Names that sudo leaves out.
  for (const name of ['agent.bak', 'agent~', '.hidden']) put(`etc/sudoers.d/${name}`, 'mallory ALL = ALL\n');
  put('etc/sudoers.d/nested/x', 'mallory ALL = ALL\n');
  return root;
};

const read = async (backend: Backend) => {
  const { results } = await collect([sudoers], backend);
  const [result] = results;
  return {
    status: result?.status,
    reason: result?.reason,
    rows: result?.rows.map((row) => [row['source'], row['header'], row['rule_details']]),
  };
};
const expected = [
  ['/etc/sudoers', '#includedir', '/private/etc/sudoers.d'],
  ['/etc/sudoers', 'root', 'ALL = (ALL) ALL'],
  ['/etc/sudoers.d/agent', 'alice', 'ALL = NOPASSWD: /usr/bin/x (arguments)'],
];

test('a Mac and what is recorded of it say the same, and no name that sudo leaves out is read', async (t) => {
  const root = standIn(t);
  rmSync(join(root, 'etc/sudoers.d/nested'), { recursive: true });
  const { backend, recording } = recordingBackend(liveBackend({ execRoot: root }), new Set());
  const live = await read(backend);
  t.deepEqual(live.rows, expected);
  const bundle = join(temporaryFolder(t), 'bundle');
  await writeBundle(bundle, recording, {
    capturedTime: 1_790_000_000,
    euid: 0,
    hostId: null,
    tool: 'a test',
  });
  t.deepEqual(await read(await evidenceBackend(bundle)), live);
  t.false(readFileSync(join(bundle, 'files/etc/sudoers.d/agent'), 'utf8').includes('hunter2'));
  t.deepEqual([...recording.files.keys()], ['/etc/sudoers', '/etc/sudoers.d/agent']);
});

test('a folder among them has no entries: sudo reads none that is nested', async (t) => {
  const { status, rows } = await read(liveBackend({ execRoot: standIn(t) }));
  t.deepEqual(rows, expected);
  t.is(status, 'ok');
});

test('without the folder there is nothing more', async (t) => {
  const root = standIn(t);
  rmSync(join(root, 'etc/sudoers.d'), { recursive: true });
  t.deepEqual((await read(liveBackend({ execRoot: root }))).rows, expected.slice(0, 2));
});

// Root may read it all the same.
(process.geteuid?.() === 0 ? test.skip : test)('where the folder is denied that is said', async (t) => {
  const root = standIn(t);
  rmSync(join(root, 'etc/sudoers.d'), { recursive: true });
  mkdirSync(join(root, 'etc/sudoers.d'));
  chmodSync(join(root, 'etc/sudoers.d'), 0);
  const denied = await read(liveBackend({ execRoot: root }));
  chmodSync(join(root, 'etc/sudoers.d'), 0o700);
  t.is(denied.status, 'partial');
  t.regex(String(denied.reason), /sudoers\.d may not be read/);
});

test('evidence without a line of the folder was not looked at there', async (t) => {
  const root = standIn(t);
  const { backend, recording } = recordingBackend(liveBackend({ execRoot: root }), new Set());
  await read(backend);
  const bundle = join(temporaryFolder(t), 'bundle');
  const stats = new Map([...recording.stats].filter(([path]) => path !== '/etc/sudoers.d'));
  await writeBundle(
    bundle,
    { ...recording, stats },
    { capturedTime: 1_790_000_000, euid: 0, hostId: null, tool: 'a test' },
  );
  const { status, rows, reason } = await read(await evidenceBackend(bundle));
  t.deepEqual([status, rows], ['skipped', []]);
  t.regex(String(reason), /\/etc\/sudoers\.d was not looked at/);
});

test('no name leads out of the folder', (t) => {
  for (const name of ['', '.', '..', 'a/b', '../x', 'a.b', 'a~', 'a\nb', 'x'.repeat(256)]) {
    t.false(isDropIn('sudoers', name), name);
    t.false(isReadablePath('sudoers', `/etc/sudoers.d/${name}`), name);
  }
  for (const name of ['', '.', '..', '.hidden', 'a/b', '../x', 'a\nb', 'x'.repeat(256)]) {
    t.false(isDropIn('sshd_config', name), name);
    t.false(isReadablePath('sshd_config', `/etc/ssh/sshd_config.d/${name}`), name);
  }
  t.true(isReadablePath('sshd_config', '/etc/ssh/sshd_config.d/100-macos.conf'));
  t.false(isReadablePath('sudoers', '/etc/sudoers.d/100-macos.conf'));
  t.true(isReadablePath('sudoers', '/etc/sudoers.d/mscp'));
  t.true(isReadablePath('sudoers', '/etc/sudoers'));
});

test('a link is followed as sudo follows it', async (t) => {
  const root = standIn(t);
  rmSync(join(root, 'etc/sudoers.d'), { recursive: true });
  mkdirSync(join(root, 'opt'));
  writeFileSync(join(root, 'opt/rules'), 'bob ALL = ALL\n');
  mkdirSync(join(root, 'etc/sudoers.d'));
  symlinkSync(join(root, 'opt/rules'), join(root, 'etc/sudoers.d/rules'));
  const { rows } = await read(liveBackend({ execRoot: root }));
  t.deepEqual(rows?.at(-1), ['/etc/sudoers.d/rules', 'bob', 'ALL = ALL']);
});

/** A stand-in with programs that are scripts: `sshd` writes down that it ran. */
const sshdStandIn = (t: Parameters<typeof temporaryFolder>[0], address: string): string => {
  const root = join(temporaryFolder(t), 'mac');
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  put('usr/bin/sw_vers', '#!/bin/sh\nprintf "ProductVersion:\\t\\t26.1\\n"\n', 0o755);
  put('usr/sbin/sshd', `#!/bin/sh\necho ran > ${root}/ran\necho permitrootlogin no\n`, 0o755);
  put('etc/ssh/sshd_config', 'Include /etc/ssh/sshd_config.d/*\n');
  put('etc/ssh/sshd_config.d/200-own.conf', `ListenAddress ${address}\nMatch User alice\n`);
  put('etc/ssh/sshd_config.d/.hidden', 'ListenAddress mac.example.com\n');
  return root;
};

test('sshd is not run where it would ask a server, and what a hidden file says counts as little as for sshd', async (t) => {
  for (const [address, isRun] of [
    ['192.0.2.7:22', true],
    ['mac.example.com', false],
  ] as const) {
    const root = sshdStandIn(t, address);
    const { results } = await collect([sshdConfig], liveBackend({ execRoot: root }));
    t.is(existsSync(join(root, 'ran')), isRun, address);
    t.is(results[0]?.status, isRun ? 'partial' : 'skipped');
    t.is(results[0]?.rows[0]?.['has_match_blocks'], isRun ? 1 : undefined);
  }
});
