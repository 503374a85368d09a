/** Which accounts can log in: sysadminctl is asked for no others. */
import { hasTag } from './parsers/authentication_authority.ts';
import type { DsUser } from './parsers/ds_users.ts';

// A shell that is none: the account cannot be used at a prompt or at the login window.
export const noShells: ReadonlySet<string> = new Set([
  '/usr/bin/false',
  '/bin/false',
  '/sbin/nologin',
  '/usr/sbin/nologin',
  '/usr/sbin/uucico',
  '/dev/null',
]);

/** 1 with a real shell and no DisabledUser tag; NULL when the record names no shell. */
export const canLogin = (user: DsUser): 0 | 1 | null => {
  if (hasTag(user.authenticationAuthority, 'DisabledUser')) return 0;
  if (user.shell === null) return null;
  return noShells.has(user.shell) || user.shell === '' ? 0 : 1;
};
