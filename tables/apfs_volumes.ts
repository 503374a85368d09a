import { diskName, knownWords } from '../collector/privacy.ts';
import { bit, boolean, defineTable, required, text } from '../collector/table.ts';

const roles = [
  ...['System', 'Data', 'Preboot', 'Recovery', 'VM', 'Update', 'xART', 'Hardware', 'Installer', 'User'],
  ...['Baseband', 'Backup', 'Sidecar', 'Enterprise', 'Prelogin'],
];

export default defineTable({
  name: 'apfs_volumes',
  description: 'One row per APFS volume: its role, and whether it is encrypted, locked or being converted.',
  columns: {
    container_uuid: text('UUID of the container.', {
      privacy: 'device',
      example: '4D4F4B5C-9A1E-4C69-9B0C-33F2A1D5E8B0',
    }),
    device_identifier: required(text('Device identifier.', { privacy: diskName, example: 'disk3s5' })),
    uuid: text('UUID of the volume.', { privacy: 'device', example: '0C3E7F0A-6A53-4C0E-8B9B-6B1D5D1A77F2' }),
    name: text('Name of the volume.', { privacy: 'organisation', example: 'Data' }),
    role: text('Role; several with commas, NULL for none.', {
      privacy: knownWords(roles),
      example: 'Data',
      nullIsAnswer: 'the volume has no role',
    }),
    is_internal: boolean('NULL where diskutil does not say it.', {
      privacy: 'nobody',
      example: '1',
      nullIsAnswer: 'diskutil apfs list does not tell it',
    }),
    encryption: boolean('Encryption; on Apple silicon and T2 it is 1 at rest, which is not FileVault.', {
      privacy: 'nobody',
      example: '1',
    }),
    filevault: boolean('FileVault; NULL on macOS 10.13, which does not say it.', {
      privacy: 'nobody',
      example: '1',
    }),
    locked: boolean('Locked.', { privacy: 'nobody', example: '0' }),
    crypto_migration_on: boolean('An encryption or decryption is under way.', {
      privacy: 'nobody',
      example: '0',
    }),
  },
  key: ['device_identifier'],
  sources: ['diskutil_apfs_list'],
  macos: '10.13+',
  readAnew: {
    // Odd records and words cost themselves.
    '0.4.0': { rows: true },
  },
  examples: ["SELECT device_identifier, filevault, locked FROM apfs_volumes WHERE role = 'Data';"],
  generate: async (context) =>
    (await context.read('diskutil_apfs_list')).map((volume) => ({
      container_uuid: volume.containerUuid,
      device_identifier: volume.deviceIdentifier,
      uuid: volume.uuid,
      name: volume.name,
      role: volume.roles.length === 0 || volume.unread.has('Roles') ? null : volume.roles.join(','),
      is_internal: bit(volume.isInternal),
      encryption: bit(volume.encryption),
      filevault: bit(volume.fileVault),
      locked: bit(volume.locked),
      crypto_migration_on: bit(volume.cryptoMigrationOn),
    })),
});
