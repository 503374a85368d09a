import { lstat, readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isNotThere } from '../file_failure.ts';
import { lookSeconds, timeoutSecondsOf } from '../sources.ts';
import { checkCode } from '../trust.ts';
import { pathStatOf } from './backend.ts';
import type { Backend, Look, Output, PathStat } from './backend.ts';
import { readOwned } from './owned_file.ts';
import { maxOutputBytes, runProcess } from './process.ts';
import { within } from './within.ts';

const lookAt = async (path: string): Promise<PathStat> => {
  try {
    return pathStatOf(await lstat(path));
  } catch (error) {
    return isNotThere(error) ? { kind: 'missing' } : { kind: 'denied' };
  }
};

/**
 * Runs a program of the list; in a folder that stands for `/`, what is there in its place, which as root must be root’s.
 *
 * @param root The folder, or `/`.
 */
export const runAt = async (
  root: string,
  isStandIn: boolean,
  argv: readonly string[],
  timeoutSeconds: number,
): Promise<Output> => {
  const [program = '', ...parameters] = argv;
  const path = join(root, program);
  if (isStandIn) checkCode(path, 'what --exec-root names');
  const output = await runProcess(path, parameters, timeoutSeconds * 1000);
  return { ...output, isSpawned: output.outcome !== 'missing' && output.outcome !== 'denied' };
};

/**
 * This Mac. `execRoot` is a folder that stands for `/`, so that tests run on any OS; as root it must be root’s.
 * What may be asked is decided before: table_draft.ts and source_reader.ts hold it against sources.ts.
 */
export const liveBackend = (options: { readonly execRoot?: string }): Backend => {
  const { execRoot } = options;
  const root = resolve(execRoot ?? '/');
  const isStandIn = execRoot !== undefined;
  if (isStandIn) checkCode(root, 'what --exec-root names');
  return {
    origin: 'live',
    label: 'live',
    capturedTime: Math.floor(Date.now() / 1000),
    euid: process.geteuid?.() ?? null,
    hostId: null,
    run: (source, argv) => runAt(root, isStandIn, argv, timeoutSecondsOf(source)),
    readFile: async (path) => {
      const at = join(root, path);
      try {
        const found = await stat(at);
        // A preference file has some kilobytes; a giant, a pipe or a device is not one.
        if (!found.isFile() || found.size > maxOutputBytes)
          return { kind: 'content', bytes: new Uint8Array() };
        return { kind: 'content', bytes: await readFile(at) };
      } catch (error) {
        return isNotThere(error) ? { kind: 'missing' } : { kind: 'denied' };
      }
    },
    list: async (path) => {
      try {
        return { kind: 'names', names: (await readdir(join(root, path))).toSorted() };
      } catch (error) {
        return isNotThere(error) ? { kind: 'missing' } : { kind: 'denied' };
      }
    },
    stat: (path): Promise<Look> => within<Look>(lookSeconds, lookAt(join(root, path)), { kind: 'late' }),
    readOwned: (path, uid) => readOwned(root, path, uid),
  };
};
