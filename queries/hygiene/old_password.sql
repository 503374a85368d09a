-- name: old_password
-- formerly: password_signals
-- title: A password is older than a year
-- group: hygiene
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- severity-where: info when personal: a personal Mac has no policy that asks for a new one
-- uses: persons
-- purpose: The password was set more than 365 days ago, of an account that can log in: one that is disabled, or has no
--   shell, is left out.
-- requires: account_policy_data.password_last_set_time where EXISTS (SELECT 1 FROM users u
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
-- remediation: Change it where the policy asks for it, and have the user do it while logged in, so that the account
--   keeps its secure token.
-- mscp: pwpolicy_max_lifetime_enforce
-- cis: 5.2.7
-- stig: APPL-26-003008
-- nist-800-53: IA-5
-- false-positives: Policies that do not ask for changes. Service accounts whose password a product makes and nobody
--   types (JumpCloud _jumpcloudserviceaccount, Automox _automoxserviceaccount).
SELECT
  a.host_id,
  a.username AS subject,
  a.password_last_set_time
FROM account_policy_data a
-- CROSS JOIN: SQLite then reads either once.
CROSS JOIN persons p
WHERE p.host_id = a.host_id
  AND p.username = a.username
  AND COALESCE(p.uuid, '') = COALESCE(a.uuid, '')
  AND a.password_last_set_time < :now - 365 * 86400
ORDER BY a.host_id, a.username, COALESCE(a.uuid, '');
