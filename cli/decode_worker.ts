/** The part of `merge` that runs in a thread of its own: it reads exports, so that the other only writes. */
import { parentPort } from 'node:worker_threads';
import { readNativeFile } from '../store/native/file.ts';
import type { Snapshot } from '../store/snapshot.ts';
import { failureOf } from '../store/thread_failure.ts';
import { tables } from '../tables/index.ts';

/** Batches that are on their way at once: what is written in one transaction, and what is read meanwhile. */
const ahead = 5;

/** So often it says how far it is. */
const tellBytes = 1024 * 1024;

/** Answers the path of an export with its batches, and with what is wrong with it. */
export const serve = (): void => {
  const port = parentPort;
  if (port === null) return;
  let unanswered = 0;
  let proceed: (() => void) | null = null;
  const take = async (snapshots: readonly Snapshot[]): Promise<void> => {
    unanswered += 1;
    port.postMessage({ snapshots });
    if (unanswered >= ahead) await new Promise<void>((resolve) => (proceed = resolve));
  };
  const decode = async (path: string): Promise<void> => {
    const leftOut = new Set<string>();
    let told = 0;
    const read = (bytes: number): void => {
      if (bytes - told < tellBytes) return;
      told = bytes;
      port.postMessage({ read: bytes });
    };
    try {
      await readNativeFile(path, tables, take, { leftOut, read });
      port.postMessage({ done: true, leftOut });
    } catch (error) {
      const failure = failureOf(error);
      port.postMessage('fault' in failure ? failure : { ...failure, leftOut });
    }
  };
  port.on('message', (message: { readonly path?: string }) => {
    if (message.path !== undefined) void decode(message.path);
    else {
      unanswered -= 1;
      proceed?.();
      proceed = null;
    }
  });
};
