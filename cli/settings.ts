/**
 * The settings of the job: a profile sets them (managed), or root by hand (local); the managed one of a key wins. This table is all
 * that can be set. docs/settings.md is written from it, and what is read is checked against it.
 */
import { UserError, CollectError, FileError } from '../collector/errors.ts';
import type { OwnMac } from '../collector/backends/own.ts';
import { isArray, isDict } from '../collector/parsers/plist_value.ts';
import type { PlistDict, PlistValue } from '../collector/parsers/plist_value.ts';
import { parsePlistFile } from '../collector/parsers/plist.ts';
import { ownPathOf } from '../collector/sources.ts';
import { levels } from '../export/redact.ts';
import { checkValue } from './checks.ts';
import { besides, jobOptions, macState, resultsPath } from './job.ts';
import type { Job } from './job.ts';
import { suggest } from './suggest.ts';

type SettingValue = boolean | string | readonly string[];

export interface SettingKey {
  readonly kind: 'boolean' | 'string' | 'strings';
  /** The option of `tokenquery job` in whose place it stands. */
  readonly option: keyof typeof jobOptions;
  readonly description: string;
  /** What holds where it is not set, beside what the command line of the job says. */
  readonly otherwise: string;
  readonly example: SettingValue;
  /** With a value that is none nothing is exported: what was told in clear cannot be taken back. */
  readonly isOfPrivacy?: true;
  /** What more a value must be; the message says what it takes. */
  readonly takes?: { readonly is: (text: string) => boolean; readonly what: string };
}

/** A file of a job, which nothing takes for its own: no folder of macOS runs or obeys a file of such a name. */
const isResultName = (text: string): boolean =>
  /\.(?:ndjson|jsonl|json|log)(?:\.gz|\.zst)?$/.test(text) && !text.split('/').includes('..');

export const settingKeys = {
  Enabled: {
    kind: 'boolean',
    option: 'enabled',
    description: 'Whether the job does anything.',
    otherwise: 'false',
    example: true,
  },
  Every: {
    kind: 'string',
    option: 'every',
    description: 'How often it is a Mac’s turn: a number and s, m, h, d or w; 1m at least.',
    otherwise: '24h',
    example: '12h',
  },
  Format: {
    kind: 'string',
    option: 'format',
    description: `The format of the export: ${jobOptions.format.choices.join(', ')}.`,
    otherwise: 'native',
    example: 'ecs',
  },
  Output: {
    kind: 'string',
    option: 'output',
    description: 'The file of the export: an absolute path that ends in .ndjson, .jsonl, .json or .log.',
    otherwise: resultsPath('native'),
    example: resultsPath('native'),
    takes: { is: isResultName, what: 'a path that ends in .ndjson, .jsonl, .json or .log' },
  },
  Redact: {
    kind: 'string',
    option: 'redact',
    description: `How much the export says of people and machines: ${jobOptions.redact.choices.join(' or ')}.`,
    otherwise: 'all is said',
    example: 'pseudonym',
    isOfPrivacy: true,
  },
  RedactKey: {
    kind: 'string',
    option: 'redact-key',
    description: 'The file with the key of the redaction: an absolute path.',
    otherwise: `${macState}/redact.key`,
    example: `${macState}/redact.key`,
    isOfPrivacy: true,
  },
  Include: {
    kind: 'strings',
    option: 'include',
    description: `Facts that are off by default: ${(jobOptions.include.choices ?? []).join(', ')}.`,
    otherwise: 'none',
    example: ['serial_number'],
  },
} as const satisfies Readonly<Record<string, SettingKey>>;

export type SettingName = keyof typeof settingKeys;
const names = Object.keys(settingKeys) as SettingName[];

/** Who sets something, in the words of messages. */
const sources = {
  managed_settings: 'managed',
  local_settings: 'local',
} as const;
export type SettingSource = (typeof sources)[keyof typeof sources];

interface SettingProblem {
  readonly key: SettingName;
  readonly message: string;
  readonly hint: string;
}

export interface Settings {
  readonly values: ReadonlyMap<SettingName, SettingValue>;
  /** Who sets a key, also one whose value is none. */
  readonly from: ReadonlyMap<SettingName, SettingSource>;
  readonly problems: readonly SettingProblem[];
  /** What is set and no key. */
  readonly unknown: readonly { readonly key: string; readonly from: SettingSource; readonly hint: string }[];
}

const kindWords: Readonly<Record<SettingKey['kind'], string>> = {
  boolean: 'true or false, as <true/> or by defaults write … -bool',
  string: 'a text',
  strings: 'a list of texts',
};

const isTexts = (value: PlistValue): value is readonly string[] =>
  isArray(value) && value.every((item) => typeof item === 'string');

