-- name: filevault_orphan_users
-- title: Somebody who has no account can unlock the disk
-- group: hygiene
-- severity: high
-- purpose: A GeneratedUID that no local account has is still a FileVault user or an APFS crypto user: the
--   account was deleted or made anew, and with FileVault on its last password still works at startup. Guest,
--   the keys and the volume of another system are left out.
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
SELECT DISTINCT
  c.host_id,
  c.crypto_user_uuid AS subject,
  'apfs' AS source,
  c.type
FROM apfs_crypto_users c
WHERE c.resolution = 'orphan'
  -- Not on the volume of another system, which lists none of the accounts here while some other volume does.
  AND (
    EXISTS (
      SELECT 1
      FROM apfs_crypto_users l
      WHERE l.host_id = c.host_id
        AND l.device_identifier = c.device_identifier
        AND l.resolution = 'local_user'
    )
    OR NOT EXISTS (
      SELECT 1
      FROM apfs_crypto_users l
      WHERE l.host_id = c.host_id
        AND l.resolution = 'local_user'
    )
  )
ORDER BY host_id, subject, source, type;
