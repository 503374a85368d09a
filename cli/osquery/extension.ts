/** The life of the extension: it waits for osquery, is registered, answers, and ends when osquery does or says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../../collector/errors.ts';
import { answerRows } from '../../export/osquery/answer.ts';
import { askExtensions, extensionsOf, register, registeredOf } from '../../export/osquery/protocol.ts';
import type { Answered, Call, TextRow } from '../../export/osquery/protocol.ts';
import { relationsServed, routeOf } from '../../export/osquery/relations.ts';
import type { Served } from '../../export/osquery/relations.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments } from '../command.ts';
import { exitCodes } from '../exit_codes.ts';
import { printNote } from '../output.ts';
import { version } from '../version.ts';
import { ask, NoAnswer } from './connection.ts';
import { checkLength, checkSocket } from './place.ts';
import { listen } from './server.ts';
import { sourcesOf } from './sources.ts';
import type { Sources } from './sources.ts';

const name = 'tokenquery';
/** osquery takes no extension whose SDK is older than its own least one; this is the protocol of osquery 5. */
const sdk = { sdkVersion: '5.0.0', leastSdkVersion: '1.7.7' };

const pollMs = 20;
/** An osquery that says nothing for so long does not answer. */
const leastTellingMs = 500;
const leastIntervalMs = 200;
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** An osquery that is at work may be slow to say that it is there. */
const leastPatienceMs = 10_000;
/** osquery gives an extension that does not answer a second chance, and so does this. */
const missesToEnd = 2;

interface Options {
  readonly socket: string;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  readonly say: (text: string) => void;
}

/** Waits until osquery answers on its socket. */
const waitForManager = async ({ socket, timeoutMs }: Options): Promise<void> => {
  const until = performance.now() + timeoutMs;
  let why = 'it does not answer';
  for (;;) {
    const left = until - performance.now();
    try {
      if (!checkSocket(socket)) throw new NoAnswer('there is no such socket');
      if (extensionsOf(await ask(socket, askExtensions(), Math.max(left, pollMs))) !== null) return;
      throw new NoAnswer('what answers is not osquery');
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      // The last try has next to no time: that nothing came by then says less than what was said before.
      if (!error.isLate || left > leastTellingMs) why = error.message;
      if (performance.now() + pollMs > until)
        throw new UserError(
          `osquery does not answer at ${socket} within ${timeoutMs / 1000} s: ${why}`,
          'osqueryd --extensions_socket says where it listens, and --disable_extensions must be off; --timeout waits longer',
        );
    }
    await sleep(pollMs);
  }
};

const registerAt = async (
  { socket, timeoutMs }: Options,
  relations: ReadonlyMap<string, Served>,
): Promise<bigint> => {
  const routes = new Map<string, readonly TextRow[]>(
    [...relations].map(([table, served]) => [table, routeOf(served)]),
  );
  const question = register({ name, version, ...sdk }, routes);
  let registered: ReturnType<typeof registeredOf>;
  try {
    registered = registeredOf(await ask(socket, question, timeoutMs));
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    throw new UserError(`osquery did not register the extension: ${error.message}`);
  }
  if (registered?.code === 0) return registered.uuid;
  throw new UserError(
    `osquery did not register the extension: ${registered?.message || 'it gives no reason'}`,
    'osqueryi "SELECT name FROM osquery_extensions" shows whether one of this name runs already',
  );
};

/** What is answered to a call for a table. */
const answerTo = async (
  { registry, item, request }: Call,
  relations: ReadonlyMap<string, Served>,
  sources: Sources,
): Promise<Answered> => {
  const served = registry === 'table' ? relations.get(item) : undefined;
  if (served === undefined) return { failure: `tokenquery has no ${registry} ${item}`.slice(0, 200) };
  const action = request.get('action');
  switch (action) {
    case 'columns':
      return { rows: routeOf(served) };
    case 'generate':
      return answerRows(await sources.of(served), served, request.get('context') ?? '');
    case 'insert':
    case 'update':
    case 'delete':
      return { rows: [{ status: 'readonly' }] };
    default:
      return { failure: `a table has no action ${action ?? ''}`.slice(0, 200) };
  }
};

/** What went wrong, in the words that osquery shows. */
const failureOf = (error: unknown): string => {
  const { message } = error instanceof Error ? error : new Error(String(error));
  const hint = error instanceof UserError && error.hint !== '' ? ` (${error.hint})` : '';
  return `tokenquery: ${message}${hint}`;
};

/** Ends when osquery does not answer any more, or knows the extension no longer. */
const watch = async (
  { socket, timeoutMs, intervalMs, say }: Options,
  uuid: bigint,
  ended: AbortSignal,
): Promise<void> => {
  for (let misses = 0; misses < missesToEnd;) {
    await sleep(intervalMs, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) return;
    try {
      const known = extensionsOf(await ask(socket, askExtensions(), Math.max(timeoutMs, leastPatienceMs)));
      misses = known?.has(uuid) === true ? 0 : misses + 1;
    } catch {
      misses += 1;
    }
  }
  say('osquery is gone, or knows this extension no longer');
};

/** The options that say what is looked at, as words for the process that looks. */
const wordsOf = (given: Arguments, names: readonly string[]): readonly string[] =>
  names.flatMap((option) =>
    given.texts(option).map((text) => (text === '' ? `--${option}` : `--${option}=${text}`)),
  );

/** Node knows no longer time. */
const mostMs = 2 ** 31 - 1;
const milliseconds = (seconds: number | null): number => Math.min((seconds ?? 3) * 1000, mostMs);

const optionsOf = (given: Arguments): Options => {
  const isVerbose = given.flag('verbose');
  return {
    socket: given.required('socket'),
    timeoutMs: milliseconds(given.number('timeout')),
    intervalMs: Math.max(milliseconds(given.number('interval')), leastIntervalMs),
    say: (text) => {
      if (isVerbose) printNote(text);
    },
  };
};

const serving = async (
  options: Options,
  relations: ReadonlyMap<string, Served>,
  sources: Sources,
): Promise<void> => {
  const { socket, say } = options;
  await waitForManager(options);
  const ending = new AbortController();
  const end = (): void => ending.abort();
  const uuid = await registerAt(options, relations);
  const call = (asked: Call): Promise<Answered> =>
    answerTo(asked, relations, sources).catch((error: unknown) => {
      const failure = failureOf(error);
      say(`${asked.item}: ${failure}`);
      return { failure };
    });
  // Before there is a socket that would stay.
  for (const signal of signals) process.on(signal, end);
  try {
    const listening = await listen(`${socket}.${uuid}`, uuid, { call, shutdown: end });
    say(`registered as extension ${uuid} with ${relations.size} tables`);
    await watch(options, uuid, ending.signal).finally(() => listening.close());
  } finally {
    for (const signal of signals) process.removeListener(signal, end);
  }
};

/** @param looking The options that say what is looked at. */
export const runExtension = async (given: Arguments, looking: readonly string[]): Promise<number> => {
  const options = optionsOf(given);
  checkLength(options.socket);
  const db = given.text('db');
  const sources = sourcesOf({
    ...{ words: [`--socket=${options.socket}`, ...wordsOf(given, looking)], db },
    maxAgeSeconds: given.number('max-age') ?? 60,
    looked: (ms) => options.say(`looked in ${Math.round(ms)} ms`),
  });
  try {
    await serving(options, relationsServed(tables, db !== null), sources);
  } finally {
    sources.close();
  }
  return exitCodes.done;
};
