-- name: remote_access_allowed
-- title: Who is named for Remote Login or Screen Sharing
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: The accounts of the groups com.apple.access_ssh and com.apple.access_screensharing. is_limiting is 0 where
--   the group has the suffix -disabled: its list is kept, and everybody is let in. Whether the service itself is on
--   stands elsewhere (hosts.remote_login_enabled). Members that a directory would name are not listed.
-- requires: user_groups
-- also-reads: users
-- remediation: None: context for remote_login_on and remote_login_open_to_everybody.
-- nist-800-53: AC-17, AC-3
-- false-positives: None: it is a table of facts.
SELECT
  m.host_id,
  m.username AS subject,
  CASE
    WHEN m.groupname IN ('com.apple.access_ssh', 'com.apple.access_ssh-disabled') THEN 'ssh'
    ELSE 'screen sharing'
  END AS service,
  CASE WHEN m.groupname IN ('com.apple.access_ssh', 'com.apple.access_screensharing') THEN 1 ELSE 0 END AS is_limiting,
  m.is_direct,
  MAX(u.is_admin) AS is_admin
FROM user_groups m
LEFT JOIN (
  SELECT
    a.host_id,
    a.username,
    a.uid,
    a.is_admin
  FROM users a
  WHERE a.host_id IN (SELECT n.host_id FROM user_groups n WHERE SUBSTR(n.groupname, 1, 17) = 'com.apple.access_')
) u
  ON u.host_id = m.host_id
  AND u.username = m.username
  AND COALESCE(u.uid, -1) = COALESCE(m.uid, -1)
WHERE m.groupname IN (
    'com.apple.access_ssh',
    'com.apple.access_ssh-disabled',
    'com.apple.access_screensharing',
    'com.apple.access_screensharing-disabled'
  )
GROUP BY m.host_id, m.username, m.uid, m.groupname, m.is_direct
ORDER BY m.host_id, m.username, COALESCE(m.uid, -1), m.groupname, m.is_direct;
