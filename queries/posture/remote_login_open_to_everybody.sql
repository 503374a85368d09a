-- name: remote_login_open_to_everybody
-- title: Every account of the Mac may log in over the network
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Remote Login is on and lets in all users: the group com.apple.access_ssh, which would limit it, has the
--   suffix -disabled, or there is none. Each account that has a password can then be tried from the network.
-- requires: hosts.remote_login_enabled,
--   groups
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: In System Settings, Sharing, Remote Login, choose "Only these users" and put in those who need it. First
--   make sure that whoever looks after the Mac from afar is among them, or another way to it is left.
-- nist-800-53: AC-17, AC-3, AC-6
-- attack: T1021.004
-- false-positives: A Mac with one person's account alone, or one that a firewall keeps from the network.
SELECT
  h.host_id,
  'host' AS subject,
  h.remote_login_enabled,
  CASE
    WHEN EXISTS (
      SELECT 1
      FROM groups d
      WHERE d.host_id = h.host_id
        AND d.groupname = 'com.apple.access_ssh-disabled'
    ) THEN 'com.apple.access_ssh-disabled'
  END AS access_group
FROM hosts h
-- The absence of a group proves something only where the groups were looked at.
JOIN known_tables k
  ON k.host_id = h.host_id
  AND k.table_name = 'groups'
WHERE h.remote_login_enabled = 1
  AND NOT EXISTS (
    SELECT 1
    FROM groups g
    WHERE g.host_id = h.host_id
      AND g.groupname = 'com.apple.access_ssh'
  )
ORDER BY h.host_id;
