import { workerArgument } from '../store/worker.ts';
import { main } from './main.ts';

// Threads of `merge` and `export` are started by this same file: the bundle has no other.
const isServed =
  process.argv[2] === workerArgument &&
  (await (await import(/* webpackMode: "eager" */ './worker.ts')).serveWorker());
if (!isServed) process.exitCode = await main(process.argv.slice(2));
