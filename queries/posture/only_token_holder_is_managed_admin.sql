-- name: only_token_holder_is_managed_admin
-- title: The administrator that MDM manages is the only token holder
-- group: posture
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: high
-- purpose: The person who uses the Mac can neither unlock it at startup nor update it.
-- requires: managed_users,
--   secure_tokens.secure_token where COALESCE(is_guest, 0) = 0,
--   secure_tokens.uuid where COALESCE(secure_token, 1) = 1 AND EXISTS
--     (SELECT 1 FROM managed_users m WHERE m.host_id = secure_tokens.host_id)
-- also-reads: bootstrap_tokens
-- remediation: Let the user log in at the login window while the bootstrap token is escrowed.
-- references: 800-53r5 CP-2
-- false-positives: A Mac that was set up and not handed out yet.
SELECT
  s.host_id,
  s.username AS subject,
  s.is_admin,
  s.volume_owner,
  b.state AS bootstrap_state
FROM managed_users m
-- CROSS JOIN: SQLite then begins with the few accounts that MDM made.
CROSS JOIN secure_tokens s
LEFT JOIN bootstrap_tokens b ON b.host_id = s.host_id
WHERE s.host_id = m.host_id
  AND s.uuid = m.uuid
  AND s.secure_token = 1
  -- There is no other, and nobody who might be one, nor an account that was not seen. APFS lists Guest too.
  AND (
    SELECT COUNT(*)
    FROM known_tables k
    WHERE k.host_id = s.host_id
      AND k.table_name IN ('secure_tokens')
  ) = 1
  AND NOT EXISTS (
    SELECT 1
    FROM secure_tokens o
    WHERE o.host_id = s.host_id
      AND COALESCE(o.uuid, '') <> s.uuid
      AND COALESCE(o.secure_token, 1) = 1
      AND COALESCE(o.is_guest, 0) = 0
  )
ORDER BY s.host_id, s.username, m.kind, m.source;
