-- name: password_signals
-- title: Many failed logins, or a password older than a year
-- group: detection
-- severity: medium
-- purpose: Five failed logins in a row or more, or a password that was set more than 365 days ago, of an account that
--   can log in: one that is disabled, or has no shell, is left out.
-- requires: account_policy_data.failed_login_count where EXISTS (SELECT 1 FROM users u
--     WHERE u.host_id = account_policy_data.host_id AND u.username = account_policy_data.username
--       AND COALESCE(u.can_login, 1) = 1
--       AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest')),
--   account_policy_data.password_last_set_time where EXISTS (SELECT 1 FROM users u
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
-- remediation: Investigate the bursts. Change old passwords where the policy asks for it.
-- references: ATT&CK T1110; mSCP pwpolicy_account_lockout_enforce, pwpolicy_max_lifetime_enforce; CIS 5.2.7
--   (macOS 26); 800-53r5 IA-5
-- false-positives: A user who forgot a new password. Policies that do not ask for changes. Service accounts whose
--   password a product makes and nobody types (JumpCloud _jumpcloudserviceaccount, Automox _automoxserviceaccount).
SELECT
  a.host_id,
  a.username AS subject,
  a.failed_login_count,
  a.failed_login_timestamp,
  a.password_last_set_time,
  CASE
    WHEN a.password_last_set_time < :now - 365 * 86400 THEN 1
    WHEN a.password_last_set_time IS NOT NULL THEN 0
  END AS is_password_old
FROM account_policy_data a
JOIN users u
  ON u.host_id = a.host_id
  AND u.username = a.username
  AND COALESCE(u.uuid, '') = COALESCE(a.uuid, '')
WHERE u.can_login = 1
  AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest')
  AND (u.is_system_account = 0 OR u.account_type IS NOT NULL)
  AND (
    a.failed_login_count >= 5
    OR a.password_last_set_time < :now - 365 * 86400
  )
ORDER BY a.host_id, a.username, COALESCE(a.uuid, '');
