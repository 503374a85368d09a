/** Judges hosts in threads, each on a connection of its own, so that the first thread only stores what is found. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { errorOf } from '../store/thread_failure.ts';
import type { ThreadFailure } from '../store/thread_failure.ts';
import { isNotBegun, workerArgument } from '../store/worker.ts';
import type { ThreadEntry } from '../store/worker.ts';
import type { Expectation } from './expectations.ts';
import type { FoundOnHost } from './findings.ts';

export interface JudgeTask {
  readonly task: 'judge';
  readonly path: string;
  readonly expect: Expectation;
}

/** Hosts, each with when it was observed. */
export type Observed = ReadonlyMap<string, number>;
type Found = ReadonlyMap<string, FoundOnHost>;
export type FromJudge = { readonly found: Found } | ThreadFailure;

/** Below this, starting threads takes longer than they save. */
export const leastHostsForThreads = 200;
/** What a thread holds is the rows of a few hosts and 200 statements. */
const threadMegabytes = 192;
const mostThreads = 4;
/** Groups that each thread is given ahead of the one that stores. */
const ahead = 2;
/** When a group is told, none after so many more was begun. */
export const mostAhead = mostThreads * ahead;

/** Null where the thread came to its end before it answered: whoever asks can still find it out. */
type Answered = Found | null;

interface Waiting {
  readonly fulfil: (found: Answered) => void;
  readonly reject: (error: unknown) => void;
}

/** Answers groups in the order in which they were given. */
class JudgeThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  /** As of one whose memory did not suffice. */
  #isDead = false;

  constructor(entry: ThreadEntry, task: JudgeTask) {
    this.#worker = new Worker(entry.script, {
      eval: entry.isText,
      argv: [workerArgument],
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: threadMegabytes },
    });
    this.#worker.on('message', (message: FromJudge) => {
      if ('found' in message) this.#waiting.shift()?.fulfil(message.found);
      else this.#fail(errorOf(message));
    });
    this.#worker.on('error', () => {
      this.#isDead = true;
      for (const { fulfil } of this.#waiting.splice(0)) fulfil(null);
    });
  }

  judge(hosts: Observed): Promise<Answered> {
    if (this.#isDead) return Promise.resolve(null);
    return new Promise((fulfil, reject) => {
      this.#waiting.push({ fulfil, reject });
      this.#worker.postMessage(hosts);
    });
  }

  /** When it has ended, its connection is closed. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}

/** Threads that judge; fewer, or none, where no more can be begun. */
const beginThreads = (entry: ThreadEntry, task: JudgeTask, count: number): JudgeThread[] => {
  const threads: JudgeThread[] = [];
  try {
    while (threads.length < count) threads.push(new JudgeThread(entry, task));
  } catch (error) {
    if (!isNotBegun(error)) throw error;
  }
  return threads;
};

/** What is found on groups of hosts, in the order of the groups; null of one that no thread came to the end of. */
export async function* judgedInThreads(
  entry: ThreadEntry,
  task: JudgeTask,
  groups: readonly Observed[],
): AsyncGenerator<Answered> {
  const threads = beginThreads(entry, task, Math.min(mostThreads, groups.length, availableParallelism()));
  const count = threads.length;
  try {
    const begun: Promise<Answered>[] = [];
    const begin = (): void => {
      const group = groups[begun.length];
      if (group === undefined) return;
      const found = threads[begun.length % count]?.judge(group) ?? Promise.resolve(null);
      // Whoever waits for it hears of it; until then it is no error that nobody hears.
      found.catch(() => {});
      begun.push(found);
    };
    for (let index = 0; index < Math.max(1, count * ahead); index += 1) begin();
    for (let index = 0; index < groups.length; index += 1) {
      yield await (begun[index] as Promise<Answered>);
      begin();
    }
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}
