-- name: mdm_not_supervised
-- formerly: mdm_enrollment_gaps
-- title: MDM manages the Mac without supervision
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: MDM cannot use what needs supervision, such as recovery lock or the Activation Lock bypass code. From macOS
--   11 on an enrolment that the user approved supervises the Mac, and User Enrollment (is_user_enrollment) never does,
--   by design: neither is a gap.
-- requires: mdm_enrollments.is_enrolled,
--   mdm_enrollments,
--   mdm_enrollments.is_supervised where COALESCE(is_enrolled, 1) = 1 AND COALESCE(is_user_enrollment, 0) = 0
--     AND NOT (is_user_approved = 1 AND EXISTS (SELECT 1 FROM hosts h
--     WHERE h.host_id = mdm_enrollments.host_id AND h.os_version_num >= 110000)),
--   hosts.os_version_num where EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = hosts.host_id
--     AND COALESCE(m.is_enrolled, 1) = 1 AND m.is_user_approved = 1 AND m.is_supervised IS NULL
--     AND COALESCE(m.is_user_enrollment, 0) = 0)
-- remediation: Make sure first that a recovery key that works is escrowed elsewhere, or known, and that an
--   administrator with a token can log in: a Mac that leaves MDM loses its bootstrap token and the profile that escrows
--   the key. Where Apple Business Manager knows the Mac, an administrator runs profiles renew -type enrollment, which
--   does not leave first; else have the user approve the enrolment in System Settings.
-- mscp: os_mdm_require
-- stig: APPL-26-005110
-- nist-800-53: CM-2, CM-6
-- nist-800-171: 03.04.01, 03.04.02
-- false-positives: A Mac that is enrolled anew right now.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_supervised,
  m.is_user_approved,
  m.is_dep_enrolled,
  m.is_user_enrollment
FROM mdm_enrollments m
-- What no record tells is derived: only where nothing of it failed to be seen.
JOIN known_tables k
  ON k.host_id = m.host_id
  AND k.table_name = 'mdm_enrollments'
WHERE m.is_enrolled = 1
  AND m.is_supervised = 0
  AND COALESCE(m.is_user_enrollment, 0) = 0
ORDER BY m.host_id;
