-- name: rare_admin_accounts
-- title: An administrator whose name is on at most two Macs of the fleet
-- group: fleet
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- least-hosts: 20
-- purpose: Administrators that an organisation makes have the same name on many Macs. One that is on one or
--   two, and is not the person at the screen, was made by hand. At the login window nobody knows who the person of the
--   Mac is: then only accounts are told that are hidden, have a uid below 500 or cannot log in, and of others the
--   answer is unknown.
-- requires: users.is_admin,
--   no hosts where COALESCE(console_username, 'root') IN ('root', '_mbsetupuser') AND host_id IN
--     (SELECT u.host_id FROM users u WHERE COALESCE(u.is_admin, 1) = 1
--     AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant')
--     AND COALESCE(u.is_hidden, 0) = 0 AND COALESCE(u.uid, 500) >= 500 AND COALESCE(u.can_login, 1) = 1
--     AND u.username IN (SELECT n.username FROM users n WHERE n.is_admin = 1
--     GROUP BY n.username HAVING COUNT(DISTINCT n.host_id) <= 2))
-- remediation: Review them. The person at the screen is left out. Look while people work, not at night. Make sure
--   that another administrator with a token can log in before you take a right away.
-- references: ATT&CK T1136.001; 800-53r5 AC-2, AC-6(5)
-- false-positives: Owners of a Mac at whose screen somebody else was. Service accounts of a product that only one or two
--   Macs have (docs/references.md has names): look them up in its console.
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
  AND (
    -- Who is hidden, or cannot log in, is not the person of the Mac, whoever is at the screen.
    u.is_hidden = 1
    OR u.uid < 500
    OR u.can_login = 0
    OR EXISTS (
      SELECT 1
      FROM hosts p
      WHERE p.host_id = u.host_id
        AND p.console_username NOT IN ('root', '_mbsetupuser')
    )
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
