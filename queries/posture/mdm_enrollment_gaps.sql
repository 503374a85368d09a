-- name: mdm_enrollment_gaps
-- title: Not enrolled, or not fully
-- group: posture
-- severity: medium
-- severity-where: info when personal: nobody means to manage a personal Mac
-- explained-by: mdm_enrollment_lost, mdm_bypass_markers
-- purpose: The Mac is not enrolled, not user-approved, not supervised, or known to Apple Business Manager
--   and enrolled by other means: MDM cannot do what it is relied upon to do. From macOS 11 on an enrolment that the
--   user approved supervises the Mac, and User Enrollment (is_user_enrollment) never does, by design: neither is a gap.
-- requires: mdm_enrollments.is_enrolled,
--   mdm_enrollments.is_user_approved where is_enrolled = 1,
--   mdm_enrollments.is_supervised where is_enrolled = 1 AND COALESCE(is_user_enrollment, 0) = 0
--     AND NOT (is_user_approved = 1 AND EXISTS (SELECT 1 FROM hosts h
--     WHERE h.host_id = mdm_enrollments.host_id AND h.os_version_num >= 110000)),
--   hosts.os_version_num where EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = hosts.host_id
--     AND m.is_enrolled = 1 AND m.is_user_approved = 1 AND m.is_supervised IS NULL
--     AND COALESCE(m.is_user_enrollment, 0) = 0),
--   mdm_enrollments.is_dep_enrolled where is_enrolled = 1 AND COALESCE(dep_record_cached, 1) = 1,
--   mdm_enrollments.dep_record_cached where is_enrolled = 1 AND COALESCE(is_dep_enrolled, 0) = 0
-- remediation: Make sure first that a recovery key that works is escrowed elsewhere, or known, and that an administrator
--   with a token can log in: a Mac that leaves MDM loses its bootstrap token and the profile that escrows the key. Where
--   Apple Business Manager knows the Mac, an administrator runs profiles renew -type enrollment, which does not leave
--   first; else have the user enrol, or approve, in System Settings.
-- references: mSCP os_mdm_require; STIG APPL-26-005110; 800-53r5 CM-2, CM-6; 800-171r3 03.04.01, 03.04.02
-- false-positives: A private Mac that nobody means to manage. A Mac that is enrolled anew right now.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_enrolled,
  m.is_user_approved,
  -- The table holds what a record tells; from macOS 11 on the approval of a device enrolment is enough.
  CASE
    WHEN m.is_supervised IS NOT NULL THEN m.is_supervised
    WHEN m.is_user_approved = 1 AND m.is_user_enrollment = 0 AND h.os_version_num >= 110000 THEN 1
  END AS is_supervised,
  m.is_dep_enrolled,
  m.dep_record_cached,
  m.is_user_enrollment
FROM mdm_enrollments m
LEFT JOIN hosts h ON h.host_id = m.host_id
WHERE m.is_enrolled = 0
  OR m.is_user_approved = 0
  OR (m.is_supervised = 0 AND COALESCE(m.is_user_enrollment, 0) = 0)
  OR (m.dep_record_cached = 1 AND m.is_dep_enrolled = 0)
ORDER BY m.host_id;
