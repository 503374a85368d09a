/** What goes into an archive: files with their paths and modes. Owners and times are the archive's, never those of the disk. */
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface PackedFile {
  /** Without a slash in front. */
  readonly path: string;
  readonly isExecutable: boolean;
  readonly bytes: Uint8Array;
}

/** A file or folder of an archive; folders come before what is in them. */
export interface Entry {
  /** `.` for the top, `./a/b` for what is below it, as cpio has it. */
  readonly path: string;
  readonly name: string;
  readonly id: number;
  /** The id of the folder that it lies in; 0 for the top. */
  readonly parent: number;
  /** With the bits of its type. */
  readonly mode: number;
  /** Null for a folder. */
  readonly bytes: Uint8Array | null;
}

export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

type Folder = Map<string, Folder | PackedFile>;
const isFolder = (node: Folder | PackedFile): node is Folder => node instanceof Map;

const checkName = (name: string, path: string): void => {
  if (name === '' || name === '.' || name === '..' || name.includes('\0') || Buffer.byteLength(name) > 255)
    throw new Error(`${JSON.stringify(path)} cannot be the path of a file in an archive`);
};

const put = (top: Folder, file: PackedFile): void => {
  const names = file.path.split('/');
  const last = names.pop() ?? '';
  let at = top;
  for (const name of names) {
    checkName(name, file.path);
    const next = at.get(name) ?? new Map<string, Folder | PackedFile>();
    if (!isFolder(next)) throw new Error(`${file.path} lies in a file`);
    at.set(name, next);
    at = next;
  }
  checkName(last, file.path);
  if (at.has(last)) throw new Error(`${file.path} comes twice`);
  at.set(last, file);
};

/** All entries with their folders, in one order whatever the order of the files: each folder, then what is in it by name. */
export const entriesOf = (files: readonly PackedFile[]): readonly Entry[] => {
  const top: Folder = new Map();
  for (const file of files) put(top, file);
  const entries: Entry[] = [{ path: '.', name: '.', id: 1, parent: 0, mode: 0o40755, bytes: null }];
  const add = (folder: Folder, at: string, parent: number): void => {
    for (const [name, node] of [...folder].toSorted(([a], [b]) => compareBytes(a, b))) {
      const id = entries.length + 1;
      const path = `${at}/${name}`;
      if (isFolder(node)) {
        entries.push({ path, name, id, parent, mode: 0o40755, bytes: null });
        add(node, path, id);
      } else {
        const mode = node.isExecutable ? 0o100755 : 0o100644;
        entries.push({ path, name, id, parent, mode, bytes: node.bytes });
      }
    }
  };
  add(top, '.', 1);
  return entries;
};

/** The files of a folder on the disk, below `at`. A link or a device is an error: what it leads to is not of the folder. */
export const filesOf = (folder: string, at: string): readonly PackedFile[] =>
  readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const path = join(folder, name);
      const stat = lstatSync(path);
      if (stat.isDirectory()) return filesOf(path, `${at}/${name}`);
      if (!stat.isFile()) throw new Error(`${path} is neither a file nor a folder`);
      return [{ path: `${at}/${name}`, isExecutable: (stat.mode & 0o100) !== 0, bytes: readFileSync(path) }];
    });

export const textFile = (path: string, text: string, isExecutable = false): PackedFile => ({
  path,
  isExecutable,
  bytes: Buffer.from(text),
});
