-- name: lockout_single_loss
-- title: One single loss would lock the organisation out
-- group: lockout
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- severity-where: info when personal: there is no organisation that could be locked out of a personal Mac
-- explained-by: no_secure_token_user, apple_silicon_no_admin_volume_owner
-- uses: lockout_ways
-- purpose: Exactly one user, key or token is left with which the disk can be unlocked at startup (capability
--   unlock), or with which tokens can be granted and owners' consent be given (capability authority). Lose
--   it, and none is left.
-- remediation: Add a second way before the first is lost: an escrowed personal recovery key and a second
--   FileVault user for unlock; an escrowed bootstrap token and a second administrator with a token for
--   authority.
-- references: 800-53r5 CP-2
-- false-positives: A personal Mac of one user. A key that was escrowed by other means than MDM; see
--   docs/lockout.md.
WITH left_over AS (
  SELECT
    w.host_id,
    w.capability,
    w.kind,
    w.subject,
    w.counts,
    COUNT(*) OVER (PARTITION BY w.host_id, w.capability) AS ways
  FROM ways w
  -- It counts, or may.
  WHERE COALESCE(w.counts, 1) = 1
)
SELECT
  l.host_id,
  l.subject,
  l.capability,
  l.kind
FROM left_over l
WHERE l.counts = 1
  AND l.ways = 1
  -- Absence proves something only where the tables were looked at.
  AND l.host_id IN (
    SELECT k.host_id
    FROM known_tables k
    WHERE k.table_name IN ('apfs_crypto_users', 'bootstrap_tokens', 'hosts', 'secure_tokens', 'users')
    GROUP BY k.host_id
    HAVING COUNT(*) = 5
  )
ORDER BY l.host_id, l.capability, l.subject;
