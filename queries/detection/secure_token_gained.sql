-- name: secure_token_gained
-- title: An account gained a secure token
-- group: detection
-- severity: medium
-- history: yes
-- purpose: In the seven days before :now an account came to hold a secure token. It is suspicious without a
--   bootstrap token, and for hidden and service accounts.
-- requires: secure_tokens.secure_token
-- also-reads: bootstrap_tokens
-- remediation: Expected at the first login while a bootstrap token is escrowed; otherwise find out who
--   granted it.
-- references: ATT&CK T1098; 800-53r5 AC-2(4)
-- false-positives: Every new user of a managed Mac, once.
SELECT
  n.host_id,
  n.username AS subject,
  n.is_admin,
  n.confidence,
  n.sources,
  b.state AS bootstrap_state,
  n.valid_from_time AS change_time
FROM secure_tokens_history n
LEFT JOIN bootstrap_tokens b ON b.host_id = n.host_id
WHERE n.secure_token = 1
  AND n.valid_from_time > :now - 7 * 86400
  AND n.valid_from_time <= :now
  -- The first snapshot of a host is no change.
  AND EXISTS (
    SELECT 1
    FROM secure_tokens_history e
    WHERE e.host_id = n.host_id
      AND e.valid_from_time < n.valid_from_time
  )
  AND (
    -- It was not there just before ...
    NOT EXISTS (
      SELECT 1
      FROM secure_tokens_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_until_time = n.valid_from_time
    )
    -- ... or what was last known of it was that it has none.
    OR COALESCE((
      SELECT MAX(p.valid_from_time)
      FROM secure_tokens_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_from_time < n.valid_from_time
        AND p.secure_token = 0
    ), 0) > COALESCE((
      SELECT MAX(p.valid_from_time)
      FROM secure_tokens_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_from_time < n.valid_from_time
        AND p.secure_token = 1
    ), 0)
  )
ORDER BY n.host_id, n.username, n.valid_from_time, COALESCE(n.uuid, '');
