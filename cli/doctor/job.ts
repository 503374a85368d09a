/** The job of this Mac: as it is installed, as launchd holds it, and whether it is switched on. */
import type { OwnMac } from '../../collector/backends/own.ts';
import { CollectError, UserError } from '../../collector/errors.ts';
import { statOrNull } from '../../collector/files.ts';
import { parseLaunchctlPrintJob } from '../../collector/parsers/launchctl_print_job.ts';
import type { LaunchdService } from '../../collector/parsers/launchctl_print_job.ts';
import { parsePlistFile } from '../../collector/parsers/plist.ts';
import { isArray, isDict, isSameValue } from '../../collector/parsers/plist_value.ts';
import type { PlistDict } from '../../collector/parsers/plist_value.ts';
import { decodeOutput } from '../../collector/sanitize.ts';
import { ownPathOf } from '../../collector/sources.ts';
import { parseCommandLine } from '../args.ts';
import { jobOf, jobOptions, launchdJob, macLog, packageLabel } from '../job.ts';
import type { Job } from '../job.ts';
import { readSettings, switchOf, withSettings } from '../settings.ts';
import type { Settings } from '../settings.ts';
import { parseAge } from '../time.ts';
import { filesLine, placesStartedBy } from './program.ts';
import { failure, lineOfError, ok, unknown, warning } from './report.ts';
import type { Line } from './report.ts';

/** A job as it is installed: what its command line says, or what an older version printed. */
export interface Installed {
  readonly form: 'job' | 'older' | 'other';
  readonly job: Job;
  readonly program: string;
  readonly log: string;
  readonly checkSeconds: number | null;
  /** Keys in which it is not as tokenquery schedule prints it. */
  readonly differing: readonly string[];
}

const parseJobLine = (words: readonly string[]) =>
  parseCommandLine(
    {
      ...{ name: 'job', usage: 'tokenquery job', summary: '', options: jobOptions, examples: [] },
      ...{ positionals: { least: 0, most: 0 }, run: async () => 0 },
    },
    words,
  );

/** What a job does of which nothing is known. */
export const plainJob = (): Job => jobOf(parseJobLine([]));

/** The words of an older job that say where its files are. */
const olderJob = (words: readonly string[]): Job => {
  const plain = plainJob();
  const given = (option: string, otherwise: string): string => {
    const at = words.indexOf(option);
    return at === -1 ? otherwise : (words[at + 1] ?? otherwise);
  };
  return {
    ...plain,
    db: given('--db', plain.db),
    every: given('--every', plain.every),
    format: given('--format', plain.format),
    cursor: given('--cursor', plain.cursor),
    output: given('--output', plain.output),
    redact: words.includes('--redact') ? given('--redact', '') : null,
    redactKey: given('--redact-key', plain.redactKey),
    isEnabled: true,
  };
};

const differingKeys = (dict: PlistDict, expected: PlistDict): readonly string[] =>
  [...new Set([...dict.keys(), ...expected.keys()])].filter((key) => {
    const [a, b] = [dict.get(key), expected.get(key)];
    return a === undefined || b === undefined || !isSameValue(a, b);
  });

/** Reads a job’s property list. Throws UserError for one that starts nothing. */
const readJob = (dict: PlistDict, label: string): Installed => {
  const given = dict.get('ProgramArguments') ?? [];
  const words = isArray(given) ? given.filter((word) => typeof word === 'string') : [];
  const [program, verb, ...rest] = words;
  if (program === undefined || verb === undefined)
    throw new UserError(
      'the job has no ProgramArguments that start tokenquery',
      'tokenquery schedule prints one that does',
    );
  const text = (key: string, otherwise: string): string => {
    const value = dict.get(key);
    return typeof value === 'string' ? value : otherwise;
  };
  const log = text('StandardErrorPath', macLog);
  const interval = dict.get('StartInterval');
  const checkSeconds = typeof interval === 'number' ? interval : null;
  const common = { program, log, checkSeconds };
  if (verb !== 'job') {
    const isOlder = verb === 'snapshot' && rest.includes('--if-due');
    return { ...common, form: isOlder ? 'older' : 'other', job: olderJob(rest), differing: [] };
  }
  const job = jobOf(parseJobLine(rest));
  const frame = { label, program, log, checkSeconds: checkSeconds ?? 900 };
  return { ...common, form: 'job', job, differing: differingKeys(dict, launchdJob(job, frame)) };
};

/** The installed job; null where there is none. Throws UserError. */
const readInstalled = (mac: OwnMac, label: string): Installed | null => {
  const bytes = mac.read('job_plist', label);
  if (bytes === null) return null;
  const path = mac.at(ownPathOf('job_plist', label));
  const hint = `tokenquery schedule --label ${label} prints it anew`;
  try {
    const dict = parsePlistFile(bytes);
    if (isDict(dict)) return readJob(dict, label);
  } catch (error) {
    if (error instanceof CollectError) throw new UserError(`${path} cannot be read: ${error.message}`, hint);
    if (error instanceof UserError) throw new UserError(`${path}: ${error.message}`, error.hint || hint);
    throw error;
  }
  throw new UserError(`${path} cannot be read: it is not a dictionary`, hint);
};

const formLine = (path: string, { form, differing }: Installed, label: string): Line => {
  const printing = `tokenquery schedule --label ${label} prints the one of this version`;
  switch (form) {
    case 'job':
      return differing.length === 0
        ? ok('job', `${path} is as tokenquery schedule prints it`)
        : warning(
            'job',
            `${path} differs from what tokenquery schedule prints, in ${differing.join(', ')}`,
            `nothing, if it is meant; ${printing}`,
          );
    case 'older':
      return warning(
        'job',
        `${path} was printed by an older tokenquery: it is always on, and no setting reaches it`,
        printing,
      );
    case 'other':
      return unknown('job', `${path} does not run tokenquery job: what it does is not looked at`, printing);
  }
};

