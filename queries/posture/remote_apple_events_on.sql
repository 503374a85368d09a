-- name: remote_apple_events_on
-- title: Remote Apple events are switched on
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: launchd was told to start the server of remote Apple events: another computer can drive the programs of this one.
--   macOS ships it switched off, so a Mac of which launchd holds no such order is clean.
-- requires: sharing_preferences.remote_apple_events?
-- remediation: Make sure that nobody needs it to reach this Mac, and that an administrator with a token can log in at
--   it; then turn it off in System Settings, Sharing, Remote Application Scripting.
-- references: mSCP system_settings_rae_disable; CIS 2.3.3.6 (macOS 26); STIG APPL-26-002022; 800-53r5 AC-3, AC-17;
--   ATT&CK T1059.002
-- false-positives: Macs that are driven by scripts of another one, in studios and laboratories.
SELECT
  s.host_id,
  'host' AS subject,
  s.remote_apple_events_access
FROM sharing_preferences s
WHERE s.remote_apple_events = 1
ORDER BY s.host_id;
