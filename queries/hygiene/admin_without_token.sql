-- name: admin_without_token
-- title: An administrator holds no secure token
-- group: hygiene
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- explained-by: no_secure_token_user, only_token_holder_is_managed_admin, secure_token_lost for the same subject,
--   system_account_impostor for the same subject, hidden_admin for the same subject
-- purpose: A person's administrator account can neither unlock the disk, nor grant tokens, nor (Apple
--   silicon) approve updates. Administrators that MDM made (account_type managed_admin) and those that are barred from
--   a token on purpose (disabled_tag) are left out.
-- requires: secure_tokens.is_admin where COALESCE(secure_token, 0) = 0,
--   secure_tokens.secure_token where COALESCE(is_admin, 1) = 1,
--   users,
--   users.can_login where COALESCE(is_admin, 1) = 1,
--   secure_tokens.disabled_tag where COALESCE(is_admin, 1) = 1 AND COALESCE(secure_token, 0) = 0,
--   users.account_type where COALESCE(is_admin, 1) = 1 AND EXISTS (SELECT 1 FROM secure_tokens s
--     WHERE s.host_id = users.host_id AND s.username = users.username AND COALESCE(s.secure_token, 0) = 0
--     AND COALESCE(s.disabled_tag, 0) = 0),
--   hosts.boot_volume_fs
-- remediation: Have the person log in at the login window while the bootstrap token is escrowed. An account that MDM
--   manages stays without one: see laps_admin_holds_secure_token.
-- references: none
-- false-positives: Service administrators that are kept without a token on purpose and have no DisabledTags, such as the
--   management account of an MDM that was not asked (--allow-network), and agents that have not got their token yet
--   (JumpCloud _jumpcloudserviceaccount, Automox _automoxserviceaccount). Look the account up in the console of the
--   product.
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
  AND s.disabled_tag = 0
  AND u.account_type NOT IN ('root', 'setup_assistant', 'managed_admin')
  -- Only APFS has secure tokens.
  AND h.boot_volume_fs = 'apfs'
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
