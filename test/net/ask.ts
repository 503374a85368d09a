/** Asks a program about a world, in a folder that is gone afterwards. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runner, versionOf, withoutVersion } from './program.ts';
import { readWorld } from './recorded.ts';
import { common, recordedAs, worlds } from './worlds.ts';
import type { Texts } from './worlds.ts';

export const ask = async (
  program: string,
  name: string,
  /** Where to keep the database of a world that has one. */
  keep: string | null = null,
): Promise<Texts> => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery-net-'));
  try {
    const world = worlds[name];
    if (world === undefined) throw new Error(`there is no world ${name}`);
    const run = runner(program, folder);
    const version = await versionOf(run);
    const texts = await world(run, folder);
    const database = join(folder, `${name}.db`);
    if (keep !== null && existsSync(database)) copyFileSync(database, keep);
    return new Map([...texts].map(([file, text]) => [file, withoutVersion(text, version)]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What was recorded of a world; where nothing was, what was recorded of the world that it is as. */
export const recordedOf = (name: string): Texts => {
  const own = readWorld(name);
  const other = recordedAs[name];
  if (other === undefined) return own;
  const shared = [...readWorld(other)].filter(([file]) => file.startsWith(common));
  // An own file without a word says that this world has none of that name.
  return new Map([...shared, ...own].filter(([file]) => own.get(file) !== ''));
};
