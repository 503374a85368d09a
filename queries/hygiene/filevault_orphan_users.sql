-- name: filevault_orphan_users
-- title: Somebody who has no account can unlock the disk
-- group: hygiene
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- severity-where: low when filevault_off: FileVault is off, so nobody must unlock the disk
-- purpose: A GeneratedUID that no local account has is still a FileVault user or an APFS crypto user: the
--   account was deleted or made anew, and with FileVault on its last password still works at startup. Guest
--   and the keys are left out.
-- requires: filevault_users,
--   filevault_users.resolution,
--   apfs_crypto_users,
--   apfs_crypto_users.resolution
-- remediation: Make sure that no account here should have the UUID, and that another user or a key unlocks the
--   disk. Then an administrator may run fdesetup sync, or fdesetup remove -uuid; this tool never does.
-- references: mSCP os_filevault_authorized_users; 800-53r5 AC-2(11), AC-2(3); ATT&CK T1078.003
-- false-positives: An account that was deleted while FileVault was being set up.
SELECT
  f.host_id,
  f.uuid AS subject,
  'fdesetup' AS source,
  f.type
FROM filevault_users f
WHERE f.resolution = 'orphan'
UNION ALL
SELECT
  c.host_id,
  c.crypto_user_uuid AS subject,
  'apfs' AS source,
  c.type
FROM apfs_crypto_users c
WHERE c.resolution = 'orphan'
ORDER BY host_id, subject, source, type;
