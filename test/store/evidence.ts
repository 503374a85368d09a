/** Bundles made of the samples: another time, another answer, an answer that is missing. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { snapshotReader, readHostIds } from '../../store/reader.ts';
import type { Store } from '../../store/store.ts';
import { snapshotIdOf, snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { sample } from '../standin.ts';

export interface Edits {
  readonly time?: number;
  readonly hostId?: string | null;
  /** Commands whose argv holds one of these words are taken away. */
  readonly without?: readonly string[];
  /** Text of what was printed to put in place of another, by a word of the argv. */
  readonly replace?: readonly (readonly [word: string, from: string | RegExp, to: string])[];
}

/** Writes a bundle: a sample, edited. */
export const makeBundle = (name: string, to: string, edits: Edits = {}): string => {
  cpSync(sample(name), to, { recursive: true });
  rmSync(join(to, 'SHA256SUMS'), { force: true });
  const manifest = JSON.parse(readFileSync(join(to, 'evidence.json'), 'utf8')) as Record<string, unknown>;
  if (edits.time !== undefined) manifest['captured_time'] = edits.time;
  if (edits.hostId !== undefined) {
    if (edits.hostId === null) delete manifest['host_id'];
    else manifest['host_id'] = edits.hostId;
  }
  writeFileSync(join(to, 'evidence.json'), JSON.stringify(manifest));
  for (const number of readdirSync(join(to, 'commands'))) {
    const folder = join(to, 'commands', number);
    const argv = readFileSync(join(folder, 'argv'), 'utf8');
    if (edits.without?.some((word) => argv.includes(word)) === true) {
      rmSync(folder, { recursive: true });
      continue;
    }
    for (const [word, from, by] of edits.replace ?? []) {
      for (const stream of ['stdout', 'stderr'].map((each) => join(folder, each)))
        if (argv.includes(word) && existsSync(stream))
          writeFileSync(stream, readFileSync(stream, 'utf8').replaceAll(from, by));
    }
  }
  return to;
};

export const snapshotOfBundle = async (path: string): Promise<Snapshot> =>
  snapshotOf(
    tables,
    await collect(
      tables.filter(({ generate }) => generate !== undefined),
      await evidenceBackend(path),
    ),
    '0.1.0',
  );

/**
 * Whether every snapshot of a store is whole: its id comes from all that it holds, so that it can be computed anew.
 * Returns their number.
 */
export const verifySnapshots = (store: Store): number => {
  const reader = snapshotReader(store);
  let count = 0;
  for (const hostId of readHostIds(store.db)) {
    for (const snapshot of reader.read(hostId)) {
      count += 1;
      if (snapshotIdOf(snapshot) !== snapshot.snapshotId) {
        throw new Error(`snapshot ${snapshot.snapshotId} of ${hostId} is not what it was`);
      }
    }
  }
  const check = store.db.pragma('integrity_check', { simple: true });
  if (check !== 'ok') throw new Error(`integrity_check: ${String(check)}`);
  return count;
};
