-- name: token_drift_over_time
-- title: Token holders, administrators, escrowed hosts and conflicts by week
-- group: fleet
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: info
-- history: yes
-- scope: fleet
-- purpose: How the fleet stood at the end of each of the last thirteen weeks, as was known then. Each host
--   counts once, however often it was looked at. Weeks begin on Monday, 0 o'clock UTC.
-- requires: secure_tokens,
--   users,
--   bootstrap_tokens
-- also-reads: conflicts, snapshots, latest_snapshots
-- remediation: None: a report.
-- references: 800-53r5 CA-7
-- false-positives: None: it is a count.
WITH weeks AS (
  -- DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    seen.week_time,
    CASE WHEN seen.week_time + 604800 < :now THEN seen.week_time + 604800 ELSE :now END AS end_time,
    seen.hosts_seen
  FROM (
    SELECT
      -- 345600 is the first Monday of 1970.
      s.collected_time - (s.collected_time - 345600) % 604800 AS week_time,
      COUNT(DISTINCT s.host_id) AS hosts_seen
    FROM latest_snapshots l
    CROSS JOIN snapshots s
    WHERE s.host_id = l.host_id
      AND s.status IN ('complete', 'partial')
      -- What is dated later than the last one that counts was dated by a wrong clock.
      AND s.collected_time <= l.collected_time
      AND s.collected_time > :now - 13 * 604800
      AND s.collected_time <= :now
    GROUP BY s.collected_time - (s.collected_time - 345600) % 604800
  ) seen
),
counts AS (
  SELECT w.week_time AS week_time, COUNT(*) AS token_holders, 0 AS admins, 0 AS escrowed, 0 AS conflicts
  FROM secure_tokens_history t
  CROSS JOIN weeks w
  WHERE t.valid_from_time <= w.end_time
    AND COALESCE(t.valid_until_time, w.end_time + 1) > w.end_time
    AND t.secure_token = 1
  GROUP BY w.week_time
  UNION ALL
  SELECT w.week_time AS week_time, 0 AS token_holders, COUNT(*) AS admins, 0 AS escrowed, 0 AS conflicts
  FROM users_history u
  CROSS JOIN weeks w
  WHERE u.valid_from_time <= w.end_time
    AND COALESCE(u.valid_until_time, w.end_time + 1) > w.end_time
    AND u.is_admin = 1
  GROUP BY w.week_time
  UNION ALL
  SELECT w.week_time AS week_time, 0 AS token_holders, 0 AS admins, COUNT(*) AS escrowed, 0 AS conflicts
  FROM bootstrap_tokens_history b
  CROSS JOIN weeks w
  WHERE b.valid_from_time <= w.end_time
    AND COALESCE(b.valid_until_time, w.end_time + 1) > w.end_time
    AND b.escrowed_to_server = 1
  GROUP BY w.week_time
  UNION ALL
  SELECT w.week_time AS week_time, 0 AS token_holders, 0 AS admins, 0 AS escrowed, COUNT(*) AS conflicts
  FROM conflicts_history c
  CROSS JOIN weeks w
  WHERE c.valid_from_time <= w.end_time
    AND COALESCE(c.valid_until_time, w.end_time + 1) > w.end_time
  GROUP BY w.week_time
)
SELECT
  CAST(NULL AS VARCHAR(36)) AS host_id,
  'week of ' || CAST(w.week_time AS VARCHAR(12)) AS subject,
  w.week_time,
  w.hosts_seen,
  COALESCE(MAX(n.token_holders), 0) AS token_holders,
  COALESCE(MAX(n.admins), 0) AS admins,
  COALESCE(MAX(n.escrowed), 0) AS escrowed,
  COALESCE(MAX(n.conflicts), 0) AS conflicts
FROM weeks w
LEFT JOIN counts n ON n.week_time = w.week_time
GROUP BY w.week_time, w.hosts_seen
ORDER BY w.week_time;
