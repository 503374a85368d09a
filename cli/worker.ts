/** What this program does in a thread of its own. */
import { isMainThread, workerData } from 'node:worker_threads';

/** False where this is no thread, but somebody who typed the argument of one. */
export const serveWorker = async (): Promise<boolean> => {
  if (isMainThread) return false;
  const { task } = workerData as { readonly task: 'decode' | 'export' };
  if (task === 'decode') (await import(/* webpackMode: "eager" */ './decode_worker.ts')).serve();
  else (await import(/* webpackMode: "eager" */ './export_worker.ts')).serve();
  return true;
};
