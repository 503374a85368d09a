import { readFileSync, statSync } from 'node:fs';
import { dataTables } from '../../collector/table.ts';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { FileError } from '../../collector/errors.ts';
import { fileFailure } from '../../collector/file_failure.ts';
import { plural } from '../../collector/plural.ts';
import { findInputs, merge } from '../../store/merge.ts';
import type { Merged } from '../../store/merge.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { hostsOfList } from '../../store/senders.ts';
import type { SenderRules } from '../../store/senders.ts';
import { judgePendingInThreads } from '../../queries/judging.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { judgementOf, judgementOptions } from '../judgement.ts';
import { flush, printDone, printError, printNote } from '../output.ts';
import { withProgress } from '../progress.ts';
import { programEntry } from '../delivered.ts';
import { dbOption, dbPath, noteAhead, noteClock, using, writableStore } from '../database.ts';
import { exitCodes } from '../exit_codes.ts';
import { logOption, timeoutOption } from '../options.ts';
import { badText, PutAway, shelvesOf } from '../put_away.ts';
import { currentTime } from '../time.ts';
import { version } from '../version.ts';

const readEvidence = async (path: string): Promise<Snapshot> => {
  const collection = await collect(dataTables(tables), await evidenceBackend(path), { now: currentTime() });
  return snapshotOf(tables, collection, version);
};

/** One note, however many inputs have it: what a newer tokenquery knows is not lost, its files have it. */
const noteLeftOut = (leftOut: Merged['leftOut']): void => {
  if (leftOut.size === 0) return;
  const inputs = new Set([...leftOut.values()].flatMap((paths) => [...paths]));
  const names = [...leftOut.keys()].toSorted();
  const more = names.length > 20 ? ` and ${names.length - 20} more` : '';
  printNote(
    `${plural(inputs.size, 'input')} of a newer tokenquery: left out, for this one does not know it: ` +
      `${names.slice(0, 20).join(', ')}${more}; upgrade tokenquery here and merge again`,
  );
};

// A line has some forty bytes: a million of hosts.
const mostOfList = 64 * 1024 * 1024;

const listText = (path: string): string => {
  try {
    const found = statSync(path);
    // A pipe may never end, nor a device.
    if (!found.isFile() && !found.isDirectory()) throw new FileError(path, ' is no file', 'name a file');
    if (found.size > mostOfList)
      throw new FileError(path, ' is too large for a list of hosts', 'name a list');
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileFailure(error, path, 'read');
  }
};

/** Who may bring which host, as the options say. */
const senderRules = (given: Arguments): SenderRules => {
  const list = given.text('only-hosts');
  return {
    isFromFolder: given.flag('host-from-folder'),
    ...(list === null ? {} : { onlyHosts: hostsOfList(list, listText(list)) }),
  };
};

/** Says what became of it; what is bad comes after it. */
const tellMerged = (merged: Merged, ignored: readonly string[]): void => {
  const { stored, known, tooOld, readAnew, hosts } = merged;
  printDone(
    `${plural(stored, 'snapshot')} of ${plural(hosts.size, 'host')} stored` +
      (readAnew > 0 ? `, ${readAnew} of them evidence that another version of tokenquery had read` : '') +
      `${known > 0 ? `, ${known} there before` : ''}${tooOld > 0 ? `, ${tooOld} older than what is retained` : ''}\n`,
  );
  flush();
  if (ignored.length > 0) {
    printNote(
      `left alone, for they are links or nothing that can be merged: ${ignored.slice(0, 5).join(', ')}${ignored.length > 5 ? ` and ${ignored.length - 5} more` : ''}`,
    );
  }
  noteLeftOut(merged.leftOut);
  const ingestedTime = currentTime();
  noteAhead(merged.ahead.map((snapshot) => ({ ...snapshot, ingestedTime })));
};

const run = async (given: Arguments): Promise<number> => {
  const rules = senderRules(given);
  // A file that is not right ends it before anything is stored.
  const judgement = judgementOf(given);
  const shelves = shelvesOf(given);
  // When all was moved away, there is nothing.
  const found = await findInputs(given.positionals, dbPath(given), shelves !== null);
  const { inputs, bad, ignored } = found;
  const away = shelves === null ? null : new PutAway(shelves, found, given.positionals, dbPath(given));
  return using(writableStore(given), async (store) => {
    noteClock(store);
    const merged = await withProgress(
      'merging',
      (at) =>
        merge(store, inputs, {
          readEvidence,
          version,
          ...rules,
          now: currentTime,
          mayMix: given.flag('mixed-redaction'),
          workerEntry: programEntry,
          progress: (bytes, of, { stored }) => at(bytes, of, `${plural(stored, 'snapshot')} stored`),
        }),
      'bytes',
    );
    await withProgress('judging', async (at) =>
      judgePendingInThreads(store, merged.since, {
        ...judgement,
        entry: programEntry,
        progress: (done, of) => at(done, of, plural(done, 'snapshot')),
      }),
    );
    tellMerged(merged, ignored);
    const failures = [...bad, ...merged.bad];
    if (away !== null) return away.all(merged, failures);
    for (const failure of failures) printError(badText(failure), failure.hint);
    return failures.length > 0 ? exitCodes.error : exitCodes.done;
  });
};

export const mergeCommand: Command = {
  name: 'merge',
  usage: 'tokenquery merge --db FILE INPUT…',
  summary: 'Puts the snapshots of many hosts into one database.',
  about: [
    'INPUT is a tokenquery database, evidence (a folder or .tar.gz), a native export (.ndjson, .ndjson.gz,',
    '.ndjson.zst), or a folder of any of these. Order and repeats make no difference. A bad input is named, the',
    'others are merged, and the exit code is 1. What an input says of a host is a claim: --host-from-folder takes one',
    'folder for each Mac, named by its hardware UUID, as the transport that knows who sends made it.',
  ],
  options: {
    db: { ...dbOption, description: 'The database; it is made where it is not there.' },
    'host-from-folder': {
      type: 'boolean',
      description: 'Take from each folder that lies in INPUT the host only after which it is named.',
    },
    'only-hosts': {
      type: 'string',
      value: 'FILE',
      kind: 'file',
      description: 'Take the hosts of this list only: one hardware UUID a line.',
    },
    'mixed-redaction': {
      type: 'boolean',
      description: 'Take snapshots of several levels of redaction into one database.',
    },
    'move-done': {
      type: 'string',
      value: 'FOLDER',
      kind: 'file',
      description:
        'Move what was merged into this folder, on the same volume. A folder without inputs is then no error.',
    },
    'move-bad': {
      type: 'string',
      value: 'FOLDER',
      kind: 'file',
      description:
        'Move what cannot be read into this folder, with the reason beside it; exit code 6 in that run, and not again.',
    },
    settled: {
      type: 'string',
      value: 'AGE',
      kind: 'age',
      least: 0,
      description:
        'Move what was not changed for so long: 10m by default; 0s where it comes by a rename. What is compressed, or a database, and whole, is moved at once.',
    },
    ...judgementOptions,
    ...logOption,
    ...timeoutOption('no limit by default; what was stored stays stored'),
  },
  positionals: { least: 1, most: 1_000_000 },
  examples: [
    'tokenquery merge --db fleet.db exports/',
    'tokenquery merge --db fleet.db mac1.db mac2.tar.gz mac3.ndjson.zst',
    'tokenquery merge --db fleet.db --host-from-folder --only-hosts hosts.txt drop/',
    'tokenquery merge --db fleet.db --move-done done/ --move-bad bad/ incoming/',
  ],
  log: 'messages',
  run,
};
