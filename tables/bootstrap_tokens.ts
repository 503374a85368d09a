import { knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, oneOf, required, text } from '../collector/table.ts';
import type { Context } from '../collector/table.ts';
import { versionOf } from '../collector/version.ts';
import { bootstrapTokenUuid, isListed, noApfs, readCryptoListing } from './shared/crypto_users.ts';
import { witnesses } from './shared/observations.ts';
import { enrollmentSources, readEnrollmentWitnesses } from './shared/enrollment.ts';

const bootstrapStates = [
  'escrowed',
  'supported_not_escrowed',
  'not_supported',
  'stale_local',
  'not_enrolled',
  'unknown',
] as const;

const capability = 'com.apple.mdm.bootstraptoken';

interface TokenFacts {
  readonly isNotEnrolled: boolean;
  readonly supported: boolean | null;
  readonly escrowed: boolean | null;
  readonly keyPresent: boolean | null;
}

/** The first that applies, of the states in the order of the written rule. */
export const bootstrapStateOf = ({ isNotEnrolled, supported, escrowed, keyPresent }: TokenFacts) => {
  if (isNotEnrolled) return 'not_enrolled';
  if (supported === false && keyPresent === false) return 'not_supported';
  if (supported === false && keyPresent === true) return 'stale_local';
  if (escrowed === true && keyPresent === false) return 'stale_local';
  if (supported === true && escrowed === false) return 'supported_not_escrowed';
  // YES is what the Mac believes: without the key on the disk it is not proven.
  if (supported === true && escrowed === true && keyPresent === true) return 'escrowed';
  return 'unknown';
};

const tooOld = 'there are no bootstrap tokens before macOS 10.15';

/** Before macOS 10.15 there are none; where profiles answers all the same, macOS is not what it seems. */
const isTooOld = async (context: Context): Promise<boolean> => {
  const { number } = versionOf((await context.said('sw_vers'))?.productVersion);
  if (number === null || number >= 101_500) return false;
  return (await context.said('profiles_status_bootstraptoken')) === null;
};

/** Who can say something of the token; null for each that does not answer. */
const readWitnesses = async (context: Context, isOld: boolean) => {
  const [enrollment, status, crypto, configuration, security, device] = await Promise.all([
    readEnrollmentWitnesses(context),
    isOld ? null : context.orUnknown(context.read('profiles_status_bootstraptoken')),
    context.orUnknown(readCryptoListing(context)),
    context.orUnknown(context.read('profiles_show_configuration')),
    context.orUnknown(context.read('mdmclient_query_security_info')),
    context.orUnknown(context.read('mdmclient_query_device_information')),
  ]);
  const isEnrollmentTold = enrollment.says.length + enrollment.denies.length > 0;
  const isAnyHeard = [status, crypto, configuration, security, device].some((answer) => answer !== null);
  // Where nobody says anything, the table fails as its own source does.
  if (!isOld && !isEnrollmentTold && !isAnyHeard) await context.read('profiles_status_bootstraptoken');
  return { enrollment, status, crypto, configuration, security, device };
};
type Witnesses = Awaited<ReturnType<typeof readWitnesses>>;

/** Whether the MDM profile declares that the server takes the token; null where it may, and is not printed. */
const isDeclared = ({ configuration }: Witnesses): boolean | null => {
  if (configuration === null) return null;
  const { mdm, isComplete } = configuration;
  if (mdm === null) return isComplete ? false : null;
  return mdm.serverCapabilities?.includes(capability) ?? null;
};

const answered = ({ status, crypto, configuration, security, device }: Witnesses): string | null =>
  [
    ['profiles', status] as const,
    ['apfs', crypto] as const,
    ['profile', configuration] as const,
    ['mdmclient', security ?? device] as const,
  ]
    .filter(([, answer]) => answer !== null)
    .map(([name]) => name)
    .join(',') || null;

