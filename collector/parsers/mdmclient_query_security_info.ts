import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer, Note } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  dictOf,
  flagOf,
  keepAllowed,
  known,
  notAnAnswer,
  sanitizeText,
  textOf,
  unknownText,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { keptAnswer } from './kept_lines.ts';
import { agreed, readOpenStepAt, writeOpenStep, type OpenStepValue } from './openstep.ts';

export interface MdmSecurityInfo {
  /** Apple's word, as it stands: allowed, disallowed or not supported. */
  readonly bootstrapTokenAllowedForAuthentication: string | null;
  readonly bootstrapTokenRequiredForSoftwareUpdate: boolean | null;
  readonly bootstrapTokenRequiredForKernelExtensionApproval: boolean | null;
  readonly fdeEnabled: boolean | null;
  readonly isRecoveryLockEnabled: boolean | null;
  readonly remoteDesktopEnabled: boolean | null;
  readonly secureBootLevel: SecureBootLevel | null;
  readonly externalBootLevel: ExternalBootLevel | null;
  /** Null when the Mac tells nothing of its enrolment. */
  readonly managementStatus: {
    readonly enrolledViaDep: boolean | null;
    readonly userApprovedEnrollment: boolean | null;
    readonly isUserEnrollment: boolean | null;
  } | null;
}

/** The words of Apple's schema. */
export const secureBootLevels = ['off', 'medium', 'full', 'not supported'] as const;
export type SecureBootLevel = (typeof secureBootLevels)[number];
export const externalBootLevels = ['allowed', 'disallowed', 'not supported'] as const;
export type ExternalBootLevel = (typeof externalBootLevels)[number];

const allowed = {
  SecurityInfo: {
    BootstrapTokenAllowedForAuthentication: 'word',
    BootstrapTokenRequiredForKernelExtensionApproval: 'flag',
    BootstrapTokenRequiredForSoftwareUpdate: 'flag',
    FDE_Enabled: 'flag',
    IsRecoveryLockEnabled: 'flag',
    ManagementStatus: { EnrolledViaDEP: 'flag', IsUserEnrollment: 'flag', UserApprovedEnrollment: 'flag' },
    RemoteDesktopEnabled: 'flag',
    SecureBoot: { ExternalBootLevel: 'word', SecureBootLevel: 'word' },
  },
} as const satisfies AllowedDict;

const tool = 'mdmclient QuerySecurityInfo';
const label = /^(Daemon|Agent) response:/gm;

interface Blocks {
  /** Undefined for one that is missing. */
  readonly daemon: OpenStepValue | undefined;
  readonly hasAgent: boolean;
}

/** The blocks that mdmclient prints; log lines around them are passed over. */
const readBlocks = (stdout: string): Blocks => {
  let daemon: OpenStepValue | undefined;
  let hasAgent = false;
  label.lastIndex = 0;
  for (let found = label.exec(stdout); found !== null; found = label.exec(stdout)) {
    const isAgent = found[1] === 'Agent';
    const start = label.lastIndex;
    try {
      const { value, end } = readOpenStepAt(stdout, start);
      // On from the end of the block: a label inside a string of it is none.
      label.lastIndex = end;
      if (!isAgent) daemon = daemon === undefined ? value : agreed(daemon, value);
    } catch (problem) {
      // What the agent answers is dropped: it need have no form. What stands behind its label cannot be told
      // from what it answers.
      if (!isAgent || !(problem instanceof CollectError)) throw problem;
      label.lastIndex = stdout.length;
    }
    if (isAgent) hasAgent = true;
  }
  return { daemon, hasAgent };
};

/**
 * The allow-listed part of what the daemon answered; the answer of the agent, which speaks for a user, is
 * dropped.
 * Throws: `permission_denied` when there is no answer and the tool asks for root or was not run by it;
 * `source_failed` when the daemon answered `(null)` to root; `parse_failed` for anything that is not known.
 */
