-- name: filevault_off
-- title: FileVault is off
-- group: posture
-- severity: high
-- purpose: The data volume is not protected by FileVault, and no deferred enablement or encryption is under
--   way. With status restart_needed it begins with the next restart.
-- requires: filevault_status.filevault_enabled
-- remediation: Enable FileVault by MDM, deferred or (macOS 14 and later) in Setup Assistant with
--   ForceEnableInSetupAssistant, and set dontAllowFDEDisable.
-- references: mSCP system_settings_filevault_enforce; CIS 2.6.6 (macOS 26); STIG APPL-26-005020; 800-53r5
--   SC-28, SC-28(1); 800-171r3 03.13.08
-- false-positives: Virtual machines and lab Macs that are meant to start without a password.
SELECT
  f.host_id,
  'host' AS subject,
  f.filevault_enabled,
  f.status
FROM filevault_status f
WHERE f.filevault_enabled = 0
  AND f.status NOT IN ('deferred', 'encrypting')
ORDER BY f.host_id;
