-- name: account_deleted
-- title: An account was deleted
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- history: yes
-- explained-by: secure_token_lost for the same subject
-- purpose: In the seven days before :now an account went away that was there before. One that only got another name is
--   in account_renamed, and one whose name another account has from then on in uuid_changed; what it held of secure
--   tokens is in secure_token_lost. Accounts of macOS that nobody used are left out, for updates take some away, and so
--   is Guest.
-- requires: users.uuid,
--   users.is_system_account
-- remediation: Match it to a ticket. If nobody knows of it, an administrator took away the access of somebody: see that
--   an administrator with a token is left who can log in, and that the disk can be unlocked (lockout_ways), before
--   anything else is changed. filevault_orphan_users tells whether FileVault still lists the account.
-- attack: T1531
-- nist-800-53: AC-2, AC-2(4)
-- false-positives: A person who left, a temporary account that served its purpose, an agent that was removed.
WITH recent AS (
  SELECT DISTINCT
    o.host_id,
    o.username,
    COALESCE(o.uuid, '') AS uuid,
    o.uid,
    o.is_admin,
    o.account_type,
    o.valid_until_time AS change_time
  FROM users_history o
  WHERE o.valid_until_time > :now - 7 * 86400
    AND o.valid_until_time <= :now
    AND (o.is_system_account = 0 OR o.is_awake = 1)
    AND COALESCE(o.account_type, '') <> 'guest'
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.uid AS uid,
    r.is_admin AS is_admin,
    r.account_type AS account_type,
    r.change_time AS change_time,
    -- A GeneratedUID that is not known is not another one.
    MAX(CASE WHEN p.username = r.username AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '')
      AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END) AS goes_on,
    MIN(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_from_time = r.change_time
      THEN p.username END) AS next_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_from_time = r.change_time
      THEN p.username END) AS other_next_name,
    -- Another account has the name from then on: uuid_changed tells it.
    MAX(CASE WHEN p.username = r.username AND p.uuid <> r.uuid AND p.valid_from_time = r.change_time THEN 1 ELSE 0 END)
      AS is_replaced,
    -- It may have got a name of which the GeneratedUID is not known.
    MAX(CASE WHEN p.uuid IS NULL AND p.username <> r.username AND p.valid_from_time = r.change_time THEN 1 ELSE 0 END)
      AS is_vague,
    -- Somebody else had the GeneratedUID already.
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_from_time < r.change_time
      AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1 ELSE 0 END) AS is_double
  FROM users_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time <= r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.uid, r.is_admin, r.account_type, r.change_time
)
SELECT
  c.host_id,
  c.username AS subject,
  c.uid,
  c.account_type,
  c.is_admin,
  c.change_time
FROM compared c
WHERE c.goes_on = 0
  AND c.is_vague = 0
  AND c.is_replaced = 0
  AND NOT (c.is_double = 0 AND c.next_name IS NOT NULL AND c.next_name = c.other_next_name)
ORDER BY c.host_id, c.username, c.change_time, c.uuid, COALESCE(c.uid, -1);
