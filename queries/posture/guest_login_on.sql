-- name: guest_login_on
-- formerly: login_exposure
-- title: Anybody may log in as Guest
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: The Guest account needs no password. What it leaves is deleted at logout; what it does while it is there is
--   not.
-- requires: loginwindow_settings.guest_enabled
-- remediation: Make sure that an administrator with a token can log in, and that a guest who is logged in saves what is
--   theirs. Then turn it off by a profile, or in System Settings, Users & Groups.
-- mscp: system_settings_guest_account_disable
-- cis: 2.13.1
-- stig: APPL-26-002063
-- nist-800-53: AC-2(9)
-- nist-800-171: 03.01.01
-- attack: T1078.001
-- false-positives: Macs that are lent out. With FileVault on a guest gets Safari alone.
SELECT
  l.host_id,
  'host' AS subject,
  l.guest_enabled
FROM loginwindow_settings l
WHERE l.guest_enabled = 1
ORDER BY l.host_id;
