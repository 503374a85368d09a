-- name: prk_not_escrowed_by_profile
-- title: There is a recovery key, and nothing that escrows it
-- group: posture
-- severity: high
-- purpose: No FDERecoveryKeyEscrow payload and no escrow file: probably only the user knows the personal
--   recovery key.
-- requires: filevault_status.filevault_enabled,
--   filevault_status.has_personal_recovery_key where filevault_enabled = 1,
--   filevault_status.prk_escrow_blob_present where filevault_enabled = 1 AND has_personal_recovery_key = 1,
--   filevault_policies.escrow_payload_present
-- also-reads: table_status
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id
--   AND (f.filevault_enabled = 0 OR f.has_personal_recovery_key = 0 OR f.prk_escrow_blob_present = 1))
-- remediation: Deploy the escrow payload, then have MDM rotate the key; a key that exists is not escrowed by
--   the payload.
-- references: 800-53r5 SC-12(1)
-- false-positives: A personal Mac of macOS 26, whose user keeps the key in Passwords: held by the user, not
--   lost.
SELECT
  f.host_id,
  'host' AS subject,
  f.has_personal_recovery_key,
  f.prk_escrow_blob_present,
  CASE WHEN t.status = 'empty' THEN 0 ELSE p.escrow_payload_present END AS escrow_payload_present
FROM filevault_status f
-- No profile says anything of FileVault: the table was looked at and is empty.
LEFT JOIN table_status t
  ON t.host_id = f.host_id
  AND t.table_name = 'filevault_policies'
LEFT JOIN filevault_policies p ON p.host_id = f.host_id
WHERE f.filevault_enabled = 1
  AND f.has_personal_recovery_key = 1
  AND f.prk_escrow_blob_present = 0
  AND (t.status = 'empty' OR p.escrow_payload_present = 0)
ORDER BY f.host_id;
