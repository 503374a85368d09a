-- name: no_secure_token_user
-- title: No local user holds a secure token
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: critical
-- severity-where: high when bootstrap_token_escrowed: the bootstrap token is escrowed, so the next account that logs
--   in gets a token
-- purpose: Nobody can grant a secure token, enable FileVault or, on Apple silicon, authorise an update.
-- requires: hosts.boot_volume_fs,
--   apfs_crypto_users.type unless EXISTS (SELECT 1 FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.secure_token = 1 AND t.is_guest = 0),
--   secure_tokens.secure_token where COALESCE(is_guest, 0) = 0 unless EXISTS (SELECT 1 FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.secure_token = 1 AND t.is_guest = 0),
--   secure_tokens.is_guest where COALESCE(secure_token, 1) = 1 unless EXISTS (SELECT 1 FROM secure_tokens t
--     WHERE t.host_id = hosts.host_id AND t.secure_token = 1 AND t.is_guest = 0)
-- applies: NOT EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = hosts.host_id
--   AND s.secure_token = 1 AND s.is_guest = 0)
-- remediation: Log in at the login window while the bootstrap token is escrowed; failing that, make sure that the
--   data is saved, and only then erase and set up anew.
-- references: 800-53r5 CP-10
-- false-positives: A Mac whose Setup Assistant was not finished yet.
SELECT
  h.host_id,
  'host' AS subject,
  h.os_version,
  h.is_apple_silicon
FROM hosts h
WHERE h.boot_volume_fs = 'apfs'
  AND (
    SELECT COUNT(*)
    FROM known_tables k
    WHERE k.host_id = h.host_id
      AND k.table_name IN ('apfs_crypto_users', 'secure_tokens')
  ) = 2
  AND EXISTS (
    SELECT 1
    FROM secure_tokens s
    WHERE s.host_id = h.host_id
  )
  -- Nobody has one, and of nobody is it unknown. APFS lists Guest too, who can grant nothing.
  AND NOT EXISTS (
    SELECT 1
    FROM secure_tokens s
    WHERE s.host_id = h.host_id
      AND COALESCE(s.secure_token, 1) = 1
      AND COALESCE(s.is_guest, 0) = 0
  )
ORDER BY h.host_id;
