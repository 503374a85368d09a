-- name: ssh_keys_changed
-- title: The keys that may log in as an account changed
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- severity-from: how_much
-- history: yes
-- purpose: In the seven days before :now a key came, went or was replaced in ~/.ssh/authorized_keys of an account
--   (medium), or the file was written again with the keys that it had (low). Whoever puts a key there logs in without
--   the password, also after it was changed. It needs --include ssh_keys.
-- requires: authorized_key_files.keys_digest
-- remediation: Ask whose key it is: authorized_keys has its fingerprint. If nobody knows it, keep a copy of the file as
--   evidence, make sure that an administrator with a token can log in without it, and take the line away. Look at what
--   ran as the account since then.
-- nist-800-53: AC-2(4), AC-17, IA-5(2)
-- attack: T1098.004
-- false-positives: A user who adds a key of their own, and management that keeps the file. An editor that saves it
--   without a change.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, n.username) AS account,
    n.uid AS uid,
    n.key_count AS key_count,
    n.keys_digest AS keys_digest,
    n.file_modified_time AS file_modified_time,
    n.valid_from_time AS change_time
  FROM authorized_key_files_history n
  WHERE n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    AND n.keys_digest IS NOT NULL
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.account AS account,
    r.uid AS uid,
    r.key_count AS key_count,
    r.keys_digest AS keys_digest,
    r.file_modified_time AS file_modified_time,
    r.change_time AS change_time,
    MAX(CASE WHEN COALESCE(p.uuid, p.username) = r.account THEN 1 ELSE 0 END) AS was_there,
    -- When it was last known before it; 0 where it never was.
    MAX(CASE WHEN COALESCE(p.uuid, p.username) = r.account AND p.keys_digest IS NOT NULL
      THEN p.valid_from_time ELSE 0 END) AS last_known_time
  FROM authorized_key_files_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone. A host without a past of this table has no row.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.username, r.account, r.uid, r.key_count, r.keys_digest, r.file_modified_time, r.change_time
),
found AS (
  SELECT
    c.host_id AS host_id,
    c.username AS username,
    c.uid AS uid,
    'account came with keys' AS change_kind,
    CAST(NULL AS INTEGER) AS keys_before,
    c.key_count AS keys_after,
    c.file_modified_time AS file_modified_time,
    c.change_time AS change_time,
    'medium' AS how_much
  FROM compared c
  WHERE c.was_there = 0
    AND c.key_count > 0
  UNION ALL
  SELECT
    c.host_id AS host_id,
    c.username AS username,
    c.uid AS uid,
    CASE WHEN p.keys_digest = c.keys_digest THEN 'written again' ELSE 'other keys' END AS change_kind,
    p.key_count AS keys_before,
    c.key_count AS keys_after,
    c.file_modified_time AS file_modified_time,
    c.change_time AS change_time,
    CASE WHEN p.keys_digest = c.keys_digest THEN 'low' ELSE 'medium' END AS how_much
  FROM authorized_key_files_history p
  CROSS JOIN compared c
  WHERE p.host_id = c.host_id
    AND p.host_id IN (SELECT q.host_id FROM compared q)
    AND COALESCE(p.uuid, p.username) = c.account
    AND p.valid_from_time = c.last_known_time
    AND (p.keys_digest <> c.keys_digest OR p.file_modified_time <> c.file_modified_time)
)
SELECT
  f.host_id,
  f.username AS subject,
  f.uid,
  f.change_kind,
  f.keys_before,
  f.keys_after,
  f.file_modified_time,
  f.change_time,
  f.how_much
FROM found f
ORDER BY f.host_id, f.username, f.change_time, COALESCE(f.uid, -1), f.change_kind, COALESCE(f.keys_before, -1);
