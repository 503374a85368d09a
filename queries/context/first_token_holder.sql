-- name: first_token_holder
-- title: Who probably got the first secure token
-- group: context
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: info
-- purpose: The token holder whose account is the oldest, beside the time when Setup Assistant was done. An
--   inference: macOS keeps no record of it.
-- requires: secure_tokens.secure_token where COALESCE(is_guest, 0) = 0,
--   account_policy_data.creation_time where EXISTS (SELECT 1 FROM secure_tokens s
--     WHERE s.host_id = account_policy_data.host_id AND s.username = account_policy_data.username
--       AND COALESCE(s.secure_token, 1) = 1),
--   account_policy_data,
--   no secure_tokens where COALESCE(secure_token, 1) = 1 AND COALESCE(is_guest, 0) = 0 AND NOT EXISTS
--     (SELECT 1 FROM account_policy_data a
--     WHERE a.host_id = secure_tokens.host_id AND a.username = secure_tokens.username)
-- also-reads: hosts
-- remediation: None: context for an investigation.
-- references: none
-- false-positives: Accounts that a migration brought keep their creation time.
WITH holders AS (
  SELECT DISTINCT
    s.host_id,
    s.username,
    s.uuid,
    s.is_admin,
    s.secure_token
  FROM secure_tokens s
  WHERE COALESCE(s.secure_token, 1) = 1
    AND COALESCE(s.is_guest, 0) = 0
),
creations AS (
  SELECT
    a.host_id AS host_id,
    a.username AS username,
    COALESCE(a.uuid, '') AS uuid,
    MAX(a.creation_time) AS creation_time
  FROM account_policy_data a
  -- CROSS JOIN: SQLite then reads the creation times once.
  CROSS JOIN holders h
  WHERE h.host_id = a.host_id
    AND h.username = a.username
    AND COALESCE(h.uuid, '') = COALESCE(a.uuid, '')
  GROUP BY a.host_id, a.username, COALESCE(a.uuid, '')
)
SELECT
  oldest.host_id,
  oldest.username AS subject,
  oldest.is_admin,
  oldest.creation_time,
  h.setup_done_time
FROM (
  SELECT
    holders.host_id AS host_id,
    holders.username AS username,
    holders.uuid AS uuid,
    holders.is_admin AS is_admin,
    c.creation_time AS creation_time,
    MIN(c.creation_time) OVER (PARTITION BY holders.host_id) AS oldest_time,
    -- One of whom either is not known may be the oldest.
    SUM(CASE WHEN holders.secure_token = 1 AND c.creation_time IS NOT NULL THEN 0 ELSE 1 END)
      OVER (PARTITION BY holders.host_id) AS doubtful
  FROM holders
  LEFT JOIN creations c
    ON c.host_id = holders.host_id
    AND c.username = holders.username
    AND c.uuid = COALESCE(holders.uuid, '')
) oldest
LEFT JOIN hosts h ON h.host_id = oldest.host_id
WHERE oldest.creation_time = oldest.oldest_time
  -- An account that was not seen may be older.
  AND oldest.host_id IN (
    SELECT k.host_id
    FROM known_tables k
    WHERE k.table_name IN ('account_policy_data', 'secure_tokens')
    GROUP BY k.host_id
    HAVING COUNT(*) = 2
  )
  AND oldest.doubtful = 0
ORDER BY oldest.host_id, oldest.username, COALESCE(oldest.uuid, '');
