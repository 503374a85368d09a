/** The switch and the settings of the job: who may set them, what each takes, and what they make the job do. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { parseCommandLine } from '../../cli/args.ts';
import { exportWords, jobOf, jobOptions, launchdJob, snapshotWords } from '../../cli/job.ts';
import { verbs } from '../../cli/main.ts';
import { isPrivacyOpen, readSettings, settingKeys, switchOf, withSettings } from '../../cli/settings.ts';
import type { SettingKey, SettingName, Settings } from '../../cli/settings.ts';
import { ownMac } from '../../collector/backends/own.ts';
import { FileError } from '../../collector/errors.ts';
import { PlistDate } from '../../collector/parsers/plist_value.ts';
import type { PlistValue } from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { parseXmlPlist } from '../../collector/parsers/plist_xml.ts';
import { ownPathOf } from '../../collector/sources.ts';
import { askProgram } from '../../scripts/ask.ts';
import { cli, makeStandIn, root, sample, temporaryFolder } from '../standin.ts';

const asRoot = process.geteuid?.() === 0 ? test : test.skip;
const keys = Object.entries(settingKeys) as readonly (readonly [SettingName, SettingKey])[];
type Given = Readonly<Record<string, PlistValue>>;

const put = (
  mac: string,
  file: 'managed_settings' | 'local_settings',
  content: Given | Uint8Array,
): string => {
  const path = join(mac, ownPathOf(file));
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const isBytes = content instanceof Uint8Array;
  writeFileSync(path, isBytes ? content : writeXmlPlist(new Map(Object.entries(content))), { mode: 0o644 });
  return path;
};

/** A folder that stands for a Mac, with settings. */
const macWith = (t: ExecutionContext, managed: Given | null, local: Given | null = null): string => {
  const mac = join(temporaryFolder(t), 'mac');
  mkdirSync(mac);
  if (managed !== null) put(mac, 'managed_settings', managed);
  if (local !== null) put(mac, 'local_settings', local);
  return mac;
};
const settingsOf = (mac: string): Settings => readSettings(ownMac(mac));

const parsedJob = (words: readonly string[]) =>
  parseCommandLine(
    {
      name: 'job',
      usage: '',
      summary: '',
      options: jobOptions,
      positionals: { least: 0, most: 0 },
      examples: [],
      run: async () => 0,
    },
    words,
  );
const plain = jobOf(parsedJob([]));

const wrongKinds: readonly PlistValue[] = [
  ...[0, 1, 1.5, 2n ** 62n, '', '1', 'true', true, false, new Uint8Array([1]), new PlistDate(0)],
  ...[[], ['x', 1], [['x']], new Map(), new Map([['x', 'y']]), '24', 'relative/path.log', 'no such word'],
];

test('each key takes its example, and of every other kind of value none; the key is named, and the rest stands', (t) => {
  for (const [name, { example, kind }] of keys) {
    const other = name === 'Every' ? 'Format' : 'Every';
    const beside = settingKeys[other].example;
    const good = settingsOf(macWith(t, { [name]: example, [other]: beside }));
    t.deepEqual([good.problems, good.unknown], [[], []], name);
    t.deepEqual(good.values.get(name), example);
    for (const value of wrongKinds) {
      if (typeof value === 'boolean' && kind === 'boolean') continue;
      if (Array.isArray(value) && value.length === 0 && kind === 'strings') continue;
      const { values, problems, from } = settingsOf(macWith(t, { [name]: value, [other]: beside }));
      const shown = `${name} ${String(value)}`;
      t.false(values.has(name), shown);
      t.deepEqual(
        problems.map(({ key }) => key),
        [name],
        shown,
      );
      t.true(problems[0]?.message.includes(name), shown);
      t.not(problems[0]?.hint, '');
      t.is(from.get(name), 'managed');
      t.is(values.get(other), beside);
    }
  }
});

test('of a key that both set the managed value holds, a bad one too: then the default does', (t) => {
  for (const [name, { example }] of keys) {
    const bad = 17;
    for (const managed of [undefined, example, bad])
      for (const local of [undefined, example, bad]) {
        const file = (value: PlistValue | undefined): Given | null =>
          value === undefined ? null : { [name]: value };
        const found = settingsOf(macWith(t, file(managed), file(local)));
        const first = managed ?? local;
        t.deepEqual(found.values.get(name), first === bad ? undefined : (first as never));
        t.is(
          found.from.get(name),
          managed === undefined ? (local === undefined ? undefined : 'local') : 'managed',
        );
        t.is(found.problems.length, first === bad ? 1 : 0);
      }
  }
});