/** The value of a key; throws UserError for what is none. */
const valueOf = (name: SettingName, value: PlistValue): SettingValue => {
  const { kind, option, takes }: SettingKey = settingKeys[name];
  const isOfKind =
    kind === 'boolean'
      ? typeof value === 'boolean'
      : kind === 'string'
        ? typeof value === 'string'
        : isTexts(value);
  if (!isOfKind) throw new UserError(`${name} takes ${kindWords[kind]}`);
  const found = value as SettingValue;
  if (typeof found === 'boolean') return found;
  for (const text of typeof found === 'string' ? [found] : found) {
    checkValue(name, jobOptions[option], text);
    if (takes !== undefined && !takes.is(text))
      throw new UserError(`${name} takes ${takes.what}, not ${JSON.stringify(text)}`);
  }
  return found;
};

/** The dictionary of a settings file; null where there is none. Throws FileError. */
const readDict = (mac: OwnMac, file: keyof typeof sources): PlistDict | null => {
  const bytes = mac.read(file);
  if (bytes === null) return null;
  const path = mac.at(ownPathOf(file));
  const refuse = (why: string): FileError =>
    new FileError(
      path,
      ` cannot be read: ${why}`,
      file === 'managed_settings'
        ? 'nothing was done; deploy the profile anew'
        : `nothing was done; plutil -lint ${path} shows where it is damaged`,
    );
  try {
    const dict = parsePlistFile(bytes);
    if (isDict(dict)) return dict;
  } catch (error) {
    if (error instanceof CollectError) throw refuse(error.message);
    throw error;
  }
  throw refuse('it is not a dictionary');
};

const isKey = (name: string): name is SettingName => Object.hasOwn(settingKeys, name);

/** Reads and checks the settings of this Mac. Throws FileError for a file that cannot be read, or is not root’s alone. */
export const readSettings = (mac: OwnMac): Settings => {
  const values = new Map<SettingName, SettingValue>();
  const from = new Map<SettingName, SettingSource>();
  const problems: SettingProblem[] = [];
  const unknown: Settings['unknown'][number][] = [];
  for (const file of Object.keys(sources) as (keyof typeof sources)[]) {
    const path = mac.at(ownPathOf(file));
    for (const [key, value] of readDict(mac, file) ?? []) {
      if (!isKey(key)) {
        // macOS puts some of a payload's own keys beside those of a domain.
        if (!key.startsWith('Payload'))
          unknown.push({
            key,
            from: sources[file],
            hint: suggest(key, names, `the keys are ${names.join(', ')}`),
          });
        continue;
      }
      if (from.has(key)) continue;
      from.set(key, sources[file]);
      try {
        values.set(key, valueOf(key, value));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const hint = [error.hint, `what holds without it stays; ${path} sets it`].filter(
          (text) => text !== '',
        );
        const message = error.message.includes(key) ? error.message : `${key}: ${error.message}`;
        problems.push({ key, message, hint: hint.join('; ') });
      }
    }
  }
  return { values, from, problems, unknown };
};

/** Whether the job does anything, and who says so. */
export const switchOf = (
  { values, from }: Settings,
  job: Job,
): { readonly isOn: boolean; readonly by: SettingSource | 'default' } => {
  const value = values.get('Enabled');
  return {
    isOn: typeof value === 'boolean' ? value : job.isEnabled,
    by: (value === undefined ? undefined : from.get('Enabled')) ?? 'default',
  };
};

/** Whether a value of the settings leaves open how much may be told. */
export const isPrivacyOpen = ({ problems }: Settings): boolean =>
  problems.some(({ key }) => (settingKeys[key] as SettingKey).isOfPrivacy === true);

/** A setting takes no redaction back that the command line asks for: of two levels the stricter holds. */
const stricter = (given: unknown, own: string | null): string | null =>
  levels.findLast((level) => level === given || level === own) ?? null;

/** A job with the settings in the place of what its command line says. */
export const withSettings = (job: Job, { values }: Settings): Job => {
  const text = (key: SettingName, otherwise: string): string => {
    const value = values.get(key);
    return typeof value === 'string' ? value : otherwise;
  };
  const format = text('Format', job.format);
  const redact = stricter(values.get('Redact'), job.redact);
  // A cursor belongs to one format and one level; so should a file.
  const other = [
    ...(format === job.format ? [] : [format]),
    ...(redact === job.redact || redact === null ? [] : [redact]),
  ];
  const include = values.get('Include');
  return {
    ...job,
    every: text('Every', job.every),
    ...{ format, redact, redactKey: text('RedactKey', job.redactKey) },
    cursor: besides(job.cursor, other),
    output: text('Output', besides(job.output, other)),
    include: Array.isArray(include) ? (include as readonly string[]) : job.include,
  };
};
