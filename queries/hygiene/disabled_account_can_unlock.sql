-- name: disabled_account_can_unlock
-- title: A disabled account can unlock the disk
-- group: hygiene
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: The account is disabled (DisabledUser), and it is a FileVault user or holds a secure token: with FileVault on,
--   its password still unlocks the disk at startup.
-- requires: secure_tokens.secure_token where COALESCE(is_guest, 0) = 0 AND EXISTS
--     (SELECT 1 FROM authentication_authorities d WHERE d.host_id = secure_tokens.host_id
--     AND d.username = secure_tokens.username AND d.tag = 'DisabledUser'),
--   authentication_authorities
-- remediation: Make sure that another administrator with a token can log in, and that another user or an escrowed key
--   unlocks the disk; then take the account out of FileVault, or delete it.
-- references: 800-53r5 AC-2(3)
-- false-positives: An account that was disabled for a time only.
SELECT
  s.host_id,
  s.username AS subject,
  s.secure_token,
  s.filevault_enabled,
  s.is_admin
FROM secure_tokens s
-- CROSS JOIN: SQLite then reads the authorities once, and looks among the few that bar an account.
CROSS JOIN (
  SELECT DISTINCT a.host_id, a.username
  FROM authentication_authorities a
  WHERE a.tag = 'DisabledUser'
) d
WHERE (s.secure_token = 1 OR s.filevault_enabled = 1)
  AND d.host_id = s.host_id
  AND d.username = s.username
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
