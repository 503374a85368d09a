/** What the values of options are: numbers, ages, times, identifiers and paths, as they are typed. */
import { UserError } from '../collector/errors.ts';
import { isUuid } from '../collector/uuid.ts';
import { parseAge, parseTime } from './time.ts';

export type Kind =
  | 'count'
  | 'size'
  | 'age'
  | 'time'
  | 'snapshot'
  | 'uuid'
  | 'label'
  | 'file'
  | 'absolute path';

const units: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

const refused = (option: string, what: string, text: string, hint = ''): UserError =>
  new UserError(`${option} takes ${what}, not ${JSON.stringify(text)}`, hint, 2);

const count = (option: string, text: string, least: number): number => {
  const number = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(number >= least))
    throw refused(option, `a whole number of at least ${least}`, text, `for example ${option} 30`);
  return number;
};

const bytes = (option: string, text: string): number => {
  const [, digits, unit] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const size = Number(digits) * (units[(unit ?? '').toLowerCase()] ?? Number.NaN);
  if (!(size > 0)) throw refused(option, 'a size', text, 'for example 25m or 500k');
  return size;
};

const seconds = (option: string, text: string, least: number): number => {
  const age = parseAge(option, text);
  if (age < least) throw new UserError(`${option} takes at least ${least / 60}m`, '', 2);
  return age;
};

const snapshotId = (option: string, text: string): number => {
  const id = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(id))
    throw refused(option, 'the id of a snapshot', text, 'SELECT snapshot_id FROM snapshots lists them');
  return id;
};

const uuid = (option: string, text: string): null => {
  if (isUuid(text)) return null;
  throw refused(
    option,
    'a UUID',
    text,
    'ioreg -d2 -c IOPlatformExpertDevice prints it on the Mac, and an MDM server has it',
  );
};

const label = (option: string, text: string): null => {
  if (/^[A-Za-z0-9._-]+$/.test(text)) return null;
  throw new UserError(`${option} takes a name in reverse DNS, such as org.example.tokenquery`, '', 2);
};

const file = (option: string, text: string): null => {
  if (text !== '') return null;
  throw new UserError(`${option} names no file`, '', 2);
};

const absolutePath = (option: string, text: string): null => {
  if (!text.startsWith('/'))
    throw refused(option, 'an absolute path', text, 'a job has no folder to start from');
  // eslint-disable-next-line no-control-regex
  if (!/[\u0000-\u001f\u007f]/.test(text)) return null;
  throw new UserError(`${option} holds a control character`, '', 2);
};

/**
 * Reads a value; UserError for what is none of the kind.
 *
 * @returns The number that it stands for; null where the text itself is the value.
 */
export const numberOf = (kind: Kind, option: string, text: string, least?: number): number | null => {
  switch (kind) {
    case 'count':
      return count(option, text, least ?? 1);
    case 'size':
      return bytes(option, text);
    case 'age':
      return seconds(option, text, least ?? 0);
    case 'time':
      return parseTime(option, text);
    case 'snapshot':
      return snapshotId(option, text);
    case 'uuid':
      return uuid(option, text);
    case 'label':
      return label(option, text);
    case 'file':
      return file(option, text);
    case 'absolute path':
      return absolutePath(option, text);
  }
};
