/** Our scripts for Macs call what every macOS has, in words that every macOS knows: 10.13 is the oldest, and none has GNU's. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { munkiInfo } from '../../packaging/deploy.ts';
import { home } from '../../packaging/facts.ts';
import { captureScript } from '../../collector/script/script.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import { root } from '../standin.ts';
import { readScript } from './shell_words.ts';
import { isThere } from './tools.ts';

/** Of POSIX, and so in bash 3.2, dash and zsh; zsh is sh on no Mac, and the printed script asks it to be. */
const builtins = new Set(
  ': . [ break cd command continue emulate eval exec exit export kill printf pwd read return set shift test trap ulimit umask unset wait'.split(
    ' ',
  ),
);

/** Each program and the options that it has on every macOS, as the manual pages of 10.13 and of 26 both have them. */
const programs: Readonly<Record<string, readonly string[]>> = {
  awk: ['-v', '-f', '-'],
  cat: [],
  chmod: [],
  chown: [],
  cksum: [],
  codesign: ['--verify', '--strict'],
  cp: ['-p', '-R', '-P', '-f'],
  cut: ['-c', '-d', '-f'],
  date: ['-u'],
  dirname: [],
  env: ['-i', '-u'],
  find: [
    ...[
      '-name',
      '-path',
      '-prune',
      '-print',
      '-newer',
      '-type',
      '-user',
      '-perm',
      '-exec',
      '-o',
      '-a',
      '-L',
      '-H',
      '-P',
    ],
    ...['-020', '-002', '-1000'],
  ],
  grep: ['-E', '-F', '-q', '-x', '-e', '-v', '-f', '-Eq', '-Fqx'],
  gzip: ['-9', '-c', '-d'],
  head: ['-c', '-n'],
  id: ['-u'],
  installer: ['-pkg', '-target'],
  launchctl: [],
  ln: ['-s', '-f', '-h'],
  ls: ['-l', '-d', '-a', '-n', '-ld'],
  mkdir: ['-p', '-m'],
  mktemp: ['-d'],
  mv: ['-f'],
  pkgutil: ['--forget'],
  ps: ['-A', '-o'],
  readlink: ['--'],
  rm: ['-f', '-r', '-rf', '--'],
  sed: ['-e', '-E', '-n'],
  sh: ['-c'],
  shasum: ['-a', '-c'],
  sleep: [],
  sudo: ['-u'],
  sort: ['-u', '-n', '-r', '-k', '-t'],
  stat: ['-f', '-L'],
  sysctl: ['-n'],
  tar: ['-c', '-f', '-C', '-cf', '-x', '-t', '-z'],
  tr: ['-d', '-c', '-s'],
  uname: ['-s', '-m'],
  wc: ['-c', '-l'],
};

/** What a command starts in its turn: exec, env and command are not the program. */
const programOf = (words: readonly string[]): readonly (readonly string[])[] => {
  const [name = '', ...rest] = words;
  if (name === 'exec') return programOf(rest);
  if (name === 'command' && rest[0] === '-v') return [];
  if (name === 'sudo') return [words.slice(0, 3), ...programOf(words.slice(3))];
  if (name === 'find') {
    const at = words.indexOf('-exec');
    return at === -1 ? [words] : [words.slice(0, at + 1), ...programOf(words.slice(at + 1))];
  }
  if (name === 'env') {
    const at = rest.findIndex((word) => !word.startsWith('-') && !/^[A-Za-z_]+=/.test(word));
    return [words.slice(0, at === -1 ? undefined : at + 1), ...(at === -1 ? [] : programOf(rest.slice(at)))];
  }
  return [words];
};

/** What of awk is GNU's or younger than the awk of macOS (20070501 up to 13). */
const awkFaults = (text: string): readonly string[] =>
  Array.from(
    text.matchAll(
      /\b(?:gensub|strftime|systime|mktime|asort|asorti|patsplit|strtonum|BEGINFILE|ENDFILE|PROCINFO|IGNORECASE|FPAT)\b|\*\*|\\[<>y]/g,
    ),
    ([word]) => word,
  );

const faultsOf = (text: string): readonly string[] => {
  const { commands, functions } = readScript(text);
  return commands.flatMap(({ line, words }) =>
    programOf(words).flatMap(([name = '', ...rest]) => {
      // A program whose name is in a variable is Node, or what the list of sources names.
      if (
        name.startsWith(`${home}/`) ||
        builtins.has(name) ||
        functions.has(name) ||
        name.startsWith('$') ||
        name.includes('{{')
      )
        return [];
      const known = programs[name];
      if (known === undefined) return [`${line}: ${name}`];
      const faults = name === 'awk' ? awkFaults(rest.join('\n')) : [];
      const end = name === 'awk' ? rest.findIndex((word) => !word.startsWith('-') && word.includes('{')) : -1;
      return [
        ...faults,
        ...(end === -1 ? rest : rest.slice(0, end))
          .filter((word) => /^-./.test(word) && !known.includes(word))
          .map((word) => `${line}: ${name} ${word}`),
      ];
    }),
  );
};

const macScripts: Readonly<Record<string, string>> = {
  'bin/tokenquery': readFileSync(join(root, 'bin/tokenquery'), 'utf8'),
  ...Object.fromEntries(
    readdirSync(join(root, 'packaging/macos')).map((name) => [
      `packaging/macos/${name}`,
      readFileSync(join(root, 'packaging/macos', name), 'utf8'),
    ]),
  ),
  'the printed collector': captureScript({ tool: 'tokenquery', noShells: new Set() }),
  'the uninstall script of Munki': String(
    (
      parseXmlPlist(
        munkiInfo({ version: '1', target: 'darwin-x64', bytes: Buffer.of(), installedKilobytes: 1 }),
      ) as ReadonlyMap<string, unknown>
    ).get('uninstall_script'),
  ),
};

