-- name: account_without_password
-- title: An account that can log in has no proper password
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- uses: persons
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
WITH kinds AS (
  SELECT
    a.host_id AS host_id,
    a.username AS username,
    MAX(CASE WHEN a.tag = 'basic' THEN 1 ELSE 0 END) AS has_basic,
    MAX(CASE WHEN a.tag = 'basic' THEN 0 ELSE 1 END) AS has_password
  FROM authentication_authorities a
  -- CROSS JOIN: SQLite then reads the authorities once.
  CROSS JOIN persons p
  WHERE p.host_id = a.host_id
    AND p.username = a.username
    AND a.tag IN ('ShadowHash', 'Kerberosv5', 'LocalCachedUser', 'ApplePasswordServer', 'basic')
  GROUP BY a.host_id, a.username
)
SELECT
  p.host_id,
  p.username AS subject,
  p.uid,
  p.shell,
  p.is_admin,
  COALESCE(k.has_basic, 0) AS has_basic
FROM persons p
JOIN known_tables t
  ON t.host_id = p.host_id
  AND t.table_name = 'authentication_authorities'
LEFT JOIN kinds k
  ON k.host_id = p.host_id
  AND k.username = p.username
WHERE COALESCE(k.has_password, 0) = 0
  OR k.has_basic = 1
ORDER BY p.host_id, p.username, COALESCE(p.uuid, '');
