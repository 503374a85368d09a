-- name: filevault_off
-- title: FileVault is off
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- severity-where: info when virtual_machine: what a virtual machine stores lies on the disk of its host, which is
--   what must be encrypted
-- explained-by: filevault_turned_off
-- purpose: The data volume is not protected by FileVault, and no deferred enablement or encryption is under
--   way; or it is being decrypted (status decrypting), also while fdesetup still says that FileVault is on. With
--   status restart_needed it begins with the next restart. Whether FileVault may be turned off is not asked here: the
--   test of mSCP and CIS also wants dontAllowFDEDisable (filevault_policies.dont_allow_fde_disable).
-- requires: filevault_status.filevault_enabled,
--   no filevault_status where status = 'unknown'
-- remediation: Where it is being decrypted, find out who turned it off. Make sure that the recovery key will be
--   escrowed (FDERecoveryKeyEscrow), or kept by the owner of the Mac; then enable FileVault by MDM, deferred or
--   (macOS 14 and later) in Setup Assistant with ForceEnableInSetupAssistant, and set dontAllowFDEDisable.
-- references: mSCP system_settings_filevault_enforce; CIS 2.6.6 (macOS 26); STIG APPL-26-005020; 800-53r5
--   SC-28, SC-28(1); 800-171r3 03.13.08
-- false-positives: Virtual machines and lab Macs that are meant to start without a password.
SELECT
  f.host_id,
  'host' AS subject,
  f.filevault_enabled,
  f.status
FROM filevault_status f
WHERE f.status = 'decrypting'
  OR (f.filevault_enabled = 0 AND f.status NOT IN ('deferred', 'encrypting', 'unknown'))
ORDER BY f.host_id;
