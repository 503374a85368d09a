-- name: login_window_shows_accounts
-- title: The login window shows who has an account
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: The login window lists the accounts in place of asking for a name: whoever sits at the Mac need only
--   guess a password. macOS ships it so.
-- requires: loginwindow_settings.asks_for_name
-- remediation: Set SHOWFULLNAME by a profile (com.apple.loginwindow). First see that the users know the names
--   of their accounts.
-- mscp: system_settings_loginwindow_prompt_username_password_enforce
-- cis: 2.11.4
-- stig: APPL-26-005052
-- nist-800-53: IA-2
-- false-positives: Macs of one user, and Macs with FileVault, which shows its users at startup whatever is set.
SELECT
  l.host_id,
  'host' AS subject,
  l.asks_for_name
FROM loginwindow_settings l
WHERE l.asks_for_name = 0
ORDER BY l.host_id;
