const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lenientUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** In place of bytes that are not UTF-8, in a property list: half a pair of surrogates, which no text has. */
const noText = '\uDFFF';
/** Whether a text stands for bytes that are all UTF-8. */
export const isText = (text: string): boolean => text.isWellFormed();

/**
 * The text of bytes in UTF-8; null for what is none. In an XML property list bytes that are not UTF-8 cost the
 * value in which they stand: there the text is none (isText).
 */
export const decodeText = (bytes: Uint8Array): string | null => {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    const text = lenientUtf8.decode(bytes).replaceAll('\uFFFD', noText);
    return text.includes('<plist') ? text : null;
  }
};

const withheldLine = (bytes: number): string => `tokenquery: ${bytes} bytes that are not UTF-8 were withheld`;

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
