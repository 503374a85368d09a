-- name: filevault_turned_off
-- title: FileVault was turned off
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now FileVault, which was on, was turned off, or the disk began to be decrypted.
-- requires: filevault_status.filevault_enabled
-- remediation: Find out who did it: it takes the password of a FileVault user or a recovery key. Turn it on again, by
--   MDM or in System Settings, and make sure that the new recovery key is escrowed: the one from before no longer opens
--   the disk. dontAllowFDEDisable in a profile keeps it on (filevault_may_be_turned_off).
-- mscp: system_settings_filevault_enforce
-- cis: 2.6.6
-- stig: APPL-26-005020
-- nist-800-53: SC-28, SC-28(1)
-- false-positives: A repair, or a Mac that is handed on and is erased next.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.status AS status,
    n.filevault_enabled AS filevault_enabled,
    n.valid_from_time AS change_time
  FROM filevault_status_history n
  CROSS JOIN firsts f
  WHERE (n.filevault_enabled = 0 OR n.status = 'decrypting')
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.status AS status,
    r.filevault_enabled AS filevault_enabled,
    r.change_time AS change_time,
    MAX(CASE WHEN p.filevault_enabled = 1 AND p.status <> 'decrypting' THEN p.valid_from_time ELSE 0 END) AS last_on_time,
    MAX(CASE WHEN p.filevault_enabled = 0 OR p.status = 'decrypting' THEN p.valid_from_time ELSE 0 END) AS last_off_time
  FROM filevault_status_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.status, r.filevault_enabled, r.change_time
)
SELECT
  c.host_id,
  'host' AS subject,
  c.filevault_enabled,
  c.status,
  c.change_time
FROM compared c
-- What was last known of it was that it is on.
WHERE c.last_on_time > c.last_off_time
ORDER BY c.host_id, c.change_time, c.status;
