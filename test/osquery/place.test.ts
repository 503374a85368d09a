/** Whose sockets are spoken to, where this program is not root: root's own rules are those of its databases (extension.test.ts). */
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import test from 'ava';
import { checkSocket } from '../../cli/osquery/place.ts';
import { socketFolder } from './extension.ts';

const user = 12_345;
const other = 4711;

/** What is thrown for a socket where another user than root asks; null for nothing. */
const asUser = (socket: string): string | null => {
  process.seteuid?.(user);
  try {
    checkSocket(socket);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    process.seteuid?.(0);
  }
};

(process.geteuid?.() === 0 ? test.serial : test.skip)(
  'a user speaks to sockets of root and of the own, in folders where nobody else can put one',
  async (t) => {
    const folder = socketFolder(t);
    chmodSync(dirname(folder), 0o755);
    const socket = join(folder, 'em');
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    t.teardown(() => server.close());
    const own = (folderOf: number, mode: number, socketOf: number): string | null => {
      chownSync(folder, folderOf, 0);
      chmodSync(folder, mode);
      chownSync(socket, socketOf, 0);
      return asUser(socket);
    };
    t.is(own(user, 0o700, user), null);
    t.is(own(0, 0o755, 0), null);
    // As in /tmp: others make only what is theirs.
    t.is(own(0, 0o1777, user), null);
    t.regex(own(user, 0o777, user) ?? '', /may be written by others than its owner/);
    t.regex(own(0, 0o775, 0) ?? '', /may be written by others than its owner/);
    t.regex(own(other, 0o755, user) ?? '', /belongs to user 4711/);
    t.regex(own(0, 0o1777, other) ?? '', /belongs to user 4711/);
    chownSync(folder, 0, 0);
    chmodSync(folder, 0o755);
    t.false(checkSocket(join(folder, 'none')));
    writeFileSync(join(folder, 'file'), '');
    t.regex(asUser(join(folder, 'file')) ?? '', /is no socket/);
  },
);
