/** The shell's side of the process that runs its statements (session.ts). */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { UserError, codeOf } from '../../collector/errors.ts';
import { sessionArgument } from '../../store/worker.ts';
import { programEntry } from '../delivered.ts';
import { Unframing, framed } from './frames.ts';
import type { Asked, HostsKnown, Told } from './frames.ts';

/** So long a process that was told to end may take to put things in order. */
const orderMs = 170;

/**
 * How a question ended: with an exit code; because somebody stopped it; because nobody reads any more what is printed; or
 * because its process ended, which has said why.
 */
export type Ended = { readonly code: number } | 'stopped' | 'unread' | 'died';

interface Running {
  readonly process: ChildProcess;
  readonly questions: Writable;
}

interface Question {
  readonly asked: Asked;
  readonly hear: (told: Told) => void;
  readonly end: (ended: Ended) => void;
  readonly fail: (error: Error) => void;
}

const notStarted = (error: Error): UserError =>
  new UserError(
    `the process that runs statements cannot be started (${codeOf(error)})`,
    'nothing was done: are there too few open files or processes left (ulimit -a)?',
  );

export class SessionProcess {
  readonly #words: readonly string[];
  #running: Running | null = null;
  /** The question that is being answered. */
  #current: Question | null = null;
  /** Those that wait: one is asked at a time. */
  readonly #waiting: Question[] = [];
  #isStopped = false;
  #kept: readonly Uint8Array[] = [];
  /** The hosts of which something was collected. */
  hosts: HostsKnown = { hosts: [], hostNames: [] };

  /** @param words The options of the shell. */
  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Starts the process, where there is none: the next question need not wait for it. */
  start(): void {
    this.#running ??= this.#started();
  }

  #started(): Running {
    const { script, isText } = programEntry;
    // The single executable is told its arguments alone.
    const program = isText ? [] : [...process.execArgv, script];
    const child = spawn(process.execPath, [...program, sessionArgument, ...this.#words], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
    });
    const questions = child.stdio[3] as Writable;
    const answers = child.stdio[4] as Readable;
    const running = { process: child, questions };
    // It may end while something is written to it: that is heard below.
    questions.on('error', () => {});
    const unframing = new Unframing<Told>();
    answers.on('data', (bytes: Buffer) => {
      for (const told of unframing.add(bytes)) this.#hear(told, running);
    });
    child.on('error', (error) => this.#current?.fail(notStarted(error)));
    child.on('close', (code) => this.#closed(running, code));
    if (this.#kept.length > 0) questions.write(framed({ kind: 'kept', looks: this.#kept }));
    return running;
  }

  #closed(running: Running, code: number | null): void {
    if (this.#running !== running) return;
    this.#running = null;
    this.#end(this.#isStopped ? 'stopped' : code === 0 ? 'unread' : 'died');
  }

  #hear(told: Told, { questions }: Running): void {
    if (told.kind === 'kept') {
      this.#kept = told.looks;
      this.hosts = told.hosts;
    } else if (told.kind !== 'done') this.#current?.hear(told);
    else {
      if (told.isLarge) {
        // What a statement took is not always given back: the next one begins in a new process.
        this.#running = null;
        questions.end();
      }
      this.#end({ code: told.code });
    }
  }

  #end(ended: Ended): void {
    const question = this.#current;
    this.#current = null;
    question?.end(ended);
    this.#next();
  }

  #next(): void {
    if (this.#current !== null) return;
    const question = this.#waiting.shift();
    if (question === undefined) return;
    this.#current = question;
    this.#isStopped = false;
    this.start();
    this.#running?.questions.write(framed(question.asked));
  }

  /** Asks, and returns when it is answered; throws UserError where no process can be started. */
  ask(asked: Asked, hear: (told: Told) => void = () => {}): Promise<Ended> {
    return new Promise((end, fail) => {
      this.#waiting.push({ asked, hear, end, fail });
      this.#next();
    });
  }

  /** Ends what is running, and what waits for it; but for the catalog, which nobody asked for. */
  stop(): void {
    for (const { end } of this.#waiting.splice(0)) end('stopped');
    const child = this.#running?.process;
    if (child === undefined || this.#current === null || this.#current.asked.kind === 'catalog') return;
    this.#isStopped = true;
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGKILL'), orderMs);
    child.once('exit', () => clearTimeout(timer));
  }

  /** Ends the process, whatever it does. */
  close(): void {
    this.#running?.questions.end();
    if (this.#current !== null) this.#running?.process.kill('SIGINT');
  }
}
