/** A file in a home directory, which whoever owns the home may have put there: a link, a pipe, or a file of somebody else. */
import { constants } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isNotThere } from '../file_failure.ts';
import { lookSeconds, maxOwnedBytes } from '../sources.ts';
import { pathStatOf } from './backend.ts';
import type { OwnedFile, PathStat } from './backend.ts';
import { within } from './within.ts';

const missing: OwnedFile = { look: { kind: 'missing' }, bytes: null };
/** What is not opened, or not read: all the same to whoever asks. */
export const refused: OwnedFile = { look: { kind: 'denied' }, bytes: null };

/** Whether somebody may be told what is in it: it is of this account, and no larger than such a file is. */
export const isOwn = (look: PathStat | null, uid: number): boolean =>
  look !== null && look.kind === 'file' && look.uid === uid && look.size <= maxOwnedBytes;

/** A folder of this disk that is no link; else why there is none. */
const folderOn = async (path: string, disk: number): Promise<OwnedFile | null> => {
  try {
    const found = await lstat(path);
    return found.isDirectory() && found.dev === disk ? null : refused;
  } catch (error) {
    return isNotThere(error) ? missing : refused;
  }
};

const readOpened = async (path: string, uid: number, disk: number): Promise<OwnedFile> => {
  // A pipe would wait for somebody who writes into it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.dev !== disk) return refused;
    const look = pathStatOf(found);
    if (!isOwn(look, uid)) return { look, bytes: null };
    const bytes = new Uint8Array(maxOwnedBytes + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    // It grew meanwhile.
    return bytesRead > maxOwnedBytes ? refused : { look, bytes: bytes.slice(0, bytesRead) };
  } finally {
    await handle.close();
  }
};

const readNow = async (root: string, path: string, uid: number): Promise<OwnedFile> => {
  // Of a Mac, the Data volume. A folder that stands for `/` may have no such folder.
  const disk = await stat(join(root, 'private/var')).catch(() => stat(root));
  const at = join(root, path);
  for (const folder of [dirname(dirname(at)), dirname(at)]) {
    const problem = await folderOn(folder, disk.dev);
    if (problem !== null) return problem;
  }
  try {
    return await readOpened(at, uid, disk.dev);
  } catch (error) {
    return isNotThere(error) ? missing : refused;
  }
};

/**
 * What a file in a folder of a home holds, and how it lies there. Neither the home, the folder nor the file may be a link, or lie on
 * another disk than the accounts; of another owner, or larger than such a file is, it is looked at and not read.
 *
 * @param root The folder that stands for `/`, or `/`.
 */
export const readOwned = (root: string, path: string, uid: number): Promise<OwnedFile> =>
  within(lookSeconds, readNow(root, path, uid), refused);
