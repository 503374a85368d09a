/** bin/tokenquery: what of a caller’s reaches the program, and what it starts as root. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { root, temporaryFolder } from '../standin.ts';

const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? test : test.skip;
const nobody = 65_534;

// The Node of the tests is a stranger’s to root in some places, and then none of this can be started.
const node = realpathSync(process.execPath);

interface Installed {
  readonly here: string;
  readonly launcher: string;
  readonly program: string;
  readonly node: string;
}

/** The launcher with a Node and a program that prints its environment and its words. */
const installed = (t: ExecutionContext, name = 'tq'): Installed => {
  const here = join(realpathSync(temporaryFolder(t)), name);
  for (const folder of ['bin', 'dist/caches', 'node_modules/.bin'])
    mkdirSync(join(here, folder), { recursive: true });
  chmodSync(dirname(here), 0o755);
  const launcher = join(here, 'bin/tokenquery');
  copyFileSync(join(root, 'bin/tokenquery'), launcher);
  chmodSync(launcher, 0o755);
  const program = join(here, 'dist/tokenquery.cjs');
  writeFileSync(
    program,
    'console.log(JSON.stringify({ env: process.env, words: process.argv.slice(2), options: process.execArgv, cwd: process.cwd() }))',
  );
  writeFileSync(join(here, 'dist/caches/start'), '');
  const own = join(here, 'node_modules/.bin/node');
  symlinkSync(node, own);
  return { here, launcher, program, node: own };
};

interface Said {
  readonly env: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly options: readonly string[];
  readonly cwd: string;
}

const start = (
  launcher: string,
  env: Readonly<Record<string, string>> = {},
  words: readonly string[] = [],
  shell: readonly string[] = [],
) => {
  const [program = '', ...parameters] = [...shell, launcher, ...words];
  const { status, stdout, stderr } = spawnSync(program, parameters, { env, encoding: 'utf8', cwd: '/' });
  return { status, stderr, said: stdout.startsWith('{') ? (JSON.parse(stdout) as Said) : null };
};

const kept: Readonly<Record<string, string>> = {
  HOME: '/home/a b',
  USER: 'erika',
  LANG: 'de_DE.UTF-8',
  LC_ALL: 'C',
  LC_COLLATE: 'C',
  LC_CTYPE: 'C.UTF-8',
  LC_MESSAGES: 'C',
  LC_MONETARY: 'C',
  LC_NUMERIC: 'C',
  LC_TIME: "C'; echo x; '",
  TZ: '"$(id)" `id`',
  TERM: 'xterm',
  COLUMNS: '80',
  NO_COLOR: '',
  TMPDIR: '/tmp\n/x',
  TOKENQUERY_DEBUG: '0',
  SUDO_GID: '4711',
};

const hostileNames = [
  ...[
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'LD_AUDIT',
    'LD_DEBUG_OUTPUT',
    'LD_PROFILE',
    'LD_BIND_NOW',
    'GCONV_PATH',
  ],
  ...[
    'DYLD_INSERT_LIBRARIES',
    'DYLD_LIBRARY_PATH',
    'DYLD_FRAMEWORK_PATH',
    'DYLD_PRINT_TO_FILE',
    'MallocLogFile',
  ],
  ...[
    'NODE_OPTIONS',
    'NODE_PATH',
    'NODE_V8_COVERAGE',
    'NODE_COMPILE_CACHE',
    'NODE_EXTRA_CA_CERTS',
    'NODE_DEBUG',
  ],
  ...['NODE_REPL_EXTERNAL_MODULE', 'NODE_REDIRECT_WARNINGS', 'NODE_ICU_DATA', 'NODE_PRESERVE_SYMLINKS'],
  ...['NODE_UNIQUE_ID', 'NODE_TEST_CONTEXT', 'NODE_PENDING_DEPRECATION', 'NODE_TLS_REJECT_UNAUTHORIZED'],
  ...[
    'OPENSSL_CONF',
    'OPENSSL_MODULES',
    'OPENSSL_ENGINES',
    'SSL_CERT_FILE',
    'SSLKEYLOGFILE',
    'UV_THREADPOOL_SIZE',
  ],
  ...[
    'LOCPATH',
    'NLSPATH',
    'LOCALDOMAIN',
    'CDPATH',
    'ENV',
    'BASH_ENV',
    'IFS',
    'PS4',
    'GLOBIGNORE',
    'POSIXLY_CORRECT',
  ],
  ...['SQLITE_TMPDIR', 'FORCE_COLOR', 'http_proxy', 'NODE_CHANNEL_FD', 'LC_EVIL', 'TOKENQUERY_EVIL', 'XYZ'],
];