/** Each with its reason: where a Mac gets there, it has what it needs. */
const known: Readonly<Record<string, readonly string[]>> = {
  // On other systems than macOS, for the tests.
  'the printed collector': ['stat -c'],
};

test('every command of our scripts, and every option, is one that every macOS has', (t) => {
  for (const [name, text] of Object.entries(macScripts)) {
    t.deepEqual(
      faultsOf(text).map((fault) => fault.replace(/^\d+: /, '')),
      known[name] ?? [],
      name,
    );
    t.deepEqual(awkFaults(text), [], name);
    t.true(readScript(text).commands.length > 0, name);
  }
  for (const name of readdirSync(join(root, 'collector/script')).filter((file) => file.endsWith('.awk')))
    t.deepEqual(awkFaults(readFileSync(join(root, 'collector/script', name), 'utf8')), [], name);
});

const gnu = [
  ...[
    'find . -quit',
    'find . -printf x',
    'find . -executable',
    'find . -readable',
    'find . -maxdepth 1 -empty -delete',
  ],
  ...[
    'readlink -f a',
    'readlink -e a',
    'realpath a',
    "sed -i 's/a/b/' a",
    'sed -r s/a/b/',
    'sed --in-place s/a/b/ a',
    'stat -c %u a',
  ],
  ...[
    'cp -a a b',
    'cp --preserve a b',
    'date -d now',
    'date --iso-8601',
    'date +%s -r a',
    'ls --color',
    'grep -P a',
    'grep --include=a b',
  ],
  ...[
    'xargs -r rm',
    'timeout 5 a',
    'tac a',
    'nproc',
    'sha256sum a',
    'md5sum a',
    'base64 -w0',
    'mktemp --suffix=a',
    'sort -V',
    'sort -z',
  ],
  ...[
    'rm --force a',
    'mkdir --parents a',
    'touch -d now a',
    'ln -r a b',
    'ln -T a b',
    'mv -T a b',
    'install -D a b',
    'du -b a',
  ],
  ...[
    'tail --pid 1',
    'head --lines 1',
    'env -S a',
    'env --chdir=/ a',
    'wc -L',
    'cut --complement',
    'seq -w 1 3',
    'setsid a',
    'getent passwd',
  ],
  ...[
    'ps --no-headers',
    'tar --owner 0',
    'gawk 1',
    'chmod --reference a b',
    'id --user',
    'find . -exec stat -c %a {} +',
    'exec readlink -f a',
  ],
  ...[
    'env -i A=b timeout 1',
    'sudo -u a readlink -f b',
    'flock a',
    'ionice a',
    'systemctl start a',
    'apt-get update',
    'python3 a',
    'perl a',
    'curl a',
    'plutil a',
  ],
];
const places: readonly ((command: string) => string)[] = [
  (command) => command,
  (command) => `if ${command}; then :; fi`,
  (command) => `if :; then ${command}; fi`,
  (command) => `while ! ${command} >/dev/null 2>&1; do sleep 1; done`,
  (command) => `: | ${command} || true`.replace('true', ':'),
  (command) => `a="x $(${command}) y"`,
  (command) => `a=b c=$(printf '%s' "$(${command})")`,
  (command) => `case $1 in\n  a | b) ${command} ;;\n  *) : ;;\nesac`,
  (command) => `case $(${command}) in (1) : ;; esac`,
  (command) => `f() {\n  ${command}\n}`,
  (command) => `(cd / && ${command})`,
  (command) => `A=b ${command} <<'END' &\nfind -quit\nEND`,
  (command) => `for a in 1 2; do ${command}; done`,
  (command) => `: \\\n  && ${command}`,
];

test('what a Mac does not know is seen wherever it stands in a script', (t) => {
  for (const command of gnu)
    for (const place of places) t.true(faultsOf(place(command)).length > 0, place(command));
  // And words that are not commands are not.
  for (const text of [
    "printf 'find . -quit\\n'",
    '# readlink -f a',
    'a="readlink -f"',
    'case a in timeout) : ;; esac',
    'for timeout in realpath; do :; done',
    "cat <<'END'\ntimeout 5\nEND",
    'rm -f "$(printf a)" # stat -c',
    'f() { :; }\nf -c --what',
    '[ -e a ] && ! [ -z "${b:-}" ]',
    "awk '{ print -quit }' a",
  ])
    t.deepEqual(faultsOf(text), [], text);
  t.true(gnu.length * places.length > 800);
});

test('awk that is not the awk of a Mac is seen', (t) => {
  for (const text of [
    '{ print gensub(/a/, "b", "g") }',
    '{ print strftime("%s") }',
    '{ print 2 ** 3 }',
    '/\\<a\\>/',
    'BEGIN { PROCINFO["sorted_in"] = 1 }',
  ])
    t.true(faultsOf(`awk '${text}' a`).length > 0, text);
});

(isThere('shellcheck') ? test : test.skip)('shellcheck finds nothing in a script for a Mac', (t) => {
  for (const [name, text] of Object.entries(macScripts)) {
    const { stdout } = spawnSync('shellcheck', ['-s', 'sh', '-'], { encoding: 'utf8', input: text });
    t.is(stdout, '', name);
  }
});
