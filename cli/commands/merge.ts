import { dataTables } from '../../collector/table.ts';
import { collect } from '../../collector/collect.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { findInputs, merge } from '../../store/merge.ts';
import type { Merged } from '../../store/merge.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import type { Arguments, Command } from '../command.ts';
import { endProgress, flush, plural, print, printError, printNote, printProgress } from '../output.ts';
import { programEntry } from '../delivered.ts';
import { dbOption, dbPath, noteAhead, noteClock, using, writableStore } from '../database.ts';
import { timeoutOption } from '../options.ts';
import { currentTime } from '../time.ts';
import { version } from '../version.ts';

const readEvidence = async (path: string): Promise<Snapshot> => {
  return snapshotOf(tables, await collect(dataTables(tables), await evidenceBackend(path)), version);
};

/** A bar for a terminal: which input, and how many snapshots so far. */
const progress = () => {
  const started = performance.now();
  let shown = 0;
  return (done: number, of: number, { stored, known }: Merged): void => {
    const now = performance.now();
    if (now - shown < 100) return;
    shown = now;
    const width = 24;
    const full = Math.round((done / of) * width);
    const rate = Math.round(((stored + known) / (now - started)) * 1000);
    printProgress(
      `[${'#'.repeat(full)}${'.'.repeat(width - full)}] input ${done + 1} of ${of}, ${plural(stored, 'snapshot')} stored, ${rate}/s`,
    );
  };
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

const run = async (given: Arguments): Promise<number> => {
  const { inputs, bad, ignored } = await findInputs(given.positionals, dbPath(given));
  return using(writableStore(given), async (store) => {
    noteClock(store);
    let merged: Merged;
    try {
      merged = await merge(store, inputs, {
        readEvidence,
        now: currentTime,
        mayMix: given.flag('mixed-redaction'),
        workerEntry: programEntry,
        progress: progress(),
      });
    } finally {
      endProgress();
    }
    const { stored, known, tooOld, readAnew, hosts } = merged;
    print(
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
    const failures = [...bad, ...merged.bad];
    for (const { path, message, hint, isNamed } of failures)
      printError(isNamed ? message : `${path}: ${message}`, hint);
    return failures.length > 0 ? 1 : 0;
  });
};

export const mergeCommand: Command = {
  name: 'merge',
  usage: 'tokenquery merge --db FILE INPUT…',
  summary: 'Puts the snapshots of many hosts into one database.',
  about: [
    'INPUT is a tokenquery database, evidence (a folder or .tar.gz), a native export (.ndjson, .ndjson.gz,',
    '.ndjson.zst), or a folder of any of these. Order and repeats make no difference. A bad input is named, the',
    'others are merged, and the exit code is 1.',
  ],
  options: {
    db: { ...dbOption, description: 'The database; it is made where it is not there.' },
    'mixed-redaction': {
      type: 'boolean',
      description: 'Take snapshots of several levels of redaction into one database.',
    },
    ...timeoutOption('no limit by default; what was stored stays stored'),
  },
  positionals: { least: 1, most: 1_000_000 },
  examples: [
    'tokenquery merge --db fleet.db exports/',
    'tokenquery merge --db fleet.db mac1.db mac2.tar.gz mac3.ndjson.zst',
  ],
  run,
};
