-- name: admin_not_seen_for_90_days
-- title: An administrator has not logged in for 90 days
-- group: hygiene
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: The log of logins has an administrator whose last login is older than 90 days. An account that is not in the
--   log is not counted: it was not seen, which is not never.
-- requires: logins.last_login_time,
--   users,
--   users.is_admin where EXISTS (SELECT 1 FROM logins l
--     WHERE l.host_id = users.host_id AND l.username = users.username)
-- remediation: Ask whom the account is for. Make sure that another administrator with a token can log in; then, if
--   nobody needs the account, take its rights away.
-- references: 800-53r5 AC-2(3)
-- false-positives: Accounts that are kept for an emergency, and those that agents use without a login.
SELECT
  u.host_id,
  u.username AS subject,
  l.last_login_time,
  u.uid
FROM logins l
CROSS JOIN users u
WHERE u.host_id = l.host_id
  AND u.username = l.username
  AND u.is_admin = 1
  AND l.last_login_time < :now - 90 * 86400
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
