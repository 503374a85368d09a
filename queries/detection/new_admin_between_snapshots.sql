-- name: new_admin_between_snapshots
-- title: An account became an administrator
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- history: yes
-- explained-by: uuid_changed for the same subject
-- uses: firsts
-- purpose: In the seven days before :now an account that was none, or that did not exist, became an
--   administrator.
-- requires: users.is_admin
-- remediation: Match it to a ticket, a tool that lends rights or a Platform SSO group. Else keep the evidence, make
--   sure that another administrator with a token can log in, take the right away and investigate.
-- references: ATT&CK T1098.007, T1136.001; 800-53r5 AC-2(4), AC-6(5)
-- false-positives: Tools that make users administrators for minutes; Platform SSO, which sets the right at
--   each login. An agent that was installed in these days and makes an account of its own (JumpCloud
--   _jumpcloudserviceaccount, Automox _automoxserviceaccount, super of S.U.P.E.R.M.A.N.): its console knows it.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, '') AS uuid,
    n.uid AS uid,
    n.account_type AS account_type,
    n.is_hidden AS is_hidden,
    n.valid_from_time AS change_time
  FROM users_history n
  CROSS JOIN firsts f
  WHERE n.is_admin = 1
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
    r.account_type AS account_type,
    r.is_hidden AS is_hidden,
    r.change_time AS change_time,
    MAX(CASE WHEN p.valid_until_time = r.change_time AND p.username = r.username
      AND p.valid_from_time < r.change_time
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN 1 ELSE 0 END) AS was_there,
    MAX(CASE WHEN p.is_admin = 0 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN p.valid_from_time ELSE 0 END) AS last_no_time,
    MAX(CASE WHEN p.is_admin = 1 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN p.valid_from_time ELSE 0 END) AS last_yes_time,
    -- The same GeneratedUID under another name: who had it until then, and who has it from then on.
    MIN(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS other_former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username
      AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END) AS is_double,
    MAX(CASE WHEN p.is_admin = 0 AND p.uuid = r.uuid AND p.valid_from_time < r.change_time
      THEN p.valid_from_time ELSE 0 END) AS former_no_time,
    MAX(CASE WHEN p.is_admin = 1 AND p.uuid = r.uuid AND p.valid_from_time < r.change_time
      THEN p.valid_from_time ELSE 0 END) AS former_yes_time,
    MAX(CASE WHEN p.valid_from_time < r.change_time THEN 1 ELSE 0 END) AS has_past
  FROM users_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone. A host without a past of this table has no row.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time <= r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.uid, r.account_type, r.is_hidden, r.change_time
),
renamed AS (
  SELECT
    c.*,
    -- One account on either side has the GeneratedUID: it got another name.
    CASE WHEN c.was_there = 0 AND c.is_double = 0 AND c.former_name = c.other_former_name THEN 1 ELSE 0 END AS is_renamed
  FROM compared c
)
SELECT
  c.host_id,
  c.username AS subject,
  c.uid,
  c.account_type,
  c.is_hidden,
  -- 1 when the account itself is new.
  1 - c.was_there - c.is_renamed AS is_new_account,
  c.change_time
FROM renamed c
WHERE c.has_past = 1
  AND (
    -- It was not there just before, or what was last known of it was that it is none.
    (c.is_renamed = 0 AND (c.was_there = 0 OR c.last_no_time > c.last_yes_time))
    OR (c.is_renamed = 1 AND c.former_no_time > c.former_yes_time)
  )
ORDER BY c.host_id, c.username, c.change_time, c.uuid;
