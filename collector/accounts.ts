/** Which accounts can log in, and which sysadminctl is asked about. */
import { hasTag } from './parsers/authentication_authority.ts';
import type { DsUser } from './parsers/ds_users.ts';
import { isSafeUsername } from './sources.ts';

// A shell that is none: the account cannot be used at a prompt or at the login window.
export const noShells: ReadonlySet<string> = new Set([
  '/usr/bin/false',
  '/bin/false',
  '/sbin/nologin',
  '/usr/sbin/nologin',
  '/usr/sbin/uucico',
  '/dev/null',
]);

/** Whether an account has a tag; null where a tag of it could not be read, and may be this one. */
export const tagOf = (user: DsUser, tag: string): boolean | null =>
  hasTag(user.authenticationAuthority, tag) || (user.unread.has('AuthenticationAuthority') ? null : false);

/** 1 with a real shell and no DisabledUser tag; NULL when the record names no shell, or a tag cannot be read. */
export const canLogin = (user: DsUser): 0 | 1 | null => {
  const isDisabled = tagOf(user, 'DisabledUser');
  if (isDisabled === true) return 0;
  if (user.shell === null) return null;
  if (noShells.has(user.shell) || user.shell === '') return 0;
  return isDisabled === null ? null : 1;
};

/** Whether sysadminctl is asked about an account: one that may be able to log in, by a name that may go on an argv. */
export const isForSysadminctl = (user: DsUser): boolean =>
  canLogin(user) !== 0 && isSafeUsername(user.recordName);
