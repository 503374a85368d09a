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
SELECT
  n.host_id,
  n.username AS subject,
  n.uid,
  CASE
    WHEN p.host_id IS NULL THEN 'account came with keys'
    WHEN p.keys_digest <> n.keys_digest THEN 'other keys'
    ELSE 'written again'
  END AS change_kind,
  p.key_count AS keys_before,
  n.key_count AS keys_after,
  n.file_modified_time,
  n.valid_from_time AS change_time,
  CASE WHEN p.keys_digest = n.keys_digest THEN 'low' ELSE 'medium' END AS how_much
FROM authorized_key_files_history n
LEFT JOIN authorized_key_files_history p
  ON p.host_id = n.host_id
  AND COALESCE(p.uuid, p.username) = COALESCE(n.uuid, n.username)
  -- What was last known before it.
  AND p.valid_from_time = (
    SELECT MAX(q.valid_from_time)
    FROM authorized_key_files_history q
    WHERE q.host_id = n.host_id
      AND COALESCE(q.uuid, q.username) = COALESCE(n.uuid, n.username)
      AND q.valid_from_time < n.valid_from_time
      AND q.keys_digest IS NOT NULL
  )
  AND p.keys_digest IS NOT NULL
WHERE n.valid_from_time > :now - 7 * 86400
  AND n.valid_from_time <= :now
  AND n.keys_digest IS NOT NULL
  AND (
    p.keys_digest <> n.keys_digest
    OR p.file_modified_time <> n.file_modified_time
    OR (
      p.host_id IS NULL
      AND n.key_count > 0
      -- Nothing is known of the account before; of the Mac there must be.
      AND NOT EXISTS (
        SELECT 1
        FROM authorized_key_files_history o
        WHERE o.host_id = n.host_id
          AND COALESCE(o.uuid, o.username) = COALESCE(n.uuid, n.username)
          AND o.valid_from_time < n.valid_from_time
      )
      AND EXISTS (
        SELECT 1
        FROM authorized_key_files_history b
        WHERE b.host_id = n.host_id
          AND b.valid_from_time < n.valid_from_time
      )
    )
  )
ORDER BY n.host_id, n.username, n.valid_from_time, COALESCE(n.uid, -1), COALESCE(n.uuid, '');