export default defineTable({
  name: 'bootstrap_tokens',
  description:
    'One row per Mac: does the MDM server support a bootstrap token, is it escrowed, is its key on the disk.',
  columns: {
    supported_on_server: boolean('The MDM server supports bootstrap tokens, as the Mac remembers it.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_status_bootstraptoken'],
    }),
    escrowed_to_server: boolean(
      'The token is escrowed, as the Mac believes; NULL when profiles does not say.',
      {
        privacy: 'nobody',
        example: '1',
        from: ['profiles_status_bootstraptoken'],
        nullIsAnswer: 'profiles tells it only where the server supports it',
      },
    ),
    crypto_user_present: boolean('The key 2457711A-… is among the crypto users.', {
      privacy: 'nobody',
      example: '1',
      from: ['diskutil_info_root', 'diskutil_apfs_list', 'diskutil_apfs_list_users'],
    }),
    crypto_user_volume_owner: boolean('That key owns the volume; 1 and 0 are both normal.', {
      privacy: 'nobody',
      example: '1',
      from: ['diskutil_apfs_list_users'],
      nullIsAnswer: 'the key is not among the crypto users, or volumes have no owners',
    }),
    server_capability_declared: boolean('The MDM profile declares com.apple.mdm.bootstraptoken.', {
      privacy: 'nobody',
      example: '1',
      from: ['profiles_show_configuration'],
      nullBecause: 'the MDM profile, as it is printed, names no capabilities',
    }),
    allowed_for_authentication: text('allowed, disallowed or not supported; with --allow-network.', {
      privacy: knownWords(['allowed', 'disallowed', 'not supported'], 'free'),
      example: 'allowed',
      from: ['mdmclient_query_security_info'],
    }),
    required_for_software_update: boolean('With --allow-network.', {
      privacy: 'nobody',
      example: '1',
      from: ['mdmclient_query_security_info'],
    }),
    required_for_kext_approval: boolean('With --allow-network.', {
      privacy: 'nobody',
      example: '1',
      from: ['mdmclient_query_security_info'],
    }),
    eacs_preflight: text(
      'Whether the token is good for an erase; with --allow-network, macOS 13.3 or later.',
      {
        privacy: knownWords(['success'], 'free'),
        example: 'success',
        from: ['mdmclient_query_device_information'],
        nullIsAnswer: 'mdmclient tells it from macOS 13.3 on',
      },
    ),
    state: required(
      oneOf(
        bootstrapStates,
        'The conclusion. stale_local: the key is here and the server does not support it, or the reverse. escrowed: and the key is on the disk. not_enrolled: no witness says enrolled.',
        // What is asked of the token itself does not matter where there is no MDM.
        {
          privacy: 'nobody',
          settled: {
            where: "state = 'not_enrolled'",
            by: ['profiles_status_enrollment', 'profiles_show_configuration'],
          },
        },
      ),
    ),
    sources: text('Who answered, with commas: profiles, apfs, profile, mdmclient.', {
      privacy: witnesses,
      example: 'profiles,apfs,profile',
    }),
  },
  key: [],
  sources: [
    ...enrollmentSources,
    'diskutil_info_root',
    'diskutil_apfs_list',
    'diskutil_apfs_list_users',
    'sw_vers',
    'mdmclient_query_security_info',
    'mdmclient_query_device_information',
  ],
  macos: '10.15+',
  notes: [
    'Before macOS 10.15 there are none: the row says not_supported, or not_enrolled, and the table is unsupported.',
    'escrowed_to_server is what the Mac believes: the server may have lost the token. Compare with the MDM.',
  ],
  // The state hears every witness.
  readAnew: {
    '0.3.0': {
      columns: [
        'crypto_user_present',
        'crypto_user_volume_owner',
        'server_capability_declared',
        'state',
        'sources',
      ],
    },
  },
  examples: [
    'SELECT supported_on_server, escrowed_to_server, crypto_user_present, state FROM bootstrap_tokens;',
  ],
  generate: async (context) => {
    const isOld = await isTooOld(context);
    if (isOld) {
      context.unsupported(tooOld);
      context.inapplicable(['supported_on_server', 'escrowed_to_server', 'eacs_preflight'], tooOld);
    }
    const seen = await readWitnesses(context, isOld);
    const { enrollment, status, crypto, security, device } = seen;
    if (crypto?.device === null)
      context.inapplicable(['crypto_user_present', 'crypto_user_volume_owner'], noApfs);
    const keyPresent = crypto === null ? null : isListed(crypto, bootstrapTokenUuid);
    return [
      {
        supported_on_server: bit(status?.supported),
        escrowed_to_server: bit(status?.escrowed),
        crypto_user_present: bit(keyPresent),
        crypto_user_volume_owner: bit(crypto?.byUuid.get(bootstrapTokenUuid)?.volumeOwner),
        server_capability_declared: bit(isDeclared(seen)),
        allowed_for_authentication: security?.bootstrapTokenAllowedForAuthentication ?? null,
        required_for_software_update: bit(security?.bootstrapTokenRequiredForSoftwareUpdate),
        required_for_kext_approval: bit(security?.bootstrapTokenRequiredForKernelExtensionApproval),
        eacs_preflight: device?.eacsPreflight ?? null,
        state: bootstrapStateOf({
          isNotEnrolled: enrollment.says.length === 0 && enrollment.denies.length > 0,
          // No server can support what macOS does not have.
          supported: isOld ? false : (status?.supported ?? null),
          escrowed: status?.escrowed ?? null,
          keyPresent: isOld ? false : keyPresent,
        }),
        sources: answered(seen),
      },
    ];
  },
});
