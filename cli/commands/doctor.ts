import { liveBackend } from '../../collector/backends/live.ts';
import { ownMac } from '../../collector/backends/own.ts';
import { UserError } from '../../collector/errors.ts';
import { killRunning } from '../../collector/leaving.ts';
import type { Arguments, Command } from '../command.ts';
import { centreLines, macLines } from '../doctor/examine.ts';
import { installation, programLines } from '../doctor/program.ts';
import { printLines } from '../doctor/report.ts';
import type { Line } from '../doctor/report.ts';
import type { Verification } from '../doctor/verify.ts';
import { packageLabel } from '../job.ts';
import { flush, print, printNote } from '../output.ts';
import { isMac } from '../platform.ts';
import { cleaningUp } from '../signals.ts';
import { version } from '../version.ts';

/** Prints what is left for somebody with a Mac. */
const printByHand = ({ byHand, bundle }: Verification): void => {
  print(`\nTo be run by hand, or judged by somebody (${byHand.length}):\n`);
  for (const { claim, command } of byHand) print(`\n  ${claim}\n    ${command}\n`);
  print(
    bundle === null
      ? '\n--output BUNDLE writes what was answered, to be sent in.\n'
      : `\n${bundle.path}: ${bundle.files} files, ${bundle.bytes} bytes. It holds what parsers read, names of accounts among it: look at it, then send it in.\n`,
  );
};

const printJson = (checks: readonly Line[], verification: Verification | null): void => {
  const all = {
    ...{ version: 1, tokenquery: version, platform: process.platform, checks },
    ...(verification === null
      ? {}
      : {
          by_hand: verification.byHand.map(({ claim, command }) => ({ claim, command })),
          bundle: verification.bundle?.path ?? null,
        }),
  };
  print(`${JSON.stringify(all, null, 1)}\n`);
};

const run = async (given: Arguments): Promise<number> => {
  const execRoot = given.text('exec-root');
  const isOnMac = isMac || execRoot !== null;
  if (given.flag('verify') && !isOnMac)
    throw new UserError(
      '--verify asks a Mac, and this is none',
      'run it on the Mac: sudo tokenquery doctor --verify',
    );
  const own = programLines(installation(), isOnMac);
  let lines: readonly Line[];
  let verification: Verification | null = null;
  if (isOnMac) {
    const [mac, live] = [ownMac(execRoot), liveBackend(execRoot === null ? {} : { execRoot })];
    lines = await cleaningUp(killRunning, async () => {
      const found = [...own, ...(await macLines(given, mac, live))];
      if (!given.flag('verify')) return found;
      const { verify } = await import(/* webpackMode: "eager" */ '../doctor/verify.ts');
      verification = await verify(live, mac, {
        output: given.text('output'),
        allowNetwork: given.flag('allow-network'),
      });
      return [...found, ...verification.lines];
    });
  } else lines = [...own, ...(await centreLines(given))];
  if (given.flag('json')) printJson(lines, verification);
  else {
    printLines(lines);
    if (verification !== null) printByHand(verification);
  }
  flush();
  if (!isOnMac) printNote('this is not a Mac: the job, its switch and what macOS allows are not looked at');
  return lines.some(({ status }) => status === 'error') ? 1 : 0;
};

export const doctorCommand: Command = {
  name: 'doctor',
  usage: 'tokenquery doctor [--json] [--label NAME] [--verify [--output BUNDLE]]',
  summary: 'Says whether tokenquery is installed, may do its work, and does it. It changes nothing.',
  about: [
    'Each line is ok, warning, error or unknown, with what to do. Unknown is what could not be looked at, and why.',
    'The exit code is 1 with an error, else 0.',
    'With --verify it asks what docs/verify-on-a-mac.md wants to know of a Mac, as far as what tokenquery may run answers',
    'it, says whether each answer has a form that is known, and prints what is left to be run by hand.',
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
    verify: { type: 'boolean', description: 'On a Mac: try what no Mac was there to try.' },
    output: {
      type: 'string',
      value: 'BUNDLE',
      kind: 'file',
      goesWith: { option: 'verify' },
      description:
        'Write the answers, reduced as capture reduces them, to a new folder or .tar.gz, to be sent in.',
    },
    'allow-network': {
      type: 'boolean',
      goesWith: { option: 'verify' },
      description: 'Also ask mdmclient, which may contact the MDM server.',
    },
    'exec-root': {
      type: 'string',
      value: 'DIR',
      description: 'For tests: a folder that stands for this Mac.',
    },
  },
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery doctor',
    'tokenquery doctor --db fleet.db --json',
    'sudo tokenquery doctor --verify --output mac-07.tar.gz',
  ],
  run,
};