test('the switch: off where nobody says, on where they do, and the command line says what holds without them', (t) => {
  for (const [managed, local, isEnabled, isOn, by] of [
    [null, null, false, false, 'default'],
    [null, null, true, true, 'default'],
    [true, null, false, true, 'managed'],
    [false, true, true, false, 'managed'],
    [null, true, false, true, 'local'],
    [null, false, true, false, 'local'],
    ['yes', true, false, false, 'default'],
    ['yes', false, true, true, 'default'],
  ] as const) {
    const file = (value: PlistValue | null): Given | null => (value === null ? null : { Enabled: value });
    const found = switchOf(settingsOf(macWith(t, file(managed), file(local))), { ...plain, isEnabled });
    t.deepEqual(found, { isOn, by }, JSON.stringify([managed, local, isEnabled]));
  }
});

test('a file that is cut anywhere, or is no property list, is an error: it never counts as no settings', (t) => {
  const mac = macWith(t, { Enabled: true, Include: ['serial_number'] });
  const path = join(mac, ownPathOf('managed_settings'));
  const whole = readFileSync(path);
  const end = whole.lastIndexOf('</plist>') + '</plist>'.length;
  const inputs: Uint8Array[] = [
    ...Array.from({ length: end }, (_, length) => whole.subarray(0, length)),
    ...[
      '<plist><array/></plist>',
      '<plist><true/></plist>',
      'bplist00',
      'Enabled = 1;',
      '{ Enabled = 1; }',
    ].map((text) => Buffer.from(text)),
    Buffer.from([0xff, 0xfe, 0, 0]),
    Buffer.alloc(2 * 1024 * 1024, 0x20),
  ];
  for (const bytes of inputs) {
    writeFileSync(path, bytes);
    const error = t.throws(() => settingsOf(mac), { instanceOf: FileError }, bytes.toString().slice(0, 200));
    t.true(error?.message.startsWith(path), error?.message);
    t.not(error?.hint, '');
  }
  writeFileSync(path, whole.subarray(0, end));
  t.is(settingsOf(mac).values.get('Enabled'), true);
});

// plutil -convert binary1 of <dict><key>Enabled</key><true/></dict>, by the format (CFBinaryPList.c).
const binaryOn = Buffer.concat([
  Buffer.from('bplist00'),
  Buffer.from([0xd1, 1, 2, 0x57]),
  Buffer.from('Enabled'),
  Buffer.from([0x09, 8, 11, 19, 0, 0, 0, 0, 0, 0, 1, 1]),
  ...[3, 0, 20].map((value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
  }),
]);

test('a binary file says the same, and of one that is damaged nothing holds', (t) => {
  const mac = macWith(t, null);
  put(mac, 'local_settings', binaryOn);
  t.is(settingsOf(mac).values.get('Enabled'), true);
  const path = join(mac, ownPathOf('local_settings'));
  for (let at = 0; at < binaryOn.length; at += 1) {
    writeFileSync(path, binaryOn.subarray(0, at));
    t.throws(() => settingsOf(mac), { instanceOf: FileError }, String(at));
  }
});

test('a dictionary that has a key twice sets nothing by it', (t) => {
  const mac = macWith(t, null);
  const twice = '<plist><dict><key>Enabled</key><true/><key>Enabled</key><false/></dict></plist>';
  put(mac, 'managed_settings', Buffer.from(twice));
  try {
    const { values, problems } = settingsOf(mac);
    t.false(values.has('Enabled'));
    t.is(problems.length, 1);
  } catch (error) {
    t.true(error instanceof FileError);
  }
});

test('a key that is none is told with the one that was meant; macOS’s own are not', (t) => {
  const { unknown, problems } = settingsOf(
    macWith(t, { enabled: true, PayloadUUID: 'x', Program: '/tmp/evil' }),
  );
  t.deepEqual(problems, []);
  t.deepEqual(
    unknown.map(({ key }) => key),
    ['enabled', 'Program'],
  );
  t.regex(unknown[0]?.hint ?? '', /did you mean Enabled\?/);
});

