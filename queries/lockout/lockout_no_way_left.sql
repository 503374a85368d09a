-- name: lockout_no_way_left
-- title: No way is left on which the organisation can count
-- group: lockout
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: critical
-- explained-by: no_secure_token_user
-- uses: lockout_ways
-- purpose: No user, key or token is left with which the disk can be unlocked at startup (capability unlock),
--   or with which tokens can be granted and owners' consent be given (capability authority). It shows at the
--   next restart or update.
-- remediation: Make sure first that the data is saved: after a restart perhaps only an erase is left. While the Mac
--   still runs and somebody is logged in, escrow a new personal recovery key, have a token holder made an
--   administrator, or have the bootstrap token escrowed.
-- references: 800-53r5 CP-10
-- false-positives: A key that was escrowed by other means than MDM; see docs/lockout.md.
WITH left_over AS (
  -- DISTINCT: SQLite then makes this list once, and folds none of the ways into what reads it.
  SELECT DISTINCT w.host_id, w.capability
  FROM ways w
  -- It counts, or may.
  WHERE COALESCE(w.counts, 1) = 1
),
capabilities AS (
  SELECT r.host_id, 'unlock' AS capability
  FROM recovery_keys r
  UNION ALL
  SELECT h.host_id, 'authority' AS capability
  FROM hosts h
  WHERE h.boot_volume_fs = 'apfs'
)
SELECT
  c.host_id,
  c.capability AS subject,
  h.os_version,
  h.is_apple_silicon,
  b.state AS bootstrap_state
FROM capabilities c
LEFT JOIN hosts h ON h.host_id = c.host_id
LEFT JOIN bootstrap_tokens b ON b.host_id = c.host_id
LEFT JOIN left_over w
  ON w.host_id = c.host_id
  AND w.capability = c.capability
WHERE w.host_id IS NULL
  -- Absence proves something only where the tables were looked at.
  AND c.host_id IN (
    SELECT k.host_id
    FROM known_tables k
    WHERE k.table_name IN ('apfs_crypto_users', 'bootstrap_tokens', 'hosts', 'secure_tokens', 'users')
    GROUP BY k.host_id
    HAVING COUNT(*) = 5
  )
ORDER BY c.host_id, c.capability;
