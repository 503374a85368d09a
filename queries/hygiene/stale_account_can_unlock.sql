-- name: stale_account_can_unlock
-- title: An unused account can unlock the disk
-- group: hygiene
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- purpose: The account was not used for 90 days, and it is a FileVault user or holds a secure token: with FileVault on, its
--   password still unlocks the disk at startup. No source of this version tells when an account was last used, so that
--   this is not asked unless the evidence has a last_login_time. Of disabled accounts disabled_account_can_unlock speaks.
-- requires: secure_tokens.secure_token where COALESCE(is_guest, 0) = 0,
--   account_policy_data.last_login_time where EXISTS (SELECT 1 FROM secure_tokens s
--     WHERE s.host_id = account_policy_data.host_id AND s.username = account_policy_data.username
--       AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1)),
--   account_policy_data,
--   no secure_tokens where (COALESCE(secure_token, 1) = 1 OR filevault_enabled = 1) AND COALESCE(is_guest, 0) = 0
--     AND NOT EXISTS (SELECT 1 FROM account_policy_data a
--     WHERE a.host_id = secure_tokens.host_id AND a.username = secure_tokens.username)
-- remediation: Make sure that another administrator with a token can log in, and that another user or an escrowed key
--   unlocks the disk; then take the account out of FileVault, or delete it. Let mobile accounts expire.
-- references: 800-53r5 AC-2(3)
-- false-positives: A break-glass account that is meant to lie unused.
WITH holders AS (
  -- DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    t.host_id AS host_id,
    t.username AS username,
    t.uuid AS uuid,
    t.uid AS uid,
    t.secure_token AS secure_token,
    t.filevault_enabled AS filevault_enabled,
    t.is_admin AS is_admin
  FROM secure_tokens t
  WHERE t.secure_token = 1
    OR t.filevault_enabled = 1
)
SELECT
  s.host_id,
  s.username AS subject,
  s.secure_token,
  s.filevault_enabled,
  s.is_admin,
  MAX(a.last_login_time) AS last_login_time
FROM account_policy_data a
-- CROSS JOIN: SQLite then reads the logins once.
CROSS JOIN holders s
WHERE a.last_login_time < :now - 90 * 86400
  AND s.host_id = a.host_id
  AND s.username = a.username
  AND COALESCE(s.uuid, '') = COALESCE(a.uuid, '')
  AND NOT EXISTS (
    SELECT 1
    FROM account_policy_data n
    WHERE n.host_id = s.host_id
      AND n.username = s.username
      AND COALESCE(n.uuid, '') = COALESCE(s.uuid, '')
      AND n.last_login_time >= :now - 90 * 86400
  )
GROUP BY s.host_id, s.username, s.uuid, s.uid, s.secure_token, s.filevault_enabled, s.is_admin
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
