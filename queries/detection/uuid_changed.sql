-- name: uuid_changed
-- title: An account was made anew under an old name
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now a short name came back with another GeneratedUID: the account was
--   deleted and made again, and the former GeneratedUID may still unlock the disk.
-- requires: users.uuid
-- remediation: Look at filevault_orphan_users, at who owns the home folder and at deleted_users.
-- references: ATT&CK T1136.001, T1098; 800-53r5 IA-4
-- false-positives: A Mac that was erased and kept its hardware UUID.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    n.uid AS uid,
    n.uuid AS uuid,
    n.is_admin AS is_admin,
    n.valid_from_time AS change_time
  FROM users_history n
  CROSS JOIN firsts f
  WHERE n.uuid IS NOT NULL
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
again AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uid AS uid,
    r.uuid AS uuid,
    r.is_admin AS is_admin,
    r.change_time AS change_time,
    MAX(
      CASE
        WHEN p.uuid <> r.uuid AND p.valid_until_time <= r.change_time THEN p.valid_until_time
      END
    ) AS former_until_time
  FROM users_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.username = r.username
  GROUP BY r.host_id, r.username, r.uid, r.uuid, r.is_admin, r.change_time
  -- This one was not there before.
  HAVING MAX(CASE WHEN p.uuid = r.uuid AND p.valid_from_time < r.change_time THEN 1 ELSE 0 END) = 0
)
SELECT
  a.host_id,
  a.username AS subject,
  a.uid,
  o.uuid AS former_uuid,
  a.uuid,
  a.is_admin,
  a.change_time
FROM users_history o
CROSS JOIN again a
-- Another had the name, and had it last.
WHERE o.host_id = a.host_id
  AND o.host_id IN (SELECT q.host_id FROM again q)
  AND o.username = a.username
  AND o.uuid <> a.uuid
  AND o.valid_until_time = a.former_until_time
  -- The former one is gone, and did not only get another name.
  AND NOT EXISTS (
    SELECT 1
    FROM users_history g
    WHERE g.host_id = a.host_id
      AND g.uuid = o.uuid
      AND g.valid_from_time <= a.change_time
      AND COALESCE(g.valid_until_time, a.change_time + 1) > a.change_time
  )
ORDER BY a.host_id, a.username, a.change_time, a.uuid, o.uuid;
