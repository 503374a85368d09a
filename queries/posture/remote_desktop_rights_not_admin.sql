-- name: remote_desktop_rights_not_admin
-- title: Who is no administrator may control the Mac over Remote Management
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- purpose: Remote Management is on, and an account that is no administrator may control the screen, send commands or change
--   settings with it: commands can run as root.
-- requires: sharing_preferences.remote_management,
--   remote_desktop_rights.may_control,
--   remote_desktop_rights.may_launch,
--   remote_desktop_rights.may_change_settings,
--   users,
--   users.is_admin where EXISTS (SELECT 1 FROM remote_desktop_rights r
--     WHERE r.host_id = users.host_id AND r.username = users.username
--     AND (COALESCE(r.may_control, 1) = 1 OR COALESCE(r.may_launch, 1) = 1 OR COALESCE(r.may_change_settings, 1) = 1))
-- remediation: Take the rights from the account in System Settings, Sharing, Remote Management, after the people who support
--   this Mac have said which account they use.
-- references: mSCP system_settings_remote_management_disable; CIS 2.3.3.5 (macOS 26); STIG APPL-26-002250; 800-53r5 AC-6,
--   CM-7
-- false-positives: A support account that is kept without administrator rights on purpose. The rights are root's all the
--   same.
SELECT
  r.host_id,
  r.username AS subject,
  r.may_control,
  r.may_launch,
  r.may_change_settings,
  r.is_notified
FROM remote_desktop_rights r
CROSS JOIN users u
CROSS JOIN sharing_preferences s
WHERE u.host_id = r.host_id
  AND u.username = r.username
  AND COALESCE(u.uuid, '') = COALESCE(r.uuid, '')
  AND s.host_id = r.host_id
  AND s.remote_management = 1
  AND u.is_admin = 0
  AND (r.may_control = 1 OR r.may_launch = 1 OR r.may_change_settings = 1)
ORDER BY r.host_id, r.username, COALESCE(r.uuid, '');
