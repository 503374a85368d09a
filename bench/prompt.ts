/** How soon a shell shows its first prompt, on a terminal that `script` makes. */
import { spawn } from 'node:child_process';
import type { Measured } from './line.ts';

const sign = 'tokenquery> ';
/** A prompt that takes longer is none. */
const mostMs = 30_000;

/** The words of `script` for a command on a terminal of its own. */
export const onTerminal = (words: readonly string[]): readonly string[] =>
  process.platform === 'darwin'
    ? ['-q', '/dev/null', ...words]
    : ['-qec', words.map((word) => `'${word}'`).join(' '), '/dev/null'];

/** Until the prompt is there; then the shell is told to end. */
export const firstPrompt = (words: readonly string[]): Promise<Measured> =>
  new Promise((fulfil, fail) => {
    const began = performance.now();
    const child = spawn('script', onTerminal(words), { stdio: ['pipe', 'pipe', 'ignore'] });
    const tooLong = setTimeout(() => child.kill('SIGKILL'), mostMs);
    let text = '';
    let seconds: number | null = null;
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (seconds !== null || !text.includes(sign)) return;
      seconds = (performance.now() - began) / 1000;
      child.stdin.end('.quit\n');
      // Some `script` waits for more where its program is gone.
      setTimeout(() => child.kill('SIGKILL'), 300);
    });
    child.on('error', fail);
    child.on('exit', () => {
      clearTimeout(tooLong);
      if (seconds === null) fail(new Error(`there was no prompt: ${text}`));
      else fulfil({ seconds, processor: null, megabytes: null });
    });
  });
