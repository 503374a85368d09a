/** Asks the program in this process what a user would ask it on a command line: to start it 80 times takes a minute. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one command line. cli/output.ts is the only writer to stdout and stderr, and writes with `writeSync`:
 * for as long as the command runs, what it writes is kept instead. One at a time.
 */
export const askProgram = async (parameters: readonly string[]): Promise<Answer> => {
  // Loaded when it is asked, not before: scripts/generate.ts writes some of the files that it imports.
  const { main } = await import('../cli/main.ts');
  const written: Record<number, Buffer[]> = { 1: [], 2: [] };
  const { writeSync } = fs;
  const keep = (fd: number, data: Uint8Array): number => {
    const kept = written[fd];
    if (kept === undefined) return writeSync(fd, data);
    kept.push(Buffer.from(data));
    return data.length;
  };
  const put = (writer: typeof writeSync): void => {
    fs.writeSync = writer;
    syncBuiltinESMExports();
  };
  put(keep as typeof writeSync);
  try {
    const exitCode = await main(parameters, 'none');
    const textOf = (fd: number): string => Buffer.concat(written[fd] ?? []).toString('utf8');
    return { exitCode, stdout: textOf(1), stderr: textOf(2) };
  } finally {
    put(writeSync);
  }
};
