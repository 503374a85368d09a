/** What doctor says of an installation that is as it should be, and of each thing that is not. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { macLines } from '../../cli/doctor/examine.ts';
import { filesLine, kindOf, placesOf, placesStartedBy, programLines } from '../../cli/doctor/program.ts';
import type { Kind } from '../../cli/doctor/program.ts';
import { attempted } from '../../cli/doctor/report.ts';
import type { Line, Verdict } from '../../cli/doctor/report.ts';
import { cursorLine, keyLine, logLine, openHeld } from '../../cli/doctor/state.ts';
import { liveBackend } from '../../collector/backends/live.ts';
import { ownMac } from '../../collector/backends/own.ts';
import { CollectError } from '../../collector/errors.ts';
import { parseLaunchctlPrintJob } from '../../collector/parsers/launchctl_print_job.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { askProgram } from '../../scripts/ask.ts';
import { openDatabase } from '../../store/database.ts';
import { makeStandIn, root, sample, temporaryFolder } from '../standin.ts';

const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? test.serial : test.serial.skip;
const stranger = 4_711;
const label = 'com.tokenquery.collector';

const printed = (lastExit: string, path = `/Library/LaunchDaemons/${label}.plist`): string =>
  [
    `system/${label} = {`,
    '\tactive count = 0',
    `\tpath = ${path}`,
    '\ttype = LaunchDaemon',
    '\tstate = not running',
    '',
    '\tprogram = /opt/tokenquery/bin/tokenquery',
    '\targuments = {',
    '\t\t/opt/tokenquery/bin/tokenquery',
    '\t\tjob',
    '\t}',
    '',
    '\tdefault environment = {',
    '\t\tstate = deeper',
    '\t}',
    '\truns = 12',
    `\tlast exit code = ${lastExit}`,
    '}',
    '',
  ].join('\n');

const launchctl = (mac: string, text: string, exitCode = 0): void => {
  const path = join(mac, 'bin/launchctl');
  mkdirSync(dirname(path), { recursive: true });
  // print-disabled is asked too, by collecting; doctor asks it not.
  writeFileSync(path, `#!/bin/sh\ncat <<'END'\n${text}END\nexit ${exitCode}\n`, { mode: 0o755 });
};

const at = {
  plist: `Library/LaunchDaemons/${label}.plist`,
  managed: `Library/Managed Preferences/${label}.plist`,
  local: `Library/Preferences/${label}.plist`,
  program: 'opt/tokenquery/bin/tokenquery',
  db: 'var/db/tokenquery/tokenquery.db',
  cursor: 'var/db/tokenquery/export.cursor',
  key: 'var/db/tokenquery/redact.key',
  log: 'var/log/tokenquery/tokenquery.log',
} as const;

const put = (mac: string, path: string, content: string | Uint8Array, mode = 0o644): string => {
  const whole = join(mac, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, content, { mode });
  return whole;
};

const settings = (
  mac: string,
  path: string,
  given: Readonly<Record<string, string | boolean | number>>,
): void => void put(mac, path, writeXmlPlist(new Map(Object.entries(given))));

const schedule = async (...more: readonly string[]): Promise<string> =>
  (await askProgram(['schedule', '--label', label, ...more])).stdout;

/** A Mac on which the job ran and all is well; made once, and copied for each test. */
const kept = mkdtempSync(join(tmpdir(), 'tokenquery-test-'));
test.after.always(() => rmSync(kept, { recursive: true, force: true }));
const makeHealthy = async (t: ExecutionContext): Promise<void> => {
  const { root: mac } = makeStandIn(sample('macos15-unmanaged'), kept);
  put(mac, at.plist, await schedule());
  put(mac, at.program, '#!/bin/sh\n', 0o755);
  settings(mac, at.local, { Enabled: true });
  for (const folder of ['var/db/tokenquery', 'var/log/tokenquery'])
    mkdirSync(join(mac, folder), { recursive: true, mode: 0o700 });
  const ran = await askProgram([
    ...['job', '--exec-root', mac, '--db', join(mac, at.db), '--cursor', join(mac, at.cursor)],
    ...['--output', join(mac, 'var/log/tokenquery/results.ndjson')],
  ]);
  t.is(ran.exitCode, 0, ran.stderr);
  put(mac, at.log, ran.stdout, 0o600);
  launchctl(mac, printed('0'));
  // What doctor does not ask: a copy is made for each test.
  for (const folder of ['usr/sbin', 'usr/libexec'])
    rmSync(join(mac, folder), { recursive: true, force: true });
};
test.before('a Mac on which all is well', makeHealthy);

