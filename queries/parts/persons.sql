-- name: persons
-- purpose: Accounts that can log in, but for those of macOS.
persons AS (
  -- DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    u.host_id AS host_id,
    u.username AS username,
    u.uuid AS uuid,
    u.uid AS uid,
    u.shell AS shell,
    u.is_admin AS is_admin
  FROM users u
  WHERE u.can_login = 1
    AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest')
    AND (u.is_system_account = 0 OR u.account_type IS NOT NULL)
)
