import { createHash } from 'node:crypto';

/** SHA-256, in lower case. */
export const sha256 = (content: Uint8Array | string): string =>
  createHash('sha256').update(content).digest('hex');

/** A UUID that is the same for the same text (version 8 of RFC 9562), in lower case. */
export const uuidOf = (text: string): string => {
  const digest = sha256(text);
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `8${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
};
