import { fileSanitizerOf, sanitizerOf, stderrSanitizerOf } from './parsing.ts';
import type { CommandName, FileName } from './sources.ts';
import type { Output } from './backends/backend.ts';
import { decodeLines, decodeText } from './parsers/decode.ts';

const encoder = new TextEncoder();

/** What stands in place of bytes that cannot be reduced to what may be kept. */
const withheld = (bytes: number, what: string): string =>
  `tokenquery: ${bytes} bytes that are not ${what} were withheld\n`;
const isWithheld = /^tokenquery: [0-9]+ bytes that are not [^\n]+ were withheld\n$/;

/** Whether a stream, as it is kept, was no text at all. */
export const saysNotUtf8 = (kept: string): boolean =>
  /^tokenquery: [0-9]+ bytes that are not UTF-8 were withheld\n$/.test(kept);

// The form of a personal recovery key. No source is asked for one; should a tool print it, it goes no further.
const recoveryKey = /(?<![A-Za-z0-9-])(?:[A-Z0-9]{4}-){5}[A-Z0-9]{4}(?![A-Za-z0-9-])/g;
const redactRecoveryKeys = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length < 29) return bytes;
  const latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (latin1.search(recoveryKey) === -1) return bytes;
  return new Uint8Array(Buffer.from(latin1.replace(recoveryKey, '[redacted]'), 'latin1'));
};

/** Without the mark that some put before a text in UTF-8. */
const withoutMark = (text: string | null): string | null => text?.replace(/^\uFEFF/, '') ?? null;
const decode = (bytes: Uint8Array): string | null => withoutMark(decodeText(bytes));
/** The text of what a command printed; null when nothing of it is UTF-8. */
export const decodeOutput = (bytes: Uint8Array): string | null => withoutMark(decodeLines(bytes));

/** A stream as it is kept; of one that is not text, its size. Itself where all of it is kept. */
const sanitizeStream = (bytes: Uint8Array, sanitize: (text: string) => string): Uint8Array => {
  if (bytes.length === 0) return bytes;
  const plain = redactRecoveryKeys(bytes);
  const text = decodeOutput(plain);
  if (text === null) return encoder.encode(withheld(bytes.length, 'UTF-8'));
  if (isWithheld.test(text)) return bytes;
  const kept = encoder.encode(sanitize(text));
  return Buffer.compare(kept, bytes) === 0 ? bytes : redactRecoveryKeys(kept);
};

/**
 * Keeps of an output what its parser reads, before anything else sees it. Doing it twice changes nothing.
 */
export const sanitizeOutput = async (
  source: CommandName,
  output: Output,
  include: ReadonlySet<string>,
): Promise<Output> => {
  const [sanitize, sanitizeStderr] = [await sanitizerOf(source), await stderrSanitizerOf(source)];
  // Half an answer could hold anything.
  const isWhole = output.outcome === 'exited';
  return {
    ...output,
    stdout: isWhole ? sanitizeStream(output.stdout, (text) => sanitize(text, include)) : new Uint8Array(),
    stderr: sanitizeStream(output.stderr, sanitizeStderr),
  };
};

/** The same for a file. */
export const sanitizeFile = async (source: FileName, content: Uint8Array): Promise<Uint8Array> => {
  const text = content.length < 200 ? decode(content) : null;
  if (text !== null && isWithheld.test(text)) return content;
  const sanitize = await fileSanitizerOf(source);
  return redactRecoveryKeys(sanitize(content));
};

/** The text of a stream; null when it is not UTF-8. */
export const decodeUtf8 = decode;
