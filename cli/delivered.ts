import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the sources; scripts/build.mjs takes `import.meta` out, for a bundle has none. */
const sourceRoot = join(import.meta.dirname, '..');

/** Set by the built program, which does not lie where the sources do. */
const builtRoot = (globalThis as Record<symbol, unknown>)[Symbol.for('tokenquery.root')];

/** A folder that is delivered with the program, such as `samples`. */
export const deliveredFolder = (name: string): string => {
  const root = typeof builtRoot === 'string' ? builtRoot : sourceRoot;
  const beside = join(root, name);
  return existsSync(beside) ? beside : join(root, '..', name);
};

/** The file that starts this program, for a thread of it. */
export const programEntry =
  typeof builtRoot === 'string' ? join(builtRoot, 'tokenquery.cjs') : join(sourceRoot, 'cli/start.ts');

/** The folder in which the program lies: that of bin/ and dist/, or of the sources. */
export const programFolder = typeof builtRoot === 'string' ? join(builtRoot, '..') : sourceRoot;
/** Whether dist/ runs, and not the sources. */
export const isBuilt = typeof builtRoot === 'string';
