/**
 * The first argument of a thread of this program, which has one entry for all. It is seen without `node:worker_threads`,
 * whose loading would cost every start some milliseconds.
 */
export const workerArgument = '--thread';
