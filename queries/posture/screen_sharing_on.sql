-- name: screen_sharing_on
-- title: Screen sharing is switched on
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: launchd was told to start screen sharing: whoever may use it sees the screen and controls the Mac. macOS ships it
--   switched off, so a Mac of which launchd holds no such order is clean. screen_sharing_access says who may.
-- requires: sharing_preferences.screen_sharing?
-- remediation: Make sure that nobody needs it to reach this Mac, and that an administrator with a token can log in at
--   it; then turn it off in System Settings, Sharing, or limit it to the group com.apple.access_screensharing.
-- references: mSCP system_settings_screen_sharing_disable; CIS 2.3.3.1 (macOS 26); STIG APPL-26-002050; 800-53r5 AC-3,
--   AC-17; ATT&CK T1021.005
-- false-positives: Macs without a screen, and Macs that support staff reach so. Remote Management has its own finding.
SELECT
  s.host_id,
  'host' AS subject,
  s.screen_sharing_access,
  s.remote_management
FROM sharing_preferences s
WHERE s.screen_sharing = 1
ORDER BY s.host_id;
