/** The process of a look (look.ts). */
import { UserError } from '../../collector/errors.ts';
import { killRunning } from '../../collector/leaving.ts';
import { libraryDatabase } from '../../export/osquery/library.ts';
import { relationsServed } from '../../export/osquery/relations.ts';
import type { Query } from '../../queries/query.ts';
import { queries } from '../../queries/index.ts';
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
import { sendTo } from '../shell/frames.ts';
import { answerPipe } from './look.ts';
import type { FromLook, Looked } from './look.ts';

const collected = async (given: Arguments): Promise<World> =>
  judgedWorld(await collectAll(await backendsOf(given), generatedTables, given));

const stored = (path: string): World => {
  const store = openForReading(path, tables);
  withPlainHosts(store.db, store.tables);
  return { db: store.db, now: currentTime(), store, close: () => store.close() };
};

const lookAt = async (given: Arguments): Promise<Looked> => {
  const path = given.text('db');
  const overlay = overlayOf(given);
  const asked: readonly Query[] = overlay?.apply(queries) ?? queries;
  const world = path === null ? await collected(given) : stored(path);
  try {
    // Before anything of the evaluation is made on the connection.
    const facts = path === null ? world.db.serialize() : null;
    const answers = evaluateIn(world, asked, expectOf(given));
    const relations = relationsServed(tables, path !== null);
    const library = libraryDatabase({ queries: asked, answers, relations });
    return { facts, library: library.serialize() };
  } finally {
    world.close();
  }
};

const told = (error: unknown): FromLook =>
  error instanceof UserError
    ? { message: error.message, hint: error.hint }
    : { fault: error instanceof Error ? error.message : String(error) };

/** @param words The options that say what is looked at. */
export const serveLook = async (words: readonly string[]): Promise<void> => {
  // The extension is gone, or wants no answer any more.
  process.stdin.resume().on('close', () => {
    killRunning();
    process.exit(1);
  });
  let answer: FromLook;
  try {
    answer = { looked: await lookAt(parseCommandLine(osqueryExtensionCommand, words)) };
  } catch (error) {
    answer = told(error);
  }
  sendTo(answerPipe, answer);
  process.exit(0);
};
