-- name: mdm_enrolled_by_other_means
-- formerly: mdm_enrollment_gaps
-- title: Apple knows the Mac as the organisation's, and it was enrolled by other means
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: A record of Apple Business or School Manager is stored on the Mac, and the enrolment was not automatic: a
--   user can remove it, and MDM may do less.
-- requires: mdm_enrollments.is_enrolled,
--   mdm_enrollments.is_dep_enrolled where COALESCE(is_enrolled, 1) = 1 AND COALESCE(dep_record_cached, 1) = 1,
--   mdm_enrollments.dep_record_cached where COALESCE(is_enrolled, 1) = 1 AND COALESCE(is_dep_enrolled, 0) = 0
-- remediation: Make sure first that a recovery key that works is escrowed elsewhere, or known, and that an
--   administrator with a token can log in: a Mac that leaves MDM loses its bootstrap token and the profile that escrows
--   the key. That administrator then runs profiles renew -type enrollment, which does not leave first.
-- mscp: os_mdm_require
-- stig: APPL-26-005110
-- nist-800-53: CM-2, CM-6
-- nist-800-171: 03.04.01, 03.04.02
-- false-positives: A Mac that was added to Apple Business Manager after it was enrolled.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_dep_enrolled,
  m.dep_record_cached,
  m.is_user_approved
FROM mdm_enrollments m
WHERE m.is_enrolled = 1
  AND m.dep_record_cached = 1
  AND m.is_dep_enrolled = 0
ORDER BY m.host_id;
