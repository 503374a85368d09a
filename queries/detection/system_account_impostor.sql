-- name: system_account_impostor
-- title: An account poses as one of macOS, or shares its identity
-- group: detection
-- severity: high
-- purpose: An account is named like those of macOS and can log in, has uid 0 without being root, or has the
--   uid or the GeneratedUID of another account.
-- requires: users.uid,
--   users.can_login where SUBSTR(username, 1, 1) = '_' AND COALESCE(is_system_account, 0) = 0,
--   users.is_system_account where SUBSTR(username, 1, 1) = '_'
-- remediation: Treat it as a compromise until it is explained.
-- references: ATT&CK T1036.010, T1564.002, T1136.001; 800-53r5 IA-4
-- false-positives: Agents of some products make a service account of such a name with a real shell.
WITH shared AS (
  -- Hosts on which two accounts have one uid or one GeneratedUID: few.
  SELECT host_id
  FROM users
  GROUP BY host_id
  HAVING COUNT(uid) > COUNT(DISTINCT uid)
    OR COUNT(uuid) > COUNT(DISTINCT uuid)
),
twins AS (
  SELECT
    d.host_id,
    d.username,
    COALESCE(d.uuid, '') AS uuid,
    COUNT(*) OVER (PARTITION BY d.host_id, d.uid) AS same_uid,
    COUNT(*) OVER (PARTITION BY d.host_id, d.uuid) AS same_uuid,
    d.uid
  FROM users d
  WHERE d.host_id IN (SELECT s.host_id FROM shared s)
)
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.uuid,
  u.shell,
  CASE
    WHEN u.uid = 0 AND u.username <> 'root' THEN 'uid_0'
    WHEN t.same_uid > 1 AND u.uid IS NOT NULL THEN 'same_uid'
    WHEN t.same_uuid > 1 AND u.uuid IS NOT NULL THEN 'same_uuid'
    ELSE 'name'
  END AS kind
FROM users u
LEFT JOIN twins t
  ON t.host_id = u.host_id
  AND t.username = u.username
  AND t.uuid = COALESCE(u.uuid, '')
  AND COALESCE(t.uid, -1) = COALESCE(u.uid, -1)
WHERE (u.uid = 0 AND u.username <> 'root')
  OR (t.same_uid > 1 AND u.uid IS NOT NULL)
  OR (t.same_uuid > 1 AND u.uuid IS NOT NULL)
  OR (
    SUBSTR(u.username, 1, 1) = '_'
    AND u.is_system_account = 0
    AND u.can_login = 1
    AND COALESCE(u.account_type, '') <> 'setup_assistant'
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, ''), COALESCE(u.uid, -1);
