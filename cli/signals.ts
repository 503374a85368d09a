/** Signals that end the program, and what has to be put in order before they do. */
import { beforeLeaving } from '../collector/leaving.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work; a signal that comes meanwhile first cleans up, and then ends the program as it would have. */
export const cleaningUp = async <T>(cleanUp: () => void, work: () => Promise<T>): Promise<T> => {
  const end = (signal: NodeJS.Signals): void => {
    cleanUp();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  };
  for (const signal of signals) process.on(signal, end);
  const done = beforeLeaving(cleanUp);
  try {
    return await work();
  } finally {
    done();
    // With a listener, Ctrl-C would wait for a running query to end.
    for (const signal of signals) process.removeListener(signal, end);
  }
};
