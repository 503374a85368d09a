-- name: account_without_password
-- title: An account that can log in has no proper password
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- purpose: The account has no authority that checks a password, or the obsolete kind "basic".
-- requires: users.can_login,
--   users.account_type where COALESCE(can_login, 1) = 1 AND COALESCE(is_system_account, 1) = 1,
--   authentication_authorities
-- remediation: Find out who made it, and keep the record of it. An account that was made half-way gets a password,
--   one of a service a shell that is none (/usr/bin/false). Make sure that another administrator with a token can log
--   in, and that nothing runs as it, before it is deleted.
-- references: mSCP os_store_encrypted_passwords; 800-53r5 IA-5(1)
-- false-positives: Service accounts that were made with a shell and without a password (often postgres of a database, or a
--   build user), and accounts that log in with an SSH key only. To make sure: the product is installed, the home folder is
--   its own, the account is no administrator (is_admin), and has_basic is 0.
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.shell,
  u.is_admin,
  CASE
    WHEN EXISTS (
      SELECT 1
      FROM authentication_authorities a
      WHERE a.host_id = u.host_id
        AND a.username = u.username
        AND a.tag = 'basic'
    ) THEN 1
    ELSE 0
  END AS has_basic
FROM users u
JOIN known_tables k
  ON k.host_id = u.host_id
  AND k.table_name = 'authentication_authorities'
WHERE u.can_login = 1
  AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest')
  AND (u.is_system_account = 0 OR u.account_type IS NOT NULL)
  AND (
    NOT EXISTS (
      SELECT 1
      FROM authentication_authorities a
      WHERE a.host_id = u.host_id
        AND a.username = u.username
        AND a.tag IN ('ShadowHash', 'Kerberosv5', 'LocalCachedUser', 'ApplePasswordServer')
    )
    OR EXISTS (
      SELECT 1
      FROM authentication_authorities a
      WHERE a.host_id = u.host_id
        AND a.username = u.username
        AND a.tag = 'basic'
    )
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
