import { isMainThread, workerData } from 'node:worker_threads';
import { main } from './main.ts';

// A thread that reads exports for `merge` is started by this same file: the bundle has no other.
if (!isMainThread && (workerData as { readonly task?: string } | null)?.task === 'decode') {
  (await import(/* webpackMode: "eager" */ './decode_worker.ts')).serve();
} else {
  process.exitCode = await main(process.argv.slice(2));
}
