import { fstatSync } from 'node:fs';

/** The device of /dev/null, /dev/zero and their like: 1 on Linux, 3 on macOS, whose numbers stand in other bits. */
const isMemoryDevice = (device: number): boolean =>
  process.platform === 'darwin' ? device >>> 24 === 3 : device >>> 8 === 1;

/**
 * Whether a descriptor is a terminal. A thread has no `process.stdin` that could tell; and `node:tty` is loaded only for what may
 * be one, for it loads the whole of `node:net`: a tenth of what `SELECT 1` takes, and a job has /dev/null for one of the three.
 */
export const isTerminal = (fd: number): boolean => {
  try {
    const file = fstatSync(fd);
    return (
      file.isCharacterDevice() &&
      !isMemoryDevice(file.rdev) &&
      process.getBuiltinModule('node:tty').isatty(fd)
    );
  } catch {
    // It is closed.
    return false;
  }
};
