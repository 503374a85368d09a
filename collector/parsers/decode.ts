const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** In place of bytes that are not UTF-8, in a property list: half a pair of surrogates, which no text has. */
const noText = '\uDFFF';
/** Whether a text stands for bytes that are all UTF-8. */
export const isText = (text: string): boolean => text.isWellFormed();

const strictTextOf = (bytes: Uint8Array): string | null => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
};

/**
 * The text of bytes in UTF-8; null for what is none, and what holds a NUL is none: programs written in C would take it
 * for the end. In an XML property list such bytes cost the value in which they stand: there the text is none (isText).
 */
export const decodeText = (bytes: Uint8Array): string | null => {
  const strict = strictTextOf(bytes);
  if (strict !== null && !strict.includes('\0')) return strict;
  const text = strict ?? lenientUtf8.decode(bytes).replaceAll('\uFFFD', noText);
  return text.includes('<plist') ? text.replaceAll('\0', noText) : null;
};

const withheldLine = (bytes: number): string => `tokenquery: ${bytes} bytes that are not UTF-8 were withheld`;
/** Whether a line stands for one that was not text: it may have said anything. */
export const isWithheldLine = (line: string): boolean =>
  /^tokenquery: [0-9]+ bytes that are not [^\n]+ were withheld$/.test(line);

/**
 * The same of what a command printed, where a line that is not UTF-8 costs itself; null when no line is.
 */
export const decodeLines = (bytes: Uint8Array): string | null => {
  const whole = decodeText(bytes);
  if (whole !== null) return whole;
  const lines: string[] = [];
  let isAny = false;
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const line = decodeText(bytes.subarray(start, end));
    isAny ||= line !== null && line.trim() !== '';
    lines.push(line ?? withheldLine(end - start));
    start = end + 1;
  }
  return isAny ? lines.join('\n') : null;
};
