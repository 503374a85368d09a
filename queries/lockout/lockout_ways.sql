-- name: lockout_ways
-- title: Every way to unlock or to administer a Mac, and whether it counts
-- group: lockout
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: info
-- uses: lockout_ways
-- purpose: What the answers on lockout rest on: each user, key and token with whether the organisation can
--   count on it (1), cannot (0) or whether that is unknown (NULL), and why.
-- also-reads: filevault_users
-- remediation: None: context for lockout_single_loss and lockout_no_way_left. See docs/lockout.md.
-- references: none
-- false-positives: None: it is a table of facts.
WITH all_ways AS (
  SELECT w.host_id, w.subject, w.capability, w.kind, w.counts, w.basis
  FROM ways w
  UNION ALL
  SELECT
    o.host_id AS host_id,
    o.uuid AS subject,
    'unlock' AS capability,
    'user' AS kind,
    0 AS counts,
    'FileVault user without an account: nobody answers for the password' AS basis
  FROM filevault_users o
  JOIN recovery_keys k ON k.host_id = o.host_id
  WHERE o.resolution = 'orphan'
  UNION ALL
  -- A recovery key that opens the disk, in the hands of one person.
  SELECT DISTINCT
    i.host_id AS host_id,
    'iCloud recovery' AS subject,
    'unlock' AS capability,
    'key' AS kind,
    0 AS counts,
    'opened by the Apple Account of one person' AS basis
  FROM apfs_crypto_users i
  JOIN recovery_keys k ON k.host_id = i.host_id
  WHERE i.type IN ('ICloud', 'ICloudRecovery')
)
SELECT
  a.host_id,
  a.subject,
  a.capability,
  a.kind,
  a.counts,
  a.basis
FROM all_ways a
ORDER BY a.host_id, a.capability, a.kind, a.subject, a.basis;
