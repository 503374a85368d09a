/** The accounts with all that the sources say of their tokens, and what follows: for the tables that tell it. */
import type { DsUser } from '../../collector/parsers/ds_users.ts';
import type { Context } from '../../collector/table.ts';
import { asksSysadminctl } from '../../collector/version.ts';
import secureTokenObservations from '../secure_token_observations.ts';
import { adminDecider } from './accounts.ts';
import { readCryptoListing } from './crypto_users.ts';
import type { CryptoListing } from './crypto_users.ts';
import { readFilevaultList } from './filevault_list.ts';
import type { FilevaultList } from './filevault_list.ts';
import { verdictOf } from './token_rules.ts';
import type { TokenVerdict } from './token_rules.ts';

export interface Verdicts {
  /** Null where it could not be read. */
  readonly crypto: CryptoListing | null;
  readonly list: FilevaultList | null;
  readonly accounts: readonly {
    readonly user: DsUser;
    readonly isAdmin: 0 | 1 | null;
    readonly verdict: TokenVerdict;
  }[];
}

/** The sources behind it, for the tables that read it. */
export const verdictSources = [
  'ds_users',
  'ds_groups',
  'diskutil_info_root',
  'diskutil_apfs_list',
  'diskutil_apfs_list_users',
  'fdesetup_list_extended',
  'fdesetup_list',
  'sysadminctl_secure_token_status',
  'sw_vers',
  'dsconfigad_show',
] as const;

/** Those that the verdict on a token rests on: who is an administrator does not change who has one. */
export const tokenVerdictSources = verdictSources.filter(
  (name) => name !== 'ds_groups' && name !== 'dsconfigad_show',
);

/** Throws where the accounts could not be read. */
export const readVerdicts = async (context: Context): Promise<Verdicts> => {
  const [users, groups, observations, crypto, list, version] = await Promise.all([
    context.read('ds_users'),
    context.orUnknown(context.read('ds_groups')),
    context.rows(secureTokenObservations),
    context.orUnknown(readCryptoListing(context)),
    context.orUnknown(readFilevaultList(context)),
    context.orUnknown(context.read('sw_vers')),
  ]);
  const isAdminOf = await adminDecider(context, users, groups);
  const groupsCommand = context.commandId('ds_groups');
  const isSysadminctlAsked = asksSysadminctl(version);
  const byUser = Map.groupBy(observations, ({ username }) => username);
  const accounts = users.map((user) => {
    const own = (byUser.get(user.recordName) ?? []).filter(({ uuid }) => uuid === user.uuid);
    const isAdmin = isAdminOf(user);
    const isApfs = crypto === null || crypto.device !== null;
    const facts = { user, observations: own, list, isAdmin, groupsCommand, isApfs, isSysadminctlAsked };
    return { user, isAdmin, verdict: verdictOf(facts) };
  });
  return { crypto, list, accounts };
};
