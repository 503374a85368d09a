/** Levenshtein distance, with a swap of neighbours counted as one. */
const distance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (beforeLast[j - 2] ?? 0) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
};

/** The known word that was probably meant; null when none is near. */
export const nearest = (
  word: string,
  known: Iterable<string>,
  atMost = Math.max(1, Math.floor(Math.min(word.length, 100) / 3)),
): string | null => {
  const given = word.toLowerCase().slice(0, 100);
  let best: string | null = null;
  let bestDistance = atMost + 1;
  for (const candidate of known) {
    const found = distance(given, candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
};
