-- name: single_token_admin
-- title: One administrator alone holds a secure token
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: low
-- severity-where: info when personal: a personal Mac has one administrator by design
-- explained-by: lockout_no_way_left, lockout_single_loss for the same subject
-- purpose: When its password is lost, no secure token can be granted any more and, on Apple silicon, nothing be
--   authorised that an owner must authorise: there is no bootstrap token that could stand in. (macOS refuses to delete
--   an account only where it is the last token holder or the last administrator.)
-- requires: secure_tokens.is_admin where COALESCE(secure_token, 1) = 1 unless (SELECT COUNT(*) FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.is_admin = 1 AND t.secure_token = 1 AND EXISTS (SELECT 1 FROM users u
--     WHERE u.host_id = t.host_id AND u.username = t.username AND u.can_login = 1)) > 1,
--   secure_tokens.secure_token where COALESCE(is_admin, 1) = 1 unless (SELECT COUNT(*) FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.is_admin = 1 AND t.secure_token = 1 AND EXISTS (SELECT 1 FROM users u
--     WHERE u.host_id = t.host_id AND u.username = t.username AND u.can_login = 1)) > 1,
--   users.can_login where EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id
--     AND s.username = users.username AND COALESCE(s.is_admin, 1) = 1 AND COALESCE(s.secure_token, 1) = 1)
--     unless (SELECT COUNT(*) FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.is_admin = 1 AND t.secure_token = 1 AND EXISTS (SELECT 1 FROM users u
--     WHERE u.host_id = t.host_id AND u.username = t.username AND u.can_login = 1)) > 1,
--   bootstrap_tokens.supported_on_server where state = 'unknown',
--   bootstrap_tokens.escrowed_to_server where state = 'unknown',
--   bootstrap_tokens.crypto_user_present where state = 'unknown'
-- remediation: Escrow a bootstrap token, or give a second administrator a token.
-- references: 800-53r5 CP-2
-- false-positives: A personal Mac with one user is always so.
SELECT
  s.host_id,
  s.username AS subject,
  s.volume_owner,
  s.confidence,
  b.state AS bootstrap_state
FROM bootstrap_tokens b
-- CROSS JOIN: few bootstrap tokens are in such a state, and only on these hosts are accounts looked at.
CROSS JOIN secure_tokens s
WHERE s.host_id = b.host_id
  AND s.is_admin = 1
  AND s.secure_token = 1
  AND b.state IN ('supported_not_escrowed', 'not_supported', 'stale_local', 'not_enrolled')
  -- There is no other, and nobody who might be one, nor an account that was not seen. One who is disabled administers
  -- nothing.
  AND s.host_id IN (
    SELECT k.host_id
    FROM known_tables k
    WHERE k.table_name IN ('secure_tokens', 'users')
    GROUP BY k.host_id
    HAVING COUNT(*) = 2
  )
  AND NOT EXISTS (
    SELECT 1
    FROM secure_tokens o
    WHERE o.host_id = s.host_id
      AND (o.username <> s.username OR COALESCE(o.uuid, '') <> COALESCE(s.uuid, ''))
      AND COALESCE(o.is_admin, 1) = 1
      AND COALESCE(o.secure_token, 1) = 1
      AND NOT EXISTS (
        SELECT 1
        FROM users u
        WHERE u.host_id = o.host_id
          AND u.username = o.username
          AND COALESCE(u.uuid, '') = COALESCE(o.uuid, '')
          AND u.can_login = 0
      )
  )
ORDER BY s.host_id, s.username;
