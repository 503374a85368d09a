/** Answers command lines, one after the other in one process: stdin holds a list of them, and stdout gets what each printed. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { readFileSync, writeSync } = fs;
let printed = '';
const listening = (fd: number, data: unknown): number => {
  const text = Buffer.from(data as Uint8Array).toString();
  // What is printed of data is not looked at: a mistake prints none.
  printed += fd === 1 ? `stdout: ${text}` : text;
  return Buffer.byteLength(text);
};
Object.assign(fs, { writeSync: listening });
syncBuiltinESMExports();

const { main } = await import('../../../cli/main.ts');
const answers = [];
for (const argv of JSON.parse(readFileSync(0, 'utf8')) as string[][]) {
  printed = '';
  const code = await main(argv, 'none');
  answers.push({ code, printed });
}
writeSync(1, JSON.stringify(answers));
