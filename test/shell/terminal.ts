/** A program on a terminal of its own: tmux is the terminal, under a name that no other has. */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { program, root } from '../standin.ts';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
const longestWait = 30_000;

export interface TerminalOptions {
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
}

export class Terminal {
  readonly #name = `tokenquery-test-${randomUUID()}`;

  /** @param words The command line of tokenquery. */
  constructor(
    t: ExecutionContext,
    words: readonly string[],
    { columns = 100, env = {} }: TerminalOptions = {},
  ) {
    t.teardown(() => this.#tmux('kill-server'));
    const line = [process.execPath, '--disable-warning=ExperimentalWarning', program, ...words]
      .map(quote)
      .join(' ');
    const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(columns), '-y', '50', '-c', root];
    // `cat` keeps the terminal when the program has ended.
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      ...size,
      ...variables,
      `${line}; echo "ended with $?"; exec cat`,
    );
  }

  #tmux(...words: readonly string[]): string {
    const { stdout } = spawnSync('tmux', ['-L', this.#name, ...words], { encoding: 'utf8' });
    return stdout;
  }

  /** Presses keys by their names. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', ...keys);
  }

  type(text: string): void {
    // tmux takes a semicolon at the end for its own.
    this.#tmux('send-keys', '-l', text.replace(/;$/, '\\;'));
  }

  /** Types a line, and ends it. */
  enter(text: string): void {
    this.type(text);
    this.press('Enter');
  }

  /** What is seen, without blanks at the ends of lines. */
  screen(): string {
    return this.#tmux('capture-pane', '-p', '-J')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trimEnd();
  }

  /** The process that the terminal began with. */
  pid(): number {
    return Number(this.#tmux('display-message', '-p', '#{pane_pid}'));
  }

  /** Waits until something is seen; what is seen then. */
  async until(sign: string | RegExp): Promise<string> {
    const end = Date.now() + longestWait;
    for (;;) {
      const screen = this.screen();
      if (typeof sign === 'string' ? screen.includes(sign) : sign.test(screen)) return screen;
      if (Date.now() > end) throw new Error(`not seen: ${String(sign)}\n${screen}`);
      await new Promise((fulfil) => setTimeout(fulfil, 10));
    }
  }
}
