-- name: rare_admin_accounts
-- title: An administrator whose name is on at most two Macs of the fleet
-- group: fleet
-- severity: medium
-- least-hosts: 20
-- purpose: Administrators that an organisation makes have the same name on many Macs. One that is on one or
--   two, and is not the person at the screen, was made by hand.
-- requires: users.is_admin,
--   hosts.console_username
-- remediation: Review them. The person at the screen is left out.
-- references: ATT&CK T1136.001; 800-53r5 AC-2, AC-6(5)
-- false-positives: Owners of a Mac who were not at the screen when it was looked at.
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.is_hidden,
  u.account_type,
  named.hosts
FROM users u
JOIN (
  SELECT n.username, COUNT(DISTINCT n.host_id) AS hosts
  FROM users n
  WHERE n.is_admin = 1
  GROUP BY n.username
  HAVING COUNT(DISTINCT n.host_id) <= 2
) named ON named.username = u.username
WHERE u.is_admin = 1
  AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant')
  AND (SELECT COUNT(*) FROM hosts) >= 20
  AND NOT EXISTS (
    SELECT 1
    FROM hosts h
    WHERE h.host_id = u.host_id
      AND h.console_username = u.username
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
