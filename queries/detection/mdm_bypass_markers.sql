-- name: mdm_bypass_markers
-- title: Marker files as scripts leave them that skip the enrolment
-- group: detection
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: high
-- purpose: The markers "no record found" and "profile installed" are there together on a Mac that is not
--   enrolled.
-- requires: mdm_enrollments.is_enrolled,
--   enrollment_markers.file_exists where path IN (
--     '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordNotFound',
--     '/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled')
-- applies: NOT EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = hosts.host_id AND m.is_enrolled = 1)
-- remediation: Look the serial number up in Apple Business or School Manager. If the Mac is the organisation's, keep
--   the evidence, and make sure that its data is saved and that a recovery key that works is known; then erase it and
--   enrol it again.
-- references: ATT&CK T1136.001; 800-53r5 CM-6
-- false-positives: A Mac that was released from management with its markers left behind.
SELECT
  m.host_id,
  'host' AS subject,
  m.is_enrolled,
  m.dep_record_cached,
  found.modified_time AS record_not_found_time,
  installed.modified_time AS profile_installed_time
FROM mdm_enrollments m
JOIN enrollment_markers found
  ON found.host_id = m.host_id
  AND found.path = '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordNotFound'
JOIN enrollment_markers installed
  ON installed.host_id = m.host_id
  AND installed.path = '/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled'
WHERE m.is_enrolled = 0
  AND found.file_exists = 1
  AND installed.file_exists = 1
ORDER BY m.host_id;
