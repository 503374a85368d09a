import { knownWords } from '../../collector/privacy.ts';

/** What one source says of the token of one account, as it is kept apart from the verdict. */
export const tokenSources = ['apfs', 'fdesetup', 'opendirectory', 'sysadminctl'] as const;
export type TokenSource = (typeof tokenSources)[number];

/** All who are named as those behind a conclusion. */
export const witnesses = knownWords([...tokenSources, 'profiles', 'profile', 'mdmclient']);

export interface Observation {
  readonly username: string | null;
  readonly uuid: string | null;
  readonly source: TokenSource;
  readonly value: 0 | 1 | null;
  /** Null where the source did not answer. */
  readonly raw_state: 'ENABLED' | 'DISABLED' | 'unknown_user' | 'tag' | 'listed' | 'absent' | null;
  readonly command_id: string | null;
}
