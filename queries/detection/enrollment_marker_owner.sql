-- name: enrollment_marker_owner
-- title: A marker of setup or enrolment belongs to somebody else than root
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: macOS writes the markers of setup and enrolment as root. One that belongs to another account was put there
--   by it: scripts that skip the enrolment leave such files.
-- requires: enrollment_markers.file_exists,
--   enrollment_markers.owner_uid where COALESCE(file_exists, 1) = 1
-- remediation: Look up whose uid it is and since when the file is there, and the serial number in Apple Business or
--   School Manager. Keep the evidence. Make sure that the data is saved, and that a recovery key that works is escrowed
--   or known; only then is the Mac erased or enrolled anew.
-- attack: T1036
-- nist-800-53: CM-6
-- false-positives: An image or a migration tool that restored the folder with other owners.
SELECT
  m.host_id,
  m.path AS subject,
  m.owner_uid,
  m.modified_time
FROM enrollment_markers m
WHERE m.file_exists = 1
  AND m.owner_uid <> 0
ORDER BY m.host_id, m.path;
