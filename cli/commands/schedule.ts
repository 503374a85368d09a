import { posix } from 'node:path';
import { UserError } from '../../collector/errors.ts';
import type { PlistDict, PlistValue } from '../../collector/parsers/plist_value.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { formatNames } from '../../export/formats/index.ts';
import { levels } from '../../export/redact.ts';
import type { Arguments, Command } from '../args.ts';
import { parseEvery, splayOf } from '../due.ts';
import { flush, print, printNote } from '../output.ts';
import { parseAge } from '../time.ts';

interface Job {
  readonly label: string;
  readonly program: string;
  readonly db: string;
  readonly cursor: string;
  readonly output: string;
  readonly format: string;
  readonly log: string;
  readonly every: string;
  readonly checkSeconds: number;
  readonly redact: readonly string[];
}

const absolute = (option: string, path: string): string => {
  if (!path.startsWith('/'))
    throw new UserError(
      `--${option} takes an absolute path, not ${JSON.stringify(path)}`,
      'a job has no folder to start from',
      2,
    );
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(path)) throw new UserError(`--${option} holds a control character`, '', 2);
  return path;
};

const jobOf = (given: Arguments): Job => {
  const path = (option: string, otherwise: string): string =>
    absolute(option, given.text(option) ?? otherwise);
  const isSystemd = given.flag('systemd');
  const state = isSystemd ? '/var/lib/tokenquery' : '/var/db/tokenquery';
  const format = given.text('format') ?? (isSystemd ? 'ecs' : 'native');
  if (!(formatNames as readonly string[]).includes(format)) {
    throw new UserError(
      `there is no format ${JSON.stringify(format)}`,
      `the formats are ${formatNames.join(', ')}`,
      2,
    );
  }
  if (format === 'csv' || format === 'json')
    throw new UserError(
      `--format ${format} cannot be sent on line by line`,
      'take native, osquery, ocsf, ecs or hec',
      2,
    );
  const every = given.text('every') ?? '24h';
  const everySeconds = parseEvery(every);
  const check = given.text('check') ?? (isSystemd || everySeconds > 900 ? '15m' : '1m');
  const checkSeconds = parseAge('--check', check);
  if (checkSeconds < 60) throw new UserError('--check takes at least 1m', '', 2);
  if (!isSystemd && checkSeconds > everySeconds)
    throw new UserError(
      '--check is longer than --every',
      'a turn that nobody looks for is taken late, or never',
      2,
    );
  const level = given.text('redact');
  if (level === null && given.flag('redact-key'))
    throw new UserError('--redact-key goes with --redact', '', 2);
  if (level !== null && !(levels as readonly string[]).includes(level)) {
    throw new UserError(
      `--redact does not know ${JSON.stringify(level)}`,
      `it takes ${levels.join(' or ')}`,
      2,
    );
  }
  const label = given.text('label') ?? 'org.example.tokenquery';
  if (!/^[A-Za-z0-9._-]+$/.test(label))
    throw new UserError('--label takes a name in reverse DNS, such as org.example.tokenquery', '', 2);
  return {
    label,
    every,
    checkSeconds,
    format,
    program: path('program', '/opt/tokenquery/bin/tokenquery'),
    db: path('db', `${state}/${isSystemd ? 'fleet' : 'tokenquery'}.db`),
    cursor: path('cursor', `${state}/export.cursor`),
    output: path('output', `/var/log/tokenquery/results.${format === 'osquery' ? 'log' : 'ndjson'}`),
    log: path('log', '/var/log/tokenquery/tokenquery.log'),
    redact:
      level === null ? [] : ['--redact', level, '--redact-key', path('redact-key', `${state}/redact.key`)],
  };
};

const exportWords = ({ db, format, cursor, output, redact }: Job): readonly string[] => [
  'export',
  '--db',
  db,
  '--format',
  format,
  '--cursor',
  cursor,
  '--output',
  output,
  ...redact,
];

/** What launchd runs: one command line, so that no script of a site's own has to be kept beside it. */
const launchdWords = (job: Job): readonly string[] => [
  job.program,
  'snapshot',
  '--db',
  job.db,
  '--if-due',
  '--every',
  job.every,
  '--then',
  ...exportWords(job),
];

