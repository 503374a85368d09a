/** What the account records and the version on a mounted volume say, as dscl and sw_vers would print it. */
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { CollectError, parseFailed } from '../errors.ts';
import type { DslocalRecord } from '../parsers/dslocal.ts';
import { dsclKey } from '../parsers/ds_records.ts';
import { firstLine } from '../parsers/lines.ts';
import { parsePlistFileDict } from '../parsers/plist.ts';
import { PlistOdd } from '../parsers/plist_value.ts';
import { writeXmlPlist } from '../parsers/plist_write.ts';
import { denied, findAllowed, readPlace, versionPath } from './volume_tree.ts';
import type { Tree } from './volume_tree.ts';

/** What all records of a folder may come to; a command's output has the same limit. */
const maxRecordsBytes = 64 * 1024 * 1024;
/** Records that cannot be read and are told one by one. */
const maxTold = 50;

const tooMuch = (message: string): CollectError =>
  new CollectError('output_too_large', message, {
    hint: 'look at the folder by hand: no Mac has so many accounts',
  });

/** Names of the records of a folder, in order; those that begin with a dot dscl does not list. */
const recordNames = async (folder: string, shown: string, maxEntries: number): Promise<readonly string[]> => {
  const names: string[] = [];
  let entries = 0;
  for await (const { name } of await opendir(folder)) {
    entries += 1;
    if (entries > maxEntries) {
      throw tooMuch(`${shown} holds more than ${maxEntries} entries`);
    }
    if (!name.startsWith('.') && name.endsWith('.plist')) names.push(name);
  }
  // By code unit, so that the order does not depend on the file system.
  return names.toSorted();
};

/** Of a record that has lost a key, those that can be read. */
type Found = DslocalRecord | PlistOdd;
export type Parse = (bytes: Uint8Array) => Found;
export interface Records {
  readonly records: readonly Found[];
  readonly problems: readonly CollectError[];
}

/** A parser does not know which record it reads: what is wrong with one is told with its name. */
const parseNamed = <T>(parse: (bytes: Uint8Array) => T, bytes: Uint8Array, shown: string): T => {
  try {
    return parse(bytes);
  } catch (error) {
    if (!(error instanceof CollectError)) throw error;
    throw new CollectError(error.code, `${shown}: ${error.message}`, {
      hint: 'look at the record by hand; the others were read',
    });
  }
};

const pairsOf = (record: Found): DslocalRecord =>
  record instanceof PlistOdd ? ((record.rest ?? new Map()) as DslocalRecord) : record;

const lengthOf = (record: Found): number =>
  [...pairsOf(record).values()]
    .flat()
    .reduce((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);

/** Reads the records of one folder; one that cannot be read costs itself. */
class RecordFolder {
  readonly #path: string;
  readonly #parse: Parse;
  readonly #records: Found[] = [];
  readonly #problems: CollectError[] = [];
  #total = 0;

  /** @param path As the Mac has it, which messages name. */
  constructor(path: string, parse: Parse) {
    this.#path = path;
    this.#parse = parse;
  }

  async read(folder: string, names: readonly string[]): Promise<Records> {
    const limit = pLimit(8);
    await Promise.all(
      names.map((name, index) => limit(() => this.#readOne(join(folder, name), name, index))),
    );
    if (this.#total > maxRecordsBytes) throw tooMuch(`the records of ${this.#path} come to more than 64 MiB`);
    return {
      records: this.#records.filter((record) => record !== undefined),
      problems: this.#told(),
    };
  }

  async #readOne(at: string, name: string, index: number): Promise<void> {
    if (this.#total > maxRecordsBytes) return;
    const shown = `${this.#path}/${firstLine(name)}`;
    try {
      const bytes = await readPlace({ path: at, stats: await lstat(at) }, shown);
      const record = parseNamed(this.#parse, bytes, shown);
      this.#total += lengthOf(record);
      this.#records[index] = record;
    } catch (error) {
      this.#problems[index] = error instanceof CollectError ? error : denied(shown);
    }
  }

  #told(): readonly CollectError[] {
    const told = this.#problems.filter((problem) => problem !== undefined);
    const more = told.length - maxTold;
    return more <= 0
      ? told
      : [...told.slice(0, maxTold), parseFailed(`${this.#path}: ${more} more records cannot be read`)];
  }
}

/** All records of a folder that can be read, and what is wrong with the others. */
export const readRecords = async (
  tree: Tree,
  path: string,
  parse: Parse,
  maxEntries: number,
): Promise<Records> => {
  const place = await findAllowed(tree, path, true);
  if (place.kind !== 'found' || !place.stats.isDirectory()) {
    throw new CollectError('source_missing', `${path} is not on the volume`, {
      hint: 'the volume is damaged, or is not one that macOS made',
    });
  }
  let names: readonly string[];
  try {
    names = await recordNames(place.path, path, maxEntries);
  } catch (error) {
    throw error instanceof CollectError ? error : denied(path);
  }
  return new RecordFolder(path, parse).read(place.path, names);
};

/** What dscl would print of the records, asked for these attributes. */
export const rendered = (records: readonly Found[], attributes: readonly string[]): string => {
  const keys = new Set(['RecordName', ...attributes].map(dsclKey));
  return writeXmlPlist(
    records.map((record) => {
      const kept = new Map([...pairsOf(record)].filter(([key]) => keys.has(key)));
      return record instanceof PlistOdd ? new PlistOdd(record.why, kept) : kept;
    }),
  );
};

const versionKeys = {
  ProductName: 'ProductName',
  ProductVersion: 'ProductVersion',
  ProductVersionExtra: 'ProductVersionExtra',
  ProductBuildVersion: 'BuildVersion',
} as const;

/** What sw_vers would print of the keys that can be read, and what is wrong with the others. */
export const versionOf = (bytes: Uint8Array): { stdout: string; problems: readonly CollectError[] } => {
  const { dict, odd } = parsePlistFileDict(bytes, 'SystemVersion.plist');
  const problems: CollectError[] = [];
  const noteOdd = (what: string): void =>
    void problems.push(parseFailed(`${versionPath}: ${what}`).costing('value'));
  if (odd !== null) noteOdd(odd);
  const lines = Object.entries(versionKeys).flatMap(([key, printed]) => {
    const value = dict.get(key);
    if (value === undefined) return [];
    if (typeof value === 'string' && value === firstLine(value)) return [`${printed}:\t\t${value}\n`];
    noteOdd(`${key} is not one line of text`);
    return [];
  });
  if (lines.length === 0) throw parseFailed(`${versionPath} does not say the version of macOS`);
  return { stdout: lines.join(''), problems };
};
