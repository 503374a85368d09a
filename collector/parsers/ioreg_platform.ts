import { parseFailed } from '../errors.ts';
import { ignore } from '../answer.ts';
import type { Answer, Note } from '../answer.ts';
import { entryOf } from './entry.ts';
import type { Entry } from './entry.ts';
import { notUnderstood } from './lines.ts';
import { keptAnswer } from './kept_lines.ts';
import { sanitizePlist, sanitizeXmlPlist } from './plist_sanitize.ts';
import { asArray } from './plist_value.ts';
import { parseXmlPlist } from './plist_xml.ts';
import type { AllowedKeys } from './plist_sanitize.ts';

export interface IoregPlatform {
  /** Hardware UUID, upper case. */
  readonly uuid: string | null;
  /** Null unless it was asked for: the reducer drops it. */
  readonly serialNumber: string | null;
  readonly model: string | null;
}

export const ioregPlatformKeys = { IOPlatformUUID: 'uuid', model: 'label' } as const satisfies AllowedKeys;
export const serialNumberKeys = { IOPlatformSerialNumber: 'text' } as const satisfies AllowedKeys;

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
 * Input: `ioreg -a -r -d 1 -c IOPlatformExpertDevice`, reduced; an array of one dictionary. Without -r it is
 * one dictionary with children (ioreg-platform-03), which is not what was asked for.
 * Returns: the three values; null for a key that is not there.
 * Notes: a value of a wrong kind, or that differs between objects: each is null.
 * Throws: `parse_failed` for nothing, which ioreg prints when no object has the class, and for no object.
 * Source: ioreg(8).
 */
export const parseIoregPlatform = (printed: Answer, note: Note = ignore): IoregPlatform => {
  const answer = keptAnswer(printed, null);
  if (!answer.stdout.includes('<plist')) throw notUnderstood('ioreg', answer);
  const keys = { ...ioregPlatformKeys, ...serialNumberKeys };
  const values = asArray(sanitizePlist(parseXmlPlist(answer.stdout), keys), 'what ioreg printed');
  const objects = values.map(entryOf).filter((object) => object !== null);
  if (objects.length === 0) throw parseFailed('ioreg printed no object');
  if (objects.length < values.length)
    note(parseFailed('ioreg printed an object that cannot be read'), 'value');
  const read = objects.map((object) => readObject(object, note));
  const only = <K extends keyof IoregPlatform>(key: K): IoregPlatform[K] | null => {
    const [value = null, ...more] = new Set(read.map((each) => each[key]));
    if (more.length === 0) return value;
    note(parseFailed(`ioreg printed objects of different ${key}`), 'value');
    return null;
  };
  return { uuid: only('uuid'), serialNumber: only('serialNumber'), model: only('model') };
};

const readObject = (object: Entry, note: Note): IoregPlatform => {
  const model = object.value('model');
  const facts = {
    uuid: object.uuid('IOPlatformUUID'),
    serialNumber: object.text('IOPlatformSerialNumber') || null,
    model: (model instanceof Uint8Array ? textOf(model, object) : object.text('model')) || null,
  };
  object.tell(note, 'ioreg', () => 'value');
  return facts;
};

/** The registry keeps such texts as data that ends with a NUL. */
const textOf = (bytes: Uint8Array, object: Entry): string | null => {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, 200)));
  return /^[\x20-\x7e]*$/.test(text) ? text : object.odd('model', 'is not text');
};
