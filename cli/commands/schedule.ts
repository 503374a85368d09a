import { posix } from 'node:path';
import { UserError } from '../../collector/errors.ts';
import { writeXmlPlist } from '../../collector/parsers/plist_write.ts';
import { formatNames } from '../../export/formats/index.ts';
import { levels } from '../../export/redact.ts';
import type { Arguments, Command, OptionSpec } from '../command.ts';
import type { Relation } from '../command.ts';
import { day, shortestTurn, splayOf } from '../due.ts';
import {
  centreState,
  checkSecondsFor,
  exportWords,
  installedProgram,
  judgedByOptions,
  judgedByWords,
  launchdJob,
  macLog,
  macState,
  repeatStatusOption,
  resultsPath,
} from '../job.ts';
import type { Job, LaunchdFrame } from '../job.ts';
import { seenOptions } from '../table_options.ts';
import { flush, print, printNote } from '../output.ts';

/** All that is printed goes by. */
interface Printed extends Job, LaunchdFrame {
  readonly everySeconds: number;
}

const printedOf = (given: Arguments): Printed => {
  const path = (option: string, otherwise: string): string => given.text(option) ?? otherwise;
  const isSystemd = given.flag('systemd');
  const state = isSystemd ? centreState : macState;
  const format = given.text('format') ?? (isSystemd ? 'ecs' : 'native');
  if (format === 'csv' || format === 'json')
    throw new UserError(
      `--format ${format} cannot be sent on line by line`,
      'take native, osquery, ocsf, ecs or hec',
      2,
    );
  const everySeconds = given.number('every') ?? day;
  const checkSeconds = given.number('check') ?? (isSystemd ? 900 : checkSecondsFor(everySeconds));
  if (!isSystemd && checkSeconds > everySeconds)
    throw new UserError(
      '--check is longer than --every',
      'a turn that nobody looks for is taken late, or never',
      2,
    );
  return {
    label: given.text('label') ?? 'org.example.tokenquery',
    every: given.text('every') ?? '24h',
    ...{ everySeconds, checkSeconds, format },
    program: path('program', installedProgram),
    db: path('db', `${state}/${isSystemd ? 'fleet' : 'tokenquery'}.db`),
    cursor: path('cursor', `${state}/export.cursor`),
    output: path('output', resultsPath(format)),
    log: path('log', macLog),
    redact: given.text('redact'),
    redactKey: path('redact-key', `${state}/redact.key`),
    isStatusRepeated: given.flag('repeat-status'),
    include: [],
    isStrict: given.flag('strict'),
    require: given.texts('require'),
    exceptions: given.text('exceptions'),
    overlay: given.text('overlay'),
    isEnabled: given.flag('enabled'),
  };
};

const launchd = (job: Printed): string =>
  writeXmlPlist(launchdJob(job, job), {
    indent: '  ',
    comment: [
      '<!-- For /Library/LaunchDaemons, root:wheel 0644, named after its label. Printed by tokenquery schedule, which installed',
      '     nothing.',
      `     It is started every ${job.checkSeconds} s and does nothing until its turn, which comes every ${job.every} at a time`,
      '     that the hardware UUID decides: this file is the same for every Mac. docs/schedule.md has the rest.',
      job.isEnabled
        ? '     It is on until its settings switch it off: docs/settings.md. -->'
        : '     It is off until its settings switch it on: docs/settings.md. -->',
    ],
  });

const newsyslog = ({ log }: Printed): string =>
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

const isMadeBySystemd = (folder: string): boolean => /^\/var\/(?:lib|log)\/tokenquery(?:\/|$)/.test(folder);

/** Folders that the service writes into, beside those that systemd makes for it. */
const writableFolders = ({ db, cursor, output }: Printed, shelves: readonly string[]): readonly string[] =>
  [...new Set([...[db, cursor, output].map((path) => posix.dirname(path)), ...shelves])].filter(
    (folder) => !isMadeBySystemd(folder),
  );

