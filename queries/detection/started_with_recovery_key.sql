-- name: started_with_recovery_key
-- title: The Mac was started with its recovery key
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: The disk was unlocked at the last start with the personal recovery key, and not with a password: somebody
--   who has the key was at the keyboard. It can also set the password of a user.
-- requires: filevault_status.using_recovery_key where COALESCE(filevault_enabled, 1) = 1,
--   filevault_status.filevault_enabled
-- also-reads: hosts
-- remediation: Find out who asked for the key: the MDM server logs who looked at it. Make sure that another user can
--   unlock the disk; then have MDM rotate the key, and see that the new one is escrowed before the old one is thrown
--   away.
-- nist-800-53: SC-12(1), AC-2(4)
-- false-positives: A user who forgot the password and was helped by the help desk.
SELECT
  f.host_id,
  'host' AS subject,
  f.using_recovery_key,
  h.boot_time
FROM filevault_status f
LEFT JOIN hosts h ON h.host_id = f.host_id
WHERE f.using_recovery_key = 1
  AND f.filevault_enabled = 1
ORDER BY f.host_id;
