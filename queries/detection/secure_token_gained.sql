-- name: secure_token_gained
-- title: An account gained a secure token
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- history: yes
-- explained-by: uuid_changed for the same subject
-- uses: firsts
-- purpose: In the seven days before :now an account came to hold a secure token. It is suspicious without a
--   bootstrap token, and for hidden and service accounts.
-- requires: secure_tokens.secure_token where COALESCE(is_guest, 0) = 0,
--   apfs_crypto_users
-- also-reads: snapshots, latest_snapshots, bootstrap_tokens
-- remediation: Expected at the first login while a bootstrap token is escrowed; otherwise find out who
--   granted it.
-- references: ATT&CK T1098; 800-53r5 AC-2(4)
-- false-positives: Every new user of a managed Mac, once. Agents whose service account grants tokens or installs updates
--   get one when they are set up (JumpCloud _jumpcloudserviceaccount, Automox _automoxserviceaccount, super of
--   S.U.P.E.R.M.A.N.): their console knows it.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, '') AS uuid,
    n.is_admin AS is_admin,
    n.confidence AS confidence,
    n.sources AS sources,
    CASE WHEN SUBSTR(n.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END AS is_by_apfs,
    n.valid_from_time AS change_time
  FROM secure_tokens_history n
  CROSS JOIN firsts f
  WHERE n.secure_token = 1
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
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.is_admin AS is_admin,
    r.confidence AS confidence,
    r.sources AS sources,
    r.change_time AS change_time,
    -- Verdicts with APFS and without it are not compared: a source that was missing is no change.
    MAX(CASE WHEN p.valid_until_time = r.change_time AND p.username = r.username
      AND p.valid_from_time < r.change_time
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN 1 ELSE 0 END) AS was_there,
    MAX(CASE WHEN p.secure_token = 0 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN p.valid_from_time ELSE 0 END) AS last_no_time,
    MAX(CASE WHEN p.secure_token = 1 AND p.username = r.username AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      AND (COALESCE(p.uuid, r.uuid) = r.uuid OR r.uuid = '') THEN p.valid_from_time ELSE 0 END) AS last_yes_time,
    -- The same GeneratedUID under another name: who had it until then, and who has it from then on.
    MIN(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username AND p.valid_until_time = r.change_time
      THEN p.username END) AS other_former_name,
    MAX(CASE WHEN p.uuid = r.uuid AND p.username <> r.username
      AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1 ELSE 0 END) AS is_double,
    MAX(CASE WHEN p.secure_token = 0 AND p.uuid = r.uuid AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS former_no_time,
    MAX(CASE WHEN p.secure_token = 1 AND p.uuid = r.uuid AND p.valid_from_time < r.change_time
      AND CASE WHEN SUBSTR(p.sources, 1, 4) = 'apfs' THEN 1 ELSE 0 END = r.is_by_apfs
      THEN p.valid_from_time ELSE 0 END) AS former_yes_time,
    MAX(CASE WHEN p.valid_from_time < r.change_time THEN 1 ELSE 0 END) AS has_past
  FROM secure_tokens_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone. A host without a past of this table has no row.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time <= r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.is_admin, r.confidence, r.sources, r.is_by_apfs, r.change_time
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
  c.is_admin,
  c.confidence,
  c.sources,
  b.state AS bootstrap_state,
  c.change_time
FROM renamed c
LEFT JOIN bootstrap_tokens b ON b.host_id = c.host_id
WHERE c.has_past = 1
  AND (
    -- It was not there just before, or what was last known of it was that it has none.
    (c.is_renamed = 0 AND (c.was_there = 0 OR c.last_no_time > c.last_yes_time))
    OR (c.is_renamed = 1 AND c.former_no_time > c.former_yes_time)
  )
ORDER BY c.host_id, c.username, c.change_time, c.uuid;
