/** Asks the program in this process, at a moment that a test chooses. */
import { askProgram } from '../../scripts/ask.ts';
import type { Answer } from '../../scripts/ask.ts';

/** One at a time: the clock is that of the process. */
export const askAt = async (time: number, ...words: readonly string[]): Promise<Answer> => {
  const { now } = Date;
  Date.now = () => time * 1000;
  try {
    return await askProgram(words);
  } finally {
    Date.now = now;
  }
};