test('no key names code, and an output only what nothing runs or obeys', (t) => {
  t.deepEqual(Object.keys(settingKeys), [
    'Enabled',
    'Every',
    'Format',
    'Output',
    'Redact',
    'RedactKey',
    'Include',
  ]);
  for (const path of [
    ...[
      '/etc/sudoers',
      '/etc/sudoers.d/x',
      '/Library/LaunchDaemons/x.plist',
      '/etc/newsyslog.d/x.conf',
      '/etc/crontab',
    ],
    ...[
      '/var/log/../../etc/x.log',
      '/tmp/x.sh',
      '/var/log/x.log/',
      'x.log',
      '/var/log/x.log\n',
      '/var/log/x.LOG',
    ],
  ])
    t.is(settingsOf(macWith(t, { Output: path })).problems.length, 1, path);
  for (const path of ['/var/log/x.ndjson', '/var/log/a b/x.jsonl.zst', '/var/log/x.json.gz', '/x.log'])
    t.is(settingsOf(macWith(t, { Output: path })).problems.length, 0, path);
});

test('a profile of one user, and a file with another name, switch nothing on', (t) => {
  const mac = macWith(t, null);
  const on = writeXmlPlist(new Map([['Enabled', true]]));
  for (const path of [
    'Library/Managed Preferences/alice/com.tokenquery.collector.plist',
    'Users/alice/Library/Preferences/com.tokenquery.collector.plist',
    'Library/Preferences/com.tokenquery.plist',
    'Library/Preferences/.GlobalPreferences.plist',
  ]) {
    mkdirSync(dirname(join(mac, path)), { recursive: true });
    writeFileSync(join(mac, path), on);
  }
  t.is(settingsOf(mac).from.size, 0);
});

asRoot('settings are root’s word: of anybody else’s file, folder or link nothing is taken', (t) => {
  const stranger = 4_711;
  for (const file of ['managed_settings', 'local_settings'] as const) {
    const made = (): { mac: string; path: string } => {
      const mac = macWith(t, null);
      return { mac, path: put(mac, file, { Enabled: true }) };
    };
    const changes: readonly ((at: { mac: string; path: string }) => void)[] = [
      ({ path }) => chownSync(path, stranger, 0),
      ({ path }) => chmodSync(path, 0o664),
      ({ path }) => chmodSync(path, 0o646),
      ({ path }) => chownSync(dirname(path), stranger, 0),
      ({ path }) => chmodSync(dirname(path), 0o777),
      ({ path }) => chmodSync(dirname(path), 0o775),
      ({ mac }) => chownSync(join(mac, 'Library'), stranger, 0),
      ({ mac }) => chmodSync(mac, 0o777),
      ({ path }) => {
        renameSync(path, `${path}.real`);
        symlinkSync(`${path}.real`, path);
      },
    ];
    for (const change of changes) {
      const at = made();
      t.is(settingsOf(at.mac).values.get('Enabled'), true);
      change(at);
      const error = t.throws(() => settingsOf(at.mac), { instanceOf: FileError }, String(change));
      t.not(error?.hint, '');
    }
  }
});

test('what stands in the place of a file is refused at once', (t) => {
  const mac = macWith(t, null);
  const path = join(mac, ownPathOf('managed_settings'));
  mkdirSync(path, { recursive: true });
  t.throws(() => settingsOf(mac), { instanceOf: FileError, message: /is a folder/ });
});

test('every setting reaches the command lines, which are right; format and level have files of their own', async (t) => {
  const check = async (settings: Given): Promise<string> => {
    const job = withSettings(plain, settingsOf(macWith(t, settings)));
    for (const [verb = '', ...words] of [snapshotWords(job), exportWords(job)]) {
      const command = await verbs[verb]?.load();
      if (command === undefined) throw new Error(verb);
      t.notThrows(() => parseCommandLine(command, words));
    }
    return [...snapshotWords(job), '--then', ...exportWords(job)].join(' ');
  };
  const before = await check({});
  for (const [name, { example }] of keys) {
    if (name === 'Enabled' || name === 'RedactKey' || name === 'Output') continue;
    t.not(await check({ [name]: example }), before, name);
  }
  t.true((await check({ Every: '5m' })).includes('--every 5m'));
  t.true(
    (await check({ Include: ['serial_number', 'organization'] })).includes(
      '--include serial_number --include organization',
    ),
  );
  const ecs = await check({ Format: 'ecs', Redact: 'strict', RedactKey: '/k' });
  t.true(
    ecs.endsWith(
      '--cursor /var/db/tokenquery/export-ecs-strict.cursor --output /var/log/tokenquery/results-ecs-strict.ndjson --redact strict --redact-key /k',
    ),
    ecs,
  );
  t.true(
    (await check({ Format: 'ecs', Output: '/var/log/x.log' })).includes(
      'export-ecs.cursor --output /var/log/x.log',
    ),
  );
  for (const [own, given, holds] of [
    ['strict', 'pseudonym', 'strict'],
    ['pseudonym', 'strict', 'strict'],
    ['strict', undefined, 'strict'],
  ] as const)
    t.is(
      withSettings(
        { ...plain, redact: own },
        settingsOf(macWith(t, given === undefined ? {} : { Redact: given })),
      ).redact,
      holds,
      `${own}, and ${given}`,
    );
  // What is said already changes no name.
  t.is(await check({ Format: 'native' }), before);
});

