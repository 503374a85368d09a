/** A folder as a .tar.gz: the same bytes wherever and whenever it is made. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** gzip names the system that it ran on; 255 is for none that is known. */
const systemAt = 9;

/** @returns The bytes of an archive that holds the files below the folder by their paths in it, of 99 bytes at most. */
export const packed = async (folder) => {
  const archive = pack();
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted((one, other) => (one < other ? -1 : 1));
  for (const name of paths)
    if (Buffer.byteLength(name) > 99) throw new Error(`${name} is too long for collector/backends/bundle.ts`);
  for (const name of paths) archive.entry({ name, mtime: new Date(0) }, readFileSync(join(folder, name)));
  archive.finalize();
  const bytes = gzipSync(await buffer(archive), { level: 9 });
  bytes[systemAt] = 255;
  return bytes;
};
