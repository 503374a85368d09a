import { CollectError, parseFailed } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import { keptAnswer } from './kept_lines.ts';
import { notUnderstood } from './lines.ts';
import { isWord, withheldText } from './withheld.ts';

export type StartupLevel = 'full' | 'reduced' | 'medium' | 'permissive' | 'off';

export interface StartupSecurity {
  /** As the Mac words it, in its own language. */
  readonly description: string | null;
  /** Null for a word that is not known: macOS translates it. */
  readonly level: StartupLevel | null;
  readonly allowsKernelExtensions: boolean | null;
  readonly allowsMdmOperations: boolean | null;
  readonly isSystemSealed: boolean | null;
}

const levels: ReadonlyMap<string, StartupLevel> = new Map([
  ['Full Security', 'full'],
  ['Reduced Security', 'reduced'],
  ['Medium Security', 'medium'],
  ['Permissive Security', 'permissive'],
  ['No Security', 'off'],
]);
const flags: ReadonlyMap<string, boolean> = new Map([
  ['Yes', true],
  ['Enabled', true],
  ['No', false],
  ['Disabled', false],
]);

const keys = [
  'ibridge_sb_device_mdm',
  'ibridge_sb_manual_mdm',
  'ibridge_sb_other_kext',
  'ibridge_sb_ssv',
  'ibridge_secure_boot',
] as const;
type Key = (typeof keys)[number];
type Words = ReadonlyMap<Key, string | null>;

const tool = 'system_profiler SPiBridgeDataType';
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is kept of each chip; null for a value that is no text. Null for what is no such answer. */
const chipsOf = (stdout: string): readonly Words[] | null => {
  let found: unknown;
  try {
    found = JSON.parse(stdout);
  } catch {
    return null;
  }
  const list = isRecord(found) ? found['SPiBridgeDataType'] : undefined;
  if (!Array.isArray(list) || !list.every(isRecord)) return null;
  return list.map(
    (chip: Readonly<Record<string, unknown>>) =>
      new Map(
        keys.flatMap((key): [Key, string | null][] => {
          if (!Object.hasOwn(chip, key)) return [];
          const value = chip[key];
          return [[key, typeof value !== 'string' ? null : isWord(value) ? value : withheldText(value)]];
        }),
      ),
  );
};

/** The words that are read, of each chip. */
export const sanitizeSystemProfilerIbridge = (stdout: string): string => {
  if (stdout === '' || /^tokenquery: [0-9]+ bytes that are not [^\n]+ were withheld\n$/.test(stdout))
    return stdout;
  const chips = chipsOf(stdout);
  if (chips !== null)
    return `${JSON.stringify({ SPiBridgeDataType: chips.map((words) => Object.fromEntries(words)) }, null, 2)}\n`;
  const bytes = new TextEncoder().encode(stdout).length;
  return `tokenquery: ${bytes} bytes that are not an answer of system_profiler were withheld\n`;
};

/**
 * Parses which systems the chip of the Mac lets start.
 *
 * Input: `system_profiler -json SPiBridgeDataType`; 26.5 on Apple silicon (system_profiler-ibridge-json-01), also with a T2 chip.
 * Returns: the words that are known in English. macOS translates them, and a word of another language says nothing here.
 * Notes: a value that is no text; two chips that differ.
 * Throws: `source_failed` where no chip is listed, which proves nothing; `parse_failed` for anything else.
 * Source: system_profiler(8).
 */
export const parseSystemProfilerIbridge = (printed: Answer, note: Note = ignore): StartupSecurity => {
  const chips = chipsOf(printed.stdout);
  if (printed.exitCode !== 0 || chips === null)
    throw notUnderstood(
      tool,
      keptAnswer({ ...printed, stdout: sanitizeSystemProfilerIbridge(printed.stdout) }, null),
    );
  const [chip, ...others] = chips;
  if (chip === undefined) throw new CollectError('source_failed', `${tool} lists no chip`);
  if (others.length > 0) throw parseFailed(`${tool} lists more than one chip`);
  if ([...chip.values()].includes(null)) note(parseFailed(`a value of ${tool} is no text`), 'value');
  const flagOf = (key: Key): boolean | null => flags.get(chip.get(key) ?? '') ?? null;
  const [device, manual] = [flagOf('ibridge_sb_device_mdm'), flagOf('ibridge_sb_manual_mdm')];
  const description = chip.get('ibridge_secure_boot') ?? null;
  return {
    description: description !== null && isWord(description) ? description : null,
    level: levels.get(description ?? '') ?? null,
    allowsKernelExtensions: flagOf('ibridge_sb_other_kext'),
    allowsMdmOperations:
      device === true || manual === true ? true : device === null || manual === null ? null : false,
    isSystemSealed: flagOf('ibridge_sb_ssv'),
  };
};
