/** `1 host`, `2 hosts`. */
export const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

/** The first few of a list, and how many more there are: `a, b, c and 4 more`. */
export const someOf = (texts: readonly string[], most = 3): string => {
  const more = texts.length - most;
  return `${texts.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