const runJob = (mac: string, folder: string, ...more: readonly string[]) =>
  askProgram([
    ...['job', '--exec-root', mac, '--db', join(folder, 'mac.db'), '--cursor', join(folder, 'export.cursor')],
    ...['--output', join(folder, 'results.ndjson'), ...more],
  ]);

test.serial(
  'off, it ends with 0 and does and says nothing; on, it stores and exports what is new',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac, log } = makeStandIn(sample('macos15-unmanaged'), folder);
    t.deepEqual(await runJob(mac, folder), { exitCode: 0, stdout: '', stderr: '' });
    put(mac, 'local_settings', { Enabled: true });
    put(mac, 'managed_settings', { Enabled: false, Every: 'never', Unknown: 1 });
    t.deepEqual(await runJob(mac, folder, '--enabled'), { exitCode: 0, stdout: '', stderr: '' });
    t.is(readFileSync(log, 'utf8'), '');
    t.false(existsSync(join(folder, 'mac.db')));
    put(mac, 'managed_settings', { Format: 'ecs' });
    const first = await runJob(mac, folder);
    t.is(first.exitCode, 0, first.stderr);
    t.regex(first.stdout, /first snapshot/);
    t.regex(readFileSync(join(folder, 'results-ecs.ndjson'), 'utf8'), /^\{"@timestamp"/);
    t.false(existsSync(join(folder, 'results.ndjson')));
    // Not its turn: quiet.
    const second = await runJob(mac, folder);
    t.deepEqual([second.exitCode, second.stdout], [0, '']);
  },
);

test.serial(
  'a bad value is told and ends with 1; with one of Redact nothing is exported, and the snapshot is stored',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac } = makeStandIn(sample('macos15-unmanaged'), folder);
    put(mac, 'managed_settings', { Enabled: 'on' });
    const off = await runJob(mac, folder);
    t.deepEqual([off.exitCode, off.stdout], [1, '']);
    t.regex(off.stderr, /error: Enabled takes true or false/);
    put(mac, 'managed_settings', { Enabled: true, Redact: 'pseudonyms', Every: 12 });
    const held = await runJob(mac, folder);
    t.is(held.exitCode, 1);
    t.regex(held.stdout, /first snapshot/);
    t.regex(
      held.stderr,
      /Redact does not know "pseudonyms"[\s\S]*Every takes a text[\s\S]*nothing is exported/,
    );
    t.false(existsSync(join(folder, 'results.ndjson')));
    put(mac, 'managed_settings', { Enabled: true, Every: 12 });
    const other = await runJob(mac, folder);
    t.is(other.exitCode, 1);
    t.true(existsSync(join(folder, 'results.ndjson')));
    put(mac, 'managed_settings', Buffer.from('x'));
    const damaged = await runJob(mac, folder, '--enabled');
    t.deepEqual([damaged.exitCode, damaged.stdout], [1, '']);
    t.regex(damaged.stderr, /com\.tokenquery\.collector\.plist cannot be read/);
  },
);

test('a site that wants each night anew what was looked at has it of the job, as it stands in the printed one', async (t) => {
  const job = jobOf(parsedJob(['--repeat-status', '--format', 'ecs']));
  const [verb = '', ...words] = exportWords(job);
  t.true(words.includes('--repeat-status'));
  const command = await verbs[verb]?.load();
  t.true(command !== undefined && parseCommandLine(command, words).flag('repeat-status'));
  t.false(snapshotWords(job).includes('--repeat-status'));
  t.false(exportWords(plain).includes('--repeat-status'));
  const frame = { label: 'org.example.x', program: '/opt/x', log: '/var/log/x.log', checkSeconds: 900 };
  const printed = launchdJob(job, frame);
  const [, , ...rest] = printed.get('ProgramArguments') as readonly string[];
  t.deepEqual(jobOf(parsedJob(rest)), job);
  for (const more of [[], ['--systemd', '--incoming', '/var/lib/x/in']]) {
    const { code, stdout, stderr } = await cli(['schedule', '--repeat-status', ...more]);
    t.is(code, 0, stderr);
    t.true(stdout.includes('--repeat-status'), more.join());
  }
});

