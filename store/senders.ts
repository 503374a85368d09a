/** Who may speak of which host. A host_id alone is a claim: the folder that the transport made for a sender is none. */
import { isUuid } from '../collector/uuid.ts';
import { UserError } from '../collector/errors.ts';
import { plural } from '../collector/plural.ts';
import type { Snapshot } from './snapshot.ts';

export interface SenderRules {
  /** An input may hold that host only after which the folder of its sender is named. */
  readonly isFromFolder?: boolean;
  /** No other hosts are taken. */
  readonly onlyHosts?: ReadonlySet<string>;
}

/** The host that a folder is named after; null for one that is named otherwise. */
export const hostOfFolder = (folder: string): string | null => {
  if (isUuid(folder)) return folder.toUpperCase();
  // As a redacted snapshot has it.
  return /^[0-9a-f]{16}$/.test(folder) ? folder : null;
};

/**
 * Why a sender may not bring a snapshot; null where it may.
 *
 * @param folder The name of the folder of the sender: the one right below what was named to merge.
 */
const senderFault = (
  { isFromFolder = false, onlyHosts }: SenderRules,
  folder: string,
  { hostId }: Pick<Snapshot, 'hostId'>,
): UserError | null => {
  if (onlyHosts !== undefined && !onlyHosts.has(hostId))
    return new UserError(
      `it has a snapshot of ${hostId}, which --only-hosts does not list`,
      'add the host to the list, if it is one of yours',
    );
  if (!isFromFolder) return null;
  const expected = hostOfFolder(folder);
  if (expected === null)
    return new UserError(
      `its folder ${JSON.stringify(folder.slice(0, 60))} is not named after a host`,
      '--host-from-folder takes one folder for each Mac, named by its hardware UUID',
    );
  return hostId === expected
    ? null
    : new UserError(
        `it has a snapshot of ${hostId}, and lies in the folder of ${expected}`,
        'whoever sent it spoke of another Mac: look at that one before you merge it without --host-from-folder',
      );
};

/** What is wrong with the senders of an input: what is theirs is taken, and one error tells the rest. */
export class Strangers {
  readonly #hosts = new Set<string>();
  #first: UserError | null = null;

  /** Whether a snapshot may be taken. */
  pass(rules: SenderRules, folder: string, snapshot: Pick<Snapshot, 'hostId'>): boolean {
    const fault = senderFault(rules, folder, snapshot);
    if (fault === null) return true;
    this.#first ??= fault;
    this.#hosts.add(snapshot.hostId);
    return false;
  }

  get fault(): UserError | null {
    const others = this.#hosts.size - 1;
    if (this.#first === null || others === 0) return this.#first;
    const { message, hint } = this.#first;
    return new UserError(`${message}; and of ${plural(others, 'more host')} so`, hint);
  }
}

/** The hosts of a list, one a line; # begins a comment. Throws UserError for what is no host. */
export const hostsOfList = (path: string, text: string): ReadonlySet<string> => {
  const hosts = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const name = line.replace(/#.*/, '').trim();
    if (name === '') continue;
    const host = hostOfFolder(name);
    if (host === null)
      throw new UserError(
        // Whoever names the file need not be one who may read it.
        `line ${index + 1} of ${path} is no host`,
        'it has the hardware UUID of a Mac on each line',
      );
    hosts.add(host);
  }
  if (hosts.size === 0)
    throw new UserError(`${path} lists no host`, 'it has the hardware UUID of a Mac on each line');
  return hosts;
};
