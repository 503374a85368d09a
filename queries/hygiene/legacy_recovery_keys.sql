-- name: legacy_recovery_keys
-- title: An institutional or iCloud recovery key is still about
-- group: hygiene
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: low
-- severity-where: info when personal and no_institutional_key: its owner may keep the key in iCloud
-- purpose: An institutional key opens every Mac that has it and is of no use on Apple silicon; an iCloud key
--   is in the hands of one person's Apple Account.
-- requires: filevault_status.has_institutional_recovery_key where filevault_enabled = 1,
--   filevault_policies.irk_certificate_present?,
--   apfs_crypto_users
-- also-reads: hosts
-- remediation: Make sure that each Mac has a personal recovery key that works and is escrowed to MDM; only then take
--   the old one away.
-- references: 800-53r5 SC-12(1)
-- false-positives: A certificate that a profile still carries for older Macs.
SELECT
  f.host_id,
  'host' AS subject,
  h.is_apple_silicon,
  f.has_institutional_recovery_key,
  p.irk_certificate_present,
  CASE
    WHEN EXISTS (
      SELECT 1
      FROM apfs_crypto_users c
      WHERE c.host_id = f.host_id
        AND c.type IN ('ICloud', 'ICloudRecovery')
    ) THEN 1
    -- Looked at, and there is none.
    WHEN k.table_name IS NOT NULL THEN 0
  END AS has_icloud_key
FROM filevault_status f
LEFT JOIN hosts h ON h.host_id = f.host_id
LEFT JOIN filevault_policies p ON p.host_id = f.host_id
LEFT JOIN known_tables k
  ON k.host_id = f.host_id
  AND k.table_name = 'apfs_crypto_users'
WHERE f.has_institutional_recovery_key = 1
  OR p.irk_certificate_present = 1
  OR EXISTS (
    SELECT 1
    FROM apfs_crypto_users c
    WHERE c.host_id = f.host_id
      AND c.type IN ('InstitutionalRecovery', 'ICloud', 'ICloudRecovery')
  )
ORDER BY f.host_id;
