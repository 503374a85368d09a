-- name: login_exposure
-- title: Root login, automatic login or the Guest account is on
-- group: posture
-- severity: medium
-- purpose: Somebody can get in without a password of their own: root may log in, a password is kept for
--   automatic login, or anybody may use the Guest account. Root counts where its record has an
--   AuthenticationAuthority, is not disabled and has a shell. mSCP's test of macOS 26 is stricter: it wants no
--   AuthenticationAuthority at all (loginwindow_settings.root_enabled), so a root that was disabled again fails there.
-- requires: loginwindow_settings.root_enabled,
--   users.can_login where username = 'root' AND EXISTS (SELECT 1 FROM loginwindow_settings l
--     WHERE l.host_id = users.host_id AND COALESCE(l.root_enabled, 1) = 1),
--   loginwindow_settings.kcpassword_present,
--   loginwindow_settings.guest_enabled,
--   loginwindow_settings.autologin_username?
-- remediation: Make sure that an administrator with a token can log in with a password. Then disable root, and turn
--   automatic login and the Guest account off by profile; then delete /etc/kcpassword.
-- references: mSCP os_root_disable, system_settings_automatic_login_disable,
--   system_settings_guest_account_disable; CIS 5.6, 2.13.3, 2.13.1 (macOS 26); STIG APPL-26-000100,
--   APPL-26-002066, APPL-26-002063; 800-53r5 IA-2(5), IA-5(13), AC-2(9); 800-171r3 03.05.01, 03.01.01; ATT&CK T1078.001,
--   T1078.003
-- false-positives: Kiosks. With FileVault on there is no automatic login, whatever is set.
SELECT
  l.host_id,
  'host' AS subject,
  l.root_enabled,
  l.autologin_username,
  l.kcpassword_present,
  l.guest_enabled
FROM loginwindow_settings l
WHERE (
    l.root_enabled = 1
    AND EXISTS (
      SELECT 1
      FROM users r
      WHERE r.host_id = l.host_id
        AND r.username = 'root'
        AND r.can_login = 1
    )
  )
  OR l.autologin_username IS NOT NULL
  OR l.kcpassword_present = 1
  OR l.guest_enabled = 1
ORDER BY l.host_id;
