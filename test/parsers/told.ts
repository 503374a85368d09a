/** What came of reading: a value with what was noted, or the code of the error. */
import { CollectError } from '../../collector/errors.ts';
import type { Answer, Note } from '../../collector/answer.ts';

export const codeOf = (read: () => unknown): string | null => {
  try {
    read();
    return null;
  } catch (problem) {
    if (problem instanceof CollectError) return problem.code;
    throw problem;
  }
};

export const told = <T>(
  parse: (answer: Answer, note: Note) => T,
  answer: Answer,
): { readonly value: T | null; readonly code: string | null; readonly notes: readonly string[] } => {
  const notes: string[] = [];
  let value: T | null = null;
  const code = codeOf(() => {
    value = parse(answer, (problem) => notes.push(problem.message));
  });
  return { value, code, notes };
};
