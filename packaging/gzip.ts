import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const packed = promisify(gzip);

/** From 0, as it is, to 9, as small as it gets. */
export type Level = 0 | 1 | 6 | 9;

/** Packs parts as one; in a thread of its own, and without the name of the system that packed. */
export const gzipOf = async (parts: readonly Uint8Array[], level: Level): Promise<Buffer> => {
  const bytes = await packed(Buffer.concat(parts), { level });
  bytes[9] = 3;
  return bytes;
};