test('of the environment only what is listed reaches the program, as it was', (t) => {
  const { launcher } = installed(t);
  t.true(hostileNames.length >= 30);
  const folder = temporaryFolder(t);
  // Values that do something where they are heeded, and nothing to the shell itself.
  const valueOf: Readonly<Record<string, string>> = {
    NODE_OPTIONS: '--require /nowhere.cjs',
    NODE_CHANNEL_FD: '0',
    OPENSSL_CONF: join(folder, 'openssl.cnf'),
    LD_PRELOAD: '',
    LD_AUDIT: '',
  };
  const hostile = Object.fromEntries(hostileNames.map((name) => [name, valueOf[name] ?? join(folder, name)]));
  const { status, stderr, said } = start(launcher, { ...hostile, ...kept, PATH: folder }, [
    'a b',
    '',
    '*',
    '$x',
  ]);
  t.is(status, 0, stderr);
  t.deepEqual(said?.words, ['a b', '', '*', '$x']);
  t.is(said?.cwd, '/');
  const { PATH, ...env } = said?.env ?? {};
  t.is(PATH, '/usr/bin:/bin:/usr/sbin:/sbin');
  // macOS gives each process one of its own.
  t.deepEqual(
    Object.fromEntries(Object.entries(env).filter(([name]) => name !== '__CF_USER_TEXT_ENCODING')),
    kept,
  );
  t.deepEqual(readdirSync(folder), []);
});

test('Node is told how much may be taken by what is soon garbage, and nothing else', (t) => {
  const { launcher } = installed(t);
  t.deepEqual(start(launcher).said?.options, ['--max-semi-space-size=8']);
});

test('the pager of a caller is a user’s choice, and not root’s', (t) => {
  const { said } = start(installed(t).launcher, { PAGER: 'less', LESS: '-R' });
  t.deepEqual([said?.env['PAGER'], said?.env['LESS']], isRoot ? [undefined, undefined] : ['less', '-R']);
});

