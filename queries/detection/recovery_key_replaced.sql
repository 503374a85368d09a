-- name: recovery_key_replaced
-- title: The recovery key was replaced
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now the escrow file of the personal recovery key was written anew: there is
--   another key, and the one from before opens the disk no longer. MDM does so on purpose, often after somebody looked
--   at a key.
-- requires: filevault_status.prk_escrow_blob_modified_time?
-- remediation: See that the MDM server shows a key of that time. If nothing there explains it, find out who changed it
--   (fdesetup changerecovery takes a FileVault user, or the key from before), and make sure that the escrowed key works
--   before anybody relies on it.
-- nist-800-53: SC-12(1)
-- false-positives: The rotation of keys by MDM, which is good.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.prk_escrow_blob_modified_time AS modified_time,
    n.valid_from_time AS change_time
  FROM filevault_status_history n
  CROSS JOIN firsts f
  WHERE n.prk_escrow_blob_modified_time IS NOT NULL
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.modified_time AS modified_time,
    r.change_time AS change_time,
    MAX(CASE WHEN p.prk_escrow_blob_modified_time < r.modified_time THEN p.prk_escrow_blob_modified_time END)
      AS former_modified_time,
    MAX(CASE WHEN p.prk_escrow_blob_modified_time = r.modified_time THEN 1 ELSE 0 END) AS was_there
  FROM filevault_status_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.modified_time, r.change_time
)
SELECT
  c.host_id,
  'host' AS subject,
  c.former_modified_time,
  c.modified_time,
  c.change_time
FROM compared c
WHERE c.was_there = 0
  AND c.former_modified_time IS NOT NULL
ORDER BY c.host_id, c.change_time, c.modified_time;
