import { fstatSync } from 'node:fs';

/**
 * Whether a descriptor is a terminal. A thread has no `process.stdin` that could tell; and `node:tty` is loaded only for what may
 * be one, for it loads the whole of `node:net`.
 */
export const isTerminal = (fd: number): boolean => {
  try {
    return fstatSync(fd).isCharacterDevice() && process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    // It is closed.
    return false;
  }
};
