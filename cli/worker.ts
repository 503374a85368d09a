/** What this program does in a thread of its own. */
import { isMainThread, workerData } from 'node:worker_threads';

type Task = 'decode' | 'judge' | 'export' | 'lake' | 'command';

/** What this thread is for, which it now does but for a command; null where it is none, but somebody typed the argument of one. */
export const serveWorker = async (): Promise<Task | null> => {
  if (isMainThread) return null;
  const { task } = workerData as { readonly task: Task };
  if (task === 'decode') (await import(/* webpackMode: "eager" */ './decode_worker.ts')).serve();
  else if (task === 'judge') (await import(/* webpackMode: "eager" */ './judge_worker.ts')).serve();
  else if (task === 'export') (await import(/* webpackMode: "eager" */ './export_worker.ts')).serve();
  else if (task === 'lake') (await import(/* webpackMode: "eager" */ './lake_worker.ts')).serve();
  else (await import(/* webpackMode: "eager" */ './guarded.ts')).beGuarded();
  return task;
};
