import { isMainThread, workerData } from 'node:worker_threads';
import { main } from './main.ts';

// Threads of `merge` and `export` are started by this same file: the bundle has no other.
const task = isMainThread ? null : (workerData as { readonly task?: string } | null)?.task;
if (task === 'decode') {
  (await import(/* webpackMode: "eager" */ './decode_worker.ts')).serve();
} else if (task === 'export') {
  (await import(/* webpackMode: "eager" */ './export_worker.ts')).serve();
} else {
  process.exitCode = await main(process.argv.slice(2));
}
