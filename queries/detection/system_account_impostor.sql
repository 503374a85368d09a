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
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.uuid,
  u.shell,
  CASE
    WHEN u.uid = 0 AND u.username <> 'root' THEN 'uid_0'
    WHEN same_uid.uid IS NOT NULL THEN 'same_uid'
    WHEN same_uuid.uuid IS NOT NULL THEN 'same_uuid'
    ELSE 'name'
  END AS kind
FROM users u
LEFT JOIN (
  SELECT host_id, uid
  FROM users
  GROUP BY host_id, uid
  HAVING COUNT(*) > 1
) same_uid
  ON same_uid.host_id = u.host_id
  AND same_uid.uid = u.uid
LEFT JOIN (
  SELECT host_id, uuid
  FROM users
  GROUP BY host_id, uuid
  HAVING COUNT(*) > 1
) same_uuid
  ON same_uuid.host_id = u.host_id
  AND same_uuid.uuid = u.uuid
WHERE (u.uid = 0 AND u.username <> 'root')
  OR same_uid.uid IS NOT NULL
  OR same_uuid.uuid IS NOT NULL
  OR (
    SUBSTR(u.username, 1, 1) = '_'
    AND u.is_system_account = 0
    AND u.can_login = 1
    AND COALESCE(u.account_type, '') <> 'setup_assistant'
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
