import { UserError } from '../../collector/errors.ts';
import { recordingMachine, writeBundle } from '../../collector/evidence.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { collectAll, isMac, machinesOf } from '../hosts.ts';
import { includeOf, sourceOptions } from '../options.ts';
import { flush, print, printNote } from '../render.ts';
import { toolName } from '../version.ts';

const run = async (given: Arguments): Promise<number> => {
  const [out = ''] = given.positionals;
  if (!isMac && given.texts('source').length === 0 && given.text('exec-root') === null) {
    throw new UserError(
      'this is not a Mac: there is nothing to capture',
      'run it on the Mac, and replay the bundle here with --source',
    );
  }
  const machines = await machinesOf(given);
  const [machine] = machines;
  if (machine === undefined || machines.length > 1) {
    throw new UserError('capture takes one source', 'a bundle holds one host: name it with --source');
  }
  if (machine.origin !== 'live') {
    throw new UserError(
      `${machine.label} is evidence already`,
      'capture runs on a Mac; copy the bundle in place of capturing it',
    );
  }
  const { machine: recorder, recording } = recordingMachine(machine, includeOf(given));
  const [collection] = await collectAll(
    [recorder],
    tables.filter(({ generate }) => generate !== undefined),
    given,
  );
  const { files, bytes } = await writeBundle(out, recording, {
    capturedTime: machine.capturedTime,
    euid: machine.euid,
    hostId: collection?.hostId ?? null,
    tool: toolName,
  });
  if (machine.euid !== 0) printNote('captured without root: what root alone may see is recorded as refused');
  print(`${out}: ${recording.commands.size} commands, ${files} files, ${bytes} bytes\n`);
  flush();
  return 0;
};

export const captureCommand: Command = {
  name: 'capture',
  usage: 'tokenquery capture OUT',
  summary: 'Records what this Mac answers, to be replayed anywhere: a folder, or a .tar.gz by its name.',
  about: ['Only allow-listed keys are written; the bundle is readable by its owner alone.'],
  options: sourceOptions,
  positionals: { least: 1, most: 1 },
  examples: ['sudo tokenquery capture mac-07', 'tokenquery query --source mac-07 "SELECT * FROM users"'],
  run,
};
