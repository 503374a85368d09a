-- name: password_hints_shown
-- title: The login window shows password hints
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: After some wrong passwords the login window shows the hint of the account, which often says the
--   password. Where nothing sets it, macOS shows hints. Whether an account has one is never read.
-- requires: loginwindow_settings
-- remediation: Set RetriesUntilHint to 0 by a profile (com.apple.loginwindow). First see that a user who
--   forgets a password can get help.
-- mscp: system_settings_password_hints_disable
-- cis: 2.11.5
-- stig: APPL-26-003012
-- nist-800-53: IA-6
-- false-positives: Macs on which no account has a hint.
SELECT
  l.host_id,
  'host' AS subject,
  l.retries_until_hint
FROM loginwindow_settings l
-- Nothing sets it only where that was looked at.
JOIN known_tables k
  ON k.host_id = l.host_id
  AND k.table_name = 'loginwindow_settings'
WHERE COALESCE(l.retries_until_hint, 3) > 0
ORDER BY l.host_id;
