import type { Note, ParseFile } from '../answer.ts';
import { ignore } from '../answer.ts';
import {
  flagOf,
  integerOf,
  keepAllowed,
  sanitizeBytes,
  type AllowedDict,
  type KeptDict,
  type Setting,
} from './allowed.ts';
import { parsePlistFile } from './plist.ts';

/** Each null when the file does not set it. */
export interface SmartcardPreferences {
  readonly allowSmartCard: Setting<boolean>;
  readonly enforceSmartCard: Setting<boolean>;
  /** 0 to 3. */
  readonly checkCertificateTrust: Setting<number>;
  readonly oneCardPerUser: Setting<boolean>;
  readonly userPairing: Setting<boolean>;
  readonly allowUnmappedUsers: Setting<number>;
  /** 1 locks the screen when the card is taken out. */
  readonly tokenRemovalAction: Setting<number>;
}

export const smartcardKeys = {
  UserPairing: 'flag',
  allowSmartCard: 'flag',
  allowUnmappedUsers: 'integer',
  checkCertificateTrust: 'integer',
  enforceSmartCard: 'flag',
  oneCardPerUser: 'flag',
  tokenRemovalAction: 'integer',
} as const satisfies AllowedDict;

const keep = (bytes: Uint8Array, note: Note): KeptDict =>
  keepAllowed(parsePlistFile(bytes), smartcardKeys, 'com.apple.security.smartcard.plist', note);

/**
 * Parses whether smart cards may or must be used.
 *
 * Input: com.apple.security.smartcard.plist, as a profile or by hand, binary or XML; 10.13 and later. No capture is known.
 * Returns: the listed keys.
 * Notes: a listed key of another kind, which is then unread.
 * Throws: `parse_failed` when it is not a property list of one dictionary.
 * Source: apple/device-management, com.apple.security.smartcard; SmartCardServices(7).
 */
export const parseSmartcardPreferences: ParseFile<SmartcardPreferences> = (bytes, note = ignore) => {
  const kept = keep(bytes, note);
  return {
    allowSmartCard: flagOf(kept, 'allowSmartCard'),
    enforceSmartCard: flagOf(kept, 'enforceSmartCard'),
    checkCertificateTrust: integerOf(kept, 'checkCertificateTrust'),
    oneCardPerUser: flagOf(kept, 'oneCardPerUser'),
    userPairing: flagOf(kept, 'UserPairing'),
    allowUnmappedUsers: integerOf(kept, 'allowUnmappedUsers'),
    tokenRemovalAction: integerOf(kept, 'tokenRemovalAction'),
  };
};

/** The listed keys alone, as an XML property list; one line with the size of what is not understood. */
export const sanitizeSmartcardPreferences = (bytes: Uint8Array): Uint8Array =>
  sanitizeBytes(bytes, (content) => keep(content, ignore));