const aMac = async (t: ExecutionContext): Promise<string> => {
  const mac = join(temporaryFolder(t), 'mac');
  cpSync(join(kept, 'mac'), mac, { recursive: true, preserveTimestamps: true });
  return mac;
};

/** The lines of a Mac: those of this program itself depend on whose checkout it is, and take long. */
const ask = (mac: string): Promise<readonly Line[]> =>
  macLines({ text: () => null }, ownMac(mac), liveBackend({ execRoot: mac }));

const tree = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((path) => {
      const stat = lstatSync(join(folder, path));
      return `${path} ${stat.mode} ${stat.uid} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    });

test.serial('where all is well every line is ok, and nothing was changed', async (t) => {
  const mac = await aMac(t);
  const before = tree(mac);
  const lines = await ask(mac);
  // Only root can tell of the disk, and the snapshot says who took it.
  const others = lines.filter(({ check }) => isRoot || !['disk', 'snapshot'].includes(check));
  t.deepEqual(
    others.filter(({ status }) => status !== 'ok'),
    [],
  );
  t.deepEqual(tree(mac), before);
  const checks = ['macos', 'job', 'launchd', 'switch', 'disk', 'database', 'snapshot', 'cursor', 'log'];
  t.deepEqual(
    lines.map(({ check }) => check),
    checks,
  );
});

test.serial(
  'JSON has the same lines after those of the program; the code is 1 with an error, else 0',
  async (t) => {
    const mac = await aMac(t);
    const run = async () => {
      const { exitCode, stdout } = await askProgram(['doctor', '--exec-root', mac, '--json']);
      const { checks, version } = JSON.parse(stdout) as { version: number; checks: readonly Line[] };
      t.is(version, 1);
      t.is(exitCode, checks.some(({ status }) => status === 'error') ? 1 : 0);
      return checks;
    };
    const all = await run();
    t.deepEqual(
      all.slice(0, 4).map(({ check }) => check),
      ['program', 'node', 'files', 'user'],
    );
    t.deepEqual(
      all.slice(4).map(({ check, status }) => [check, status]),
      (await ask(mac)).map(({ check, status }) => [check, status]),
    );
    put(mac, at.managed, 'x');
    t.true((await run()).some(({ check, status }) => check === 'switch' && status === 'error'));
  },
);

type Change = readonly [
  what: string,
  change: (mac: string) => unknown,
  check: string,
  status: Verdict,
  says: RegExp,
  todo?: RegExp,
];

const swap = (mac: string, path: string, from: string | RegExp, to: string): void =>
  void put(mac, path, readFileSync(join(mac, path), 'utf8').replace(from, to));

const jobChanges: readonly Change[] = [
  ['no plist', (mac) => rmSync(join(mac, at.plist)), 'job', 'warning', /no job is installed/],
  [
    'a plist that is cut',
    (mac) => put(mac, at.plist, '<?xml version="1.0"?><plist><dict>'),
    'job',
    'error',
    /cannot be read/,
    /schedule/,
  ],
  [
    'a plist that is none',
    (mac) => put(mac, at.plist, '<plist><array/></plist>'),
    'job',
    'error',
    /not a dictionary/,
  ],
  [
    'no words',
    (mac) => swap(mac, at.plist, '<key>ProgramArguments</key>', '<key>Other</key>'),
    'job',
    'error',
    /no ProgramArguments/,
  ],
  [
    'an option that is none',
    (mac) => swap(mac, at.plist, '<string>--every</string>', '<string>--evry</string>'),
    'job',
    'error',
    /unknown option --evry/,
  ],
  [
    'a value that is none',
    (mac) => swap(mac, at.plist, '<string>24h</string>', '<string>soon</string>'),
    'job',
    'error',
    /--every takes an age/,
  ],
  [
    'another interval',
    (mac) => swap(mac, at.plist, '<key>Nice</key>', '<key>Nicer</key>'),
    'job',
    'warning',
    /differs .* in Nicer, Nice/,
    /nothing, if it is meant/,
  ],
  [
    'a value of another kind',
    (mac) => swap(mac, at.plist, '<integer>900</integer>', '<string>900</string>'),
    'job',
    'warning',
    /differs .* in StartInterval/,
  ],
  [
    'an older job',
    (mac) =>
      swap(mac, at.plist, '<string>job</string>', '<string>snapshot</string><string>--if-due</string>'),
    'job',
    'warning',
    /older tokenquery: it is always on/,
  ],
  [
    'an older job is on',
    (mac) =>
      swap(mac, at.plist, '<string>job</string>', '<string>snapshot</string><string>--if-due</string>'),
    'switch',
    'ok',
    /^on: a job of the older form/,
  ],
  [
    'another program',
    (mac) => swap(mac, at.plist, '<string>job</string>', '<string>merge</string>'),
    'job',
    'unknown',
    /does not run tokenquery job/,
  ],
  ['no program', (mac) => rmSync(join(mac, at.program)), 'job', 'error', /is not there/],
];

/** A job that is printed with exceptions and an overlay, and what lies there. */
const judgedBy =
  (exceptions: string, changes: string) =>
  (mac: string): void => {
    const by = ['--exceptions', '/etc/accepted.json', '--overlay', '/etc/overlay'];
    const words = by.map((word) => `<string>${word}</string>`).join('');
    swap(mac, at.plist, /(<string>--output<\/string>\s*<string>[^<]*<\/string>)/, `$1${words}`);
    put(mac, 'etc/accepted.json', `{"version": 1, "exceptions": [${exceptions}]}`);
    put(mac, 'etc/overlay/site.json', `{"version": 1, "changes": [${changes}]}`);
  };
const of = '"owner": "Mia Quist", "reason": "Kiosks."';
const accepted = (query: string, until: string): string =>
  `{"query": "${query}", "host": "*", "subject": "*", ${of}, "until": "${until}"}`;
const soon = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

const judgedByChanges: readonly Change[] = [
  ['the job has both', judgedBy('', ''), 'job', 'ok', /./],
  ['exceptions', judgedBy(accepted('sip_off', soon), ''), 'exceptions', 'ok', /accepted\.json: 1 exception$/],
  [
    'an exception that ended',
    judgedBy([accepted('sip_off', soon), accepted('sip_off', '2026-01-01')].join(), ''),
    ...(['exceptions', 'warning', /2 exceptions, of which 1 ended/, /remove what ended/] as const),
  ],
  [
    'an exception that is not right',
    judgedBy(accepted('sip', soon), ''),
    ...([
      'exceptions',
      'error',
      /exception 1 \(sip\): there is no question/,
      /nothing is suppressed/,
    ] as const),
  ],
  [
    'an overlay',
    judgedBy('', `{"query": "sip_off", "severity": "off", ${of}}`),
    ...(['overlay', 'ok', /overlay: 1 question changed$/] as const),
  ],
  [
    'an overlay that is not right',
    judgedBy('', `{"query": "sip_off", "severity": "none", ${of}}`),
    ...(['overlay', 'error', /change 1 \(sip_off\): there is no severity/, /nothing is changed/] as const),
  ],
];

const launchdChanges: readonly Change[] = [
  [
    'no launchctl',
    (mac) => rmSync(join(mac, 'bin/launchctl')),
    'launchd',
    'unknown',
    /did not answer \(missing\)/,
  ],
  [
    'it has no such service',
    (mac) => launchctl(mac, `Bad request.\nCould not find service "${label}" in domain for system\n`, 113),
    'launchd',
    'warning',
    /not loaded/,
    /bootstrap system \/Library\/LaunchDaemons\//,
  ],
  ['another answer', (mac) => launchctl(mac, 'hello\n'), 'launchd', 'unknown', /text that is not known/],
  ['an error', (mac) => launchctl(mac, 'Usage: …\n', 64), 'launchd', 'unknown', /exit code 64/],
  [
    'the last run failed',
    (mac) => launchctl(mac, printed('78: EX_CONFIG')),
    'launchd',
    'warning',
    /ended with 78/,
  ],
  ['it never ran', (mac) => launchctl(mac, printed('(never exited)')), 'launchd', 'unknown', /not told/],
  [
    'another file',
    (mac) => launchctl(mac, printed('0', '/tmp/x.plist')),
    'launchd',
    'warning',
    /holds the job of \/tmp\/x\.plist/,
  ],
  [
    'loaded and not installed',
    (mac) => rmSync(join(mac, at.plist)),
    'launchd',
    'warning',
    /not installed/,
    /bootout/,
  ],
];

const switchChanges: readonly Change[] = [
  [
    'nobody says',
    (mac) => rmSync(join(mac, at.local)),
    'switch',
    'warning',
    /^off: no settings say/,
    /Enabled -bool true/,
  ],
  [
    'a profile says no',
    (mac) => settings(mac, at.managed, { Enabled: false }),
    'switch',
    'ok',
    /^off: by the managed settings/,
  ],
  [
    'a profile that is damaged',
    (mac) => put(mac, at.managed, 'bplist00'),
    'switch',
    'error',
    /cannot be read/,
    /profile/,
  ],
  [
    'a bad value',
    (mac) => settings(mac, at.managed, { Every: 5 }),
    'settings',
    'error',
    /Every takes a text/,
  ],
  [
    'a key that is none',
    (mac) => settings(mac, at.managed, { Evry: '5h' }),
    'settings',
    'warning',
    /"Evry" of the managed/,
    /did you mean Every/,
  ],
  [
    'turns that come too often',
    (mac) => settings(mac, at.managed, { Every: '5m' }),
    'settings',
    'warning',
    /every 900 s/,
  ],
  [
    'redaction without a key',
    (mac) => settings(mac, at.managed, { Redact: 'strict' }),
    'key',
    'error',
    /nothing is exported/,
  ],
  [
    'a key that others read',
    (mac) => {
      settings(mac, at.managed, { Redact: 'strict' });
      put(mac, at.key, 'secret', 0o644);
    },
    'key',
    'error',
    /read by others/,
    /chmod 600/,
  ],
];

/** Writes over the head of every page but the first, or of the last alone, which nobody would come upon soon. */
const damage = (path: string, isLastAlone = false): void => {
  const bytes = readFileSync(path);
  for (let page = isLastAlone ? bytes.length - 4096 : 4096; page + 4096 <= bytes.length; page += 4096)
    bytes.fill(0xff, page, page + 12);
  writeFileSync(path, bytes);
};

const withDb = (mac: string, work: (db: ReturnType<typeof openDatabase>) => void): void => {
  const db = openDatabase(join(mac, at.db));
  try {
    work(db);
  } finally {
    db.close();
  }
};

const stateChanges: readonly Change[] = [
  ['no database', (mac) => rmSync(join(mac, at.db)), 'database', 'warning', /nothing was stored yet/],
  [
    'no database, so no snapshot',
    (mac) => rmSync(join(mac, at.db)),
    'snapshot',
    'unknown',
    /without the database/,
  ],
  ['an empty file', (mac) => put(mac, at.db, ''), 'database', 'warning', /cut off/],
  [
    'no database at all',
    (mac) => put(mac, at.db, 'x'.repeat(5000), 0o600),
    'database',
    'error',
    /is not a tokenquery database/,
  ],
  [
    'one damaged page',
    (mac) => damage(join(mac, at.db), true),
    'database',
    'error',
    /is damaged/,
    /not touched/,
  ],
  ['damaged pages', (mac) => damage(join(mac, at.db)), 'database', 'error', /is damaged/, /not touched/],
  [
    'a newer one',
    (mac) => withDb(mac, (db) => void db.pragma('user_version = 999')),
    'database',
    'error',
    /newer tokenquery/,
  ],
  [
    'a file that is cut',
    (mac) => put(mac, at.db, readFileSync(join(mac, at.db)).subarray(0, 8192), 0o600),
    'database',
    'error',
    /is damaged/,
  ],
  [
    'a database for all',
    (mac) => chmodSync(join(mac, at.db), 0o644),
    'database',
    'warning',
    /mode is 0644/,
    /chmod 600/,
  ],
  [
    'a schema of somebody else',
    (mac) => withDb(mac, (db) => void db.exec('CREATE TRIGGER x AFTER INSERT ON _host BEGIN SELECT 1; END')),
    'database',
    'error',
    /./,
  ],
  [
    'an old snapshot',
    (mac) =>
      withDb(mac, (db) => void db.exec('UPDATE _snapshot SET collected_time = collected_time - 864000')),
    'snapshot',
    'warning',
    /two turns were missed/,
  ],
  ['a cursor that is none', (mac) => put(mac, at.cursor, '{}'), 'cursor', 'error', /is not a cursor/],
  ['no cursor', (mac) => rmSync(join(mac, at.cursor)), 'cursor', 'ok', /nothing was exported/],
  [
    'no folder for the export',
    (mac) => settings(mac, at.managed, { Output: '/var/log/other/x.log' }),
    'cursor',
    'error',
    /no folder .*var\/log\/other/,
  ],
  [
    'an error in the log',
    (mac) => put(mac, at.log, 'a\ntokenquery: error: live: \u001b[31mno\ntokenquery: hint: x\n'),
    'log',
    'warning',
    /is an error: live:/,
  ],
  [
    'an error with its time',
    (mac) =>
      put(
        mac,
        at.log,
        '2026-09-22T03:00:00Z - tokenquery: error: timed\n2026-09-22T03:00:00Z - tokenquery: hint: x\n',
      ),
    'log',
    'warning',
    /is an error: timed/,
  ],
  [
    'an error, and then a run that went well, with times',
    (mac) =>
      put(
        mac,
        at.log,
        '2026-09-22T03:00:00Z - tokenquery: error: x\n2026-09-22T04:00:00Z F tokenquery: info: F: nothing changed\n',
      ),
    'log',
    'ok',
    /last written/,
  ],
  [
    'an error, and then a run that went well',
    (mac) => put(mac, at.log, 'tokenquery: error: x\nF: nothing changed\n'),
    'log',
    'ok',
    /last written/,
  ],
  ['no log', (mac) => rmSync(join(mac, at.log)), 'log', 'ok', /nothing was written yet/],
  [
    'no folder for the log',
    (mac) => rmSync(join(mac, 'var/log/tokenquery'), { recursive: true }),
    'log',
    'warning',
    /launchd makes none/,
  ],
  [
    'another macOS',
    (mac) =>
      put(
        mac,
        'usr/bin/sw_vers',
        '#!/bin/sh\nprintf "ProductName:\\t\\tmacOS\\nProductVersion:\\t\\t31.0\\nBuildVersion:\\t\\t31A1\\n"\n',
        0o755,
      ),
    'macos',
    'warning',
    /31\.0 is newer than 26/,
  ],
  [
    'an old macOS',
    (mac) =>
      put(
        mac,
        'usr/bin/sw_vers',
        '#!/bin/sh\nprintf "ProductName:\\tMac OS X\\nProductVersion:\\t10.12.6\\nBuildVersion:\\t16G29\\n"\n',
        0o755,
      ),
    'macos',
    'warning',
    /too old for \d+ tables/,
  ],
  ['no sw_vers', (mac) => rmSync(join(mac, 'usr/bin/sw_vers')), 'macos', 'unknown', /not on this Mac/],
];

for (const [group, changes] of Object.entries({
  jobChanges,
  judgedByChanges,
  launchdChanges,
  switchChanges,
  stateChanges,
}))
  test.serial(`${group}: each is told in its line, with what to do, and changes nothing`, async (t) => {
    for (const [what, change, check, status, says, todo = /./] of changes) {
      const mac = await aMac(t);
      // To open it takes the most time.
      if (changes !== stateChanges) rmSync(join(mac, at.db));
      change(mac);
      const before = tree(mac);
      const lines = await ask(mac);
      const own = lines.filter((line) => line.check === check);
      const found = own.find((line) => says.test(line.says));
      t.truthy(found, `${what}: ${JSON.stringify(own)}`);
      t.is(found?.status, status, `${what}: ${JSON.stringify(found)}`);
      if (status !== 'ok' && check !== 'snapshot') t.regex(found?.todo ?? '', todo, what);
      t.deepEqual(tree(mac), before, what);
    }
  });

test('what is no file, in the place of each file that is looked at, is told in its line', async (t) => {
  const folder = temporaryFolder(t);
  const places = {
    'a pipe': (path: string) => execFileSync('mkfifo', ['-m', '600', path]),
    'a folder': (path: string) => mkdirSync(path, { mode: 0o700 }),
    'a link to itself': (path: string) => symlinkSync(path, path),
    'a link to nothing': (path: string) => symlinkSync('/nothing', path),
  };
  const looks: Readonly<Record<string, (path: string) => Line | readonly Line[]>> = {
    database: (path) => openHeld(path).lines,
    cursor: (path) => cursorLine(path, null, 0),
    log: (path) => logLine(path, 0),
    key: keyLine,
  };
  for (const [what, make] of Object.entries(places)) {
    const path = join(folder, what);
    make(path);
    for (const [check, look] of Object.entries(looks)) {
      const [line] = await attempted(check, () => look(path));
      const isUnknown = check === 'log' && what.startsWith('a link');
      t.is(line?.status, isUnknown ? 'unknown' : 'error', `${check}, ${what}: ${JSON.stringify(line)}`);
      t.regex(line?.says ?? '', /pipe|folder|link|ELOOP|is not there|there is no|is no file/);
      t.not(line?.todo, '');
    }
  }
});

asRoot('what is not root’s alone is told: job, settings, database, program', async (t) => {
  const changes: readonly Change[] = [
    ['the job', (mac) => chownSync(join(mac, at.plist), stranger, 0), 'job', 'error', /belongs to user 4711/],
    ['its mode', (mac) => chmodSync(join(mac, at.plist), 0o666), 'job', 'error', /written by others/],
    [
      'its folder',
      (mac) => chmodSync(join(mac, 'Library/LaunchDaemons'), 0o777),
      'job',
      'error',
      /written by others/,
    ],
    [
      'the profile',
      (mac) => {
        settings(mac, at.managed, { Enabled: true });
        chownSync(join(mac, at.managed), stranger, 0);
      },
      'switch',
      'error',
      /belongs to user 4711/,
    ],
    [
      'the program',
      (mac) => chownSync(join(mac, at.program), stranger, 0),
      'job',
      'error',
      /belongs to user 4711/,
    ],
    [
      'the folder of the program',
      (mac) => chmodSync(join(mac, 'opt/tokenquery'), 0o775),
      'job',
      'error',
      /written by others/,
    ],
    [
      'the database',
      (mac) => chownSync(join(mac, at.db), stranger, 0),
      'database',
      'error',
      /belongs to user 4711/,
    ],
    [
      'its log',
      (mac) => {
        put(mac, `${at.db}-wal`, '');
        chownSync(join(mac, `${at.db}-wal`), stranger, 0);
      },
      'database',
      'error',
      /-wal belongs to/,
    ],
  ];
  for (const [what, change, check, status, says] of changes) {
    const mac = await aMac(t);
    change(mac);
    const lines = await ask(mac);
    const found = lines.find((line) => line.check === check && says.test(line.says));
    t.is(found?.status, status, `${what}: ${JSON.stringify(lines.filter((line) => line.check === check))}`);
    t.not(found?.todo, '', what);
  }
});

asRoot('what a user may not see is unknown, and never ok', async (t) => {
  const mac = await aMac(t);
  for (let folder = mac; folder !== '/tmp' && folder !== '/'; folder = dirname(folder))
    chmodSync(folder, 0o755);
  chmodSync(join(mac, at.local), 0o600);
  process.seteuid?.(65_534);
  try {
    const lines = await ask(mac);
    const byCheck = new Map(lines.map(({ check, status }) => [check, status]));
    for (const check of ['switch', 'disk', 'database', 'snapshot', 'cursor', 'log'])
      t.is(byCheck.get(check), 'unknown', check);
  } finally {
    process.seteuid?.(0);
  }
});

test.serial('a database that another run is writing is looked at all the same', async (t) => {
  const mac = await aMac(t);
  const db = openDatabase(join(mac, at.db));
  try {
    db.exec('BEGIN EXCLUSIVE');
    const lines = await ask(mac);
    t.is(lines.find(({ check }) => check === 'database')?.status, 'ok');
  } finally {
    db.close();
  }
});

test.serial(
  'for people it fits 80 columns but for a word that is longer, and shows no control character',
  async (t) => {
    const mac = await aMac(t);
    put(
      mac,
      at.log,
      'tokenquery: error: \u001b[31mred\u202e and much more to say about what went wrong in the last run\n',
    );
    settings(mac, at.managed, { 'Enab\u001bled': true });
    const { stdout } = await askProgram(['doctor', '--exec-root', mac]);
    // eslint-disable-next-line no-control-regex
    t.notRegex(stdout, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    for (const line of stdout.split('\n')) {
      const words = line.slice(19).split(' ');
      t.true(line.length <= 80 || words.length === 1, line);
    }
    t.regex(stdout, /^warning {2}log +\S/m);
  },
);

test.serial('at a centre it says what applies there', async (t) => {
  if (process.platform === 'darwin') {
    t.pass();
    return;
  }
  const db = join(temporaryFolder(t), 'fleet.db');
  await askProgram(['snapshot', '--source', sample('macos15-unmanaged'), '--db', db]);
  const { stdout, stderr } = await askProgram(['doctor', '--json', '--db', db, '--cursor', `${db}.cursor`]);
  const { checks } = JSON.parse(stdout) as { checks: readonly Line[] };
  t.deepEqual(
    checks.map(({ check }) => check),
    ['program', 'node', 'files', 'user', 'database', 'snapshot', 'cursor'],
  );
  t.is(checks.find(({ check }) => check === 'database')?.status, 'ok');
  // The sample is months old.
  t.is(checks.find(({ check }) => check === 'snapshot')?.status, 'warning');
  t.regex(stderr, /this is not a Mac/);
});

asRoot('whatever the launcher refuses to start as root doctor tells, and nothing else', (t) => {
  const make = (): string => {
    const here = join(realpathSync(temporaryFolder(t)), 'tq');
    for (const folder of ['bin', 'dist/caches', 'node_modules/.bin'])
      mkdirSync(join(here, folder), { recursive: true });
    chmodSync(dirname(here), 0o755);
    copyFileSync(join(root, 'bin/tokenquery'), join(here, 'bin/tokenquery'));
    chmodSync(join(here, 'bin/tokenquery'), 0o755);
    writeFileSync(join(here, 'dist/tokenquery.cjs'), '');
    writeFileSync(join(here, 'dist/caches/start'), '');
    writeFileSync(join(here, 'node_modules/.bin/node'), '#!/bin/sh\necho started\n', { mode: 0o755 });
    return here;
  };
  const look = (here: string): Line | null =>
    filesLine('files', [...placesOf(here).slice(1), join(here, 'node_modules/.bin/node')], {
      isRoots: true,
      isStandIn: false,
    });
  t.is(look(make()), null);
  const places = [
    '.',
    '..',
    'bin',
    'bin/tokenquery',
    'dist',
    'dist/tokenquery.cjs',
    'dist/caches',
    'dist/caches/start',
    'node_modules',
    'node_modules/.bin/node',
  ];
  const changes: readonly (readonly [string, (path: string) => void, isOfFolders?: true])[] = [
    ['owner', (path) => chownSync(path, stranger, 0)],
    ['g+w', (path) => chmodSync(path, lstatSync(path).mode | 0o020)],
    ['o+w', (path) => chmodSync(path, lstatSync(path).mode | 0o002)],
    ['sticky', (path) => chmodSync(path, 0o1777), true],
    [
      'a new file of another',
      (path) => {
        writeFileSync(join(path, 'new'), '');
        chownSync(join(path, 'new'), stranger, 0);
      },
      true,
    ],
    [
      'a link of another',
      (path) => {
        symlinkSync('/etc/hosts', join(path, 'link'));
        lchownSync(join(path, 'link'), stranger, 0);
      },
      true,
    ],
  ];
  for (const place of places)
    for (const [what, change, isOfFolders = false] of changes) {
      const here = make();
      if (isOfFolders && !lstatSync(join(here, place)).isDirectory()) continue;
      change(join(here, place));
      const { stdout } = spawnSync(join(here, 'bin/tokenquery'), [], {
        env: {},
        encoding: 'utf8',
        cwd: '/',
      });
      const isRefused = stdout !== 'started\n';
      const line = look(here);
      t.is(line?.status ?? 'ok', isRefused ? 'error' : 'ok', `${place} ${what}: ${line?.says ?? ''}`);
      if (line !== null) t.regex(line.todo, /chown it to root and chmod it go-w/);
    }
});

asRoot('what sudo started from a folder of the caller’s is no error: it runs, and is not for a job', (t) => {
  const folder = realpathSync(temporaryFolder(t));
  chmodSync(folder, 0o755);
  const node = put(folder, 'node', '', 0o755);
  put(folder, 'dist/tokenquery.cjs', '');
  for (const path of [folder, node]) chownSync(path, stranger, 0);
  const before = process.env['SUDO_UID'];
  const statusOf = (kind: Kind): Verdict | undefined =>
    programLines({ kind, folder, node }, false).find(({ check }) => check === 'files')?.status;
  try {
    for (const [user, others] of [
      [`${stranger}`, 'warning'],
      [`${stranger + 1}`, 'error'],
    ] as const) {
      process.env['SUDO_UID'] = user;
      for (const kind of ['checkout', 'npm', 'Homebrew', 'executable', 'folder'] as const)
        t.is(statusOf(kind), others, `${kind} ${user}`);
      t.is(statusOf('package'), 'error');
    }
  } finally {
    if (before === undefined) delete process.env['SUDO_UID'];
    else process.env['SUDO_UID'] = before;
  }
});

test('what a job starts is looked at by what it is: a launcher with its folder, a single executable alone', (t) => {
  const folder = realpathSync(temporaryFolder(t));
  const alone = put(folder, 'local/bin/tokenquery-0.6.0-darwin-arm64', '', 0o755);
  put(folder, 'local/bin/of_somebody', '', 0o777);
  t.deepEqual(placesStartedBy(alone), [alone]);
  const npm = join(folder, 'local/lib/node_modules/tokenquery');
  put(npm, 'bin/tokenquery.cjs', '', 0o755);
  put(npm, 'dist/tokenquery.cjs', '');
  const link = join(folder, 'local/bin/tokenquery');
  symlinkSync('../lib/node_modules/tokenquery/bin/tokenquery.cjs', link);
  t.deepEqual(placesStartedBy(link), [link, ...placesOf(npm)]);
});

test('how it was installed is told by where it lies', (t) => {
  const folder = temporaryFolder(t);
  put(folder, 'cli/start.ts', '');
  t.is(kindOf(folder, false), 'checkout');
  t.is(kindOf('/usr/local/lib/node_modules/tokenquery', false), 'npm');
  t.is(kindOf('/opt/homebrew/Cellar/tokenquery/0.6.0/libexec', false), 'Homebrew');
  t.is(kindOf('/opt/tokenquery', false), 'package');
  t.is(kindOf('/srv/tokenquery', false), 'folder');
  t.is(kindOf('/usr/local/bin', true), 'executable');
});

test('an answer of launchctl that is cut or changed is not known, or says the same: never that there is no job', (t) => {
  const whole = printed('0');
  const read = (stdout: string, exitCode = 0) =>
    parseLaunchctlPrintJob({ stdout, stderr: '', exitCode, euid: 0 }, label);
  t.deepEqual(read(whole), {
    isLoaded: true,
    path: `/Library/LaunchDaemons/${label}.plist`,
    state: 'not running',
    lastExitCode: 0,
    runs: 12,
  });
  for (let end = 0; end < whole.length; end += 1) {
    for (const text of [whole.slice(0, end), whole.slice(end), whole.slice(0, end) + whole.slice(end + 3)]) {
      try {
        t.true(read(text).isLoaded, text);
      } catch (error) {
        t.true(error instanceof CollectError);
      }
    }
  }
  t.throws(
    () => parseLaunchctlPrintJob({ stdout: whole, stderr: '', exitCode: 0, euid: 0 }, 'org.example.other'),
    {
      instanceOf: CollectError,
    },
  );
});