test('what is accepted and what is changed goes along with the snapshot, as it stands in the printed job', (t) => {
  const words = ['--exceptions', '/etc/tokenquery/accepted.json', '--overlay', '/etc/tokenquery/overlay'];
  const job = jobOf(parsedJob(words));
  t.deepEqual(snapshotWords(job).slice(-4), words);
  t.false(exportWords(job).includes('--exceptions'));
  t.deepEqual(
    snapshotWords(plain).filter((word) => words.includes(word)),
    [],
  );
  const frame = { label: 'org.example.x', program: '/opt/x', log: '/var/log/x.log', checkSeconds: 900 };
  const printed = launchdJob(job, frame);
  const [, , ...rest] = printed.get('ProgramArguments') as readonly string[];
  t.deepEqual(launchdJob(jobOf(parsedJob(rest)), frame), printed);
  for (const option of ['--exceptions', '--overlay'])
    t.throws(() => parsedJob([option, 'accepted.json']), { message: /takes an absolute path/ });
  // No setting names them: who may write a setting is not who may accept a risk.
  t.false(keys.some(([, { option }]) => option === 'exceptions' || option === 'overlay'));
});

test.serial(
  'a job stores by the exceptions and the overlay that it is given; by a bad one it stores the look, not judged',
  async (t) => {
    const folder = temporaryFolder(t);
    const { root: mac } = makeStandIn(sample('macos15-unmanaged'), folder);
    const accepted = join(folder, 'accepted.json');
    const overlay = join(folder, 'overlay');
    for (const made of [overlay, join(folder, 'bad'), join(folder, 'good')]) mkdirSync(made);
    const by = { owner: 'Endpoint team', reason: 'A lab Mac.' };
    const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    const exception = { query: 'single_token_admin', host: '*', subject: '*', until, ...by };
    const write = (query: string) => {
      writeFileSync(accepted, JSON.stringify({ version: 1, exceptions: [{ ...exception, query }] }));
      writeFileSync(
        join(overlay, 'site.json'),
        JSON.stringify({ version: 1, changes: [{ query: 'guest_login_on', severity: 'off', ...by }] }),
      );
    };
    const run = (place: string) =>
      runJob(mac, join(folder, place), '--enabled', '--exceptions', accepted, '--overlay', overlay);
    write('single_token_admins');
    const bad = await run('bad');
    t.is(bad.exitCode, 1);
    t.regex(bad.stderr, /exception 1 \(single_token_admins\): there is no question/);
    const ask = async (place: string, sql: string): Promise<unknown> => {
      const { stdout } = await askProgram(['query', '--db', join(folder, place, 'mac.db'), '--json', sql]);
      return JSON.parse(stdout);
    };
    const stored =
      'SELECT (SELECT COUNT(*) FROM snapshots) AS looks, (SELECT COUNT(*) FROM verdicts_history) AS verdicts';
    t.deepEqual(await ask('bad', stored), [{ looks: 1, verdicts: 0 }]);
    write('single_token_admin');
    const good = await run('good');
    t.is(good.exitCode, 0, good.stderr);
    const answer = await ask(
      'good',
      "SELECT (SELECT state FROM findings WHERE query_name = 'single_token_admin') AS state, (SELECT verdict FROM verdicts WHERE query_name = 'guest_login_on') AS verdict",
    );
    t.deepEqual(answer, [{ state: 'suppressed', verdict: 'not_asked' }]);
  },
);

test('privacy is open with a bad value of Redact or RedactKey alone', (t) => {
  for (const [name] of keys)
    t.is(
      isPrivacyOpen(settingsOf(macWith(t, { [name]: 17 }))),
      name === 'Redact' || name === 'RedactKey',
      name,
    );
});

test('the sample profile of the docs sets what the job takes, in the domain and the scope that it reads', (t) => {
  const text = readFileSync(join(root, 'docs/com.tokenquery.collector.mobileconfig'), 'utf8');
  const profile = parseXmlPlist(text) as ReadonlyMap<string, PlistValue>;
  t.is(profile.get('PayloadScope'), 'System');
  const [payload] = profile.get('PayloadContent') as readonly ReadonlyMap<string, PlistValue>[];
  t.is(payload?.get('PayloadType'), 'com.tokenquery.collector');
  const found = settingsOf(macWith(t, Object.fromEntries(payload ?? [])));
  t.deepEqual([found.problems, found.unknown], [[], []]);
  t.is(found.values.get('Enabled'), true);
});
