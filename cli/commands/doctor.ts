import { liveBackend } from '../../collector/backends/live.ts';
import { ownMac } from '../../collector/backends/own.ts';
import type { Arguments, Command } from '../command.ts';
import { centreLines, macLines } from '../doctor/examine.ts';
import { installation, programLines } from '../doctor/program.ts';
import { printLines } from '../doctor/report.ts';
import { packageLabel } from '../job.ts';
import { flush, print, printNote } from '../output.ts';
import { version } from '../version.ts';

const isMac = process.platform === 'darwin';

const run = async (given: Arguments): Promise<number> => {
  const execRoot = given.text('exec-root');
  const isOnMac = isMac || execRoot !== null;
  const lines = [
    ...programLines(installation(), isOnMac),
    ...(isOnMac
      ? await macLines(given, ownMac(execRoot), liveBackend(execRoot === null ? {} : { execRoot }))
      : await centreLines(given)),
  ];
  if (given.flag('json'))
    print(
      `${JSON.stringify({ version: 1, tokenquery: version, platform: process.platform, checks: lines }, null, 1)}\n`,
    );
  else printLines(lines);
  flush();
  if (!isOnMac) printNote('this is not a Mac: the job, its switch and what macOS allows are not looked at');
  return lines.some(({ status }) => status === 'error') ? 1 : 0;
};

export const doctorCommand: Command = {
  name: 'doctor',
  usage: 'tokenquery doctor [--json] [--label NAME]',
  summary: 'Says whether tokenquery is installed, may do its work, and does it. It changes nothing.',
  about: [
    'Each line is ok, warning, error or unknown, with what to do. Unknown is what could not be looked at, and why.',
    'The exit code is 1 with an error, else 0.',
  ],
  options: {
    json: { type: 'boolean', description: 'As JSON.' },
    label: {
      type: 'string',
      value: 'NAME',
      kind: 'label',
      description: `The label of the job; ${packageLabel} by default.`,
    },
    db: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description: 'The database; that of the job by default.',
    },
    cursor: {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description: 'The cursor; that of the job by default.',
    },
    log: { type: 'string', value: 'FILE', kind: 'file', description: 'The log; that of the job by default.' },
    'exec-root': {
      type: 'string',
      value: 'DIR',
      description: 'For tests: a folder that stands for this Mac.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: ['sudo tokenquery doctor', 'tokenquery doctor --db fleet.db --json'],
  run,
};
