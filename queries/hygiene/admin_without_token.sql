-- name: admin_without_token
-- title: An administrator holds no secure token
-- group: hygiene
-- severity: medium
-- purpose: A person's administrator account can neither unlock the disk, nor grant tokens, nor (Apple
--   silicon) approve updates.
-- requires: secure_tokens.is_admin where COALESCE(secure_token, 0) = 0,
--   secure_tokens.secure_token where COALESCE(is_admin, 1) = 1,
--   users,
--   users.can_login where COALESCE(is_admin, 1) = 1,
--   users.account_type where COALESCE(is_admin, 1) = 1 AND COALESCE(is_system_account, 1) = 1,
--   hosts.boot_volume_fs
-- remediation: Log in at the login window while the bootstrap token is escrowed.
-- references: none
-- false-positives: Service administrators that are kept without a token on purpose; see disabled_tag.
SELECT
  s.host_id,
  s.username AS subject,
  s.secure_token,
  s.confidence,
  s.disabled_tag,
  u.account_type
FROM secure_tokens s
-- CROSS JOIN: SQLite then reads the few administrators without a token first.
CROSS JOIN users u
CROSS JOIN hosts h
WHERE u.host_id = s.host_id
  AND u.username = s.username
  AND COALESCE(u.uuid, '') = COALESCE(s.uuid, '')
  AND s.is_admin = 1
  AND s.secure_token = 0
  AND u.can_login = 1
  AND h.host_id = s.host_id
  AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant')
  AND (u.is_system_account = 0 OR u.account_type IS NOT NULL)
  -- Only APFS has secure tokens.
  AND h.boot_volume_fs = 'apfs'
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
