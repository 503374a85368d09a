/** How far long work is, on a terminal: how much is done, how fast, and how long it will take. */
import { endProgress, printProgress } from './output.ts';

interface State {
  readonly what: string;
  readonly done: number;
  /** Null where nobody knows how much there is. */
  readonly of: number | null;
  readonly unit: 'bytes' | 'items';
  readonly seconds: number;
  readonly more?: string;
}

const sizes = ['B', 'KB', 'MB', 'GB', 'TB'];
const bytesText = (bytes: number): string => {
  let [size, at] = [bytes, 0];
  for (; size >= 1000 && at < sizes.length - 1; at += 1) size /= 1000;
  return `${size < 10 && at > 0 ? size.toFixed(1) : Math.round(size)} ${sizes[at]}`;
};

const rateText = (rate: number): string => (rate < 10 ? rate.toFixed(1) : String(Math.round(rate)));

/** A duration as it is told while it goes on: nobody needs its seconds beyond a minute or two. */
const durationText = (seconds: number): string => {
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
};

const barWidth = 16;

/** One line: `[####....] merging 1.2 GB of 4.8 GB, 85 MB/s, about 42 s left`. */
export const progressText = ({ what, done, of, unit, seconds, more = '' }: State): string => {
  const amount = unit === 'bytes' ? bytesText : (count: number): string => String(Math.round(count));
  const rate = seconds >= 0.001 ? done / seconds : 0;
  const known = of !== null && of >= done && of > 0;
  const full = known ? Math.round((done / of) * barWidth) : 0;
  const bar = known ? `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}] ` : '';
  const parts = [
    `${bar}${what} ${amount(done)}${known ? ` of ${amount(of)}` : ''}`,
    ...(rate > 0 ? [unit === 'bytes' ? `${bytesText(rate)}/s` : `${rateText(rate)}/s`] : []),
    ...(known && rate > 0 && done < of ? [`about ${durationText((of - done) / rate)} left`] : []),
    ...(more === '' ? [] : [more]),
  ];
  return parts.join(', ');
};

// What is over at once shows nothing.
const quietMs = 1000;
const stepMs = 100;

/** Tells how far work is, from its second second on. */
export class Progress {
  readonly #what: string;
  readonly #unit: State['unit'];
  readonly #began = performance.now();
  #shown = 0;

  constructor(what: string, unit: State['unit'] = 'items') {
    this.#what = what;
    this.#unit = unit;
  }

  readonly at = (done: number, of: number | null, more = ''): void => {
    const now = performance.now();
    if (now - this.#began < quietMs || now - this.#shown < stepMs) return;
    this.#shown = now;
    const seconds = (now - this.#began) / 1000;
    printProgress(progressText({ what: this.#what, unit: this.#unit, done, of, seconds, more }));
  };

  end(): void {
    if (this.#shown > 0) endProgress();
  }
}

/** Work that tells how far it is. */
export const withProgress = async <T>(
  what: string,
  work: (at: Progress['at']) => T | Promise<T>,
  unit?: State['unit'],
): Promise<T> => {
  const progress = new Progress(what, unit);
  try {
    return await work(progress.at);
  } finally {
    progress.end();
  }
};
