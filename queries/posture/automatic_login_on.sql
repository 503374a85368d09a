-- name: automatic_login_on
-- formerly: login_exposure
-- title: An account is logged in without a password at startup
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- severity-where: low when filevault_on: with FileVault on macOS logs nobody in by itself
-- purpose: Whoever turns the Mac on is logged in as that account, and its password lies on the disk
--   (automatic_login_password_kept).
-- requires: loginwindow_settings.autologin_username?
-- also-reads: filevault_status, users
-- remediation: Make sure that the user knows the password of the account, and that an administrator with a token can log
--   in. Then turn automatic login off in System Settings, Users & Groups, or by a profile.
-- mscp: system_settings_automatic_login_disable
-- cis: 2.13.3
-- stig: APPL-26-002066
-- nist-800-53: IA-5(13)
-- attack: T1078.003
-- false-positives: Kiosks and signs. With FileVault on there is no automatic login, whatever is set.
SELECT
  l.host_id,
  l.autologin_username AS subject,
  f.filevault_enabled,
  (
    SELECT MAX(u.is_admin)
    FROM users u
    WHERE u.host_id = l.host_id
      AND u.username = l.autologin_username
  ) AS is_admin
FROM loginwindow_settings l
LEFT JOIN filevault_status f ON f.host_id = l.host_id
WHERE l.autologin_username IS NOT NULL
ORDER BY l.host_id;
