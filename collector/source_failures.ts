/** Why a source has no answer, in the words of `collection_errors`. */
import type { Backend, Output, OwnedFile } from './backends/backend.ts';
import { CollectError, NotAsked } from './errors.ts';
import {
  commands,
  laterCommands,
  laterPlaces,
  lookSeconds,
  maxOwnedBytes,
  timeoutSecondsOf,
} from './sources.ts';
import type { CommandName } from './sources.ts';
import { leftOutReason } from './table.ts';

/** What was wrong with a run; null where the program ended by itself. */
export const failureOf = (output: Output, source: CommandName): CollectError | null => {
  const [program = ''] = commands[source].argv;
  const name = program.split('/').at(-1);
  switch (output.outcome) {
    case 'exited':
      return null;
    case 'timed_out':
      return new CollectError(
        'source_timed_out',
        `${name} did not end within ${timeoutSecondsOf(source)} s and was stopped`,
      );
    case 'too_large':
      return new CollectError('output_too_large', `${name} printed more than 64 MiB and was stopped`);
    case 'missing':
      return new CollectError('source_missing', `${program} is not on this Mac`);
    case 'denied':
      return new CollectError('permission_denied', `${program} may not be run`);
    case 'not_started':
      return new CollectError('source_failed', `${name} could not be started`, {
        hint: 'the Mac may be out of processes, files or memory: try again',
      });
    case 'signalled':
      return new CollectError('source_failed', `${name} was ended by ${output.signal ?? 'a signal'}`, {
        hint: 'try again; if it repeats, run the command of command_log by hand',
      });
  }
};

const notRecorded = (what: string, { origin }: Backend): CollectError =>
  new CollectError('not_recorded', `${what} is not recorded`, {
    hint: origin === 'volume' ? 'a volume cannot say it: ask the running Mac' : '',
  });

/** Whether a reason says that evidence is of a version that did not look: to capture it again is enough. */
export const isOfOlderEvidence = (reason: string): boolean =>
  /the evidence (?:does not name it, as|was reduced by the lists of) before tokenquery /.test(reason);

/** Where evidence does not name something: lost, or never looked at by the version that recorded it. */
const unnamed = (what: string, since: string | undefined, backend: Backend): CollectError | NotAsked =>
  since === undefined || backend.origin !== 'evidence'
    ? notRecorded(what, backend)
    : new NotAsked(`${what} was not looked at: the evidence does not name it, as before tokenquery ${since}`);

export const unnamedFile = (path: string, backend: Backend): CollectError | NotAsked =>
  unnamed(path, Object.hasOwn(laterPlaces, path) ? laterPlaces[path] : undefined, backend);

export const unnamedCommand = (
  source: CommandName,
  argv: readonly string[],
  backend: Backend,
): CollectError | NotAsked =>
  unnamed(argv.join(' '), Object.hasOwn(laterCommands, source) ? laterCommands[source] : undefined, backend);

/** What an older list of what may be kept dropped from an answer: it may be there, and nobody looked. */
export const notKept = (what: string, since: string): NotAsked =>
  new NotAsked(
    `${what} was not looked at: the evidence was reduced by the lists of before tokenquery ${since}`,
  );

/** What is off by default, and was left alone. */
export const notAskedFor = (include: string): NotAsked => new NotAsked(leftOutReason({ include }));

/** A file of a home that nobody looked at: it is asked for with an option alone. */
export const unnamedOwned = (path: string, include: string, backend: Backend): CollectError | NotAsked =>
  backend.origin === 'evidence'
    ? new NotAsked(`homes were not looked at: the evidence was recorded without --include ${include}`)
    : notRecorded(path, backend);

/** Of a mounted volume. */
export const ownersHidden = 'the volume is mounted with its owners ignored, so nothing says whose a file is';
const hintOfOwners = 'mount it with them: sudo diskutil enableOwnership VOLUME';

/** Why a file of a home is not read; null where it was, or is proven absent. */
export const faultOfOwned = (
  path: string,
  { look, bytes, isOwnerHidden }: OwnedFile,
  uid: number,
): CollectError | null => {
  const refused = (why: string): CollectError =>
    new CollectError('permission_denied', `${path} was not read: ${why}`, {
      hint: 'look at the file by hand: of a home only a plain file of its account is read',
    });
  if (look?.kind === 'missing') return null;
  if (isOwnerHidden === true)
    return new CollectError('not_recorded', `${path} was not read: ${ownersHidden}`, { hint: hintOfOwners });
  if (look?.kind === 'file' && look.uid !== uid) return refused('another account owns it');
  if (look?.kind === 'file' && look.size > maxOwnedBytes) return refused('it is larger than 1 MiB');
  if (bytes === null || look?.kind === 'dir')
    return refused('it is, or lies in, a link, is no plain file, lies on another disk, or may not be read');
  return null;
};

/** @param what What may not be done to the path, such as `read`. */
export const deniedPath = (path: string, what: string, { euid }: Backend): CollectError =>
  euid === 0
    ? new CollectError('full_disk_access_required', `${path} may not be ${what}, not even by root`)
    : new CollectError('permission_denied', `${path} may not be ${what}`);

/** A path that a source names, and that is not looked at: only a server could say what is there. */
export const remotePath = (path: string): CollectError =>
  new CollectError('not_recorded', `${path} was not looked at: it may lie on the network`, {
    hint: 'look at it by hand; tokenquery asks no server',
  });

export const latePath = (path: string): CollectError =>
  new CollectError('source_timed_out', `the look at ${path} did not end within ${lookSeconds} s`);

export const unsafeArgument = new CollectError(
  'row_invalid',
  'a name that could be taken for an option or a path is never put on an argv',
  { hint: 'look at the account by hand' },
);
