import { CollectError, parseFailed, permissionDenied } from '../errors.ts';
import type { Answer } from '../answer.ts';
import {
  dictOf,
  flagOf,
  keepAllowed,
  notAnAnswer,
  sanitizeText,
  textOf,
  unknownText,
  type AllowedDict,
  type KeptDict,
} from './allowed.ts';
import { readOpenStepAt, writeOpenStep, type OpenStepValue } from './openstep.ts';

export interface MdmSecurityInfo {
  readonly bootstrapTokenAllowedForAuthentication: 'allowed' | 'disallowed' | 'not supported' | null;
  readonly bootstrapTokenRequiredForSoftwareUpdate: boolean | null;
  readonly bootstrapTokenRequiredForKernelExtensionApproval: boolean | null;
  readonly fdeEnabled: boolean | null;
  readonly isRecoveryLockEnabled: boolean | null;
  /** Null when the Mac tells nothing of its enrolment. */
  readonly managementStatus: {
    readonly enrolledViaDep: boolean | null;
    readonly userApprovedEnrollment: boolean | null;
    readonly isUserEnrollment: boolean | null;
  } | null;
}

const allowed = {
  SecurityInfo: {
    BootstrapTokenAllowedForAuthentication: 'text',
    BootstrapTokenRequiredForKernelExtensionApproval: 'flag',
    BootstrapTokenRequiredForSoftwareUpdate: 'flag',
    FDE_Enabled: 'flag',
    IsRecoveryLockEnabled: 'flag',
    ManagementStatus: { EnrolledViaDEP: 'flag', IsUserEnrollment: 'flag', UserApprovedEnrollment: 'flag' },
  },
} as const satisfies AllowedDict;

const tool = 'mdmclient QuerySecurityInfo';
const label = /^(Daemon|Agent) response:/gm;

/**
 * The blocks that mdmclient prints, undefined for one that is missing; log lines around them are passed over.
 */
const readBlocks = (
  stdout: string,
): { daemon: OpenStepValue | undefined; agent: OpenStepValue | undefined } => {
  const blocks = new Map<string, OpenStepValue>();
  label.lastIndex = 0;
  for (let found = label.exec(stdout); found !== null; found = label.exec(stdout)) {
    const name = found[1] ?? '';
    if (blocks.has(name)) throw parseFailed(`mdmclient printed two answers of the ${name.toLowerCase()}`);
    const { value, end } = readOpenStepAt(stdout, label.lastIndex);
    blocks.set(name, value);
    // On from the end of the block: a label inside a string of it is none.
    label.lastIndex = end;
  }
  return { daemon: blocks.get('Daemon'), agent: blocks.get('Agent') };
};

/**
 * The allow-listed part of what the daemon answered; the answer of the agent, which speaks for a user, is
 * dropped.
 * Throws: `permission_denied` when there is no answer and the tool asks for root or was not run by it;
 * `source_failed` when the daemon answered `(null)` to root; `parse_failed` for anything that is not known.
 */
export const readDaemonResponse = (answer: Answer, allowedKeys: AllowedDict, of: string): KeptDict => {
  const { daemon } = readBlocks(answer.stdout);
  if (daemon === undefined) throw notAnAnswer(of, answer);
  if (daemon === null) {
    if (answer.euid !== null && answer.euid !== 0) throw permissionDenied(`the daemon did not answer ${of}`);
    throw new CollectError('source_failed', `the daemon did not answer ${of}`);
  }
  return keepAllowed(daemon, allowedKeys, `the answer of ${of}`);
};

/** The two labels with the allow-listed keys alone; log lines and the answer of the agent are dropped. */
export const sanitizeResponses = (stdout: string, allowedKeys: AllowedDict, of: string): string =>
  sanitizeText(stdout, of, (text) => {
    const { daemon, agent } = readBlocks(text);
    if (daemon === undefined) throw unknownText(of, text);
    const kept =
      daemon === null ? '(null)' : writeOpenStep(keepAllowed(daemon, allowedKeys, `the answer of ${of}`));
    return `Daemon response: ${kept}\n${agent === undefined ? '' : 'Agent response: (null)\n'}`;
  });

const authenticationOf = (info: KeptDict): MdmSecurityInfo['bootstrapTokenAllowedForAuthentication'] => {
  const value = textOf(info, 'BootstrapTokenAllowedForAuthentication');
  if (value === null || value === 'allowed' || value === 'disallowed' || value === 'not supported')
    return value;
  throw parseFailed('BootstrapTokenAllowedForAuthentication has a value that is not known');
};

/**
 * Parses what the Mac would tell an MDM server of its security.
 *
 * Input: `/usr/libexec/mdmclient QuerySecurityInfo`, a private tool; 12.1 (cut short by its author), and the
 * keys of Apple's schema (bootstrap token 11, recovery lock 11.5, enrolment 10.13.2).
 * Returns: the listed keys; a key that is missing is null. `not supported` is the answer of an Intel Mac.
 * Throws: as readDaemonResponse, and `parse_failed` without a SecurityInfo.
 * Source: apple/device-management, mdm/commands/information.security.yaml; mdmclient(1).
 */
export const parseMdmclientQuerySecurityInfo = (answer: Answer): MdmSecurityInfo => {
  const info = dictOf(readDaemonResponse(answer, allowed, tool), 'SecurityInfo');
  if (info === null) throw parseFailed(`the answer of ${tool} has no SecurityInfo`);
  const status = dictOf(info, 'ManagementStatus');
  return {
    bootstrapTokenAllowedForAuthentication: authenticationOf(info),
    bootstrapTokenRequiredForSoftwareUpdate: flagOf(info, 'BootstrapTokenRequiredForSoftwareUpdate'),
    bootstrapTokenRequiredForKernelExtensionApproval: flagOf(
      info,
      'BootstrapTokenRequiredForKernelExtensionApproval',
    ),
    fdeEnabled: flagOf(info, 'FDE_Enabled'),
    isRecoveryLockEnabled: flagOf(info, 'IsRecoveryLockEnabled'),
    managementStatus: status && {
      enrolledViaDep: flagOf(status, 'EnrolledViaDEP'),
      userApprovedEnrollment: flagOf(status, 'UserApprovedEnrollment'),
      isUserEnrollment: flagOf(status, 'IsUserEnrollment'),
    },
  };
};

/** The same output with the listed keys alone; one line with its size when it is not understood. */
export const sanitizeMdmclientQuerySecurityInfo = (stdout: string): string =>
  sanitizeResponses(stdout, allowed, tool);
