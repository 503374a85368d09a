const most = 8_640_000_000_000;

/** Whether unix seconds are those of a date: beyond them no format has a way to write a time. */
export const isTime = (seconds: unknown): seconds is number =>
  Number.isSafeInteger(seconds) && Math.abs(seconds as number) <= most;
