import { ownMac } from '../../collector/backends/own.ts';
import { UserError } from '../../collector/errors.ts';
import type { Arguments, Command, RunLines } from '../command.ts';
import { exportWords, jobOf, jobOptions, snapshotWords } from '../job.ts';
import { logOption } from '../options.ts';
import { printError, printNote } from '../output.ts';
import { isMac } from '../platform.ts';
import { isPrivacyOpen, readSettings, switchOf, withSettings } from '../settings.ts';
import type { Settings } from '../settings.ts';

const tellProblems = (problems: Settings['problems']): void => {
  for (const { message, hint } of problems) printError(message, hint);
};

const run = async (given: Arguments, runLines: RunLines): Promise<number> => {
  const execRoot = given.text('exec-root');
  if (!isMac && execRoot === null)
    throw new UserError(
      'job is for a Mac: it reads its switch there',
      'tokenquery schedule --systemd prints what a centre runs',
    );
  const asked = jobOf(given);
  const settings = readSettings(ownMac(execRoot));
  if (!switchOf(settings, asked).isOn) {
    const wrong = settings.problems.filter(({ key }) => key === 'Enabled');
    tellProblems(wrong);
    return wrong.length === 0 ? 0 : 1;
  }
  tellProblems(settings.problems);
  for (const { key, from, hint } of settings.unknown)
    printNote(`${JSON.stringify(key)} of the ${from} settings is no key: ${hint}`);
  const job = withSettings(asked, settings);
  const isHeld = isPrivacyOpen(settings);
  if (isHeld) printNote('nothing is exported until it is known how much may be told; the snapshot is stored');
  const code = await runLines([
    [...snapshotWords(job), ...(execRoot === null ? [] : ['--exec-root', execRoot])],
    ...(isHeld ? [] : [exportWords(job)]),
  ]);
  return code === 0 && settings.problems.length > 0 ? 1 : code;
};

export const jobCommand: Command = {
  name: 'job',
  usage: 'tokenquery job [--enabled] [--db FILE] [--every AGE] [--output FILE]',
  summary:
    'Does what a scheduled job of a Mac does: a snapshot when it is due, and an export of what is new.',
  about: [
    'It ends at once, with exit code 0, while it is switched off. A profile for com.tokenquery.collector, or root by',
    'hand, switches it on and sets what stands in the place of these options: docs/settings.md.',
    'tokenquery schedule prints the launchd job that starts it.',
  ],
  options: { ...jobOptions, ...logOption },
  log: 'all',
  positionals: { least: 0, most: 0 },
  examples: [
    'sudo tokenquery job --enabled',
    'sudo defaults write /Library/Preferences/com.tokenquery.collector Enabled -bool true; sudo tokenquery job',
  ],
  run,
};
