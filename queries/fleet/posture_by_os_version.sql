-- name: posture_by_os_version
-- title: Escrow, FileVault and volume ownership by version of macOS
-- group: fleet
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: info
-- scope: fleet
-- purpose: Of each major version, how many hosts have what. A percentage is of the hosts of which the fact
--   is known; unknown hosts are no failures. A Mac that is being decrypted does not count as one with FileVault on.
-- requires: hosts.os_major,
--   bootstrap_tokens.escrowed_to_server where state <> 'not_enrolled',
--   filevault_status.filevault_enabled,
--   secure_tokens
-- remediation: None: a report. Look at the questions of the group posture for the hosts behind it.
-- references: 800-53r5 CA-7
-- false-positives: None: it is a count.
SELECT
  CAST(NULL AS VARCHAR(36)) AS host_id,
  'macOS ' || CAST(counted.os_major AS VARCHAR(12)) AS subject,
  counted.os_major,
  counted.hosts,
  counted.escrow_known,
  CAST(
    (100 * counted.escrowed - (100 * counted.escrowed) % counted.escrow_divisor)
    / counted.escrow_divisor AS INTEGER
  ) AS escrowed_percent,
  counted.filevault_known,
  CAST(
    (100 * counted.filevault_on - (100 * counted.filevault_on) % counted.filevault_divisor)
    / counted.filevault_divisor AS INTEGER
  ) AS filevault_percent,
  counted.owner_known,
  CAST(
    (100 * counted.with_owner - (100 * counted.with_owner) % counted.owner_divisor)
    / counted.owner_divisor AS INTEGER
  ) AS admin_owner_percent
FROM (
  SELECT
    h.os_major AS os_major,
    COUNT(*) AS hosts,
    COUNT(b.escrowed_to_server) AS escrow_known,
    NULLIF(COUNT(b.escrowed_to_server), 0) AS escrow_divisor,
    COUNT(CASE WHEN b.escrowed_to_server = 1 THEN 1 END) AS escrowed,
    COUNT(f.filevault_enabled) AS filevault_known,
    NULLIF(COUNT(f.filevault_enabled), 0) AS filevault_divisor,
    COUNT(CASE WHEN f.filevault_enabled = 1 AND f.status <> 'decrypting' THEN 1 END) AS filevault_on,
    COUNT(owners.is_owned) AS owner_known,
    NULLIF(COUNT(owners.is_owned), 0) AS owner_divisor,
    COUNT(CASE WHEN owners.is_owned = 1 THEN 1 END) AS with_owner
  FROM hosts h
  LEFT JOIN bootstrap_tokens b ON b.host_id = h.host_id
  LEFT JOIN filevault_status f ON f.host_id = h.host_id
  -- Apple silicon only: 1 with an administrator who owns the volume, 0 when none may be one, else NULL.
  LEFT JOIN (
    SELECT
      held.host_id AS host_id,
      CASE WHEN held.has_owner = 1 THEN 1 WHEN held.may_have_owner = 0 THEN 0 END AS is_owned
    FROM (
      SELECT
        s.host_id,
        MAX(CASE WHEN s.is_admin = 1 AND s.volume_owner = 1 THEN 1 ELSE 0 END) AS has_owner,
        MAX(
          CASE WHEN COALESCE(s.is_admin, 1) = 1 AND COALESCE(s.volume_owner, 1) = 1 THEN 1 ELSE 0 END
        ) AS may_have_owner
      FROM secure_tokens s
      GROUP BY s.host_id
    ) held
    JOIN hosts a ON a.host_id = held.host_id
    WHERE a.is_apple_silicon = 1
  ) owners ON owners.host_id = h.host_id
  WHERE h.os_major IS NOT NULL
  GROUP BY h.os_major
) counted
ORDER BY counted.os_major;
