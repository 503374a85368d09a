-- name: secure_token_lost
-- title: An account lost its secure token
-- group: detection
-- severity: high
-- history: yes
-- purpose: In the seven days before :now an account lost its secure token, or went away with it: a password
--   reset out of band, a removal by hand, or tampering.
-- requires: secure_tokens.secure_token
-- remediation: Look at password_last_set_time, at the rotation of managed passwords and at MDM commands;
--   grant the token anew by a login.
-- references: ATT&CK T1531; 800-53r5 AC-2(4)
-- false-positives: Accounts that were deleted on purpose; see is_account_gone.
SELECT
  n.host_id,
  n.username AS subject,
  n.is_admin,
  0 AS is_account_gone,
  n.valid_from_time AS change_time
FROM secure_tokens_history n
WHERE n.secure_token = 0
  AND n.valid_from_time > :now - 7 * 86400
  AND n.valid_from_time <= :now
  -- What was last known of it was that it has one.
  AND COALESCE((
    SELECT MAX(p.valid_from_time)
    FROM secure_tokens_history p
    WHERE p.host_id = n.host_id
      AND p.username = n.username
      AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
      AND p.valid_from_time < n.valid_from_time
      AND p.secure_token = 1
  ), 0) > COALESCE((
    SELECT MAX(p.valid_from_time)
    FROM secure_tokens_history p
    WHERE p.host_id = n.host_id
      AND p.username = n.username
      AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
      AND p.valid_from_time < n.valid_from_time
      AND p.secure_token = 0
  ), 0)
UNION ALL
SELECT
  o.host_id,
  o.username AS subject,
  o.is_admin,
  1 AS is_account_gone,
  o.valid_until_time AS change_time
FROM secure_tokens_history o
WHERE o.secure_token = 1
  AND o.valid_until_time > :now - 7 * 86400
  AND o.valid_until_time <= :now
  -- Nothing follows it: the account is gone.
  AND NOT EXISTS (
    SELECT 1
    FROM secure_tokens_history f
    WHERE f.host_id = o.host_id
      AND f.username = o.username
      AND COALESCE(f.uuid, '') = COALESCE(o.uuid, '')
      AND f.valid_from_time = o.valid_until_time
  )
ORDER BY host_id, subject, change_time, is_account_gone;
