/** "Did you mean": one form for all names that somebody may have mistyped. */
import { nearest } from '../collector/nearest.ts';

/** A hint that names the near one, where there is one, and says where all of them are. */
export const suggest = (word: string, known: Iterable<string>, all: string): string => {
  const near = nearest(word, known);
  return near === null ? all : `did you mean ${near}? ${all}`;
};
