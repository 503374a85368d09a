/** Where it is measured: the program, and a folder for what it works on. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

export interface Place {
  readonly folder: string;
  /** The words before the arguments: Node, the built program, and what the launcher gives it. */
  readonly program: readonly string[];
  /** A path in the folder, where `make` put something once; lines share what has one name. */
  readonly made: (name: string, make: (path: string) => unknown) => Promise<string>;
  /** A path in the folder at which there is nothing, nor beside it what SQLite puts there. */
  readonly fresh: (name: string) => string;
}

/** TOKENQUERY_PROGRAM names another built program. */
export const placeIn = (
  folder: string,
  program: string = process.env['TOKENQUERY_PROGRAM'] ?? join(root, 'dist/tokenquery.cjs'),
): Place => {
  if (!existsSync(program)) throw new Error(`${program} is not there: npm run build makes it`);
  mkdirSync(folder, { recursive: true });
  return {
    folder,
    program: [process.execPath, '--max-semi-space-size=8', program],
    made: async (name, make) => {
      const path = join(folder, name);
      // What was cut off half way must not be taken for made.
      const mark = `${path}.made`;
      if (existsSync(mark)) return path;
      rmSync(path, { recursive: true, force: true });
      await make(path);
      mkdirSync(mark);
      return path;
    },
    fresh: (name) => {
      const path = join(folder, name);
      for (const suffix of ['', '-wal', '-shm', '-journal'])
        rmSync(path + suffix, { recursive: true, force: true });
      return path;
    },
  };
};
