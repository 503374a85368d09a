import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { isUuid, notUnderstood } from './lines.ts';
import { asArray, asDict, optionalString, parseXmlPlist, sanitizeXmlPlist } from './plist.ts';
import type { AllowedKeys } from './plist.ts';

export interface IoregPlatform {
  /** Hardware UUID, upper case. */
  readonly uuid: string | null;
  /** Null unless it was asked for: the sanitizer drops it. */
  readonly serialNumber: string | null;
  readonly model: string | null;
}

export const ioregPlatformKeys = { IOPlatformUUID: true, model: true } as const satisfies AllowedKeys;
export const serialNumberKeys = { IOPlatformSerialNumber: true } as const satisfies AllowedKeys;

/** Keeps the hardware UUID and the model; the serial number only where it was asked for. */
export const sanitizeIoregPlatform = (stdout: string, include: ReadonlySet<string> = new Set()): string =>
  sanitizeXmlPlist(
    stdout,
    include.has('serial_number') ? { ...ioregPlatformKeys, ...serialNumberKeys } : ioregPlatformKeys,
  );

export const sanitizeIoregPlatformWithSerial = (stdout: string): string =>
  sanitizeIoregPlatform(stdout, new Set(['serial_number']));

/**
 * Parses which Mac this is.
 *
 * Input: `ioreg -a -r -d 1 -c IOPlatformExpertDevice`, sanitized; an array of one dictionary. Without -r it is
 * one dictionary with children (ioreg-platform-03), which is not what was asked for.
 * Returns: the three values; null for a key that is not there.
 * Throws: `parse_failed` for nothing, which ioreg prints when no object has the class, for more or fewer than
 * one object, and for a UUID that is none.
 * Source: ioreg(8).
 */
export const parseIoregPlatform = (answer: Answer): IoregPlatform => {
  if (!answer.stdout.trimStart().startsWith('<')) throw notUnderstood('ioreg', answer);
  const objects = asArray(parseXmlPlist(answer.stdout), 'what ioreg printed');
  if (objects.length !== 1) throw parseFailed(`ioreg printed ${objects.length} objects in place of one`);
  const platform = asDict(objects[0], 'the object of ioreg');
  const uuid = optionalString(platform, 'IOPlatformUUID');
  if (uuid !== null && !isUuid(uuid)) throw parseFailed('IOPlatformUUID is not a UUID');
  const model = platform.get('model');
  return {
    uuid: uuid?.toUpperCase() ?? null,
    serialNumber: optionalString(platform, 'IOPlatformSerialNumber') || null,
    model: (model instanceof Uint8Array ? textOf(model) : optionalString(platform, 'model')) || null,
  };
};

/** The registry keeps such texts as data that ends with a NUL. */
const textOf = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, 200)));
  if (!/^[\x20-\x7e]*$/.test(text)) throw parseFailed('model is not text');
  return text;
};
