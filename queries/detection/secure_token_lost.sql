-- name: secure_token_lost
-- title: An account lost its secure token
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- history: yes
-- explained-by: uuid_changed for the same subject
-- uses: firsts
-- purpose: In the seven days before :now an account lost its secure token, or went away with it: a password
--   reset out of band, a removal by hand, or tampering.
-- requires: secure_tokens.secure_token where COALESCE(is_guest, 0) = 0,
--   apfs_crypto_users
-- remediation: Look at password_last_set_time, at the rotation of managed passwords and at MDM commands; grant the token
--   anew by a login of its user. An account that MDM manages stays without one: see laps_admin_holds_secure_token.
-- references: ATT&CK T1531; 800-53r5 AC-2(4)
-- false-positives: Accounts that were deleted on purpose; see is_account_gone.
WITH recent AS (
  -- Without a token now.
  SELECT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, '') AS uuid,
    n.is_admin AS is_admin,
    0 AS is_account_gone,
    CASE WHEN SUBSTR(n.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END AS is_by_apfs,
    n.valid_from_time AS change_time
  FROM secure_tokens_history n
  CROSS JOIN firsts f
  WHERE n.secure_token = 0
    -- APFS lists Guest whenever it is on. What an older version saw does not say who Guest is.
    AND COALESCE(
      n.is_guest,
      CASE WHEN n.uid = 201 AND n.uuid = 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' THEN 1 ELSE 0 END
    ) = 0
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
  UNION ALL
  -- With a token until then.
  SELECT
    o.host_id,
    o.username,
    COALESCE(o.uuid, '') AS uuid,
    o.is_admin,
    1 AS is_account_gone,
    0 AS is_by_apfs,
    o.valid_until_time AS change_time
  FROM secure_tokens_history o
  WHERE o.secure_token = 1
    AND COALESCE(
      o.is_guest,
      CASE WHEN o.uid = 201 AND o.uuid = 'FFFFEEEE-DDDD-CCCC-BBBB-AAAA000000C9' THEN 1 ELSE 0 END
    ) = 0
    AND o.valid_until_time > :now - 7 * 86400
    AND o.valid_until_time <= :now
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.is_admin AS is_admin,
    r.is_account_gone AS is_account_gone,
    r.change_time AS change_time,
    -- Verdicts with APFS and without it are not compared: a source that was missing is no change.
    MAX(CASE WHEN p.secure_token = 0 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS last_no_time,
    MAX(CASE WHEN p.secure_token = 1 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS last_yes_time,
    MAX(CASE WHEN p.username = r.username AND p.valid_from_time = r.change_time THEN 1 ELSE 0 END) AS goes_on,
    MAX(CASE WHEN p.username = r.username AND p.valid_until_time = r.change_time
      AND p.valid_from_time < r.change_time THEN 1 ELSE 0 END) AS was_there,
    -- The same GeneratedUID under another name: who had it until then, and who has it from then on.
    MIN(CASE WHEN p.username <> r.username AND p.valid_until_time = r.change_time THEN p.username END) AS former_name,
    MAX(CASE WHEN p.username <> r.username AND p.valid_until_time = r.change_time THEN p.username END) AS other_former_name,
    MIN(CASE WHEN p.username <> r.username AND p.valid_from_time = r.change_time THEN p.username END) AS next_name,
    MAX(CASE WHEN p.username <> r.username AND p.valid_from_time = r.change_time THEN p.username END) AS other_next_name,
    MAX(CASE WHEN p.username <> r.username AND p.valid_from_time < r.change_time
      AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1 ELSE 0 END) AS is_double_before,
    MAX(CASE WHEN p.username <> r.username
      AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END) AS is_double_after,
    MAX(CASE WHEN p.secure_token = 0 AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS former_no_time,
    MAX(CASE WHEN p.secure_token = 1 AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS former_yes_time
  FROM secure_tokens_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time <= r.change_time
    -- A GeneratedUID that is not known is not another one.
    AND (p.uuid = r.uuid OR (p.username = r.username AND (p.uuid IS NULL OR r.uuid = '')))
  GROUP BY r.host_id, r.username, r.uuid, r.is_admin, r.is_account_gone, r.is_by_apfs, r.change_time
),
renamed AS (
  SELECT
    c.*,
    -- One account on either side has the GeneratedUID: it got another name.
    CASE
      WHEN c.is_account_gone = 0 AND c.was_there = 0 AND c.is_double_after = 0
        AND c.former_name = c.other_former_name THEN 1
      WHEN c.is_account_gone = 1 AND c.goes_on = 0 AND c.is_double_before = 0
        AND c.next_name = c.other_next_name THEN 1
      ELSE 0
    END AS is_renamed
  FROM compared c
)
SELECT
  c.host_id,
  c.username AS subject,
  c.is_admin,
  c.is_account_gone,
  c.change_time
FROM renamed c
-- What was last known of it was that it has one, or nothing follows it: the account is gone.
WHERE (c.is_account_gone = 0 AND c.is_renamed = 0 AND c.last_yes_time > c.last_no_time)
  OR (c.is_account_gone = 0 AND c.is_renamed = 1 AND c.former_yes_time > c.former_no_time)
  OR (c.is_account_gone = 1 AND c.is_renamed = 0 AND c.goes_on = 0)
ORDER BY c.host_id, c.username, c.change_time, c.is_account_gone, c.uuid;
