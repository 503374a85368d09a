-- name: recovery_key_file_on_disk
-- title: A file that may hold the recovery key lies on the disk
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: critical
-- severity-where: high when private_key_file: only the owner of the file may read it
-- purpose: A deferred enablement left its output file, which can hold the personal recovery key in clear
--   text. Only that it is there, and its mode, was looked at; it is never read.
-- requires: filevault_deferrals.output_file_exists
-- remediation: Make sure that a recovery key is escrowed, and have it rotated where somebody may have read the
--   file; then delete the file by hand.
-- references: ATT&CK T1552.001; 800-53r5 SC-28
-- false-positives: A file of the same name without a key in it.
SELECT
  d.host_id,
  d.output_path AS subject,
  d.output_file_mode,
  d.is_deferred
FROM filevault_deferrals d
WHERE d.output_file_exists = 1
ORDER BY d.host_id, d.output_path;
