/**
 * Whether a descriptor is a terminal. A thread has no `process.stdin` that could tell; and `node:tty` is loaded when it is
 * asked, for it loads the whole of `node:net`.
 */
export const isTerminal = (fd: number): boolean => process.getBuiltinModule('node:tty').isatty(fd);
