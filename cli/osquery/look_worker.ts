/** The thread of a look (look.ts). */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../collector/errors.ts';
import { runningGroups } from '../../collector/leaving.ts';
import { libraryDatabase } from '../../export/osquery/library.ts';
import { relationsServed } from '../../export/osquery/relations.ts';
import type { Query } from '../../queries/query.ts';
import { queries } from '../../queries/index.ts';
import type { Db } from '../../store/database.ts';
import { openForReading } from '../../store/file.ts';
import { withPlainHosts } from '../../store/plain_hosts.ts';
import { tables } from '../../tables/index.ts';
import { parseCommandLine } from '../args.ts';
import type { Arguments } from '../command.ts';
import { osqueryExtensionCommand } from '../commands/osquery_extension.ts';
import { evaluateIn, judgedWorld } from '../findings.ts';
import { expectOf } from '../options.ts';
import { overlayOf } from '../overlay.ts';
import { backendsOf, collectAll, generatedTables } from '../sources.ts';
import { currentTime } from '../time.ts';
import type { World } from '../world.ts';
import type { FromLook, Looked, LookTask } from './look.ts';

const bytesOf = (db: Db): Uint8Array<ArrayBuffer> => Uint8Array.from(db.serialize());

const collected = async (given: Arguments): Promise<World> =>
  judgedWorld(await collectAll(await backendsOf(given), generatedTables, given));

const stored = (path: string): World => {
  const store = openForReading(path, tables);
  withPlainHosts(store.db);
  return { db: store.db, now: currentTime(), store, close: () => store.close() };
};

const lookAt = async (given: Arguments): Promise<Looked> => {
  const path = given.text('db');
  const overlay = overlayOf(given);
  const asked: readonly Query[] = overlay?.apply(queries) ?? queries;
  const world = path === null ? await collected(given) : stored(path);
  try {
    // Before anything of the evaluation is made on the connection.
    const facts = path === null ? bytesOf(world.db) : null;
    const answers = evaluateIn(world, asked, expectOf(given));
    const relations = relationsServed(tables, path !== null);
    const library = libraryDatabase({ queries: asked, answers, relations });
    return { facts, library: bytesOf(library) };
  } finally {
    world.close();
  }
};

const told = (error: unknown): FromLook =>
  error instanceof UserError
    ? { message: error.message, hint: error.hint }
    : { fault: error instanceof Error ? error.message : String(error) };

export const serve = async (): Promise<void> => {
  const port = parentPort;
  if (port === null) return;
  runningGroups.follow((group, isThere) => port.postMessage({ group, isThere } satisfies FromLook));
  try {
    const { words } = workerData as LookTask;
    const looked = await lookAt(parseCommandLine(osqueryExtensionCommand, words));
    const moved = [looked.library.buffer, ...(looked.facts === null ? [] : [looked.facts.buffer])];
    port.postMessage({ looked } satisfies FromLook, moved);
  } catch (error) {
    port.postMessage(told(error));
  }
};
