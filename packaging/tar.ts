import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { fileTime } from './facts.ts';
import { gzipOf } from './gzip.ts';
import type { Level } from './gzip.ts';
import { entriesOf } from './tree.ts';
import type { PackedFile } from './tree.ts';

/** A tar.gz in which all lies in one folder and belongs to root. */
export const tarOf = async (folder: string, files: readonly PackedFile[], level: Level): Promise<Buffer> => {
  const archive = pack();
  const written = buffer(archive);
  for (const { path, mode, bytes } of entriesOf(files)) {
    const head = {
      name: path.replace(/^\./, folder),
      mode: mode & 0o7777,
      mtime: new Date(fileTime * 1000),
      uid: 0,
      gid: 0,
      uname: 'root',
      gname: '',
    };
    if (bytes === null) archive.entry({ ...head, type: 'directory' });
    else archive.entry({ ...head, type: 'file' }, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }
  archive.finalize();
  return gzipOf([await written], level);
};
