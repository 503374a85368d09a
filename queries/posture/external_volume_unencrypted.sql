-- name: external_volume_unencrypted
-- title: An external volume is not encrypted
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: An APFS volume on a disk that can be carried away has no encryption: whoever finds the disk reads it. Only
--   disks that are attached are seen, and none of HFS+.
-- requires: apfs_volumes,
--   apfs_volumes.filevault where COALESCE(is_internal, 1) = 0 AND COALESCE(role, 'Data') IN ('Data', 'User', 'Backup')
-- remediation: Find out what is on it. Turn encryption on in the Finder (Encrypt), with a password that is kept where
--   the organisation can get at it: without it what is on the disk is lost.
-- mscp: os_external_apfs_hfs_volumes_encrypted
-- cis: 5.3.2
-- nist-800-53: SC-28
-- false-positives: A disk with nothing of value, such as an installer.
SELECT
  v.host_id,
  v.device_identifier AS subject,
  v.name,
  v.role,
  v.is_internal,
  v.encryption,
  v.filevault
FROM apfs_volumes v
-- A volume without a role is one for users only where the roles were read.
JOIN known_tables k
  ON k.host_id = v.host_id
  AND k.table_name = 'apfs_volumes'
WHERE v.is_internal = 0
  AND v.filevault = 0
  AND COALESCE(v.encryption, 0) = 0
  AND COALESCE(v.role, 'Data') IN ('Data', 'User', 'Backup')
  AND COALESCE(v.crypto_migration_on, 0) = 0
ORDER BY v.host_id, v.device_identifier;
