import type { SmartcardPreferences } from '../collector/parsers/smartcard_preferences.ts';
import type { Setting } from '../collector/setting.ts';
import { bit, boolean, defineTable, integer } from '../collector/table.ts';
import { effective, readPreferences } from './shared/preferences.ts';

const number = (description: string) =>
  integer(description, { privacy: 'nobody', example: '1', nullIsAnswer: 'nothing sets it' });
const flag = (description: string) => boolean(description, { privacy: 'nobody', example: '0' });

const managedFile = '/Library/Managed Preferences/com.apple.security.smartcard.plist';
const localFile = '/Library/Preferences/com.apple.security.smartcard.plist';

export default defineTable({
  name: 'smart_card_settings',
  description: 'One row per Mac: may smart cards be used to log in, and must they.',
  columns: {
    allow_smart_card: flag('Smart cards may be used to log in; 1 also when nothing sets it.'),
    enforce_smart_card: flag(
      'A smart card must be used: a password alone does not log in. 0 when nothing sets it.',
    ),
    check_certificate_trust: number(
      'How certificates are checked: 0 not at all, 1 with, 2 and 3 with revocation too.',
    ),
    one_card_per_user: flag('An account may have but one card; 0 when nothing sets it.'),
    user_pairing: flag('A user may pair a card with the account; 1 also when nothing sets it.'),
    allow_unmapped_users: number('Whether who has no card may use a password where a card is enforced.'),
    token_removal_action: number('What happens when the card is taken out: 1 locks the screen.'),
  },
  key: [],
  sources: ['smartcard_preferences'],
  macos: '10.13+',
  notes: [
    'What a profile forces goes before the preference file.',
    'Which accounts have a card paired tells users.smart_card_paired.',
  ],
  examples: ['SELECT allow_smart_card, enforce_smart_card FROM smart_card_settings;'],
  generate: async (context) => {
    const [managed, local] = await Promise.all(
      [managedFile, localFile].map((path) =>
        readPreferences(context, context.readFile('smartcard_preferences', path)),
      ),
    );
    if (managed == null && local == null) await context.readFile('smartcard_preferences', managedFile);
    const of = <T>(read: (content: SmartcardPreferences) => Setting<T>, absent: T | null): T | null =>
      effective(managed ?? null, read, local ?? null, read, absent);
    return [
      {
        allow_smart_card: bit(of((content) => content.allowSmartCard, true)),
        enforce_smart_card: bit(of((content) => content.enforceSmartCard, false)),
        check_certificate_trust: of((content) => content.checkCertificateTrust, null),
        one_card_per_user: bit(of((content) => content.oneCardPerUser, false)),
        user_pairing: bit(of((content) => content.userPairing, true)),
        allow_unmapped_users: of((content) => content.allowUnmappedUsers, null),
        token_removal_action: of((content) => content.tokenRemovalAction, null),
      },
    ];
  },
});
