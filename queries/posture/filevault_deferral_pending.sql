-- name: filevault_deferral_pending
-- title: FileVault was deferred and is still off
-- group: posture
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- explained-by: filevault_off
-- purpose: Enablement waits for a login, and the user may put it off; with 9999 or -1 attempts it is never
--   forced.
-- requires: filevault_status.filevault_enabled,
--   filevault_deferrals.is_deferred
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f
--   WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 1)
-- remediation: Make sure that the recovery key will be escrowed; then set DeferForceAtUserLoginMaxBypassAttempts to 0
--   to 3, and get the user to log out and in.
-- references: mSCP system_settings_filevault_enforce; CIS 2.6.6 (macOS 26); 800-53r5 SC-28
-- false-positives: A Mac handed out today, whose user has not logged in yet.
SELECT
  d.host_id,
  'host' AS subject,
  d.designated_username,
  d.max_bypass_attempts,
  d.bypass_attempts_remaining,
  CASE
    WHEN d.max_bypass_attempts IN (9999, -1) THEN 1
    WHEN d.max_bypass_attempts IS NOT NULL THEN 0
  END AS is_never_forced
FROM filevault_deferrals d
JOIN filevault_status f ON f.host_id = d.host_id
WHERE d.is_deferred = 1
  AND f.filevault_enabled = 0
ORDER BY d.host_id;
