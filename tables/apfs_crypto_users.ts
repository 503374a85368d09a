import { diskName, knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, oneOf, required, text } from '../collector/table.ts';
import { localAccounts } from './shared/accounts.ts';
import {
  cryptoUserTypes,
  noApfs,
  readCryptoListing,
  resolutionOf,
  resolutions,
  tellNoOwners,
  tellUntoldTypes,
} from './shared/crypto_users.ts';

export default defineTable({
  name: 'apfs_crypto_users',
  description:
    'One row per cryptographic user of the startup volume: who can unlock it, with which kind of key, and who owns it.',
  columns: {
    device_identifier: required(
      text('The volume that was asked, or / for the startup volume.', {
        privacy: diskName,
        example: 'disk3s5',
      }),
    ),
    volume_uuid: text('UUID of that volume.', {
      privacy: 'device',
      example: '0C3E7F0A-6A53-4C0E-8B9B-6B1D5D1A77F2',
      from: ['diskutil_info_root', 'diskutil_apfs_list'],
      nullIsAnswer: 'the startup volume was asked as /',
    }),
    crypto_user_uuid: required(
      text('GeneratedUID of an account, or one of the UUIDs that are the same on every Mac.', {
        privacy: 'device',
        example: 'EBC6C064-0000-11AA-AA11-00306543ECAC',
      }),
    ),
    type: required(
      text(
        `APFSCryptoUserType as diskutil prints it, known are ${cryptoUserTypes.join(', ')}; Unknown where it does not tell.`,
        // The volume has its own UUID among them, which tells the entry of the disk.
        {
          privacy: knownWords([...cryptoUserTypes, 'Unknown'], 'free'),
          example: 'MDMRecovery',
          from: ['diskutil_info_root', 'diskutil_apfs_list', 'diskutil_apfs_list_users'],
        },
      ),
    ),
    volume_owner: boolean('Volume owner; NULL when the key is absent (Intel, or macOS before 11).', {
      privacy: 'nobody',
      example: '1',
      from: ['diskutil_apfs_list_users'],
    }),
    username: text('Short name of the local account with this GeneratedUID.', {
      privacy: 'name',
      example: 'alice',
      from: ['ds_users'],
      nullIsAnswer: 'no local account has this GeneratedUID',
    }),
    resolution: oneOf(
      resolutions,
      'What the UUID is; orphan when no local account has it, NULL for a type that is not known.',
      { privacy: 'nobody', from: ['ds_users'] },
    ),
  },
  key: ['device_identifier', 'crypto_user_uuid'],
  sources: ['diskutil_info_root', 'diskutil_apfs_list', 'diskutil_apfs_list_users', 'ds_users', 'sw_vers'],
  rowsFrom: ['diskutil_apfs_list_users'],
  macos: '10.13+',
  notes: [
    'Crypto users do not mean that FileVault is on: an account with a secure token is listed all the same.',
    'The Data volume counts only where diskutil info says that it is of the running system; else the startup volume is asked.',
    'A listed crypto user is a volume owner only when volume_owner is 1.',
  ],
  // Only the volume of the running system is asked; types that are not known are shown.
  readAnew: { '0.3.0': { columns: ['type', 'resolution'], rows: true } },
  examples: [
    "SELECT username, volume_owner FROM apfs_crypto_users WHERE resolution = 'local_user';",
    "SELECT crypto_user_uuid FROM apfs_crypto_users WHERE resolution = 'orphan';",
  ],
  generate: async (context) => {
    const [listing, users] = await Promise.all([
      readCryptoListing(context),
      context.orUnknown(context.read('ds_users')),
    ]);
    const { device, volumeUuid, users: listed } = listing;
    const accounts = localAccounts(context, users);
    if (device === null) {
      context.unsupported(noApfs);
      return [];
    }
    await tellNoOwners(context, listing);
    tellUntoldTypes(context, listing);
    return listed.map((user) => ({
      device_identifier: device,
      volume_uuid: volumeUuid,
      crypto_user_uuid: user.uuid,
      type: user.type,
      volume_owner: bit(user.volumeOwner),
      username: accounts.nameOf(user.uuid),
      resolution: resolutionOf(user, volumeUuid, accounts),
    }));
  },
});
