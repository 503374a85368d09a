import { statSync } from 'node:fs';
import { isTime } from '../../collector/time.ts';
import { newestStored } from '../../store/clocks.ts';
import { openForReading } from '../../store/file.ts';
import { retain } from '../../store/retention.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { flush, printDone, printNote } from '../output.ts';
import { logOption } from '../options.ts';
import { withProgress } from '../progress.ts';
import { dbOption, dbPath, noteClocks, using, writableStore } from '../database.ts';
import { currentTime, isoSeconds } from '../time.ts';

const day = 86_400;

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

/** The moment that ages are counted from: the clock here may be wrong, and what is dropped is gone. */
const agesFrom = (path: string, now: number): number => {
  // It makes no file.
  const store = openForReading(path, tables);
  try {
    noteClocks(store);
    const newest = newestStored(store.db);
    if (!isTime(newest) || newest >= now - day) return now;
    printNote(
      `the newest snapshot was stored at ${isoSeconds(newest)}, and the clock here says ${isoSeconds(now)}: the age counts from the former`,
    );
    return newest;
  } finally {
    store.close();
  }
};

const run = async (given: Arguments): Promise<number> => {
  const path = dbPath(given);
  const bound = agesFrom(path, currentTime());
  const time = Math.max(0, bound - (given.number('older-than') ?? 0));
  const before = statSync(path).size;
  const { snapshots, versions } = await using(writableStore(given), (store) =>
    withProgress('retaining, host', (at) => retain(store, time, at)),
  );
  const date = new Date(time * 1000).toISOString();
  printDone(
    `dropped what ended before ${date}: ${versions} row versions and ${snapshots} snapshots; ${megabytes(before)} before, ${megabytes(statSync(path).size)} now\n`,
  );
  flush();
  return 0;
};

export const retainCommand: Command = {
  name: 'retain',
  usage: 'tokenquery retain --db FILE --older-than AGE',
  summary: 'Drops history that is older than an age.',
  about: [
    'What is current stays, however old it is. Each table keeps its last good observation before that time: --as-of',
    'stays exact from then on. Hosts are worked on some at a time; the file shrinks in place.',
  ],
  options: {
    db: dbOption,
    'older-than': {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      isRequired: 'for example --older-than 90d',
      description: 'For example 90d, 52w or 12h.',
    },
    ...logOption,
  },
  positionals: { least: 0, most: 0 },
  examples: ['tokenquery retain --db fleet.db --older-than 365d'],
  log: 'messages',
  run,
};
