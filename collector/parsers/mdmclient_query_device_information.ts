import { parseFailed, saidTwice } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  dictOf,
  dictsOf,
  flagOf,
  isKeptDict,
  isKeptList,
  known,
  textOf,
  type AllowedDict,
  type Kept,
  type KeptDict,
} from './allowed.ts';
import { firstLine } from './lines.ts';
import { isUuid } from '../uuid.ts';
import { readDaemonResponse, sanitizeResponses } from './mdmclient_query_security_info.ts';

/** An administrator that MDM made during Setup Assistant. */
export interface AutoSetupAdmin {
  /** GeneratedUID, upper case. */
  readonly guid: string;
  /** Null when the Mac gives none. */
  readonly shortName: string | null;
}

export interface MdmDeviceInformation {
  /** `success`, or why erasing all content and settings would fail; null before 13.3. */
  readonly eacsPreflight: string | null;
  readonly isSupervised: boolean | null;
  /** Each once. Null when the Mac does not tell; empty when it says that there are none. */
  readonly autoSetupAdminAccounts: readonly AutoSetupAdmin[] | null;
  /** False where an entry of that list was not understood: another account may be on it. */
  readonly areAllAdminsKnown: boolean;
}

const allowed = {
  QueryResponses: {
    AutoSetupAdminAccounts: [{ GUID: 'uuid', shortName: 'text' }],
    EACSPreflight: 'sentence',
    IsSupervised: 'flag',
  },
} as const satisfies AllowedDict;

const tool = 'mdmclient QueryDeviceInformation';

const guidOf = (account: KeptDict): string | null => {
  const guid = known(textOf(account, 'GUID'));
  return guid !== null && isUuid(guid) ? guid.toUpperCase() : null;
};

/** Null for an entry without a GeneratedUID, which is what an account is known by. */
const adminOf = (account: KeptDict, note: Note): AutoSetupAdmin | null => {
  const guid = guidOf(account);
  const shortName = known(textOf(account, 'shortName'));
  if (guid !== null) return { guid, shortName };
  const who = shortName === null ? 'an entry' : `the entry of ${firstLine(shortName)}`;
  note(parseFailed(`${who} in AutoSetupAdminAccounts has no GUID`));
  return null;
};

const adminsOf = (info: KeptDict, note: Note): AutoSetupAdmin[] => {
  const admins = new Map<string, AutoSetupAdmin>();
  for (const account of dictsOf(info, 'AutoSetupAdminAccounts')) {
    const admin = adminOf(account, note);
    if (admin === null) continue;
    const before = admins.get(admin.guid);
    const isSame = before === undefined || before.shortName === admin.shortName;
    if (!isSame) {
      const of = { of: 'administrator', key: admin.guid, differing: ['shortName'] } as const;
      note(saidTwice(`AutoSetupAdminAccounts has ${admin.guid} twice, with two names`, of));
    }
    admins.set(admin.guid, isSame ? admin : { guid: admin.guid, shortName: null });
  }
  return [...admins.values()];
};

const isAdmin = (entry: Kept): boolean => isKeptDict(entry) && guidOf(entry) !== null;

/**
 * Parses what the Mac would tell an MDM server of itself.
 *
 * Input: `/usr/libexec/mdmclient QueryDeviceInformation`, a private tool; 10.14 (spaces) to 13.3.1 (tabs,
 * headline, `Agent response: (null)`).
 * Returns: the listed keys; a key that is missing is null. The text of EACSPreflight is passed on as it
 * stands: peers know six, and Apple documents only that it is a text.
 * Notes: a listed key of another kind or with two values; an account without a GUID, or with two names.
 * Throws: as readDaemonResponse, and `parse_failed` without QueryResponses.
 * Source: apple/device-management, mdm/commands/information.device.yaml; mdmclient(1).
 */
export const parseMdmclientQueryDeviceInformation = (
  answer: Answer,
  note: Note = ignore,
): MdmDeviceInformation => {
  const info = dictOf(readDaemonResponse(answer, allowed, tool, note), 'QueryResponses');
  if (info === null) throw parseFailed(`the answer of ${tool} has no QueryResponses`);
  const listed = info.get('AutoSetupAdminAccounts');
  return {
    eacsPreflight: known(textOf(info, 'EACSPreflight')),
    isSupervised: known(flagOf(info, 'IsSupervised')),
    autoSetupAdminAccounts: isKeptList(listed) ? adminsOf(info, note) : null,
    areAllAdminsKnown: isKeptList(listed) && listed.every(isAdmin),
  };
};

/** The same output with the listed keys alone; one line with its size when it is not understood. */
export const sanitizeMdmclientQueryDeviceInformation = (stdout: string): string =>
  sanitizeResponses(stdout, allowed, tool);
