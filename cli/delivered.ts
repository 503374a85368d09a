/** What is delivered with the program, and where it lies: beside the sources, beside what was built, or in the executable. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { withoutArchiveName } from '../collector/backends/bundle.ts';
import type { PackedBundle } from '../collector/backends/bundle.ts';
import type { ThreadEntry } from '../store/worker.ts';
import { assets } from './single.ts';

/** Set by the built program, which does not lie where the sources do. */
const builtRoot = (globalThis as Record<symbol, unknown>)[Symbol.for('tokenquery.root')] as
  | string
  | undefined;

/** The folder of the sources; scripts/build.mjs takes `import.meta` out, for a bundle has none. */
const sourceRoot = join(import.meta.dirname, '..');

/** scripts/build.mjs puts these files beside what it builds. */
const sqliteFolder = join(sourceRoot, 'node_modules/sql.js/dist');

interface DeliveredSample {
  readonly name: string;
  readonly place: string | PackedBundle;
}

/** The sample hosts, by name: folders beside the sources, packed in what was built. */
export const deliveredSamples = (): readonly DeliveredSample[] => {
  const folder = join(builtRoot ?? sourceRoot, 'samples');
  const prefix = 'samples/';
  if (builtRoot === undefined)
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => ({ name, place: join(folder, name) }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const names =
    assets === undefined
      ? readdirSync(folder)
      : assets.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return names.toSorted().map((file) => {
    const bytes = assets === undefined ? readFileSync(join(folder, file)) : assets.read(prefix + file);
    const name = withoutArchiveName(file);
    return { name, place: { name, bytes } };
  });
};

/** SQLite for a browser, as sql.js made it, and the script that calls it. */
export const deliveredSqlite = (): { readonly script: Uint8Array; readonly wasm: Uint8Array } => {
  const read = (name: string): Uint8Array =>
    assets === undefined ? readFileSync(join(builtRoot ?? sqliteFolder, name)) : assets.read(name);
  return { script: read('sql-wasm-browser.js'), wasm: read('sql-wasm-browser.wasm') };
};

/** What starts this program, for a thread of it. */
export const programEntry: ThreadEntry =
  assets === undefined
    ? {
        script:
          builtRoot === undefined ? join(sourceRoot, 'cli/start.ts') : join(builtRoot, 'tokenquery.cjs'),
        isText: false,
      }
    : { script: assets.main, isText: true };

/** The folder in which the program lies: that of bin/ and dist/, or of the sources. */
export const programFolder = builtRoot === undefined ? sourceRoot : join(builtRoot, '..');
/** Whether dist/ runs, and not the sources. */
export const isBuilt = builtRoot !== undefined;
