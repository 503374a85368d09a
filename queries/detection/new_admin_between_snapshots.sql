-- name: new_admin_between_snapshots
-- title: An account became an administrator
-- group: detection
-- severity: high
-- history: yes
-- purpose: In the seven days before :now an account that was none, or that did not exist, became an
--   administrator.
-- requires: users.is_admin
-- remediation: Match it to a ticket, a tool that lends rights or a Platform SSO group; else take the right
--   away and investigate.
-- references: ATT&CK T1098.007, T1136.001; 800-53r5 AC-2(4), AC-6(5)
-- false-positives: Tools that make users administrators for minutes; Platform SSO, which sets the right at
--   each login.
SELECT
  n.host_id,
  n.username AS subject,
  n.uid,
  n.account_type,
  n.is_hidden,
  -- 1 when the account itself is new.
  CASE
    WHEN EXISTS (
      SELECT 1
      FROM users_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_until_time = n.valid_from_time
    ) THEN 0
    ELSE 1
  END AS is_new_account,
  n.valid_from_time AS change_time
FROM users_history n
WHERE n.is_admin = 1
  AND n.valid_from_time > :now - 7 * 86400
  AND n.valid_from_time <= :now
  -- The first snapshot of a host is no change.
  AND EXISTS (
    SELECT 1
    FROM users_history e
    WHERE e.host_id = n.host_id
      AND e.valid_from_time < n.valid_from_time
  )
  AND (
    -- It was not there just before ...
    NOT EXISTS (
      SELECT 1
      FROM users_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_until_time = n.valid_from_time
    )
    -- ... or what was last known of it was that it is none.
    OR COALESCE((
      SELECT MAX(p.valid_from_time)
      FROM users_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_from_time < n.valid_from_time
        AND p.is_admin = 0
    ), 0) > COALESCE((
      SELECT MAX(p.valid_from_time)
      FROM users_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
        AND p.valid_from_time < n.valid_from_time
        AND p.is_admin = 1
    ), 0)
  )
ORDER BY n.host_id, n.username, n.valid_from_time, COALESCE(n.uuid, '');
