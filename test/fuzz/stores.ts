/** The sample Macs in a store, and all that can be asked of a store: it is refused in words or answers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { exportReader } from '../../export/rows/reader.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import type { Format } from '../../export/format.ts';
import { quoteName } from '../../store/ddl.ts';
import { explainStoreError, openForReading, openForWriting } from '../../store/file.ts';
import { merge } from '../../store/merge.ts';
import type { Input } from '../../store/merge.ts';
import type { Store } from '../../store/store.ts';
import { version } from '../../cli/version.ts';
import { tables } from '../../tables/index.ts';
import { currentText, dayLater, sampleSnapshots, storeAt, textOf } from '../export/world.ts';
import { inFolder, unlessRefused } from './target.ts';

export const fuzzTime = 1_790_300_000;

interface Made {
  readonly database: Uint8Array;
  /** Lines of the native export, Latin-1. */
  readonly native: string;
}

let made: Promise<Made> | null = null;
export const sampleStore = (): Promise<Made> => {
  made ??= inFolder(async (folder) => {
    const path = join(folder, 'fleet.db');
    const first = await sampleSnapshots();
    storeAt(path, first);
    storeAt(path, first.slice(0, 2).map(dayLater), 1_790_200_000);
    return {
      database: new Uint8Array(readFileSync(path)),
      native: Buffer.from(currentText(path, 'native')).toString('latin1'),
    };
  });
  return made;
};

const ofLines: ReadonlySet<string> = new Set(['native', 'osquery', 'ocsf', 'ecs', 'hec']);

/** Throws where what a format wrote cannot be read back. */
const checkText = (name: string, text: string): void => {
  if (text.includes('NaN') && /\bNaN\b|\bundefined\b/.test(text.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')))
    throw new Error(`${name} holds what is no value`);
  if (name === 'json') JSON.parse(text);
  if (!ofLines.has(name)) return;
  for (const line of text.split('\n')) if (line !== '') JSON.parse(line);
};

const eachFormat = (store: Store): void => {
  for (const name of formatNames) {
    const format: Format = formats[name].make({ hasChange: true });
    const reader = exportReader(store, { tables, rowSql: format.rowSql });
    checkText(name, textOf(format, reader.currentSnapshots()));
  }
};

const eachView = ({ db }: Store): void => {
  for (const { name } of tables)
    db.prepare(`SELECT * FROM ${quoteName(name)}`)
      .raw(true)
      .all();
  db.prepare('SELECT * FROM changes').raw(true).all();
};

/** As a command does: what SQLite says of a file is told in words. */
const asking = (path: string, work: (store: Store) => void): void => {
  const store = openForReading(path, tables);
  try {
    work(store);
  } catch (error) {
    throw explainStoreError(error, path);
  } finally {
    store.close();
  }
};

/** Asks a database for everything, in every format. */
export const askEverything = async (path: string): Promise<void> => {
  for (const ask of [eachView, eachFormat]) await unlessRefused(() => asking(path, ask));
};

/** The same of a database of ours: nothing of it may be refused. */
export const askEverythingOrFail = (path: string): void => {
  for (const ask of [eachView, eachFormat]) asking(path, ask);
};

/** Merges inputs into a store, which is then right whatever they were; returns what was said of the bad ones. */
export const mergeInto = async (target: string, inputs: readonly Input[]): Promise<readonly string[]> => {
  const store = openForWriting(target, tables);
  let said: readonly string[];
  try {
    const { bad } = await merge(store, inputs, {
      readEvidence: () => Promise.reject(new Error('there is no evidence here')),
      version,
      now: () => fuzzTime,
    });
    said = bad.map(({ message }) => message);
  } finally {
    store.close();
  }
  const fault = said.find((message) => /should not happen|\n\s+at |fault of tokenquery/.test(message));
  if (fault !== undefined) throw new Error(fault);
  // What was let in can be told by every view and every format.
  askEverythingOrFail(target);
  return said;
};
