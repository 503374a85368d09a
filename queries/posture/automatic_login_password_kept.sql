-- name: automatic_login_password_kept
-- formerly: login_exposure
-- title: A password for automatic login lies on the disk
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- explained-by: automatic_login_on
-- purpose: /etc/kcpassword holds the password of an account in a form that anybody can undo; whoever gets at the disk,
--   or becomes root, has it. It often stays when automatic login is turned off. The file is never read.
-- requires: loginwindow_settings.kcpassword_present
-- remediation: Make sure that an administrator with a token can log in with a password. Turn automatic login off where
--   it is on (automatic_login_on), then delete /etc/kcpassword. Have the account whose password it was get another one:
--   change it as the account itself, so that it keeps its secure token.
-- attack: T1552.001
-- mscp: system_settings_automatic_login_disable
-- cis: 2.13.3
-- nist-800-53: IA-5(1)
-- false-positives: Kiosks and signs, which need it. Once automatic login is off no product does.
SELECT
  l.host_id,
  'host' AS subject,
  l.kcpassword_present
FROM loginwindow_settings l
WHERE l.kcpassword_present = 1
ORDER BY l.host_id;
