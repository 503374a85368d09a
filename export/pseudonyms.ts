/** Pseudonyms: keyed hashes, and the key behind them, which the program reads and never makes. */
import { createHmac } from 'node:crypto';
import { statSync } from 'node:fs';
import { UserError } from '../collector/errors.ts';
import { fileFailure, isNotThere } from '../collector/file_failure.ts';
import { readRegular } from '../collector/files.ts';

export const uuid = /^[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i;

/** Keyed, so that who has an export and a list of names cannot tell who is who: 16 hexadecimal digits. */
export const hmacOf = (key: Uint8Array): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    // A UUID is the same however it is written.
    const same = uuid.test(text) ? text.toUpperCase() : text;
    const made = createHmac('sha256', key).update(same, 'utf8').digest('hex').slice(0, 16);
    if (known.size > 50_000) known.clear();
    known.set(text, made);
    return made;
  };
};

const makeKey = (path: string): string =>
  `make one key for the whole fleet, and keep it apart from the exports: (umask 077; openssl rand -hex 32 > ${path})`;

/** A key has some dozens. */
const maxKeyBytes = 1024 * 1024;

/**
 * Reads the key. It is never made here: each Mac would have its own, and the same user another pseudonym on each,
 * without a word.
 */
export const readKey = (path: string): Uint8Array => {
  let bytes: Buffer;
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw new UserError(`${path} is not a file`, makeKey('KEYFILE'));
    if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0) {
      throw new UserError(`the key ${path} can be read by others than its owner`, `chmod 600 ${path}`);
    }
    const own = process.geteuid?.();
    if (own !== undefined && stat.uid !== own && stat.uid !== 0) {
      throw new UserError(
        `the key ${path} belongs to another user`,
        'whoever owns it can undo the redaction: it must be yours, or root’s',
      );
    }
    bytes = readRegular(path, maxKeyBytes);
  } catch (error) {
    if (isNotThere(error)) throw new UserError(`there is no key ${path}`, makeKey(path));
    throw fileFailure(error, path, 'read');
  }
  const text = bytes.toString('latin1').trim();
  const key = Buffer.from(text, 'latin1');
  if (key.length < 16)
    throw new UserError(
      `the key ${path} is too short: it has ${key.length} bytes, and 16 are the least`,
      makeKey(path),
    );
  return key;
};
