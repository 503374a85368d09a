-- name: new_names
-- purpose: Names that came in the seven days before :now, and whose they are. The GeneratedUID is the account: where
--   one account alone had it before, and one alone has it after, it got another name.
-- requires: users.uuid
recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    n.uuid AS uuid,
    n.uid AS uid,
    n.is_admin AS is_admin,
    n.is_hidden AS is_hidden,
    n.account_type AS account_type,
    n.can_login AS can_login,
    n.is_system_account AS is_system_account,
    n.is_awake AS is_awake,
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
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.uid AS uid,
    r.is_admin AS is_admin,
    r.is_hidden AS is_hidden,
    r.account_type AS account_type,
    r.can_login AS can_login,
    r.is_system_account AS is_system_account,
    r.is_awake AS is_awake,
    r.change_time AS change_time,
    -- A GeneratedUID that was not known is not another one.
    MAX(CASE WHEN p.username = r.username AND COALESCE(p.uuid, r.uuid) = r.uuid AND p.valid_from_time < r.change_time
      AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1 ELSE 0 END) AS was_there,
    MIN(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS other_former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username
      AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END) AS is_double,
    MAX(CASE WHEN p.valid_from_time < r.change_time THEN 1 ELSE 0 END) AS has_past
  FROM users_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone. A host without a past of this table has no row.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time <= r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.uid, r.is_admin, r.is_hidden, r.account_type, r.can_login,
    r.is_system_account, r.is_awake, r.change_time
),
new_names AS (
  SELECT
    c.*,
    -- NULL: the account itself is new.
    CASE WHEN c.is_double = 0 AND c.former_name = c.other_former_name THEN c.former_name END AS renamed_from
  FROM compared c
  WHERE c.has_past = 1
    AND c.was_there = 0
)
