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
SELECT
  holders.host_id,
  holders.username AS subject,
  holders.secure_token,
  holders.filevault_enabled,
  holders.is_admin,
  holders.last_login_time
FROM (
  SELECT
    s.host_id,
    s.username,
    s.uuid,
    s.secure_token,
    s.filevault_enabled,
    s.is_admin,
    (
      SELECT MAX(a.last_login_time)
      FROM account_policy_data a
      WHERE a.host_id = s.host_id
        AND a.username = s.username
        AND COALESCE(a.uuid, '') = COALESCE(s.uuid, '')
    ) AS last_login_time
  FROM secure_tokens s
  WHERE s.secure_token = 1
    OR s.filevault_enabled = 1
) holders
WHERE holders.last_login_time < :now - 90 * 86400
ORDER BY holders.host_id, holders.username, COALESCE(holders.uuid, '');
