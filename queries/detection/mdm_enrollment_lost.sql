-- name: mdm_enrollment_lost
-- title: A Mac that MDM managed is not enrolled any more
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- history: yes
-- purpose: In the seven days before :now the Mac was seen not enrolled, and the last time before that it was known, it
--   was enrolled. It has no bootstrap token on the server any more, and no profile that escrows its recovery key. It
--   stays a managed Mac: nothing that is found on it matters less.
-- requires: mdm_enrollments.is_enrolled
-- remediation: Ask whether the organisation released it. If not, find out who took the profile away, and keep the
--   evidence. Before it is enrolled anew, make sure that an administrator with a token can log in, and that a
--   recovery key that works is escrowed, or known.
-- references: mSCP os_mdm_require; 800-53r5 CM-2, CM-6
-- false-positives: A Mac that was released, sold, or moves to another server; one that was erased and is set up anew.
SELECT
  lost.host_id,
  'host' AS subject,
  was.server_host AS former_server_host,
  was.is_dep_enrolled AS was_dep_enrolled,
  lost.valid_from_time AS change_time
FROM mdm_enrollments_history lost
JOIN mdm_enrollments_history was ON was.host_id = lost.host_id
WHERE lost.is_enrolled = 0
  AND lost.valid_from_time > :now - 7 * 86400
  AND lost.valid_from_time <= :now
  AND was.is_enrolled = 1
  AND was.valid_from_time < lost.valid_from_time
  -- What was known last before.
  AND NOT EXISTS (
    SELECT 1
    FROM mdm_enrollments_history later
    WHERE later.host_id = lost.host_id
      AND later.is_enrolled IS NOT NULL
      AND later.valid_from_time > was.valid_from_time
      AND later.valid_from_time < lost.valid_from_time
  )
ORDER BY lost.host_id, lost.valid_from_time;
