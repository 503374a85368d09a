-- name: mdm_not_enrolled
-- formerly: mdm_enrollment_gaps
-- title: No MDM server manages the Mac
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- severity-where: info when personal: nobody means to manage a personal Mac
-- explained-by: mdm_enrollment_lost, mdm_bypass_markers
-- purpose: Nothing can be configured, escrowed or locked from afar.
-- requires: mdm_enrollments.is_enrolled
-- remediation: Make sure first that a recovery key that works is known, and that an administrator with a token can log
--   in. Where Apple Business Manager knows the Mac (dep_record_cached), that administrator runs profiles renew -type
--   enrollment; else have the user enrol in System Settings.
-- mscp: os_mdm_require
-- stig: APPL-26-005110
-- nist-800-53: CM-2, CM-6
-- nist-800-171: 03.04.01, 03.04.02
-- false-positives: A private Mac that nobody means to manage. A Mac that is enrolled anew right now.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_enrolled,
  m.dep_record_cached
FROM mdm_enrollments m
WHERE m.is_enrolled = 0
ORDER BY m.host_id;
