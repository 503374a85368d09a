import { parseFailed } from '../errors.ts';
import type { Answer } from '../answer.ts';
import { dictOf, dictsOf, flagOf, textOf, type AllowedDict, type KeptDict } from './allowed.ts';
import { uuidPattern } from './lines.ts';
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
  /** Null when the Mac does not tell; empty when it says that there are none. */
  readonly autoSetupAdminAccounts: readonly AutoSetupAdmin[] | null;
}

const allowed = {
  QueryResponses: {
    AutoSetupAdminAccounts: [{ GUID: 'text', shortName: 'text' }],
    EACSPreflight: 'text',
    IsSupervised: 'flag',
  },
} as const satisfies AllowedDict;

const tool = 'mdmclient QueryDeviceInformation';
const uuid = new RegExp(`^${uuidPattern}$`);

const adminOf = (account: KeptDict): AutoSetupAdmin => {
  const guid = textOf(account, 'GUID');
  if (guid === null || !uuid.test(guid)) throw parseFailed('an entry of AutoSetupAdminAccounts has no GUID');
  return { guid: guid.toUpperCase(), shortName: textOf(account, 'shortName') };
};

/**
 * Parses what the Mac would tell an MDM server of itself.
 *
 * Input: `/usr/libexec/mdmclient QueryDeviceInformation`, a private tool; 10.14 (spaces) to 13.3.1 (tabs,
 * headline, `Agent response: (null)`).
 * Returns: the listed keys; a key that is missing is null. The text of EACSPreflight is passed on as it
 * stands: peers know six, and Apple documents only that it is a text.
 * Throws: as readDaemonResponse, and `parse_failed` without QueryResponses or for an account without a GUID.
 * Source: apple/device-management, mdm/commands/information.device.yaml; mdmclient(1).
 */
export const parseMdmclientQueryDeviceInformation = (answer: Answer): MdmDeviceInformation => {
  const info = dictOf(readDaemonResponse(answer, allowed, tool), 'QueryResponses');
  if (info === null) throw parseFailed(`the answer of ${tool} has no QueryResponses`);
  return {
    eacsPreflight: textOf(info, 'EACSPreflight'),
    isSupervised: flagOf(info, 'IsSupervised'),
    autoSetupAdminAccounts: info.has('AutoSetupAdminAccounts')
      ? dictsOf(info, 'AutoSetupAdminAccounts').map(adminOf)
      : null,
  };
};

/** The same output with the listed keys alone; one line with its size when it is not understood. */
export const sanitizeMdmclientQueryDeviceInformation = (stdout: string): string =>
  sanitizeResponses(stdout, allowed, tool);