test('every variable that the program reads is one that reaches it', (t) => {
  const text = readFileSync(join(root, 'bin/tokenquery'), 'utf8');
  const passed = [...text.matchAll(/^passed(?:_to_users)?='([^']*)'/gm)].flatMap(([, list = '']) =>
    list.split(/\s+/),
  );
  t.true(passed.includes('SUDO_UID') && passed.includes('PAGER'));
  const names = /(?:process\.env|\benvironment)(?:\[['"]|\.)(\w+)/g;
  const taken = /\{([^{}]*)\} = (?:process\.env|environment)\b/g;
  const namesIn = (source: string): readonly string[] => [
    ...[...source.matchAll(names)].flatMap(([, name = '']) => name),
    ...[...source.matchAll(taken)].flatMap(([, list = '']) => list.match(/[A-Z][A-Z_0-9]+/g) ?? []),
  ];
  t.deepEqual(namesIn("const { A_B: id = '', C_D } = environment; process.env['E_F'] ?? environment.G_H"), [
    'E_F',
    'G_H',
    'A_B',
    'C_D',
  ]);
  const folders = ['cli', 'collector', 'export', 'queries', 'store', 'tables'];
  for (const folder of folders)
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts')) continue;
      const source = readFileSync(join(root, folder, file), 'utf8');
      for (const name of namesIn(source)) t.true(passed.includes(name), `${folder}/${file} reads ${name}`);
    }
});

for (const shell of ['/bin/sh', '/bin/bash', '/bin/dash'].filter((path) => existsSync(path)))
  test(`no program of the caller’s is found by ${shell}: by PATH, by a function, by a folder`, (t) => {
    const { here, launcher } = installed(t);
    const folder = temporaryFolder(t);
    const mark = join(folder, 'mark');
    for (const name of ['find', 'readlink', 'node', 'env', 'pwd', 'printf', 'cd', 'sh']) {
      writeFileSync(join(folder, name), `#!/bin/sh\n: > '${mark}'\n`);
      chmodSync(join(folder, name), 0o755);
    }
    symlinkSync(launcher, join(folder, 'one'));
    symlinkSync('one', join(folder, 'two'));
    const functions = ['find', 'readlink', 'env', 'pwd', 'printf', 'cd', 'test', 'command'].flatMap(
      (name) => {
        const body = `() { : > '${mark}'; }`;
        return [[`BASH_FUNC_${name}%%`, body] as const, [`BASH_FUNC_${name}()`, body] as const];
      },
    );
    const env = { PATH: folder, CDPATH: '/:/tmp', PWD: '/nowhere', ...Object.fromEntries(functions) };
    const { status, stderr } = start(join(folder, 'two'), env, [], [shell]);
    t.is(status, 0, stderr);
    t.false(existsSync(mark));
    t.true(existsSync(join(here, 'bin')));
  });

test('it is found through links, from a folder that is gone, and with odd names on the way', (t) => {
  for (const name of ['a b', 'a=b', "it's", '-n', '*', 'ä']) {
    const { launcher, here } = installed(t, name);
    t.is(start(launcher).status, 0, name);
    const bin = join(temporaryFolder(t), 'bin');
    symlinkSync(join(here, 'bin'), bin);
    const { status, stderr } = start(join(bin, 'tokenquery'));
    t.is(status, 0, `${name} ${stderr}`);
  }
  const { launcher } = installed(t);
  const gone = spawnSync('/bin/sh', ['-c', `d=$(mktemp -d) && cd "$d" && rmdir "$d" && exec '${launcher}'`], {
    encoding: 'utf8',
  });
  // Node itself cannot say where it is.
  t.notRegex(gone.stderr, /tokenquery: error/);
});

/** What can be another’s: each part of what root starts. */
const parts = ({ here, launcher, program, node: own }: Installed): readonly string[] => [
  dirname(here),
  here,
  dirname(launcher),
  launcher,
  dirname(program),
  program,
  join(here, 'dist/caches/start'),
  own,
];

asRoot('as root nothing is started that another user can have written, whatever part of it', (t) => {
  const made = installed(t);
  // A Node of its own, which can be made another’s.
  copyFileSync('/bin/true', join(made.here, 'node'));
  t.is(start(made.launcher).status, 0, start(made.launcher).stderr);
  for (const part of parts(made).filter((path) => path !== made.node)) {
    chownSync(part, nobody, nobody);
    const { status, stderr } = start(made.launcher, {
      SUDO_UID: part === made.here ? '4711' : String(nobody),
    });
    t.is(status, 1, part);
    t.true(stderr.startsWith(`tokenquery: error: ${part} belongs to another user, and root`), stderr);
    t.regex(stderr, /\ntokenquery: hint: chown it to root/);
    chownSync(part, 0, 0);
    for (const open of [0o775, 0o757]) {
      chmodSync(part, open);
      const { stderr: refusal } = start(made.launcher);
      t.true(refusal.startsWith(`tokenquery: error: ${part} may be written by others`), refusal);
    }
    chmodSync(part, 0o755);
  }
  chmodSync(dirname(made.here), 0o1777);
  t.is(start(made.launcher).status, 0);
});

asRoot('a Node of another user’s is not even asked for its version by root', (t) => {
  const { here, launcher } = installed(t);
  spawnSync('rm', [join(here, 'node_modules/.bin/node')]);
  const mark = join(here, 'mark');
  writeFileSync(join(here, 'node'), `#!/bin/sh\n: > ${mark}\necho v24.0.0\n`);
  chmodSync(join(here, 'node'), 0o755);
  chownSync(join(here, 'node'), nobody, nobody);
  start(launcher);
  t.false(existsSync(mark));
  chownSync(join(here, 'node'), 0, 0);
  start(launcher);
  t.true(existsSync(mark));
});

const giveAll = (folder: string, user: number): void =>
  void spawnSync('chown', ['-Rh', `${user}:${user}`, folder]);

asRoot('from a checkout of the caller of sudo it starts, and says once that it does', (t) => {
  const { here, launcher } = installed(t);
  giveAll(here, nobody);
  t.is(start(launcher).status, 1);
  t.is(start(launcher, { SUDO_UID: '0' }).status, 1);
  t.is(start(launcher, { SUDO_UID: '65534x' }).status, 1);
  t.is(start(launcher, { SUDO_UID: '4711' }).status, 1);
  const { status, stderr } = start(launcher, { SUDO_UID: String(nobody) });
  t.is(status, 0, stderr);
  t.is(stderr.match(/tokenquery: note: run by sudo from /g)?.length, 1);
  t.is(stderr.split('\n').length, 2);
  chownSync(join(here, 'dist/caches/start'), 4711, 4711);
  t.regex(start(launcher, { SUDO_UID: String(nobody) }).stderr, /caches\/start belongs to another user/);
});

asRoot('launchd, or what else is the first process, starts nothing of a caller’s', async (t) => {
  const { here, launcher } = installed(t);
  giveAll(here, nobody);
  const out = join(temporaryFolder(t), 'out');
  // The shell in between ends, so that the first process becomes the parent.
  // The shell that starts it ends meanwhile, so that it becomes a child of the first process.
  const words = `exec /bin/sh -c 'echo $PPID; exec "${launcher}"' >'${out}' 2>&1`;
  spawnSync('/bin/sh', ['-c', `(sleep 0.5; ${words}) &`], {
    env: { SUDO_UID: String(nobody) },
    stdio: 'ignore',
  });
  const text = (): string => (existsSync(out) ? readFileSync(out, 'utf8') : '');
  for (let tries = 0; tries < 100 && !/\n.*\n/.test(text()); tries += 1) await setTimeout(100);
  // Where another process takes in what has lost its parent, this cannot be tried.
  if (!text().startsWith('1\n')) t.pass(`its parent is ${text().split('\n')[0]}`);
  else t.regex(text(), /^1\ntokenquery: error: .* belongs to another user/);
});
