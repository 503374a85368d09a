/** What was recorded: what is read by eye as text, of the rest what is above 48 KiB packed. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

export const recorded = join(import.meta.dirname, 'recorded');
const largestOf = (name: string): number => (/\.(?:txt|sql|md)$/.test(name) ? 256 : 48) * 1024;

export const readPacked = (name: string): Buffer => {
  const path = join(recorded, name);
  return existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
};

/** All files of a world, by name; none where it was never recorded. */
export const readWorld = (world: string): Map<string, string> => {
  const folder = join(recorded, world);
  if (!existsSync(folder)) return new Map();
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry): [string, string] => {
        const name = join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/')
          .replace(/\.gz$/, '');
        return [name, readPacked(`${world}/${name}`).toString()];
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};

export const writePacked = (name: string, content: Buffer | string): void => {
  const path = join(recorded, name);
  mkdirSync(dirname(path), { recursive: true });
  const bytes = Buffer.from(content);
  const isLarge = bytes.length > largestOf(name);
  rmSync(isLarge ? path : `${path}.gz`, { force: true });
  // Where the content is the same the file stays: another zlib packs the same bytes otherwise.
  if (isLarge && existsSync(`${path}.gz`) && readPacked(name).equals(bytes)) return;
  writeFileSync(isLarge ? `${path}.gz` : path, isLarge ? gzipSync(bytes, { level: 9 }) : bytes);
};

export const removeRecorded = (name: string): void => {
  for (const path of [join(recorded, name), `${join(recorded, name)}.gz`]) rmSync(path, { force: true });
};
