/** What is delivered with the program, and where it lies: beside the sources, beside what was built, or in the executable. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isArchiveName, withoutArchiveName } from '../collector/backends/bundle.ts';
import type { PackedBundle } from '../collector/backends/bundle.ts';
import type { ThreadEntry } from '../store/worker.ts';

/** What the single executable has in itself (scripts/executable.cjs). */
interface Assets {
  /** What a thread runs in the place of a file. */
  readonly main: string;
  /** The names of what it has. */
  readonly names: readonly string[];
  readonly read: (name: string) => Uint8Array;
}

const given = globalThis as Record<symbol, unknown>;
/** Set by the built program, which does not lie where the sources do. */
const builtRoot = given[Symbol.for('tokenquery.root')] as string | undefined;
const assets = given[Symbol.for('tokenquery.assets')] as Assets | undefined;

/** The folder of the sources; scripts/build.mjs takes `import.meta` out, for a bundle has none. */
const sourceRoot = join(import.meta.dirname, '..');

interface DeliveredSample {
  readonly name: string;
  readonly place: string | PackedBundle;
}

/** The sample hosts, by name: folders beside the sources, packed in what was built. */
export const deliveredSamples = (): readonly DeliveredSample[] => {
  if (assets !== undefined) {
    const names = assets.names.filter((name) => name.startsWith('samples/')).toSorted();
    return names.map((asset) => {
      const name = asset.slice('samples/'.length);
      return { name: withoutArchiveName(name), place: { name, bytes: assets.read(asset) } };
    });
  }
  const folder = join(builtRoot ?? sourceRoot, 'samples');
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() || isArchiveName(entry.name))
    .map(({ name }) => ({ name: withoutArchiveName(name), place: join(folder, name) }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
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
