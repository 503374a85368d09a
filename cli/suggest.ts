/** "Did you mean": one form for all names that somebody may have mistyped. */
import { nearest } from '../collector/nearest.ts';

const mostNear = 3;

/** Names that hold the word, or begin like it: `filevault` is no misspelling of `filevault_off`, and is meant by it. */
const holding = (word: string, known: readonly string[]): readonly string[] => {
  const lower = word.toLowerCase();
  if (lower.length < 3) return [];
  const at = (name: string): number => name.toLowerCase().indexOf(lower);
  const found = known.filter((name) => at(name) >= 0).toSorted((a, b) => at(a) - at(b));
  return found.length > mostNear ? [...found.slice(0, mostNear), '…'] : found;
};

/** A hint that names the near one, where there is one, and says where all of them are. */
export const suggest = (word: string, known: Iterable<string>, all: string): string => {
  const names = [...known];
  const near = nearest(word, names);
  const meant = near === null ? holding(word, names) : [near];
  return meant.length === 0 ? all : `did you mean ${meant.join(' or ').replace(' or …', ', …')}? ${all}`;
};
