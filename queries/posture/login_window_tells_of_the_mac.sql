-- name: login_window_tells_of_the_mac
-- title: The login window tells of the Mac to whoever clicks its clock
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: A click on the clock of the login window shows what AdminHostInfo names, such as the host name, the
--   address or the serial number, to somebody who has not logged in.
-- requires: loginwindow_settings.admin_host_info?
-- remediation: Take AdminHostInfo out of com.apple.loginwindow, by the profile that sets it. Nobody loses
--   access by it.
-- mscp: os_loginwindow_adminhostinfo_disabled
-- stig: APPL-26-000009
-- nist-800-53: AC-11(1)
-- false-positives: Support staff who read the name of a Mac to its users.
SELECT
  l.host_id,
  'host' AS subject,
  l.admin_host_info
FROM loginwindow_settings l
WHERE l.admin_host_info IS NOT NULL
ORDER BY l.host_id;
