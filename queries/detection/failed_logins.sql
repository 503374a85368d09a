-- name: failed_logins
-- formerly: password_signals
-- title: Many logins to an account failed in a row
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- uses: persons
-- purpose: Five failed logins in a row or more, of an account that can log in: one that is disabled, or has no shell,
--   is left out.
-- requires: account_policy_data.failed_login_count where EXISTS (SELECT 1 FROM users u
--     WHERE u.host_id = account_policy_data.host_id AND u.username = account_policy_data.username
--       AND COALESCE(u.can_login, 1) = 1
--       AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest')),
--   users.can_login,
--   users.account_type where COALESCE(can_login, 1) = 1 AND COALESCE(is_system_account, 1) = 1,
--   account_policy_data,
--   users,
--   no users where COALESCE(can_login, 1) = 1
--     AND COALESCE(account_type, '') NOT IN ('root', 'setup_assistant', 'guest') AND NOT EXISTS
--     (SELECT 1 FROM account_policy_data a WHERE a.host_id = users.host_id AND a.username = users.username)
-- remediation: Ask the owner, and look at what happened at failed_login_timestamp: whether Remote Login or Screen
--   Sharing is on, and what the log says. Do not lock the account before another administrator with a token can log in.
-- attack: T1110
-- mscp: pwpolicy_account_lockout_enforce
-- nist-800-53: IA-5
-- false-positives: A user who forgot a new password, or a program that keeps an old one.
SELECT
  a.host_id,
  a.username AS subject,
  a.failed_login_count,
  a.failed_login_timestamp
FROM account_policy_data a
-- CROSS JOIN: SQLite then reads either once.
CROSS JOIN persons p
WHERE p.host_id = a.host_id
  AND p.username = a.username
  AND COALESCE(p.uuid, '') = COALESCE(a.uuid, '')
  AND a.failed_login_count >= 5
ORDER BY a.host_id, a.username, COALESCE(a.uuid, '');
