/** What a moment can be: of a snapshot, of a fact in a row, and in an export. */

const most = 8_640_000_000_000;
const daySeconds = 86_400;

/** 2001-01-01: no Mac with this system is older. Zero, and what a clock says that lost its time, are no moments. */
export const firstTime = 978_307_200;

/** The Monday of its week, as strict redaction tells 0: where 0 is no moment, nor is this. */
export const weekOfZero = -3 * daySeconds;

/** Whether unix seconds are those of a date: beyond them no format has a way to write a time. */
export const isTime = (seconds: unknown): seconds is number =>
  Number.isSafeInteger(seconds) && Math.abs(seconds as number) <= most;

/** Why unix seconds cannot be the moment of a snapshot; null where they can. One that is ahead is a matter of clocks.ts. */
export const oddMoment = (seconds: number): string | null => {
  if (!isTime(seconds)) return `is no date: ${String(seconds)}`;
  return seconds < firstTime ? `is no date of a Mac: ${seconds} is before 2001` : null;
};

/**
 * Until when the facts of a snapshot may be: by the clock of whoever receives it, and a day, for clocks differ. A snapshot that is
 * dated ahead of that clock is not current; its facts are held against its own.
 */
export const lastTimeOf = (collectedTime: number, now: number): number =>
  Math.max(collectedTime, now) + daySeconds;
