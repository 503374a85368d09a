import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { evidenceBackend } from '../../../collector/backends/evidence.ts';
import { recordingBackend, writeBundle } from '../../../collector/backends/recording.ts';
import { collect } from '../../../collector/collect.ts';
import { dataTables } from '../../../collector/table.ts';
import { tables } from '../../../tables/index.ts';
import { edited, edits } from '../edits.ts';
import type { Edit } from '../edits.ts';
import { bytesOfLatin1, latin1, sampleFolder, sampleNames } from '../samples.ts';
import { inFolder, unlessRefused } from '../target.ts';
import type { Target } from '../target.ts';

const generated = dataTables(tables);

/** Collects all that is told of a host; whatever the evidence says, each table has a status. */
const collected = async (path: string): Promise<void> => {
  const backend = await unlessRefused(() => evidenceBackend(path));
  if (backend === null) return;
  const { results } = (await unlessRefused(() => collect(generated, backend))) ?? { results: null };
  if (results !== null && results.length < generated.length) throw new Error('a table has no result');
};

interface Folder {
  readonly sample: string;
  /** Of the files in the order of their paths. */
  readonly file: number;
  readonly changes: readonly Edit[];
  readonly isRemoved: boolean;
  /** Sums of a changed bundle are wrong, and it is refused for that alone. */
  readonly hasSums: boolean;
}

const samples = fc.constantFrom(...sampleNames);

export const evidence: Target<Folder> = {
  name: 'evidence',
  inputs: fc.record({
    sample: samples,
    file: fc.nat(),
    changes: edits(),
    isRemoved: fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, fc.constant(true)),
    hasSums: fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, fc.constant(true)),
  }),
  check: ({ sample, file, changes, isRemoved, hasSums }) =>
    inFolder(async (folder) => {
      cpSync(sampleFolder(sample), folder, { recursive: true });
      if (!hasSums) rmSync(join(folder, 'SHA256SUMS'), { force: true });
      const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted();
      const path = paths[file % paths.length] ?? '';
      if (isRemoved) rmSync(path);
      else writeFileSync(path, bytesOfLatin1(edited(latin1(readFileSync(path)), changes)));
      await collected(folder);
    }),
};

interface Archive {
  readonly sample: string;
  readonly changes: readonly Edit[];
  /** Whether what is changed is the archive or what it packs. */
  readonly isPacked: boolean;
}

const packed = new Map<string, Promise<Uint8Array>>();
const packedSample = (sample: string): Promise<Uint8Array> => {
  const known =
    packed.get(sample) ??
    inFolder(async (folder) => {
      const own = await evidenceBackend(sampleFolder(sample));
      const { backend, recording } = recordingBackend(own, new Set());
      const { hostId } = await collect(generated, backend);
      const path = join(folder, 'one.tar.gz');
      await writeBundle(path, recording, {
        capturedTime: own.capturedTime,
        euid: own.euid,
        hostId,
        tool: 'fuzz',
      });
      return new Uint8Array(readFileSync(path));
    });
  packed.set(sample, known);
  return known;
};

export const archives: Target<Archive> = {
  name: 'archives',
  inputs: fc.record({ sample: samples, changes: edits(), isPacked: fc.boolean() }),
  check: ({ sample, changes, isPacked }) =>
    inFolder(async (folder) => {
      const bytes = await packedSample(sample);
      const path = join(folder, 'one.tar.gz');
      const changed = (from: Uint8Array): Uint8Array => bytesOfLatin1(edited(latin1(from), changes));
      writeFileSync(path, isPacked ? changed(bytes) : gzipSync(changed(gunzipSync(bytes)), { level: 1 }));
      await collected(path);
    }),
};
