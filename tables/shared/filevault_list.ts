/** The users that FileVault knows, from `fdesetup list -extended`, or from the plain list where that fails. */
import { CollectError } from '../../collector/errors.ts';
import type { Context } from '../../collector/table.ts';
import {
  bootstrapTokenUuid,
  icloudRecoveryExternalUuid,
  icloudRecoveryUuid,
  institutionalRecoveryUuid,
  personalRecoveryUuid,
} from './crypto_users.ts';

export const filevaultUserTypes = [
  'os_user',
  'personal_recovery',
  'institutional_recovery',
  'icloud_recovery',
  'bootstrap_token',
  'unknown',
] as const;
type FilevaultUserType = (typeof filevaultUserTypes)[number];

export interface FilevaultUser {
  readonly uuid: string;
  /** As fdesetup prints it; null for records that are no account. */
  readonly username: string | null;
  /** Null when only the plain list answered and the UUID is not a well-known one. */
  readonly type: FilevaultUserType | null;
  readonly typeText: string | null;
  readonly escrow: string | null;
}

export interface FilevaultList {
  readonly users: readonly FilevaultUser[];
  readonly uuids: ReadonlySet<string>;
  /** False where a line was not understood: whoever is not listed may be on it. */
  readonly isComplete: boolean;
  /** With FileVault off nobody is listed, which says nothing of anybody's token. */
  readonly isFilevaultOff: boolean;
  /** The command that answered. */
  readonly source: 'fdesetup_list_extended' | 'fdesetup_list';
}

const typeByUuid: ReadonlyMap<string, FilevaultUserType> = new Map([
  [personalRecoveryUuid, 'personal_recovery'],
  [institutionalRecoveryUuid, 'institutional_recovery'],
  [icloudRecoveryUuid, 'icloud_recovery'],
  [icloudRecoveryExternalUuid, 'icloud_recovery'],
  [bootstrapTokenUuid, 'bootstrap_token'],
]);

const listOf = (
  context: Context,
  users: readonly FilevaultUser[],
  isFilevaultOff: boolean,
  source: FilevaultList['source'],
): FilevaultList => ({
  users,
  uuids: new Set(users.map(({ uuid }) => uuid)),
  isComplete: context.isComplete(source),
  isFilevaultOff,
  source,
});

/** Whether a UUID is on the list; null where it may be on a line that was not understood. */
export const isListed = ({ uuids, isComplete }: FilevaultList, uuid: string): boolean | null =>
  uuids.has(uuid) || (isComplete ? false : null);

/** Throws what made the plain list fail when neither form answers; a failure of the first is noted. */
export const readFilevaultList = async (context: Context): Promise<FilevaultList> => {
  let failure: unknown;
  try {
    const { rows, isFileVaultOff } = await context.read('fdesetup_list_extended');
    const users = rows.map(({ uuid, username, type, typeText, escrow }) => ({
      uuid,
      username,
      type,
      typeText,
      escrow,
    }));
    return listOf(context, users, isFileVaultOff, 'fdesetup_list_extended');
  } catch (error) {
    failure = error;
    context.note(error as Error);
  }
  const { users, isFileVaultOff } = await context.read('fdesetup_list').catch((error: unknown) => {
    // Evidence need not hold the second form: then the first says why nothing is known.
    throw error instanceof CollectError && error.code === 'not_recorded' ? failure : error;
  });
  const plain = users.map(({ name, uuid }) => ({
    uuid,
    username: name,
    type: typeByUuid.get(uuid) ?? null,
    typeText: null,
    escrow: null,
  }));
  return listOf(context, plain, isFileVaultOff, 'fdesetup_list');
};
