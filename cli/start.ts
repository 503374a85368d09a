import { workerArgument } from '../store/worker.ts';
import { main } from './main.ts';

// Threads are started by this same file: the bundle has no other.
const thread =
  process.argv[2] === workerArgument
    ? await (await import(/* webpackMode: "eager" */ './worker.ts')).serveWorker()
    : null;
if (thread === null) process.exitCode = await main(process.argv.slice(2), 'to start');
else if (thread === 'command') process.exitCode = await main(process.argv.slice(3), 'standing');
