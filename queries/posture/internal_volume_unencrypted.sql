-- name: internal_volume_unencrypted
-- title: An internal volume for users is not encrypted
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: An internal APFS volume for what users keep has no FileVault, while the startup disk has: a second disk, a
--   second volume or a second macOS. That the startup disk itself has none is in filevault_off. Whether a disk is
--   internal is not told by every diskutil; then the answer is unknown.
-- requires: filevault_status.filevault_enabled,
--   apfs_volumes,
--   apfs_volumes.filevault where COALESCE(is_internal, 1) = 1 AND COALESCE(role, 'Data') IN ('Data', 'User', 'Backup')
--     AND NOT EXISTS (SELECT 1 FROM filevault_status f
--     WHERE f.host_id = apfs_volumes.host_id AND f.filevault_enabled = 0),
--   apfs_volumes.is_internal where COALESCE(filevault, 0) = 0 AND COALESCE(role, 'Data') IN ('Data', 'User', 'Backup')
--     AND NOT EXISTS (SELECT 1 FROM filevault_status f
--     WHERE f.host_id = apfs_volumes.host_id AND f.filevault_enabled = 0)
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 0)
-- remediation: Find out what is on it. Turn encryption on in Disk Utility or the Finder (Encrypt), with a password that
--   is kept where the organisation can get at it: without it what is on the volume is lost.
-- mscp: os_internal_apfs_volumes_encrypted
-- cis: 5.3.1
-- nist-800-53: SC-28
-- false-positives: A volume of a tool that holds no data of users, such as that of Nix.
SELECT
  v.host_id,
  v.device_identifier AS subject,
  v.name,
  v.role,
  v.is_internal,
  v.encryption,
  v.filevault
FROM apfs_volumes v
JOIN filevault_status f ON f.host_id = v.host_id
-- A volume without a role is one for users only where the roles were read.
JOIN known_tables k
  ON k.host_id = v.host_id
  AND k.table_name = 'apfs_volumes'
WHERE v.is_internal = 1
  AND v.filevault = 0
  AND COALESCE(v.role, 'Data') IN ('Data', 'User', 'Backup')
  AND COALESCE(v.crypto_migration_on, 0) = 0
  AND f.filevault_enabled = 1
ORDER BY v.host_id, v.device_identifier;
