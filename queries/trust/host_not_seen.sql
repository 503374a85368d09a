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
  SELECT host_id, MAX(last_good_time) AS last_good_time
  FROM table_status
  GROUP BY host_id
) newest
WHERE newest.last_good_time < :now - 604800
ORDER BY newest.host_id;
