-- name: table_not_seen
-- title: Something of a Mac was not seen for a week
-- group: trust
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- history: yes
-- not-seen-after: 7d
-- purpose: The host was looked at, and some table was not collected in these looks for seven days (--not-seen-after
--   DURATION), or never: where the questions that read it find nothing, that means nothing. A table that came in part
--   was seen; what is missing in it is told with the questions that it leaves open.
-- requires: hosts.hardware_uuid?
-- also-reads: table_status, snapshots, latest_snapshots
-- remediation: Run as root, on a schedule. Grant Full Disk Access only where table_status says that a file
--   needs it.
-- references: 800-53r5 AU-6, CM-8
-- false-positives: A fleet whose Macs are looked at without root on purpose.
SELECT
  t.host_id,
  'host' AS subject,
  t.table_name,
  t.status,
  t.code,
  t.reason,
  t.last_good_time
FROM table_status t
JOIN (
  SELECT
    l.host_id,
    l.collected_time,
    (SELECT MIN(s.collected_time) FROM snapshots s WHERE s.host_id = l.host_id) AS first_time
  FROM latest_snapshots l
) looks ON looks.host_id = t.host_id
WHERE t.status IN ('denied', 'failed', 'not_recorded')
  -- A host that nobody looked at is another question.
  AND looks.collected_time >= :now - 604800
  AND COALESCE(t.last_good_time, looks.first_time) < :now - 604800
ORDER BY t.host_id, t.table_name;
