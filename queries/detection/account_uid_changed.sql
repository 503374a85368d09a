-- name: account_uid_changed
-- title: An account got another uid
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now an account took another uid and kept its GeneratedUID. A uid below 500 hides
--   it at the login window, uid 0 makes it root, and the uid of somebody else opens what belongs to them.
-- requires: users.uuid,
--   users.uid
-- remediation: Match it to a change record. If nobody knows of it, keep the record of the account, find out what the
--   new uid owns, and who did it: it takes an administrator. Give the former uid back only when another administrator
--   with a token can log in.
-- attack: T1098, T1564.002
-- nist-800-53: AC-2(4), IA-4
-- false-positives: A move to a directory, or scripts that make uids equal over all Macs. Nix has a script that moves
--   its build users to uids that macOS does not use.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    n.uuid AS uuid,
    n.uid AS uid,
    n.is_admin AS is_admin,
    n.valid_from_time AS change_time
  FROM users_history n
  CROSS JOIN firsts f
  WHERE n.uuid IS NOT NULL
    AND n.uid IS NOT NULL
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.uid AS uid,
    r.is_admin AS is_admin,
    r.change_time AS change_time,
    MIN(CASE WHEN p.uid <> r.uid AND p.valid_until_time = r.change_time THEN p.uid END) AS former_uid,
    -- It had this one already, or another account has the GeneratedUID as well.
    MAX(CASE WHEN p.uid = r.uid AND p.valid_from_time < r.change_time
      AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1 ELSE 0 END) AS was_there,
    MAX(CASE WHEN p.uid <> r.uid AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END)
      AS is_double
  FROM users_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.uuid = r.uuid
    AND p.valid_from_time <= r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.uid, r.is_admin, r.change_time
)
SELECT
  c.host_id,
  c.username AS subject,
  c.former_uid,
  c.uid,
  c.uuid,
  c.is_admin,
  c.change_time
FROM compared c
WHERE c.former_uid IS NOT NULL
  AND c.was_there = 0
  AND c.is_double = 0
ORDER BY c.host_id, c.username, c.change_time, c.uuid, c.uid;
