/** What this Mac says of tokenquery itself: its settings and its job. No collection reads any of it. */
import { join, resolve } from 'node:path';
import { fileFailure, isNotThere } from '../file_failure.ts';
import { readRegular } from '../files.ts';
import { defaultTimeoutSeconds, ownArgvOf, ownPathOf } from '../sources.ts';
import type { OwnCommandName, OwnFileName } from '../sources.ts';
import { checkCode, checkRootsOwn } from '../trust.ts';
import type { Output } from './backend.ts';
import { runAt } from './live.ts';

/** Some hundred times the largest that is known. */
const maxFileBytes = 1024 * 1024;

export interface OwnMac {
  readonly isStandIn: boolean;
  /** Where a path of the Mac lies. */
  at(path: string): string;
  run(name: OwnCommandName, value: string): Promise<Output>;
  /**
   * The content of a file that speaks for root; null where there is none. Throws FileError for one that cannot be read, or that is
   * not root’s alone.
   */
  read(name: OwnFileName, value?: string): Uint8Array | null;
}

/** This Mac; `execRoot` is a folder that stands for `/`, so that tests run on any OS. */
export const ownMac = (execRoot: string | null): OwnMac => {
  const root = resolve(execRoot ?? '/');
  const isStandIn = execRoot !== null;
  if (isStandIn) checkCode(root, 'what --exec-root names');
  const at = (path: string): string => join(root, path);
  return {
    isStandIn,
    at,
    run: (name, value) => runAt(root, isStandIn, ownArgvOf(name, value), defaultTimeoutSeconds),
    read: (name, value) => {
      const path = at(ownPathOf(name, value));
      try {
        checkRootsOwn(path, isStandIn);
        return readRegular(path, maxFileBytes, { noLink: true, hint: 'look at what it is' });
      } catch (error) {
        if (isNotThere(error)) return null;
        throw fileFailure(error, path, 'read');
      }
    },
  };
};
