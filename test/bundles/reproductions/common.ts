/** What the reproductions share: their form, the Macs that they change, and the rules that they quote. */
import { appleSilicon, cryptoEntry, listing, silent } from '../mac.ts';
import type { Mac, Person, Said } from '../mac.ts';
import type { Row, Verdict } from '../program.ts';

interface Common {
  /** The end of the test's title. */
  readonly says: string;
  /** The words of semantics.md (3.3), of the plan or of the issue that it rests on. */
  readonly why: string;
}
export type Check = Common &
  (
    | { readonly sql: string; readonly rows: readonly Row[] }
    | { readonly question: string; readonly verdicts: readonly Verdict[] }
    /** The facts that a question tells of one subject. */
    | { readonly question: string; readonly about: string; readonly facts: Row }
    /** A word that no fact of the subject may have. */
    | {
        readonly question: string;
        readonly about: string;
        readonly capability: string;
        readonly not: string;
      }
  );

export interface Reproduction {
  readonly id: string;
  readonly what: string;
  readonly mac: Mac;
  readonly checks: readonly Check[];
}

export const change = (what: Partial<Mac>, mac: Mac = appleSilicon): Mac => ({ ...mac, ...what });
export const withPeople = (...more: readonly Person[]): Mac =>
  change({ people: [...appleSilicon.people, ...more] });
export const changePerson = (
  name: string,
  more: Partial<Person>,
  mac: Mac = appleSilicon,
): readonly Person[] => mac.people.map((person) => (person.name === name ? { ...person, ...more } : person));

export const notHit: readonly Verdict[] = ['clean', 'unknown', 'not_asked'];
export const notClean: readonly Verdict[] = ['hit', 'unknown', 'not_asked'];

export const tokenSql =
  'SELECT username, secure_token, confidence, has_conflict FROM secure_tokens WHERE uid > 500 ORDER BY uid';
export const tokenRow = (
  username: string,
  secure_token: 0 | 1 | null,
  confidence: string,
  has_conflict: 0 | 1 | null,
): Row => ({ username, secure_token, confidence, has_conflict });
export const inOrder: readonly Row[] = [
  tokenRow('avery', 1, 'confirmed', 0),
  tokenRow('blake', 1, 'confirmed', 0),
  tokenRow('casey', 1, 'confirmed', 0),
  tokenRow('devon', 0, 'confirmed', 0),
];
export const apfsIsSilent: readonly Row[] = [
  tokenRow('avery', 1, 'probable', null),
  tokenRow('blake', 1, 'probable', null),
  tokenRow('casey', 1, 'probable', null),
  tokenRow('devon', 0, 'probable', null),
];
export const codeOf = (table: string): string =>
  `SELECT code FROM table_status WHERE table_name = '${table}'`;
export const codeContradicted: readonly Row[] = [{ code: 'contradicted' }];
export const ofUser = (columns: string, name: string): string =>
  `SELECT ${columns} FROM secure_tokens WHERE username = '${name}'`;
export const rulesOf = (subject: string): string =>
  `SELECT rule_id, severity FROM conflicts WHERE subject = '${subject}' ORDER BY rule_id`;
export const countOf = (from: string): string => `SELECT COUNT(*) AS n FROM ${from}`;
export const none: readonly Row[] = [{ n: 0 }];
export const one: readonly Row[] = [{ n: 1 }];
export const namedIn = (table: string, list: string, column: string): string =>
  countOf(`table_status WHERE table_name = '${table}' AND ${list} LIKE '%"${column}"%'`);

// Lines of semantics.md, 3.3.
export const silentRule =
  'APFS silent: 1 by any yes (`probable`), 0 only by sysadminctl DISABLED and no yes (`probable`), else NULL; the column is then named as uncertain in table_status.';
export const emptyRule =
  'Contradicted answers: … a listing without any row, keys included, where any witness names a token or FileVault is on … Such an answer is NULL with code `contradicted`, naming both commands.';
export const contradictedRule = 'Every column that comes from a contradicted answer is NULL (issue, 11).';
export const runningRule =
  "not listed in a *whole* APFS listing of the *running system's* volume (container and, where told, volume group of `/`)";
export const noApfsRule =
  'No APFS (HFS+, CoreStorage): there are no tokens; one row an account with NULLs, confidence unknown, has_conflict NULL; status `unsupported`, code `unsupported_macos`.';
export const usersRule = 'Contradicted answers: users without uid 0, groups without gid 80';
export const absence = 'Absence rules: no query may treat NULL, a denied table or a missing snapshot as 0.';

export const listUsersFails = {
  'diskutil_apfs_list_users disk3s5': silent,
  'diskutil_apfs_list_users /': silent,
} as const;
export const withoutEscrow = Object.fromEntries(
  Object.entries(appleSilicon.payloads ?? {}).filter(([type]) => !type.endsWith('FDERecoveryKeyEscrow')),
);
export const noBlob = { ...appleSilicon.looks, '/var/db/FileVaultPRK.dat': 'missing' };
export const stranger = cryptoEntry('LocalOpenDirectory', 'D0000000-0000-4000-8000-000000000001', null);
export const otherSystem: Said = { stdout: listing(stranger) };
export const oddAttribute = (key: string, values: readonly string[] | null): Mac =>
  change({ people: changePerson('casey', { odd: { [key]: values } }) });
