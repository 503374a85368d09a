/** Times and ages as they are typed, and as they are told. */
import { UserError } from '../collector/errors.ts';
import { isTime } from '../collector/time.ts';

const daySeconds = 86_400;
const unitSeconds: Readonly<Record<string, number>> = {
  ...{ s: 1, m: 60, h: 3600, d: daySeconds, w: 7 * daySeconds, y: 365 * daySeconds },
};
const iso = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

const durationOf = (text: string): number | null => {
  const [, count, unit] = /^(\d{1,9})([smhdwy])$/.exec(text) ?? [];
  return count === undefined || unit === undefined ? null : Number(count) * (unitSeconds[unit] ?? 0);
};

/** Unix seconds in the way of ISO 8601, UTC; as they are where they are no date, as in a file that others made. */
export const isoSeconds = (time: number): string =>
  isTime(time) ? new Date(time * 1000).toISOString().replace('.000Z', 'Z') : String(time);

/** The same in a table for people. */
export const peopleTime = (time: number): string => isoSeconds(time).replace('T', ' ');

/** Now, in unix seconds. */
export const currentTime = (): number => Math.floor(Date.now() / 1000);

/** Days by name; each begins at midnight UTC. */
const daysAgo: Readonly<Record<string, number>> = { today: 0, yesterday: 1 };

/**
 * Unix seconds of a moment: `1790000000`, `2026-09-01`, `2026-09-01T08:00:00Z`, `yesterday`, or `7d` for seven days ago, also
 * written `-7d`. Without an offset, a time is UTC: the same command means the same everywhere.
 */
export const parseTime = (option: string, text: string, now: number = currentTime()): number => {
  if (/^\d{1,12}$/.test(text)) return Number(text);
  const days = Object.hasOwn(daysAgo, text) ? daysAgo[text] : undefined;
  if (days !== undefined) return (Math.floor(now / daySeconds) - days) * daySeconds;
  const ago = durationOf(text.replace(/^-/, ''));
  if (ago !== null) return Math.max(0, now - ago);
  if (iso.test(text)) {
    const normal = text.replace(' ', 'T');
    const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(normal.slice(10));
    const [year, month, day] = normal.slice(0, 10).split('-').map(Number);
    const time = Date.parse(hasZone || normal.length === 10 ? normal : `${normal}Z`);
    // Date.parse takes the 31st of February for the 3rd of March.
    const date = new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1));
    if (Number.isFinite(time) && date.getUTCMonth() + 1 === month && date.getUTCDate() === day) {
      return Math.floor(time / 1000);
    }
  }
  throw new UserError(
    `${option} takes a time, not ${JSON.stringify(text)}`,
    'for example 2026-09-01, 2026-09-01T08:00:00Z, yesterday, unix seconds, or 7d, 12h, 30m for so long ago',
    2,
  );
};

/** Seconds of an age: `90d`, `52w`. */
export const parseAge = (option: string, text: string): number => {
  const seconds = durationOf(text.replace(/^-/, ''));
  if (seconds === null) {
    throw new UserError(
      `${option} takes an age, not ${JSON.stringify(text)}`,
      'for example 90d, 52w, 1y or 12h',
      2,
    );
  }
  return seconds;
};
