/** All lines of a Mac, and of a centre. */
import type { Backend } from '../../collector/backends/backend.ts';
import type { OwnMac } from '../../collector/backends/own.ts';
import type { Store } from '../../store/store.ts';
import type { Arguments } from '../command.ts';
import { centreState, macLog, packageLabel } from '../job.ts';
import type { Job } from '../job.ts';
import { currentTime, parseAge } from '../time.ts';
import { installedLines, launchdLine, plainJob, switchLines } from './job.ts';
import { diskLine, macosLine } from './mac.ts';
import { attempted, unknown } from './report.ts';
import type { Line } from './report.ts';
import {
  cursorLine,
  exceptionsLine,
  keyLine,
  logLine,
  openHeld,
  overlayLine,
  snapshotLine,
} from './state.ts';

/** What names other places than those of the job. */
type Named = Pick<Arguments, 'text'>;

/** Where what is kept lies: as it is named, else as the job says, else as it is by default. */
interface Places {
  readonly db: string;
  readonly cursor: string;
  readonly log: string | null;
  readonly output: string | null;
  readonly key: string | null;
  /** Seconds between turns; null where no job says so. */
  readonly every: number | null;
}

/** What is kept, looked at: the database is opened for as long as others ask it. */
const keptLines = async (
  { db, cursor, log, output, key, every }: Places,
  ask: (store: Store | null) => Promise<readonly Line[]>,
): Promise<readonly Line[]> => {
  const now = currentTime();
  let store: Store | null = null;
  try {
    const database = await attempted('database', () => {
      const held = openHeld(db);
      store = held.store;
      return held.lines;
    });
    const held = store as Store | null;
    return [
      ...(await ask(held)),
      ...database,
      ...(await attempted('snapshot', () =>
        held === null
          ? unknown('snapshot', 'without the database it is not known')
          : snapshotLine(held, now, every),
      )),
      ...(await attempted('cursor', () => cursorLine(cursor, output, now))),
      ...(log === null ? [] : await attempted('log', () => logLine(log, now))),
      ...(key === null ? [] : await attempted('key', () => keyLine(key))),
    ];
  } finally {
    (store as Store | null)?.close();
  }
};

/** The lines of a Mac. */
export const macLines = async (given: Named, mac: OwnMac, backend: Backend): Promise<readonly Line[]> => {
  const label = given.text('label') ?? packageLabel;
  const { installed, lines } = installedLines(mac, label);
  let [job, isOn]: [Job, boolean] = [installed?.job ?? plainJob(), false];
  const settings = await attempted('switch', () => {
    const found = switchLines(mac, installed);
    ({ job, isOn } = found);
    return found.lines;
  });
  const named = (option: string, otherwise: string): string => given.text(option) ?? mac.at(otherwise);
  const places: Places = {
    db: named('db', job.db),
    cursor: named('cursor', job.cursor),
    log: installed === null && given.text('log') === null ? null : named('log', installed?.log ?? macLog),
    output: installed !== null && isOn ? mac.at(job.output) : null,
    key: installed !== null && isOn && job.redact !== null ? mac.at(job.redactKey) : null,
    every: installed !== null && isOn ? parseAge('Every', job.every) : null,
  };
  const judgedBy = async (
    check: 'exceptions' | 'overlay',
    look: (path: string) => Line,
  ): Promise<readonly Line[]> => {
    const path = installed !== null && isOn ? job[check] : null;
    return path === null ? [] : attempted(check, () => look(mac.at(path)));
  };
  const before = [
    ...lines,
    ...(await attempted('launchd', () => launchdLine(mac, label, installed !== null))),
    ...settings,
  ];
  const kept = await keptLines(places, (store) => attempted('disk', () => diskLine(backend, store)));
  return [
    ...(await attempted('macos', () => macosLine(backend))),
    ...before,
    ...kept,
    ...(await judgedBy('exceptions', (path) => exceptionsLine(path, currentTime()))),
    ...(await judgedBy('overlay', overlayLine)),
  ];
};

export const centreLines = (given: Named): Promise<readonly Line[]> =>
  keptLines(
    {
      db: given.text('db') ?? `${centreState}/fleet.db`,
      cursor: given.text('cursor') ?? `${centreState}/export.cursor`,
      log: given.text('log'),
      ...{ output: null, key: null, every: null },
    },
    async () => [],
  );
