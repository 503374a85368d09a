/** Makes the texts of a failing input shorter: what fast-check takes back are the changes, and not what was changed. */

const mostTries = 2000;

type StillFails = (input: unknown) => Promise<boolean>;

/** Leaves out part after part, ever smaller ones. */
const shorter = async (text: string, stillFails: (text: string) => Promise<boolean>): Promise<string> => {
  let best = text;
  let tries = 0;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < best.length && tries < mostTries;) {
      tries += 1;
      const part = best.slice(0, at) + best.slice(at + size);
      if (await stillFails(part)) best = part;
      else at += size;
    }
  return best;
};

/** @param stillFails Whether an input fails in the same way. */
export const minimised = async (input: unknown, stillFails: StillFails): Promise<unknown> => {
  if (typeof input === 'string') return shorter(input, stillFails);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input;
  let best: Record<string, unknown> = { ...input };
  for (const [name, value] of Object.entries(input))
    if (typeof value === 'string')
      best = { ...best, [name]: await shorter(value, (text) => stillFails({ ...best, [name]: text })) };
  return best;
};
