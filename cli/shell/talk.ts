/** A shell on a terminal. */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { flush, printNote } from '../output.ts';
import { completeDot, completeSql } from './complete.ts';
import type { Completion } from './complete.ts';
import { History } from './history.ts';
import { Keys } from './keys.ts';
import type { Outcome, Shell } from './shell.ts';
import { Statements } from './statements.ts';

const prompt = 'tokenquery> ';

/** The prompt of a further line: what is open, or that the statement goes on. */
const promptFor = (statements: Statements): string =>
  statements.isEmpty ? prompt : `${(statements.inside ?? '...').padStart(prompt.length - 2)}> `;

/** A line as it was typed; one that comes out of the history may be several. */
const linesIn = (line: string): readonly string[] => line.split(/\r\n?|\n/);

class Talk {
  readonly #shell: Shell;
  readonly #statements = new Statements();
  readonly #history = new History();
  readonly #keys: Keys;
  readonly #readline: Interface;
  #isLeaving = false;
  #exitCode = 0;
  #left: () => void = () => {};

  constructor(shell: Shell) {
    this.#shell = shell;
    this.#keys = new Keys(process.stdin, () => this.#interruptRunning());
    this.#readline = createInterface({
      input: this.#keys,
      output: process.stdout,
      terminal: true,
      prompt,
      history: [...this.#history.entries],
      historySize: 1000,
      completer: (line: string): Completion => this.#complete(line),
    });
    shell.alsoTells(() => ['history', this.#history.where]);
    this.#readline.on('line', (line) => void this.#take(line));
    this.#readline.on('SIGINT', () => this.#interrupt());
    this.#readline.on('close', () => this.#leave());
    // One entry for a statement, however many lines it has.
    this.#readline.on('history', (lines) => void lines.splice(0, lines.length, ...this.#history.entries));
  }

  #complete(line: string): Completion {
    if (this.#statements.isEmpty && line.trimStart().startsWith('.'))
      return completeDot(line, this.#shell.catalog);
    const after = this.#readline.line.slice(line.length);
    return completeSql(this.#statements.text + line, after, this.#shell.catalog);
  }

  #ask(): void {
    this.#readline.setPrompt(promptFor(this.#statements));
    this.#readline.prompt();
    this.#keys.next();
  }

  /** Ctrl-C at the prompt. */
  #interrupt(): void {
    const isIdle = this.#statements.isEmpty && this.#readline.line === '';
    this.#statements.clear();
    process.stdout.write('^C\n');
    if (isIdle) printNote('.quit or Ctrl-D leaves');
    // There is no other way to empty the line.
    this.#readline.write(null, { ctrl: true, name: 'e' });
    this.#readline.write(null, { ctrl: true, name: 'u' });
    this.#ask();
  }

  #interruptRunning(): void {
    process.stdout.write('^C\n');
    this.#shell.stop();
  }

  #remember(entry: string): void {
    this.#history.add(entry);
    const { history } = this.#readline as Interface & { readonly history: string[] };
    history.splice(0, history.length, ...this.#history.entries);
  }

  async #run(line: string): Promise<Outcome> {
    if (this.#statements.isEmpty && line.trimStart().startsWith('.')) {
      this.#remember(line.trim());
      return await this.#shell.dot(line);
    }
    const begun = this.#statements.text;
    const whole = this.#statements.add(line);
    if (whole.length === 0) return 'done';
    // Several on one line are one entry, as they were typed.
    this.#remember((begun + line).trim());
    let outcome: Outcome = 'done';
    for (const sql of whole) {
      outcome = await this.#shell.statement(sql);
      // Who stops one does not want what was typed behind it.
      if (outcome === 'stopped' || outcome === 'leave') break;
    }
    return outcome;
  }

  async #take(given: string): Promise<void> {
    try {
      for (const line of linesIn(given)) {
        const outcome = await this.#run(line);
        flush();
        if (outcome === 'leave') this.#isLeaving = true;
        if (this.#isLeaving) break;
      }
    } catch (error) {
      this.#failed(error);
      return;
    }
    if (this.#isLeaving) this.#readline.close();
    else this.#ask();
  }

  #failure: unknown = null;

  #failed(error: unknown): void {
    this.#failure = error;
    this.#readline.close();
  }

  #leave(): void {
    // Ctrl-D stays on the line of the prompt.
    if (!this.#isLeaving && this.#failure === null) process.stdout.write('\n');
    this.#keys.leave();
    this.#shell.close();
    this.#left();
  }

  /** Talks until somebody leaves. */
  async untilLeft(): Promise<number> {
    const left = new Promise<void>((fulfil) => (this.#left = fulfil));
    const { fault } = this.#history;
    if (fault !== null && !fault.includes(' is user ')) printNote(`what is typed is not kept: ${fault}`);
    this.#ask();
    // First the prompt, then what it may need.
    setImmediate(() => void this.#begin());
    await left;
    if (this.#failure !== null) throw this.#failure;
    return this.#exitCode;
  }

  async #begin(): Promise<void> {
    try {
      if (await this.#shell.begin()) return;
      this.#exitCode = 1;
      this.#isLeaving = true;
      this.#readline.close();
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Talks with whoever sits at the terminal; the exit code. */
export const talk = (shell: Shell): Promise<number> => new Talk(shell).untilLeft();