const launchdJob = (job: Job): PlistDict =>
  new Map<string, PlistValue>([
    ['Label', job.label],
    ['ProgramArguments', launchdWords(job)],
    ['StartInterval', job.checkSeconds],
    ['RunAtLoad', true],
    ['ProcessType', 'Background'],
    ['Nice', 10],
    ['LowPriorityIO', true],
    ['LowPriorityBackgroundIO', true],
    ['ThrottleInterval', 60],
    ['ExitTimeOut', 30],
    // 0077: what it makes is for root alone.
    ['Umask', 63],
    ['SoftResourceLimits', new Map([['NumberOfFiles', 4096]])],
    ['EnvironmentVariables', new Map([['PATH', '/usr/bin:/bin:/usr/sbin:/sbin']])],
    ['StandardErrorPath', job.log],
    ['StandardOutPath', job.log],
  ]);

const launchd = (job: Job): string =>
  writeXmlPlist(launchdJob(job), {
    indent: '  ',
    comment: [
      '<!-- For /Library/LaunchDaemons, root:wheel 0644, named after its label. Printed by tokenquery schedule, which installed',
      '     nothing.',
      `     It is started every ${job.checkSeconds} s and does nothing until its turn, which comes every ${job.every} at a time`,
      '     that the hardware UUID decides: this file is the same for every Mac. docs/schedule.md has the rest. -->',
    ],
  });

const newsyslog = ({ log }: Job): string =>
  [
    '# /etc/newsyslog.d/tokenquery.conf, root:wheel 0644. Printed by tokenquery schedule, which installed nothing.',
    '# launchd opens the log anew at each start, so nothing is signalled (N). The results rotate by themselves.',
    '# logfilename                            [owner:group]  mode count size(KB) when  flags',
    `${log}  root:wheel     600  5     1024     *     JN`,
    '',
  ].join('\n');

