-- name: filevault_without_recovery_key
-- title: FileVault is on and there is no recovery key that works
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- purpose: FileVault is on, and neither a personal recovery key nor iCloud recovery opens the disk; an institutional
--   key does so on an Intel Mac only. One forgotten password is a lost disk. (Recovery by iCloud is in one person's
--   hands: legacy_recovery_keys tells it.)
-- requires: filevault_status.filevault_enabled,
--   filevault_status.has_personal_recovery_key where filevault_enabled = 1,
--   filevault_status.has_institutional_recovery_key
--     where filevault_enabled = 1 AND has_personal_recovery_key = 0,
--   hosts.is_apple_silicon,
--   apfs_crypto_users,
--   no apfs_crypto_users where COALESCE(type, 'Unknown') NOT IN ('LocalOpenDirectory', 'MDMRecovery', 'Disk',
--     'InstitutionalRecovery', 'PersonalRecovery', 'ICloud', 'ICloudRecovery')
--     unless EXISTS (SELECT 1 FROM filevault_status f
--       WHERE f.host_id = hosts.host_id AND f.has_personal_recovery_key = 1)
--     OR EXISTS (SELECT 1 FROM apfs_crypto_users c
--       WHERE c.host_id = hosts.host_id AND c.type IN ('PersonalRecovery', 'ICloud', 'ICloudRecovery'))
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f
--   WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 0)
-- remediation: Where MDM manages the Mac: install an FDERecoveryKeyEscrow payload first, then have MDM issue a personal
--   recovery key. Else its owner makes one, and keeps it away from the Mac.
-- references: 800-53r5 SC-12(1), SC-28
-- false-positives: fdesetup says false on any error of its own; the key is then looked for among the APFS
--   crypto users.
SELECT
  f.host_id,
  'host' AS subject,
  f.status,
  f.has_personal_recovery_key,
  f.has_institutional_recovery_key,
  h.is_apple_silicon
FROM filevault_status f
JOIN hosts h ON h.host_id = f.host_id
WHERE f.filevault_enabled = 1
  AND f.has_personal_recovery_key = 0
  AND (f.has_institutional_recovery_key = 0 OR h.is_apple_silicon = 1)
  -- The crypto users were looked at, and there is no entry among them that is a key, or that may be one.
  AND EXISTS (
    SELECT 1
    FROM known_tables k
    WHERE k.host_id = f.host_id
      AND k.table_name = 'apfs_crypto_users'
  )
  AND NOT EXISTS (
    SELECT 1
    FROM apfs_crypto_users c
    WHERE c.host_id = f.host_id
      AND COALESCE(c.type, 'Unknown') NOT IN ('LocalOpenDirectory', 'MDMRecovery', 'Disk')
      AND (COALESCE(c.type, 'Unknown') <> 'InstitutionalRecovery' OR h.is_apple_silicon = 0)
  )
ORDER BY f.host_id;
