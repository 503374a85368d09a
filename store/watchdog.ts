import { Worker } from 'node:worker_threads';

// SQLite as better-sqlite3 builds it has no interrupt and no progress handler, and ending a worker thread
// waits for its SQL. What does end a runaway query is SIGKILL from a thread that still runs.
const source = `
const { workerData } = require('node:worker_threads');
const { writeSync } = require('node:fs');
const { seconds, bytes } = workerData;
const deadline = performance.now() + seconds * 1000;
const end = (message) => {
  try { writeSync(2, message); } catch {}
  process.kill(process.pid, 'SIGKILL');
};
setInterval(() => {
  if (performance.now() > deadline) {
    end('tokenquery: error: the query did not end within ' + seconds + ' s and was stopped\\ntokenquery: hint: --timeout SECONDS gives it longer\\n');
  }
  if (process.memoryUsage.rss() > bytes) {
    end('tokenquery: error: the query took more than ' + Math.round(bytes / 1048576) + ' MiB of memory and was stopped\\ntokenquery: hint: ask for fewer rows or columns\\n');
  }
}, 25);
`;

/** More than any query over a fleet file needs that does not multiply tables by each other. */
const memoryBytes = 2 * 1024 * 1024 * 1024;

/**
 * Ends this process with SIGKILL when the work does not finish in time or takes too much memory, with a
 * message on stderr. The exit status is then 137.
 */
export const watch = (seconds: number, bytes: number = memoryBytes): { readonly stop: () => void } => {
  const worker = new Worker(source, {
    eval: true,
    workerData: { seconds, bytes },
    stdout: false,
    stderr: false,
  });
  worker.unref();
  return { stop: () => void worker.terminate() };
};
