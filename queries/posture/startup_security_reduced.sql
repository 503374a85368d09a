-- name: startup_security_reduced
-- title: The Mac may start other systems than those that Apple signs today
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Startup security is not full: an older system with known holes or kernel extensions can be started, and with
--   permissive security any system at all.
-- requires: secureboot.level
-- applies: COALESCE(hosts.is_apple_silicon, 1) = 1 OR COALESCE(hosts.has_t2, 1) = 1
-- remediation: Make sure which product needs it, and that another administrator who owns the volume can log in. Then
--   set full security in recovery, Startup Security Utility.
-- references: mSCP os_secure_boot_verify; STIG APPL-26-005100; 800-53r5 SI-7
-- false-positives: Macs of developers, and products that bring a kernel extension: they need reduced security.
SELECT
  s.host_id,
  'host' AS subject,
  s.level,
  s.kernel_extensions,
  s.mdm_operations
FROM secureboot s
WHERE s.level <> 'full'
ORDER BY s.host_id;
