/** Whether there is a personal recovery key: fdesetup's word, and the key among the crypto users of APFS. */
import type { Context } from '../../collector/table.ts';
import { bit } from '../../collector/table.ts';
import { isListed, personalRecoveryUuid, readCryptoListing } from './crypto_users.ts';
import type { CryptoListing } from './crypto_users.ts';

/**
 * fdesetup prints "false" on any error too, and when FileVault is off: only root's word with FileVault on
 * counts, and of evidence that does not name the user only a "true".
 */
export const keyFlag = (context: Context, isOn: boolean | null, answer: boolean | null): 0 | 1 | null => {
  if (isOn !== true || answer === null) return null;
  if (context.euid === null) return answer ? 1 : null;
  return context.euid === 0 ? bit(answer) : null;
};

interface PersonalKey {
  /** As fdesetup says it, where its word counts. */
  readonly said: 0 | 1 | null;
  /** 1 by either; 0 where APFS bears fdesetup out, or where there is no APFS. */
  readonly isThere: 0 | 1 | null;
  /** The crypto users that contradict fdesetup (M13). */
  readonly listing: CryptoListing | null;
}

/** APFS is asked only where fdesetup says "false", which is no proof. */
export const readPersonalKey = async (
  context: Context,
  isOn: boolean | null,
  answer: boolean | null,
): Promise<PersonalKey> => {
  const said = keyFlag(context, isOn, answer);
  if (said !== 0) return { said, isThere: said, listing: null };
  const crypto = await context.orUnknown(readCryptoListing(context));
  if (crypto === null) return { said, isThere: null, listing: null };
  if (crypto.device === null) return { said, isThere: 0, listing: null };
  const isThere = bit(isListed(crypto, personalRecoveryUuid));
  return { said, isThere, listing: isThere === 1 ? crypto : null };
};
