/**
 * The first argument of a thread of this program, which has one entry for all. It is seen without `node:worker_threads`,
 * whose loading would cost every start some milliseconds.
 */
export const workerArgument = '--thread';

/** The first argument of the process in which a shell runs its statements (cli/shell/session.ts). */
export const sessionArgument = '--session';

/** The first argument of the process that looks for the extension of osquery (cli/osquery/look_process.ts). */
export const lookArgument = '--look';

/** What a thread of this program runs: a file, or the text of one where there is none, as in the single executable. */
export interface ThreadEntry {
  readonly script: string;
  readonly isText: boolean;
}

const codeOf = (error: unknown): string => String((error as NodeJS.ErrnoException | null)?.code);

/** Whether what a thread may hold did not suffice; whoever started it has more room. */
export const isOutOfMemory = (error: unknown): boolean => codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY';

/**
 * Whether a thread could not begin, or not read the program: too few open files or processes are left, or too little memory. Told by
 * the error event of a thread, or thrown where it is made.
 */
export const isNotBegun = (error: unknown): boolean =>
  /^(?:E[A-Z]+|ERR_WORKER_INIT_FAILED)$/.test(codeOf(error));
