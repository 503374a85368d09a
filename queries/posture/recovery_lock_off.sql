-- name: recovery_lock_off
-- title: A managed Apple silicon Mac has no recovery lock
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Without the lock that only MDM can set, whoever holds the Mac starts recovery without its password. The password
--   of an owner then lowers startup security, and anybody can erase the Mac.
-- requires: hosts.is_apple_silicon,
--   mdm_enrollments.is_enrolled,
--   mdm_security_info.recovery_lock_enabled
-- applies: COALESCE(hosts.is_apple_silicon, 1) = 1 AND COALESCE(hosts.is_virtual_machine, 0) = 0
-- remediation: Set it by the MDM command SetRecoveryLock, and make sure first that the server keeps the password.
-- references: mSCP os_recovery_lock_enable; STIG APPL-26-005120; 800-53r5 AC-6
-- false-positives: Macs whose organisation leaves recovery open so that users can repair them.
SELECT
  h.host_id,
  'host' AS subject,
  m.recovery_lock_enabled,
  h.os_version
FROM hosts h
CROSS JOIN mdm_enrollments e
CROSS JOIN mdm_security_info m
WHERE e.host_id = h.host_id
  AND m.host_id = h.host_id
  AND h.is_apple_silicon = 1
  AND COALESCE(h.is_virtual_machine, 0) = 0
  AND e.is_enrolled = 1
  AND m.recovery_lock_enabled = 0
ORDER BY h.host_id;
