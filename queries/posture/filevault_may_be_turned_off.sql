-- name: filevault_may_be_turned_off
-- title: A user may turn FileVault off
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: FileVault is on, the Mac is managed, and no profile sets dontAllowFDEDisable: a user with a password that
--   unlocks the disk can turn it off. The test of mSCP and CIS wants both. A Mac that is not enrolled can be given no
--   such profile.
-- requires: mdm_enrollments.is_enrolled,
--   filevault_status.filevault_enabled,
--   filevault_policies
-- applies: NOT EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = hosts.host_id AND m.is_enrolled = 0)
-- remediation: Send the payload com.apple.MCX with dontAllowFDEDisable by MDM. Nobody loses anything by it; make sure
--   all the same that the recovery key is escrowed (prk_not_escrowed_by_profile).
-- mscp: system_settings_filevault_enforce
-- cis: 2.6.6
-- stig: APPL-26-005020
-- nist-800-53: SC-28
-- false-positives: Macs whose users may decide, such as those of developers.
SELECT
  f.host_id,
  'host' AS subject,
  f.filevault_enabled,
  p.dont_allow_fde_disable
FROM filevault_status f
JOIN mdm_enrollments m ON m.host_id = f.host_id
-- Where no profile says anything of FileVault the table was looked at and is empty.
JOIN known_tables k
  ON k.host_id = f.host_id
  AND k.table_name = 'filevault_policies'
LEFT JOIN filevault_policies p ON p.host_id = f.host_id
WHERE f.filevault_enabled = 1
  AND m.is_enrolled = 1
  AND COALESCE(p.dont_allow_fde_disable, 0) = 0
ORDER BY f.host_id;
