/** An evidence bundle in memory, to be changed one answer at a time. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One recorded command. */
export interface Run {
  readonly argv: readonly string[];
  /** A number or a word of docs/evidence.md, such as `timeout` or `signal:SIGKILL`. */
  readonly exit: string;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

export interface Bundle {
  readonly name: string;
  readonly capturedTime: number;
  readonly euid: number;
  readonly hostId: string;
  /** By argv, its words with blanks between. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Content by absolute path. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What a line of stat.tsv says of a path: kind, mode, uid, size and mtime with tabs. */
  readonly stats: ReadonlyMap<string, string>;
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** The bundle with one thing changed; null takes it out, so that nothing is recorded of it. */
export const withRun = (bundle: Bundle, run: Run): Bundle => ({
  ...bundle,
  runs: new Map(bundle.runs).set(run.argv.join(' '), run),
});

export const without = <V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> =>
  new Map([...map].filter(([each]) => each !== key));

const compare = (a: string, b: string): number => (a < b ? -1 : 1);

/** @param files Path inside the bundle to content. */
export const bundleFrom = (name: string, files: ReadonlyMap<string, string | Uint8Array>): Bundle => {
  const read = (path: string): Uint8Array => {
    const content = files.get(path);
    return typeof content === 'string' ? bytesOf(content) : (content ?? new Uint8Array());
  };
  const about = JSON.parse(textOf(read('evidence.json'))) as {
    captured_time: number;
    euid: number;
    host_id: string;
  };
  const runs = [...files.keys()].toSorted(compare).flatMap((path): (readonly [string, Run])[] => {
    if (!/^commands\/[^/]+\/argv$/.test(path)) return [];
    const folder = dirname(path);
    const argv = textOf(read(path)).replace(/\n$/, '').split('\n');
    const exit = textOf(read(`${folder}/exit_code`)).trim();
    const run = { argv, exit, stdout: read(`${folder}/stdout`), stderr: read(`${folder}/stderr`) };
    return [[argv.join(' '), run]];
  });
  const stats = textOf(read('stat.tsv'))
    .split('\n')
    .filter((line) => line !== '')
    .map((line): [string, string] => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]);
  const contents = [...files.keys()]
    .filter((path) => path.startsWith('files/'))
    .map((path): [string, Uint8Array] => [path.slice('files'.length), read(path)]);
  return {
    name,
    capturedTime: about.captured_time,
    euid: about.euid,
    hostId: about.host_id,
    runs: new Map(runs),
    files: new Map(contents),
    stats: new Map(stats),
  };
};

export const readFolder = (name: string, folder: string): Bundle =>
  bundleFrom(
    name,
    new Map(
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => {
          const path = join(entry.parentPath, entry.name);
          return [path.slice(folder.length + 1).replaceAll('\\', '/'), new Uint8Array(readFileSync(path))];
        }),
    ),
  );

const filesOf = (bundle: Bundle): ReadonlyMap<string, Uint8Array> => {
  const files = new Map<string, Uint8Array>();
  const about = {
    format: 'tokenquery-evidence',
    version: 1,
    origin: 'constructed',
    captured_time: bundle.capturedTime,
    euid: bundle.euid,
    host_id: bundle.hostId,
  };
  files.set('evidence.json', bytesOf(`${JSON.stringify(about, null, 1)}\n`));
  for (const [index, { argv, exit, stdout, stderr }] of [...bundle.runs.values()].entries()) {
    const folder = `commands/${String(index + 1).padStart(3, '0')}`;
    files.set(`${folder}/argv`, bytesOf(`${argv.join('\n')}\n`));
    files.set(`${folder}/exit_code`, bytesOf(`${exit}\n`));
    if (stdout.length > 0) files.set(`${folder}/stdout`, stdout);
    if (stderr.length > 0) files.set(`${folder}/stderr`, stderr);
  }
  for (const [path, content] of bundle.files) files.set(`files${path}`, content);
  const lines = [...bundle.stats].map(([path, said]) => `${path}\t${said}\n`);
  files.set('stat.tsv', bytesOf(lines.join('')));
  const sums = [...files].map(
    ([path, content]) => `${createHash('sha256').update(content).digest('hex')}  ${path}\n`,
  );
  files.set('SHA256SUMS', bytesOf(sums.join('')));
  return files;
};

/** Writes a bundle that `--source` reads. */
export const writeFolder = (bundle: Bundle, folder: string): void => {
  for (const [path, content] of filesOf(bundle)) {
    const at = join(folder, path);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, content);
  }
};
