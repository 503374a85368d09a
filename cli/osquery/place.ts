/** Where the sockets lie, and whom they are of: what answers there would be given all that is collected. */
import { lstatSync, rmSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { connect } from 'node:net';
import { dirname, resolve } from 'node:path';
import { codeOf, FileError, UserError } from '../../collector/errors.ts';
import { statOrNull } from '../../collector/files.ts';
import { checkData } from '../../collector/trust.ts';

/** Of a path of a socket the system takes 103 bytes; an extension needs six of them for its own. */
const mostPathBytes = 97;

export const checkLength = (socket: string): void => {
  const bytes = Buffer.byteLength(socket);
  if (bytes > mostPathBytes)
    throw new UserError(
      `--socket has ${bytes} bytes, and a socket of osquery has at most ${mostPathBytes}`,
      'set --extensions_socket of osquery to a shorter path',
      2,
    );
};

const ownUsers = (): ReadonlySet<number> => new Set([0, process.geteuid?.() ?? 0]);

const folderFault = (folder: Stats): string | null => {
  if (!ownUsers().has(folder.uid)) return ` belongs to user ${folder.uid}`;
  const isOpen = (folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0;
  return isOpen ? ' may be written by others than its owner' : null;
};

/** Throws where others than root and this user can have put the socket there; returns whether there is one. */
export const checkSocket = (socket: string): boolean => {
  // As root: what holds of a database holds of a socket.
  checkData(socket, []);
  const path = dirname(resolve(socket));
  const folder = statOrNull(path, statSync);
  if (folder === null) return false;
  const fault = folderFault(folder);
  if (fault !== null)
    throw new FileError(
      path,
      `${fault}: whoever can write there could take the place of osquery`,
      'set --extensions_socket of osquery to a path in a folder that is root’s or your own',
    );
  const stat = statOrNull(socket);
  if (stat === null) return false;
  if (!stat.isSocket()) throw new FileError(socket, ' is no socket', 'osquery --extensions_socket names it');
  if (!ownUsers().has(stat.uid))
    throw new FileError(
      socket,
      ` belongs to user ${stat.uid}, and not to root or you`,
      'run the extension as the user as whom osquery runs',
    );
  return true;
};

/** Takes away a socket that nobody listens on any more; anything else at its place is an error. */
export const clearPlace = async (socket: string): Promise<void> => {
  const stat = statOrNull(socket);
  if (stat === null) return;
  if (!stat.isSocket() || !ownUsers().has(stat.uid))
    throw new FileError(socket, ' is in the way: it is no socket of this extension', 'look at what it is');
  if (await isListening(socket))
    throw new FileError(socket, ' is in the way: somebody listens there', 'end what listens there');
  rmSync(socket, { force: true });
};

const isListening = (socket: string): Promise<boolean> =>
  new Promise((settle) => {
    const connection = connect(socket);
    const end = (is: boolean): void => {
      connection.destroy();
      settle(is);
    };
    connection.on('connect', () => end(true));
    // Full is not gone.
    connection.on('error', (error) => end(codeOf(error) !== 'ECONNREFUSED'));
  });

/** Removes a socket while it is still the one that was made. */
export const removeOwn = (socket: string, inode: bigint): void => {
  const stat = lstatSync(socket, { bigint: true, throwIfNoEntry: false });
  if (stat?.ino === inode) rmSync(socket, { force: true });
};

export const inodeOf = (socket: string): bigint => lstatSync(socket, { bigint: true }).ino;