export const readDaemonResponse = (
  printed: Answer,
  allowedKeys: AllowedDict,
  of: string,
  note: Note,
): KeptDict => {
  const answer = keptAnswer(printed, null);
  const { daemon } = readBlocks(answer.stdout);
  if (daemon === undefined) throw notAnAnswer(of, answer);
  if (daemon === null) {
    if (answer.euid !== null && answer.euid !== 0) throw permissionDenied(`the daemon did not answer ${of}`);
    throw new CollectError('source_failed', `the daemon did not answer ${of}`);
  }
  return keepAllowed(daemon, allowedKeys, `the answer of ${of}`, note);
};

/** The two labels with the allow-listed keys alone; log lines and the answer of the agent are dropped. */
export const sanitizeResponses = (stdout: string, allowedKeys: AllowedDict, of: string): string =>
  sanitizeText(stdout, of, (text) => {
    const { daemon, hasAgent } = readBlocks(text);
    if (daemon === undefined) throw unknownText(of, text);
    const kept =
      daemon === null ? '(null)' : writeOpenStep(keepAllowed(daemon, allowedKeys, `the answer of ${of}`));
    return `Daemon response: ${kept}\n${hasAgent ? 'Agent response: (null)\n' : ''}`;
  });

/** A word of a list; another one is noted, and is unknown. */
const wordOf = <W extends string>(
  dict: KeptDict | null,
  key: string,
  words: readonly W[],
  note: Note,
): W | null => {
  const text = dict === null ? null : known(textOf(dict, key));
  if (text === null) return null;
  const word = words.find((each) => each === text) ?? null;
  if (word === null)
    note(parseFailed(`${key} of the answer of ${tool} is a word that is not known`), 'value');
  return word;
};

/**
 * Parses what the Mac would tell an MDM server of its security.
 *
 * Input: `/usr/libexec/mdmclient QuerySecurityInfo`, a private tool; 12.1 (cut short by its author), and the
 * keys of Apple's schema (bootstrap token 11, recovery lock 11.5, enrolment 10.13.2).
 * Returns: the listed keys; a key that is missing is null. `not supported` is the answer of an Intel Mac.
 * Notes: a listed key of another kind or with two values.
 * Throws: as readDaemonResponse, and `parse_failed` without a SecurityInfo.
 * Source: apple/device-management, mdm/commands/information.security.yaml; mdmclient(1).
 */
export const parseMdmclientQuerySecurityInfo = (answer: Answer, note: Note = ignore): MdmSecurityInfo => {
  const info = dictOf(readDaemonResponse(answer, allowed, tool, note), 'SecurityInfo');
  if (info === null) throw parseFailed(`the answer of ${tool} has no SecurityInfo`);
  const [status, boot] = [dictOf(info, 'ManagementStatus'), dictOf(info, 'SecureBoot')];
  const flag = (key: string): boolean | null => known(flagOf(info, key));
  return {
    bootstrapTokenAllowedForAuthentication: known(textOf(info, 'BootstrapTokenAllowedForAuthentication')),
    bootstrapTokenRequiredForSoftwareUpdate: flag('BootstrapTokenRequiredForSoftwareUpdate'),
    bootstrapTokenRequiredForKernelExtensionApproval: flag(
      'BootstrapTokenRequiredForKernelExtensionApproval',
    ),
    fdeEnabled: flag('FDE_Enabled'),
    isRecoveryLockEnabled: flag('IsRecoveryLockEnabled'),
    remoteDesktopEnabled: flag('RemoteDesktopEnabled'),
    secureBootLevel: wordOf(boot, 'SecureBootLevel', secureBootLevels, note),
    externalBootLevel: wordOf(boot, 'ExternalBootLevel', externalBootLevels, note),
    managementStatus: status && {
      enrolledViaDep: known(flagOf(status, 'EnrolledViaDEP')),
      userApprovedEnrollment: known(flagOf(status, 'UserApprovedEnrollment')),
      isUserEnrollment: known(flagOf(status, 'IsUserEnrollment')),
    },
  };
};

/** The same output with the listed keys alone; one line with its size when it is not understood. */
export const sanitizeMdmclientQuerySecurityInfo = (stdout: string): string =>
  sanitizeResponses(stdout, allowed, tool);