const systemd = (job: Printed, inputs: string): string => {
  const calendar = calendarOf(job.checkSeconds);
  // Beside what arrives: inputs are moved by a rename, which stays on one volume.
  const [done, bad] = ['done', 'bad'].map((name) => posix.join(posix.dirname(inputs), name)) as [
    string,
    string,
  ];
  const shelves = [inputs, done, bad];
  const folders = writableFolders(job, shelves);
  const made = shelves.filter(isMadeBySystemd).map((folder) => folder.replace('/var/lib/', ''));
  const words = [
    ...[job.program, 'merge', '--db', job.db, '--move-done', done, '--move-bad', bad],
    ...[...judgedByWords(job), inputs],
    ...['--then', ...exportWords(job)],
  ];
  return [
    '# Two units in two files: each begins below the line that names it. Piped into this, both are written where it runs:',
    '#   … | awk \'/^# [/]etc/ {sub(/.*[/]/, ""); sub(/service[.].*/, "service"); f = $0; next} f {print > f}\'',
    '# /etc/systemd/system/tokenquery-merge.service. Printed by tokenquery schedule, which installed nothing.',
    '[Unit]',
    'Description=Merge what Macs sent into one tokenquery database, and export what is new',
    '',
    '[Service]',
    'Type=oneshot',
    'User=tokenquery',
    `ExecStart=${words.map(unit).join(' ')}`,
    'UMask=0077',
    `StateDirectory=${['tokenquery', ...made].map(unit).join(' ')}`,
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
  const job = printedOf(given);
  const hostId = given.text('host-id');
  if (given.flag('newsyslog')) print(newsyslog(job));
  else if (given.flag('systemd')) print(systemd(job, given.text('incoming') ?? `${centreState}/incoming`));
  else print(launchd(job));
  flush();
  if (hostId !== null) {
    const splay = splayOf(hostId, job.everySeconds);
    const clock = `${two(Math.floor(splay / 3600) % 24)}:${two(Math.floor(splay / 60) % 60)} UTC`;
    printNote(`the turns of ${hostId} begin at ${clock} and come every ${job.every}`);
  }
  return 0;
};

const notOnAServer: readonly Relation[] = [
  { option: 'systemd', because: 'it belongs to the job of one Mac' },
];

export const scheduleCommand: Command = {
  name: 'schedule',
  usage: 'tokenquery schedule [--newsyslog|--systemd] [--db FILE] [--output FILE] [--every AGE]',
  summary: 'Prints a job that takes snapshots and exports them. It installs nothing.',
  about: [
    'By default a launchd job for one Mac. It is started often and does nothing until its turn: a turn that was slept',
    'through is taken afterwards, and the turns of a fleet are spread by hardware UUID. docs/schedule.md has the rest.',
    'A profile, or root by hand, switches it on and sets its options: docs/settings.md.',
  ],
  options: {
    newsyslog: {
      type: 'boolean',
      excludes: [{ option: 'systemd' }],
      description: 'Print the rotation of the job’s own log, for /etc/newsyslog.d.',
    },
    systemd: {
      type: 'boolean',
      description: 'Print a service and a timer that merge what Macs sent to one machine.',
    },
    enabled: {
      type: 'boolean',
      excludes: notOnAServer,
      description:
        'Print a job that is on until its settings switch it off; without this, the other way round.',
    },
    db: { type: 'string', value: 'FILE', kind: 'absolute path', description: 'The database.' },
    cursor: {
      type: 'string',
      value: 'FILE',
      kind: 'absolute path',
      description: 'The cursor of the export.',
    },
    output: { type: 'string', value: 'FILE', kind: 'absolute path', description: 'Where the export goes.' },
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: formatNames,
      noun: 'format',
      description: 'Of the export; native by default, ecs with --systemd.',
    },
    redact: {
      type: 'string',
      value: 'LEVEL',
      choices: levels,
      description: `Of the export: ${levels.join(' or ')}.`,
    },
    'redact-key': {
      type: 'string',
      value: 'FILE',
      kind: 'absolute path',
      goesWith: { option: 'redact' },
      description: 'The key of the redaction.',
    },
    'repeat-status': repeatStatusOption,
    incoming: {
      type: 'string',
      value: 'FOLDER',
      kind: 'absolute path',
      goesWith: { option: 'systemd' },
      description: 'With --systemd: where the exports of the Macs arrive.',
    },
    log: {
      type: 'string',
      value: 'FILE',
      kind: 'absolute path',
      excludes: notOnAServer,
      description: 'Where the job’s messages go.',
    },
    every: {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      least: shortestTurn,
      excludes: notOnAServer,
      description: 'How often it is a Mac’s turn; 24h by default.',
    },
    check: {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      least: shortestTurn,
      description: 'How often the job checks whether it is; 15m by default.',
    },
    label: {
      type: 'string',
      value: 'NAME',
      kind: 'label',
      excludes: notOnAServer,
      description: 'Label of the launchd job.',
    },
    program: {
      type: 'string',
      value: 'FILE',
      kind: 'absolute path',
      description: 'The tokenquery to run; its folder must be root’s.',
    },
    strict: { ...(seenOptions['strict'] as OptionSpec), excludes: notOnAServer },
    require: { ...(seenOptions['require'] as OptionSpec), excludes: notOnAServer },
    ...judgedByOptions,
    'host-id': {
      type: 'string',
      value: 'UUID',
      kind: 'uuid',
      excludes: notOnAServer,
      description: 'Say when the turns of this Mac are.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'tokenquery schedule --label org.example.tokenquery > org.example.tokenquery.plist',
    'tokenquery schedule --newsyslog > tokenquery.conf',
    'tokenquery schedule --systemd --format osquery',
  ],
  run,
};