// systemd reads % as the beginning of a specifier, and a space as the end of a word.
const unit = (word: string): string => {
  const text = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[A-Za-z0-9@%+=:,./_$-]+$/.test(text)
    ? text
    : `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
};

/** A calendar begins anew each hour and each day: only what divides them comes evenly. */
const calendarOf = (seconds: number): string => {
  const [minutes, hours] = [seconds / 60, seconds / 3600];
  if (Number.isInteger(minutes) && minutes < 60 && 60 % minutes === 0) return `*:0/${minutes}`;
  if (Number.isInteger(hours) && hours <= 24 && 24 % hours === 0)
    return hours === 24 ? 'daily' : hours === 1 ? 'hourly' : `0/${hours}:00`;
  throw new UserError(
    '--check with --systemd takes what divides an hour or a day',
    'for example 5m, 15m, 1h or 6h',
    2,
  );
};

/** Folders that the service writes into, beside those that systemd makes for it. */
const writableFolders = ({ db, cursor, output }: Job): readonly string[] =>
  [...new Set([db, cursor, output].map((path) => posix.dirname(path)))].filter(
    (folder) => !/^\/var\/(?:lib|log)\/tokenquery(?:\/|$)/.test(folder),
  );

const systemd = (job: Job, inputs: string): string => {
  const calendar = calendarOf(job.checkSeconds);
  const folders = writableFolders(job);
  const words = [job.program, 'merge', '--db', job.db, inputs, '--then', ...exportWords(job)];
  return [
    '# /etc/systemd/system/tokenquery-merge.service. Printed by tokenquery schedule, which installed nothing.',
    '[Unit]',
    'Description=Merge what Macs sent into one tokenquery database, and export what is new',
    '',
    '[Service]',
    'Type=oneshot',
    'User=tokenquery',
    `ExecStart=${words.map(unit).join(' ')}`,
    'UMask=0077',
    'StateDirectory=tokenquery',
    'StateDirectoryMode=0700',
    'LogsDirectory=tokenquery',
    'Nice=10',
    'IOSchedulingClass=idle',
    'MemoryMax=1G',
    'NoNewPrivileges=yes',
    'PrivateDevices=yes',
    'PrivateNetwork=yes',
    'PrivateTmp=yes',
    'ProtectHome=yes',
    'ProtectSystem=strict',
    ...(folders.length === 0 ? [] : [`ReadWritePaths=${folders.map(unit).join(' ')}`]),
    '',
    '# /etc/systemd/system/tokenquery-merge.timer',
    '[Unit]',
    'Description=Merge what Macs sent, every so often',
    '',
    '[Timer]',
    `OnCalendar=${calendar}`,
    '# A run that was missed while the machine was down is made up for.',
    'Persistent=true',
    '# The same delay every time on one machine, another on the next.',
    `RandomizedDelaySec=${Math.min(job.checkSeconds, 600)}`,
    'FixedRandomDelay=true',
    'AccuracySec=1min',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n');
};

const two = (number: number): string => String(number).padStart(2, '0');

const run = async (given: Arguments): Promise<number> => {
  const asked = ['newsyslog', 'systemd'].filter((form) => given.flag(form));
  if (asked.length > 1) throw new UserError(`--${asked[0]} and --${asked[1]} exclude each other`, '', 2);
  const job = jobOf(given);
  const hostId = given.text('host-id');
  if (hostId !== null && !/^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i.test(hostId))
    throw new UserError(
      `--host-id takes a hardware UUID, not ${JSON.stringify(hostId)}`,
      'SELECT host_id FROM hosts tells it',
      2,
    );
  const inputs = given.text('incoming');
  for (const option of ['every', 'host-id', 'label', 'log'])
    if (given.flag('systemd') && given.flag(option))
      throw new UserError(
        `--${option} and --systemd exclude each other`,
        'it belongs to the job of one Mac',
        2,
      );
  if (inputs !== null && !given.flag('systemd')) throw new UserError('--incoming goes with --systemd', '', 2);
  if (given.flag('newsyslog')) print(newsyslog(job));
  else if (given.flag('systemd'))
    print(systemd(job, absolute('incoming', inputs ?? '/var/lib/tokenquery/incoming')));
  else print(launchd(job));
  flush();
  if (hostId !== null) {
    const every = parseAge('--every', job.every);
    const splay = splayOf(hostId, every);
    const clock = `${two(Math.floor(splay / 3600) % 24)}:${two(Math.floor(splay / 60) % 60)} UTC`;
    printNote(`the turns of ${hostId} begin at ${clock} and come every ${job.every}`);
  }
  return 0;
};

export const scheduleCommand: Command = {
  name: 'schedule',
  usage: 'tokenquery schedule [--newsyslog|--systemd] [--db FILE] [--output FILE] [--every AGE]',
  summary: 'Prints a job that takes snapshots and exports them. It installs nothing.',
  about: [
    'By default a launchd job for one Mac. It is started often and does nothing until its turn: a turn that was slept',
    'through is taken afterwards, and the turns of a fleet are spread by hardware UUID. docs/schedule.md has the rest.',
  ],
  options: {
    newsyslog: {
      type: 'boolean',
      description: 'Print the rotation of the job’s own log, for /etc/newsyslog.d.',
    },
    systemd: {
      type: 'boolean',
      description: 'Print a service and a timer that merge what Macs sent to one machine.',
    },
    db: { type: 'string', value: 'FILE', description: 'The database.' },
    cursor: { type: 'string', value: 'FILE', description: 'The cursor of the export.' },
    output: { type: 'string', value: 'FILE', description: 'Where the export goes.' },
    format: {
      type: 'string',
      value: 'FORMAT',
      description: 'Of the export; native by default, ecs with --systemd.',
    },
    redact: { type: 'string', value: 'LEVEL', description: `Of the export: ${levels.join(' or ')}.` },
    'redact-key': { type: 'string', value: 'FILE', description: 'The key of the redaction.' },
    incoming: {
      type: 'string',
      value: 'FOLDER',
      description: 'With --systemd: where the exports of the Macs arrive.',
    },
    log: { type: 'string', value: 'FILE', description: 'Where the job’s messages go.' },
    every: { type: 'string', value: 'AGE', description: 'How often it is a Mac’s turn; 24h by default.' },
    check: {
      type: 'string',
      value: 'AGE',
      description: 'How often the job checks whether it is; 15m by default.',
    },
    label: { type: 'string', value: 'NAME', description: 'Label of the launchd job.' },
    program: {
      type: 'string',
      value: 'FILE',
      description: 'The tokenquery to run; its folder must be root’s.',
    },
    'host-id': { type: 'string', value: 'UUID', description: 'Say when the turns of this Mac are.' },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery schedule --label org.example.tokenquery > org.example.tokenquery.plist',
    'tokenquery schedule --newsyslog > tokenquery.conf',
    'tokenquery schedule --systemd --format osquery',
  ],
  run,
};
