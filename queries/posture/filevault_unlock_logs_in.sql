-- name: filevault_unlock_logs_in
-- title: Unlocking the disk logs the user in
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: FileVault is on and no profile sets DisableFDEAutoLogin: one password at startup opens the disk and the
--   session. That is how macOS is made, and most organisations leave it so; the STIG wants both asked, but for Macs of
--   Apple silicon with smart cards.
-- requires: filevault_status.filevault_enabled,
--   filevault_policies
-- remediation: Where the policy asks for it, send DisableFDEAutoLogin by MDM. First make sure that the users know the
--   password of their account, for the login window asks for it from then on, and that a second administrator can log
--   in.
-- mscp: os_filevault_autologin_disable
-- stig: APPL-26-000033
-- nist-800-53: AC-3, AC-2(11), IA-5(13)
-- false-positives: Every Mac whose organisation does not follow the STIG.
SELECT
  f.host_id,
  'host' AS subject,
  f.filevault_enabled,
  p.disable_fde_autologin
FROM filevault_status f
-- Where no profile says anything of FileVault the table was looked at and is empty.
JOIN known_tables k
  ON k.host_id = f.host_id
  AND k.table_name = 'filevault_policies'
LEFT JOIN filevault_policies p ON p.host_id = f.host_id
WHERE f.filevault_enabled = 1
  AND COALESCE(p.disable_fde_autologin, 0) = 0
ORDER BY f.host_id;
