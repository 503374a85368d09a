/**
 * Evidence as it was when the net was made. inputs/NAME.json is a sample host of that time, path to content, so that
 * later changes of samples/ change nothing here.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

export const inputs = join(import.meta.dirname, 'inputs');
/** Path inside the bundle to content. */
export type Bundle = ReadonlyMap<string, string>;

export const sampleNames: readonly string[] = readdirSync(inputs)
  .filter((name) => /^macos.*\.json$/.test(name))
  .map((name) => name.slice(0, -'.json'.length))
  .toSorted();

export const readInput = (name: string): Bundle =>
  new Map(
    Object.entries(JSON.parse(readFileSync(join(inputs, `${name}.json`), 'utf8')) as Record<string, string>),
  );

export const writeBundle = (bundle: Bundle, folder: string): void => {
  for (const [path, content] of bundle) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
};

const tarHeader = (name: string, size: number): Buffer => {
  if (name.length > 100) throw new Error(`${name} is too long for a plain tar`);
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name);
  header.write(octal(0o600, 8) + octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 100);
  header.write('        0', 148);
  header.write('ustar\u000000', 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return header;
};

/** Evidence as it is sent in: one file is also much quicker to make and to read than a hundred. */
export const packBundle = (bundle: Bundle, path: string): void => {
  const parts = [...bundle].flatMap(([name, content]) => {
    const bytes = Buffer.from(content);
    return [tarHeader(name, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  writeFileSync(path, gzipSync(Buffer.concat([...parts, Buffer.alloc(1024)]), { level: 1 }));
};

/** What a command said instead. */
export interface Said {
  readonly exit_code?: string;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** An edit of a bundle in the making. */
export type Edit = (bundle: Map<string, string>) => void;

const commandsOf = (bundle: Bundle, word: string): readonly string[] => {
  const found = [...bundle].flatMap(([path, content]) =>
    path.endsWith('/argv') && content.replaceAll('\n', ' ').includes(word) ? [dirname(path)] : [],
  );
  if (found.length === 0) throw new Error(`no command has ${word}`);
  return found;
};

/** The commands whose words hold `word` end so. */
export const says =
  (word: string, said: Said): Edit =>
  (bundle) => {
    for (const folder of commandsOf(bundle, word)) {
      for (const [part, content] of Object.entries({ stdout: '', stderr: '', ...said })) {
        if (content === '') bundle.delete(`${folder}/${part}`);
        else bundle.set(`${folder}/${part}`, content);
      }
    }
  };

/** The commands whose words hold `word` were not recorded. */
export const without =
  (word: string): Edit =>
  (bundle) => {
    for (const folder of commandsOf(bundle, word)) {
      for (const path of [...bundle.keys()]) if (path.startsWith(`${folder}/`)) bundle.delete(path);
    }
  };

/** In the output of these commands, or in a file that is named, one text stands for another. */
export const replace =
  (word: string, from: string | RegExp, to: string): Edit =>
  (bundle) => {
    const paths = bundle.has(word)
      ? [word]
      : commandsOf(bundle, word).flatMap((folder) => [`${folder}/stdout`, `${folder}/stderr`]);
    let changed = false;
    for (const path of paths) {
      const before = bundle.get(path) ?? '';
      const after = before.replace(from, to);
      if (after === before) continue;
      bundle.set(path, after);
      changed = true;
    }
    if (!changed) throw new Error(`${word}: nothing to replace by ${to}`);
  };

/** A bundle of a sample, at another time, edited. */
export const edited = (name: string, time: number, edits: readonly Edit[], euid?: number): Bundle => {
  const bundle = new Map(readInput(name));
  // The sums are of the bundle before its edits; one without them is as good.
  bundle.delete('SHA256SUMS');
  const about = JSON.parse(bundle.get('evidence.json') ?? '{}') as Record<string, unknown>;
  bundle.set(
    'evidence.json',
    JSON.stringify({ ...about, captured_time: time, ...(euid === undefined ? {} : { euid }) }),
  );
  for (const edit of edits) edit(bundle);
  return bundle;
};

/** Tables and columns as they were when the net was made; what is new since then is asked about elsewhere. */
export const tables = JSON.parse(readFileSync(join(inputs, 'columns.json'), 'utf8')) as Readonly<
  Record<string, { readonly columns: readonly string[]; readonly nullable: readonly string[] }>
>;
/** They speak of the collection, and have no history. */
export const reportNames: readonly string[] = ['collection_errors', 'command_log', 'table_status'];
export const questions = JSON.parse(readFileSync(join(inputs, 'queries.json'), 'utf8')) as readonly string[];
