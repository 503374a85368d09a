-- name: password_changed
-- title: The password of an account was changed
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now the password of an account that was there before was set anew. Somebody who
--   resets the passwords of others keeps them out; who resets one out of band may cost the account its secure token.
-- requires: account_policy_data.password_last_set_time?,
--   account_policy_data.uuid
-- remediation: Look at many changes at one time, at accounts whose owner knows of none, and at what happened at the
--   same time (secure_token_lost, account_renamed). Before a password is set again, make sure that another
--   administrator with a token can log in: a reset from outside of the account may take its token.
-- attack: T1098, T1531
-- nist-800-53: AC-2(4), IA-5
-- false-positives: Users who change their passwords, and the rotation of managed passwords: that is what most of these
--   are.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    n.uuid AS uuid,
    n.uid AS uid,
    n.password_last_set_time AS password_last_set_time,
    n.valid_from_time AS change_time
  FROM account_policy_data_history n
  CROSS JOIN firsts f
  WHERE n.uuid IS NOT NULL
    AND n.password_last_set_time IS NOT NULL
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
    r.password_last_set_time AS password_last_set_time,
    r.change_time AS change_time,
    MAX(CASE WHEN p.password_last_set_time < r.password_last_set_time THEN p.password_last_set_time END)
      AS former_set_time,
    MAX(CASE WHEN p.password_last_set_time >= r.password_last_set_time THEN 1 ELSE 0 END) AS was_there
  FROM account_policy_data_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.uuid = r.uuid
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.uid, r.password_last_set_time, r.change_time
)
SELECT
  c.host_id,
  c.username AS subject,
  c.uid,
  c.former_set_time,
  c.password_last_set_time,
  c.change_time
FROM compared c
WHERE c.was_there = 0
  AND c.former_set_time IS NOT NULL
ORDER BY c.host_id, c.username, c.change_time, c.uuid, COALESCE(c.uid, -1);
