-- name: mdm_enrollment_gaps
-- title: Not enrolled, or not fully
-- group: posture
-- severity: medium
-- purpose: The Mac is not enrolled, not user-approved, not supervised, or known to Apple Business Manager
--   and enrolled by other means: MDM cannot do what it is relied upon to do.
-- requires: mdm_enrollments.is_enrolled,
--   mdm_enrollments.is_user_approved where is_enrolled = 1,
--   mdm_enrollments.is_supervised where is_enrolled = 1,
--   mdm_enrollments.is_dep_enrolled where is_enrolled = 1 AND COALESCE(dep_record_cached, 1) = 1,
--   mdm_enrollments.dep_record_cached where is_enrolled = 1 AND COALESCE(is_dep_enrolled, 0) = 0
-- remediation: Enrol again, by Automated Device Enrollment where the record exists.
-- references: mSCP os_mdm_require; STIG APPL-26-005110; 800-53r5 CM-2, CM-6; 800-171r3 03.04.01, 03.04.02
-- false-positives: User Enrollment of a private Mac is never supervised; see is_user_enrollment.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_enrolled,
  m.is_user_approved,
  m.is_supervised,
  m.is_dep_enrolled,
  m.dep_record_cached,
  m.is_user_enrollment
FROM mdm_enrollments m
WHERE m.is_enrolled = 0
  OR m.is_user_approved = 0
  OR m.is_supervised = 0
  OR (m.dep_record_cached = 1 AND m.is_dep_enrolled = 0)
ORDER BY m.host_id;
