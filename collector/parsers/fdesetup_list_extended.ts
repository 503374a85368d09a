import { parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { isFileVaultOffAnswer, refuseFailedList } from './fdesetup_list.ts';
import { linesOf, notUnderstood, saysRootNeeded } from './lines.ts';

export type FilevaultUserType =
  | 'os_user'
  | 'personal_recovery'
  | 'institutional_recovery'
  | 'icloud_recovery'
  | 'bootstrap_token'
  | 'unknown';

export interface FdesetupListExtended {
  readonly rows: readonly {
    /** As printed; "Yes" is shown even before the key has been delivered. */
    readonly escrow: string | null;
    /** Upper case. */
    readonly uuid: string;
    readonly type: FilevaultUserType;
    /** The type as printed. */
    readonly typeText: string;
    /** Short name; null for records that are no account. */
    readonly username: string | null;
  }[];
  /** FileVault is off: that nobody can unlock the disk is then an answer, not a failure. */
  readonly isFileVaultOff: boolean;
}

const types: readonly (readonly [string, FilevaultUserType])[] = [
  ['OS User', 'os_user'],
  ['Personal Recovery Record', 'personal_recovery'],
  ['Personal Recovery User', 'personal_recovery'],
  // Not seen in any capture yet: these two follow the pattern of the personal record.
  ['Institutional Recovery Record', 'institutional_recovery'],
  ['Institutional Recovery User', 'institutional_recovery'],
  ['iCloud Recovery Record', 'icloud_recovery'],
  ['iCloud Recovery User', 'icloud_recovery'],
  ['Bootstrap Token', 'bootstrap_token'],
  // Both are what fdesetup calls them: they tell no more (fdesetup-list-extended-03).
  ['Disk Passphrase User', 'unknown'],
  ['Unknown User', 'unknown'],
];

// X stands for a digit that somebody masked before sharing an output (fdesetup-list-extended-01).
const row =
  /^(?:(\S+)[ \t]+|[ \t]*)([0-9A-FX]{8}-[0-9A-FX]{4}-[0-9A-FX]{4}-[0-9A-FX]{4}-[0-9A-FX]{12})[ \t]+(\S.*)$/i;
const header = /^ESCROW\s+UUID\s+TYPE\s+USER$/;

/**
 * Parses who and what can unlock FileVault, with the kind of each entry.
 *
 * Input: `fdesetup list -extended`; 10.11 or 10.12, 10.15.6.
 * Returns: the rows in the order printed. The columns move between versions, so a row is told by its UUID
 * and by the known types, never by position.
 * Throws: `permission_denied` without root; `source_failed` for an exit code other than 0; `parse_failed`
 * without the header, for a row of another form or type, and for an empty list without a reason.
 * Source: fdesetup(8), "list -extended".
 */
export const parseFdesetupListExtended = (answer: Answer): FdesetupListExtended => {
  const tool = 'fdesetup list -extended';
  if (isFileVaultOffAnswer(answer)) return { rows: [], isFileVaultOff: true };
  refuseFailedList(tool, answer);

  const lines = linesOf(answer.stdout);
  const start = lines.findIndex((line) => line.trim() !== '');
  if (!header.test((lines[start] ?? '').trim())) throw notUnderstood(tool, answer);
  const rows = lines.flatMap((line, index) => {
    if (index <= start || line.trim() === '') return [];
    const [, escrow, uuid, rest] = row.exec(line) ?? [];
    const known = types.find(([text]) => rest === text || rest?.startsWith(`${text} `) === true);
    if (uuid === undefined || rest === undefined || known === undefined) {
      if (uuid === undefined && saysRootNeeded(line))
        throw permissionDenied(`${tool} says that it needs root`);
      throw parseFailed(`${tool}: line ${index + 1} has a form that is not known`);
    }
    const [typeText, type] = known;
    const name = rest.slice(typeText.length).trim();
    const isNameless = name === '' || name === '(null)' || name.toUpperCase() === uuid.toUpperCase();
    return [
      {
        escrow: escrow ?? null,
        uuid: uuid.toUpperCase(),
        type,
        typeText,
        username: isNameless ? null : name,
      },
    ];
  });
  return { rows, isFileVaultOff: false };
};
