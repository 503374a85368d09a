-- name: laps_admin_holds_secure_token
-- title: The administrator that MDM manages holds a token and has had its password changed
-- group: hygiene
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: low
-- explained-by: only_token_holder_is_managed_admin for the same subject
-- purpose: MDM sets a hash, not a password: the login follows, FileVault does not, and the two passwords
--   drift apart.
-- requires: managed_users,
--   secure_tokens.secure_token where EXISTS (SELECT 1 FROM managed_users m
--     WHERE m.host_id = secure_tokens.host_id AND m.uuid = secure_tokens.uuid),
--   account_policy_data.password_last_set_time where EXISTS (SELECT 1 FROM managed_users m
--     WHERE m.host_id = account_policy_data.host_id AND m.uuid = account_policy_data.uuid),
--   account_policy_data.creation_time where EXISTS (SELECT 1 FROM managed_users m
--     WHERE m.host_id = account_policy_data.host_id AND m.uuid = account_policy_data.uuid),
--   account_policy_data,
--   no managed_users where EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = managed_users.host_id
--     AND s.uuid = managed_users.uuid AND COALESCE(s.secure_token, 1) = 1) AND NOT EXISTS (SELECT 1
--     FROM account_policy_data a WHERE a.host_id = managed_users.host_id AND a.uuid = managed_users.uuid)
-- remediation: Make sure that the person who uses the Mac is an administrator with a token, or that the bootstrap token is
--   escrowed. Then take this account out of FileVault (an administrator runs fdesetup remove -user), or have its password
--   changed at the Mac with the former one, which makes both equal again. From then on nobody logs in with it at the login
--   window; new Macs are set up with their real user first.
-- references: 800-53r5 IA-5
-- false-positives: A change by somebody who knew the former password, which keeps both equal.
SELECT
  s.host_id,
  s.username AS subject,
  m.kind,
  a.creation_time,
  a.password_last_set_time
FROM managed_users m
JOIN secure_tokens s
  ON s.host_id = m.host_id
  AND s.uuid = m.uuid
JOIN account_policy_data a
  ON a.host_id = m.host_id
  AND a.uuid = m.uuid
WHERE m.kind = 'auto_setup_admin'
  AND s.secure_token = 1
  AND a.password_last_set_time > a.creation_time + 86400
ORDER BY s.host_id, s.username, m.source;
