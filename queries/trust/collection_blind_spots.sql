-- name: collection_blind_spots
-- title: A table could not be collected, or the last snapshot is old
-- group: trust
-- severity: high
-- purpose: A needed table was denied, failed, came in part or is missing from the evidence, or nothing of
--   the host was collected for seven days: where the other questions find nothing, that means nothing.
-- requires: table_status
-- remediation: Run as root, on a schedule. Grant Full Disk Access only where table_status says that a file
--   needs it.
-- references: 800-53r5 AU-6, CM-8
-- false-positives: A collection by an ordinary user is always denied some tables; that is what it says.
SELECT
  t.host_id,
  t.table_name AS subject,
  t.status,
  t.code,
  t.reason,
  -- A partial table is as new as its snapshot: the time would change with every one of them.
  CASE WHEN t.status = 'partial' THEN NULL ELSE t.last_good_time END AS last_good_time
FROM table_status t
WHERE t.status IN ('denied', 'failed', 'partial', 'not_recorded')
UNION ALL
SELECT
  newest.host_id,
  'every table' AS subject,
  'old' AS status,
  NULL AS code,
  'nothing was collected for seven days' AS reason,
  newest.last_good_time
FROM (
  SELECT host_id, MAX(last_good_time) AS last_good_time
  FROM table_status
  GROUP BY host_id
) newest
WHERE newest.last_good_time < :now - 7 * 86400
ORDER BY host_id, subject;
