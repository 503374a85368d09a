/** Patterns with * for any text and ? for one character; all else stands for itself. */

/**
 * Whether a pattern fits the whole of a text. Where something does not fit, only the last * takes one character more: so it
 * never takes longer than both lengths multiplied.
 */
export const matches = (pattern: string, text: string): boolean => {
  const [wanted, given] = [Array.from(pattern), Array.from(text)];
  let [at, next] = [0, 0];
  let star: { readonly at: number; next: number } | null = null;
  while (next < given.length) {
    // A * in a text is fitted by a * of the pattern as any other character is.
    if (wanted[at] === '*') {
      star = { at, next };
      at += 1;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[next])) {
      at += 1;
      next += 1;
    } else if (star === null) {
      return false;
    } else {
      star.next += 1;
      at = star.at + 1;
      next = star.next;
    }
  }
  return wanted.slice(at).every((character) => character === '*');
};
