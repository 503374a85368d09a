/** The process in which a shell runs its statements: it ends when one takes too long, and the shell starts another. */
import { parseCommandLine } from '../args.ts';
import { shellCommand } from '../commands/shell.ts';
import type { Arguments } from '../command.ts';
import { memoryLimit } from '../guarded.ts';
import { Looks, keepLooks } from '../looks.ts';
import { main, telling } from '../main.ts';
import { flush, printError } from '../output.ts';
import { show } from '../shown.ts';
import { messagesFrom, sendTo } from './frames.ts';
import type { Asked, LookedAt, Told } from './frames.ts';
import { catalogOf, hostOf, hostsIn } from './asked_of.ts';

/** The pipes of the shell. */
const pipes = { questions: 3, answers: 4 } as const;

/** Of the memory that one statement may take: with more the process is replaced before the next. */
const largeShare = 0.7;

const lookedAt = (looks: Looks): readonly LookedAt[] =>
  looks.collections.map(({ backend, hostId, results }) => ({
    label: backend.label,
    hostId,
    capturedTime: backend.capturedTime,
    tables: results.map(({ table, status, rows, reason }) => ({
      name: table.name,
      status,
      rows: rows.length,
      reason,
    })),
  }));

const refresh = async (given: Arguments, looks: Looks): Promise<void> => {
  const { backendsOf, collectAll, generatedTables } = await import(
    /* webpackMode: "eager" */ '../sources.ts'
  );
  const wanted = generatedTables.filter(({ name }) => looks.tables.has(name));
  if (wanted.length === 0) return;
  await looks.again(wanted, async (tables) => collectAll(await backendsOf(given), tables, given));
};

const answer = async (asked: Asked, given: Arguments, looks: Looks): Promise<number> => {
  const tell = (told: Told): void => void sendTo(pipes.answers, told);
  switch (asked.kind) {
    case 'line':
      show(asked.shown);
      return await main(asked.line, 'standing');
    case 'catalog':
      tell({ kind: 'catalog', catalog: await catalogOf(given, looks) });
      return 0;
    case 'host':
      tell({ kind: 'host', id: await hostOf(given, asked.name) });
      return 0;
    case 'looks':
      tell({ kind: 'looked', sources: lookedAt(looks) });
      return 0;
    case 'refresh':
      await refresh(given, looks);
      return 0;
    case 'kept':
      looks.restore(asked.looks);
      return 0;
  }
};

/**
 * Answers what a shell asks, until it asks no more.
 *
 * @param argv The options of the shell.
 */
export const serveSession = async (argv: readonly string[]): Promise<number> => {
  const given = parseCommandLine(shellCommand, argv);
  const looks = new Looks(() => {
    sendTo(pipes.answers, { kind: 'kept', looks: looks.bytes, hosts: hostsIn(looks) });
  });
  keepLooks(looks);
  let isAsked = false;
  for await (const asked of messagesFrom(pipes.questions)) {
    isAsked = true;
    const code = await telling(() => answer(asked, given, looks));
    flush();
    if (asked.kind === 'kept') continue;
    const isLarge = process.memoryUsage.rss() > memoryLimit() * largeShare;
    if (!sendTo(pipes.answers, { kind: 'done', code, isLarge })) break;
  }
  if (isAsked) return 0;
  printError('this is a part of tokenquery shell', 'start tokenquery shell');
  return 2;
};
