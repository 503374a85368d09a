-- name: first_token_holder
-- title: Who probably got the first secure token
-- group: context
-- severity: info
-- purpose: The token holder whose account is the oldest, beside the time when Setup Assistant was done. An inference:
--   macOS keeps no record of it.
-- requires: secure_tokens.secure_token,
--   account_policy_data.creation_time where EXISTS (SELECT 1 FROM secure_tokens s
--     WHERE s.host_id = account_policy_data.host_id AND s.username = account_policy_data.username
--       AND COALESCE(s.secure_token, 1) = 1)
-- also-reads: hosts
-- remediation: None: context for an investigation.
-- references: none
-- false-positives: Accounts that a migration brought keep their creation time.
SELECT
  s.host_id,
  s.username AS subject,
  s.is_admin,
  a.creation_time,
  h.setup_done_time
FROM secure_tokens s
JOIN account_policy_data a
  ON a.host_id = s.host_id
  AND a.username = s.username
  AND COALESCE(a.uuid, '') = COALESCE(s.uuid, '')
JOIN (
  SELECT t.host_id, MIN(d.creation_time) AS creation_time
  FROM secure_tokens t
  JOIN account_policy_data d
    ON d.host_id = t.host_id
    AND d.username = t.username
    AND COALESCE(d.uuid, '') = COALESCE(t.uuid, '')
  WHERE t.secure_token = 1
  GROUP BY t.host_id
) oldest
  ON oldest.host_id = s.host_id
  AND oldest.creation_time = a.creation_time
LEFT JOIN hosts h ON h.host_id = s.host_id
WHERE s.secure_token = 1
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
