import { threadArgument } from '../collector/thread.ts';
import { main } from './main.ts';

// Threads of `merge` and `export` are started by this same file: the bundle has no other.
const isServed =
  process.argv[2] === threadArgument &&
  (await (await import(/* webpackMode: "eager" */ './thread.ts')).serveThread());
if (!isServed) process.exitCode = await main(process.argv.slice(2));
