-- name: host_identity_changed
-- title: A Mac is not the one that it was
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now a hardware UUID came with another model, serial number or startup
--   container than before: somebody else spoke in the name of this Mac, or its evidence was changed.
-- requires: hosts.model_identifier
-- also-reads: apfs_volumes
-- remediation: Look at who sent the snapshots of both days (merge --host-from-folder ties a sender to its
--   host); collect again on the Mac itself.
-- references: 800-53r5 CM-8
-- false-positives: A disk that was replaced, a Mac that was erased and set up anew: then the containers differ,
--   and the model does not. Without --include serial_number no serial number is compared.
WITH said AS (
  SELECT h.host_id, 'model' AS subject, h.model_identifier AS value, h.valid_from_time
  FROM hosts_history h
  WHERE h.model_identifier IS NOT NULL
  UNION ALL
  SELECT h.host_id, 'serial number' AS subject, h.serial_number AS value, h.valid_from_time
  FROM hosts_history h
  WHERE h.serial_number IS NOT NULL
  UNION ALL
  -- Of the data volume: an update of macOS makes no other container.
  SELECT v.host_id, 'startup container' AS subject, v.container_uuid AS value, v.valid_from_time
  FROM apfs_volumes_history v
  WHERE v.container_uuid IS NOT NULL
    AND v.role = 'Data'
    AND COALESCE(v.is_internal, 1) = 1
),
recent AS (
  SELECT DISTINCT n.host_id AS host_id, n.subject AS subject, n.value AS value, n.valid_from_time AS change_time
  FROM said n
  CROSS JOIN firsts f
  WHERE n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.subject AS subject,
    r.value AS value,
    r.change_time AS change_time,
    -- The last value that was told before, and whether this one was among those.
    MAX(CASE WHEN p.value <> r.value THEN p.valid_from_time END) AS former_time,
    MAX(CASE WHEN p.value = r.value THEN p.valid_from_time ELSE 0 END) AS same_time
  FROM said p
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.subject = r.subject
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.subject, r.value, r.change_time
)
SELECT
  c.host_id,
  c.subject,
  MIN(o.value) AS former_value,
  c.value,
  c.change_time
FROM said o
CROSS JOIN compared c
WHERE o.host_id = c.host_id
  AND o.host_id IN (SELECT q.host_id FROM compared q)
  AND o.subject = c.subject
  AND o.value <> c.value
  AND o.valid_from_time = c.former_time
  -- It did not stand beside this one before.
  AND c.former_time > c.same_time
GROUP BY c.host_id, c.subject, c.value, c.change_time
ORDER BY c.host_id, c.subject, c.change_time, c.value;
