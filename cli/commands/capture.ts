import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { UserError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';
import { checkLinks } from '../../collector/trust.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { newFileFlags } from '../../export/part_file.ts';
import { missingArgument } from '../args.ts';
import type { Arguments, Command } from '../command.ts';
import { isMac } from '../platform.ts';
import { collectAll, generatedTables, backendsOf } from '../sources.ts';
import { includeOf, sourceOptions } from '../options.ts';
import { flush, print, printNote } from '../output.ts';
import { toolName } from '../version.ts';

/** A file that was not there before, with all of a text or not at all. */
const writeNew = (path: string, text: string, mode: number): void => {
  const file = openSync(path, newFileFlags, mode);
  let isWhole = false;
  try {
    writeFileSync(file, text);
    isWhole = true;
  } finally {
    closeSync(file);
    if (!isWhole) rmSync(path, { force: true });
  }
};

/** Writes the script to a new file, or prints it. */
const writeScript = async (given: Arguments): Promise<number> => {
  const { captureScript } = await import(/* webpackMode: "eager" */ '../../collector/script/script.ts');
  const { noShells } = await import(/* webpackMode: "eager" */ '../../collector/accounts.ts');
  const script = captureScript({ tool: toolName, include: includeOf(given), noShells });
  const [out] = given.positionals;
  if (out === undefined) print(script);
  else {
    checkLinks(dirname(out));
    try {
      writeNew(out, script, 0o755);
    } catch (error) {
      throw fileFailure(error, out, 'write');
    }
    print(`${out}: run it on a Mac with sh ${out} OUT.tar.gz\n`);
  }
  flush();
  return 0;
};

const run = async (given: Arguments): Promise<number> => {
  if (given.flag('script')) return writeScript(given);
  const [out] = given.positionals;
  if (out === undefined) throw missingArgument(captureCommand);
  if (!isMac && given.texts('source').length === 0 && given.text('exec-root') === null) {
    throw new UserError(
      'this is not a Mac: there is nothing to capture',
      'run it on the Mac, and replay the bundle here with --source',
    );
  }
  const backends = await backendsOf(given);
  const [backend] = backends;
  if (backend === undefined || backends.length > 1) {
    throw new UserError('capture takes one source', 'a bundle holds one host: name it with --source');
  }
  if (backend.origin !== 'live') {
    throw new UserError(
      `${backend.label} is evidence already`,
      'capture runs on a Mac; copy the bundle in place of capturing it',
    );
  }
  const { backend: recorder, recording } = recordingBackend(backend, includeOf(given));
  const [collection] = await collectAll([recorder], generatedTables, given);
  const { files, bytes } = await writeBundle(out, recording, {
    capturedTime: backend.capturedTime,
    euid: backend.euid,
    hostId: collection?.hostId ?? null,
    tool: toolName,
  });
  if (backend.euid !== 0) printNote('captured without root: what root alone may see is recorded as refused');
  print(`${out}: ${recording.commands.size} commands, ${files} files, ${bytes} bytes\n`);
  flush();
  return 0;
};

export const captureCommand: Command = {
  name: 'capture',
  usage: 'tokenquery capture OUT [--script]',
  summary: 'Records what this Mac answers, to be replayed anywhere: a folder, or a .tar.gz by its name.',
  about: [
    'Only allow-listed keys are written; the bundle is readable by its owner alone.',
    'With --script nothing is recorded: a POSIX shell script is printed, or written to OUT, that records the same',
    'on a Mac without this program.',
  ],
  options: {
    ...sourceOptions,
    script: {
      type: 'boolean',
      description: 'Print a shell script that records, in place of recording.',
      // It always asks the Mac that it runs on, and only what may not contact a server.
      excludes: Object.keys(sourceOptions)
        .filter((name) => name !== 'include')
        .map((option) => ({ option })),
    },
  },
  positionals: { least: 0, most: 1 },
  examples: [
    'sudo tokenquery capture mac-07',
    'tokenquery query --source mac-07 "SELECT * FROM users"',
    'tokenquery capture --script > tokenquery-capture.sh',
  ],
  run,
};
