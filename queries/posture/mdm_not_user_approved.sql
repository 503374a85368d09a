-- name: mdm_not_user_approved
-- formerly: mdm_enrollment_gaps
-- title: The enrolment in MDM was not approved by a user
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Without the approval MDM may not do part of what it is relied upon to do, such as allowing system extensions
--   and privacy settings.
-- requires: mdm_enrollments.is_enrolled,
--   mdm_enrollments.is_user_approved where COALESCE(is_enrolled, 1) = 1
-- remediation: Have the user approve the profile in System Settings, General, Device Management. The Mac need not leave
--   MDM for it: if it did, it would lose its bootstrap token.
-- mscp: os_mdm_require
-- stig: APPL-26-005110
-- nist-800-53: CM-2, CM-6
-- nist-800-171: 03.04.01, 03.04.02
-- false-positives: A Mac that is enrolled anew right now.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_user_approved,
  m.is_dep_enrolled,
  m.is_user_enrollment
FROM mdm_enrollments m
WHERE m.is_enrolled = 1
  AND m.is_user_approved = 0
ORDER BY m.host_id;