/** The program that the job starts, where it is another than this one. */
const programLine = (mac: OwnMac, { program }: Installed): readonly Line[] => {
  const at = mac.at(program);
  if (statOrNull(at) === null)
    return [
      failure('job', `it starts ${program}, which is not there or may not be looked at`, 'install it there'),
    ];
  const fault = filesLine('job', placesStartedBy(at), { isRoots: true, isStandIn: mac.isStandIn });
  return fault === null ? [] : [fault];
};

/** What is installed as the job, with what is wrong with it. */
export const installedLines = (
  mac: OwnMac,
  label: string,
): { readonly installed: Installed | null; readonly lines: readonly Line[] } => {
  const path = mac.at(ownPathOf('job_plist', label));
  try {
    const installed = readInstalled(mac, label);
    if (installed === null) {
      const says = `no job is installed: there is no ${path}`;
      const todo = 'tokenquery schedule prints one, and the package brings one; --label names another';
      return { installed, lines: [warning('job', says, todo)] };
    }
    return { installed, lines: [formLine(path, installed, label), ...programLine(mac, installed)] };
  } catch (error) {
    return { installed: null, lines: [lineOfError('job', error)] };
  }
};

/** What launchd holds of a job. Throws CollectError where it does not answer, or in a form that is not known. */
export const serviceOf = async (mac: OwnMac, label: string): Promise<LaunchdService> => {
  const { outcome, stdout, stderr, exitCode } = await mac.run('launchctl_print_job', label);
  const hint = `launchctl print system/${label}`;
  if (outcome !== 'exited' || exitCode === null)
    throw new CollectError('source_failed', `launchctl did not answer (${outcome.replaceAll('_', ' ')})`, {
      hint,
    });
  const answer = { stdout: decodeOutput(stdout) ?? '', stderr: decodeOutput(stderr) ?? '', exitCode };
  return parseLaunchctlPrintJob({ ...answer, euid: process.geteuid?.() ?? null }, label);
};

/** What launchd holds of the job, as a line. Throws as serviceOf does. */
export const launchdLine = async (mac: OwnMac, label: string, isInstalled: boolean): Promise<Line> => {
  const service = await serviceOf(mac, label);
  const path = ownPathOf('job_plist', label);
  if (!service.isLoaded)
    return isInstalled
      ? warning('launchd', 'the job is installed and not loaded', `sudo launchctl bootstrap system ${path}`)
      : unknown('launchd', 'there is no job that it could hold');
  if (!isInstalled)
    return warning(
      'launchd',
      `it holds a job of ${service.path ?? 'an unknown file'}, which is not installed`,
      `sudo launchctl bootout system/${label}`,
    );
  if (service.path !== null && service.path !== path)
    return warning(
      'launchd',
      `it holds the job of ${service.path}, and not that of ${path}`,
      `sudo launchctl bootout system/${label}, then sudo launchctl bootstrap system ${path}`,
    );
  const runs = service.runs === null ? '' : `, started ${service.runs} times`;
  if (service.lastExitCode === null)
    return unknown(
      'launchd',
      `the job is loaded${runs}; how its last run ended is not told`,
      `launchctl print system/${label}`,
    );
  return service.lastExitCode === 0
    ? ok('launchd', `the job is loaded${runs}; its last run ended with 0`)
    : warning(
        'launchd',
        `the job is loaded${runs}; its last run ended with ${service.lastExitCode}`,
        'the log says why',
      );
};

const setWords = ({ from }: Settings): string =>
  from.size === 0 ? 'nothing is set' : `set: ${[...from].map(([key, by]) => `${key} (${by})`).join(', ')}`;

/** Whether the job is on, who says so, and what of the settings is wrong. Throws UserError for settings that cannot be read. */
export const switchLines = (
  mac: OwnMac,
  installed: Installed | null,
): { readonly job: Job; readonly isOn: boolean; readonly lines: readonly Line[] } => {
  const settings = readSettings(mac);
  const asked = installed?.job ?? plainJob();
  if (installed?.form === 'older') {
    const says = `on: a job of the older form has no switch; ${setWords(settings)}`;
    return { job: asked, isOn: true, lines: [ok('switch', says)] };
  }
  const { isOn, by } = switchOf(settings, asked);
  const job = withSettings(asked, settings);
  const who = by === 'default' ? 'no settings say whether it is' : `by the ${by} settings`;
  const says = `${isOn ? 'on' : 'off'}: ${who}; ${setWords(settings)}`;
  const lines: Line[] = [
    isOn || by !== 'default'
      ? ok('switch', says)
      : warning(
          'switch',
          says,
          `a profile, or sudo defaults write /Library/Preferences/${packageLabel} Enabled -bool true`,
        ),
    ...settings.problems.map(({ message, hint }) => failure('settings', message, hint)),
    ...settings.unknown.map(({ key, from, hint }) =>
      warning('settings', `${JSON.stringify(key)} of the ${from} settings is no key`, hint),
    ),
  ];
  const every = parseAge('Every', job.every);
  if (installed?.checkSeconds != null && installed.checkSeconds > every)
    lines.push(
      warning(
        'settings',
        `it is this Mac’s turn every ${job.every}, and launchd starts the job every ${installed.checkSeconds} s`,
        'tokenquery schedule --check prints a job that is started more often',
      ),
    );
  return { job, isOn, lines };
};
