-- name: host_not_seen
-- title: Nothing was seen of a Mac for a week
-- group: trust
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- not-seen-after: 7d
-- purpose: No table of the host was collected for seven days (--not-seen-after DURATION): what the other questions tell of
--   it is as old as that.
-- requires: table_status
-- remediation: Find out whether the Mac is in use. If it is, look at its job (tokenquery status, and the log of the job) and
--   at what carries its snapshots to this database.
-- references: 800-53r5 AU-6, CM-8
-- false-positives: A Mac that was given back, or whose owner is away.
SELECT
  newest.host_id,
  'host' AS subject,
  newest.last_good_time
FROM (
  SELECT t.host_id, MAX(t.last_good_time) AS last_good_time
  FROM table_status t
  -- Of most hosts the first table tells that they were seen.
  WHERE t.host_id IN (
    SELECT l.host_id
    FROM (SELECT DISTINCT a.host_id FROM table_status a) l
    WHERE NOT EXISTS (
      SELECT 1
      FROM table_status n
      WHERE n.host_id = l.host_id
        AND n.last_good_time >= :now - 604800
    )
  )
  GROUP BY t.host_id
) newest
WHERE newest.last_good_time < :now - 604800
ORDER BY newest.host_id;
