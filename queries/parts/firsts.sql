-- name: firsts
-- purpose: When the first snapshot of each host was taken: its rows are no change.
-- also-reads: snapshots, latest_snapshots
firsts AS (
  -- DISTINCT: SQLite then makes this list once, and does not fold it into what reads it.
  SELECT DISTINCT
    l.host_id,
    (SELECT MIN(s.collected_time) FROM snapshots s WHERE s.host_id = l.host_id) AS first_time
  FROM latest_snapshots l
)
