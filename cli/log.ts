/** How the lines of a log begin. It loads nothing: the guard (guardian.ts) writes such lines too. */
import { fstatSync } from 'node:fs';

/** `plain` is what people and scripts read; `timed` has a time and a host before each line. */
export const logForms = ['plain', 'timed'] as const;
type LogForm = (typeof logForms)[number];

/** What of a command is a log: nothing, what it tells on stderr, or stdout too. */
export type LogPart = 'messages' | 'all';

interface Log {
  readonly isTimed: boolean;
  readonly part: LogPart;
}

/** Null while the command is none of a job. */
let log: Log | null = null;
let host: string | null = null;

/** The journal of systemd, which has a time and a host for each line itself, says so to what it reads. */
const isJournal = (): boolean => {
  const named = process.env['JOURNAL_STREAM'];
  if (named === undefined) return false;
  const { dev, ino } = fstatSync(2);
  return named === `${dev}:${ino}`;
};

/** Begins a log; for the commands of a job, its own goes on. */
export const beginLog = (part: LogPart, asked: LogForm | null, isTerminal: boolean): void => {
  if (log?.part === 'all' && part !== 'all') return;
  log = { part, isTimed: asked === null ? !isTerminal && !isJournal() : asked === 'timed' };
};

interface LogState {
  readonly log: Log | null;
  readonly host: string | null;
}
export const logState = (): LogState => ({ log, host });
export const restoreLog = (state: LogState): void => void ({ log, host } = state);

/** Names the Mac that the lines from here on are about; null for none, or for many. */
export const setLogHost = (name: string | null): void => void (host = name);

const stamp = (): string =>
  `${new Date(Math.floor(Date.now() / 1000) * 1000).toISOString().replace('.000Z', 'Z')} ${host ?? '-'} `;

/** What stands before a line on stderr. */
export const lineBegin = (): string => (log?.isTimed === true ? stamp() : '');

/** What stands before a line on stdout, where that is a log too; null where it is an answer. */
export const outputBegin = (): string | null =>
  log?.isTimed === true && log.part === 'all' ? `${stamp()}tokenquery: info: ` : null;

const stamped = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) \S+ (?=tokenquery: )/;

/** A line of a log: its time, where it has one, and the rest. */
export const readLogLine = (line: string): { readonly time: string | null; readonly text: string } => {
  const [begin = '', time = null] = stamped.exec(line) ?? [];
  return { time, text: line.slice(begin.length) };
};
