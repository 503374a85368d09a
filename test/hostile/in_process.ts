/** The program in this process: what it prints and ends with, without the time that a process takes to start. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { main } from '../../cli/main.ts';

export interface Answered {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Not for two at once. */
export const runHere = async (argv: readonly string[]): Promise<Answered> => {
  const { writeSync } = fs;
  const texts = ['', '', ''];
  const take = (fd: number, data: string | NodeJS.ArrayBufferView): number => {
    if (fd !== 1 && fd !== 2) return writeSync(fd, data as NodeJS.ArrayBufferView);
    const bytes =
      typeof data === 'string'
        ? Buffer.from(data)
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    texts[fd] += bytes.toString('utf8');
    return bytes.length;
  };
  fs.writeSync = take;
  syncBuiltinESMExports();
  try {
    const code = await main(argv, 'none');
    return { code, stdout: texts[1] ?? '', stderr: texts[2] ?? '' };
  } finally {
    fs.writeSync = writeSync;
    syncBuiltinESMExports();
  }
};
