/** What the fuzzer changes: the Macs of samples/, as bundles and as snapshots. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileNames, isReadablePath, sourceOf } from '../../collector/sources.ts';
import type { CommandName, FileName } from '../../collector/sources.ts';
import { readFolder } from '../mutations/bundle.ts';
import type { Bundle } from '../mutations/bundle.ts';
import { root } from '../standin.ts';

const folder = join(root, 'samples');
export const sampleNames: readonly string[] = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .toSorted();

export const sampleFolder = (name: string): string => join(folder, name);

export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
export const bytesOfLatin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

let read: readonly Bundle[] | null = null;
export const bundles = (): readonly Bundle[] => {
  read ??= sampleNames.map((name) => readFolder(name, sampleFolder(name)));
  return read;
};

/** What each command printed in the samples, as Latin-1; both streams. */
export const printed = (): ReadonlyMap<CommandName, readonly string[]> => {
  const found = new Map<CommandName, string[]>();
  for (const { runs } of bundles())
    for (const { argv, stdout, stderr } of runs.values()) {
      const source = sourceOf(argv);
      if (source === null) continue;
      const texts = found.get(source) ?? [];
      found.set(source, texts);
      for (const text of [latin1(stdout), latin1(stderr)])
        if (text !== '' && !texts.includes(text)) texts.push(text);
    }
  return found;
};

/** The content of each kind of file in the samples, as Latin-1. */
export const kept = (): ReadonlyMap<FileName, readonly string[]> => {
  const found = new Map<FileName, string[]>();
  for (const { files } of bundles())
    for (const [path, content] of files) {
      const name = fileNames.find((known) => isReadablePath(known, path));
      if (name !== undefined) found.set(name, [...(found.get(name) ?? []), latin1(content)]);
    }
  return found;
};

/** The SQL of the library. */
export const librarySql = (): readonly string[] =>
  readdirSync(join(root, 'queries'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => readFileSync(join(root, 'queries', file), 'utf8'));
