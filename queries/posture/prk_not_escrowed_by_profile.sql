-- name: prk_not_escrowed_by_profile
-- title: There is a recovery key, and nothing that escrows it
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- severity-where: info when personal: nobody but its owner is meant to have the key of a personal Mac
-- explained-by: lockout_no_way_left, mdm_enrollment_lost, mdm_bypass_markers
-- purpose: The key has no escrow file and no FDERecoveryKeyEscrow payload, or the Mac is not enrolled and
--   nobody fetches the file: probably only the user knows the personal recovery key. A payload without the
--   file is unknown: it escrows the keys that are made after it.
-- requires: filevault_status.filevault_enabled,
--   filevault_status.has_personal_recovery_key where filevault_enabled = 1,
--   mdm_enrollments.is_enrolled,
--   filevault_status.prk_escrow_blob_present where filevault_enabled = 1 AND has_personal_recovery_key = 1
--     AND NOT EXISTS (SELECT 1 FROM mdm_enrollments m
--     WHERE m.host_id = filevault_status.host_id AND m.is_enrolled = 0),
--   filevault_policies.escrow_payload_present where NOT EXISTS (SELECT 1 FROM mdm_enrollments m
--     WHERE m.host_id = filevault_policies.host_id AND m.is_enrolled = 0),
--   no filevault_status where filevault_enabled = 1 AND has_personal_recovery_key = 1
--     AND prk_escrow_blob_present = 0 AND EXISTS (SELECT 1 FROM filevault_policies p
--     WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1)
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id
--   AND (f.filevault_enabled = 0 OR f.has_personal_recovery_key = 0 OR (f.prk_escrow_blob_present = 1
--   AND EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = f.host_id AND m.is_enrolled = 1))))
-- remediation: Deploy the escrow payload, and make sure that it is installed and that an administrator with a token
--   can log in; then have MDM rotate the key. A key that exists is not escrowed by the payload.
-- references: 800-53r5 SC-12(1)
-- false-positives: A personal Mac of macOS 26, whose user keeps the key in Passwords: held by the user, not
--   lost.
SELECT
  f.host_id,
  'host' AS subject,
  f.has_personal_recovery_key,
  f.prk_escrow_blob_present,
  CASE
    WHEN t.table_name IS NOT NULL AND p.host_id IS NULL THEN 0
    ELSE p.escrow_payload_present
  END AS escrow_payload_present,
  m.is_enrolled
FROM filevault_status f
-- No profile says anything of FileVault: the table was looked at and is empty.
LEFT JOIN known_tables t
  ON t.host_id = f.host_id
  AND t.table_name = 'filevault_policies'
LEFT JOIN filevault_policies p ON p.host_id = f.host_id
LEFT JOIN mdm_enrollments m ON m.host_id = f.host_id
WHERE f.filevault_enabled = 1
  AND f.has_personal_recovery_key = 1
  AND (
    m.is_enrolled = 0
    OR (
      f.prk_escrow_blob_present = 0
      AND (p.escrow_payload_present = 0 OR (t.table_name IS NOT NULL AND p.host_id IS NULL))
    )
  )
ORDER BY f.host_id;
