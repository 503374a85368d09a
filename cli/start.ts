import { lookArgument, sessionArgument, workerArgument } from '../store/worker.ts';
import { main } from './main.ts';

const [first, second] = process.argv.slice(2);
// Threads are started by this same file: the bundle has no other.
const thread =
  first === workerArgument
    ? await (await import(/* webpackMode: "eager" */ './worker.ts')).serveWorker()
    : null;
if (thread === 'command' && second === sessionArgument) {
  const { serveSession } = await import(/* webpackMode: "eager" */ './shell/session.ts');
  process.exitCode = await serveSession(process.argv.slice(4));
} else if (thread === 'command') process.exitCode = await main(process.argv.slice(3), 'standing');
else if (thread === null && first === sessionArgument) {
  // The loader of the built program does so itself, and loads less.
  const { runGuarded } = await import(/* webpackMode: "eager" */ './guardian.ts');
  const { programEntry } = await import(/* webpackMode: "eager" */ './delivered.ts');
  process.exitCode = await runGuarded(programEntry, process.argv.slice(2));
} else if (thread === null && first === lookArgument) {
  const { serveLook } = await import(/* webpackMode: "eager" */ './osquery/look_process.ts');
  await serveLook(process.argv.slice(3));
} else if (thread === null) process.exitCode = await main(process.argv.slice(2), 'to start');
