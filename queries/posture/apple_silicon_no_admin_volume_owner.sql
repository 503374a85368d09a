-- name: apple_silicon_no_admin_volume_owner
-- title: No administrator owns the volume of an Apple silicon Mac
-- group: posture
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: critical
-- severity-where: high when bootstrap_token_escrowed: the bootstrap token is escrowed, so MDM can still authorise
--   updates
-- explained-by: no_secure_token_user
-- purpose: Updates, changes of startup security and Erase All Content and Settings cannot be authorised at
--   the Mac.
-- requires: hosts.is_apple_silicon,
--   apfs_crypto_users,
--   secure_tokens.is_admin where NOT EXISTS (SELECT 1 FROM secure_tokens t
--     WHERE t.host_id = secure_tokens.host_id AND t.is_admin = 1 AND t.volume_owner = 1),
--   secure_tokens.volume_owner where is_admin = 1 AND NOT EXISTS (SELECT 1 FROM secure_tokens t
--     WHERE t.host_id = secure_tokens.host_id AND t.is_admin = 1 AND t.volume_owner = 1)
-- also-reads: bootstrap_tokens
-- applies: COALESCE(hosts.is_apple_silicon, 1) = 1
-- remediation: Make a volume owner an administrator, or let an administrator log in while the bootstrap
--   token is escrowed.
-- references: 800-53r5 SI-2
-- false-positives: With an escrowed bootstrap token MDM can still authorise updates; see bootstrap_state.
SELECT
  h.host_id,
  'host' AS subject,
  h.os_version,
  b.state AS bootstrap_state
FROM hosts h
LEFT JOIN bootstrap_tokens b ON b.host_id = h.host_id
WHERE h.is_apple_silicon = 1
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
  -- No administrator is an owner, and of none is it unknown.
  AND NOT EXISTS (
    SELECT 1
    FROM secure_tokens s
    WHERE s.host_id = h.host_id
      AND COALESCE(s.is_admin, 1) = 1
      AND COALESCE(s.volume_owner, 1) = 1
  )
ORDER BY h.host_id;
