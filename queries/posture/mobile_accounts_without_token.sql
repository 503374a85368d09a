-- name: mobile_accounts_without_token
-- title: A directory user holds no secure token
-- group: posture
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- purpose: The user can neither unlock the disk nor, on Apple silicon, approve an update. The two usual
--   causes stand beside it: the prompt is suppressed, or no bootstrap token is escrowed.
-- requires: mobile_accounts,
--   secure_tokens.secure_token where EXISTS (SELECT 1 FROM mobile_accounts m
--     WHERE m.host_id = secure_tokens.host_id AND m.username = secure_tokens.username),
--   hosts.boot_volume_fs where EXISTS (SELECT 1 FROM mobile_accounts m WHERE m.host_id = hosts.host_id)
-- also-reads: mobile_account_policies, bootstrap_tokens
-- remediation: Escrow the bootstrap token; keep askForSecureTokenAuthBypass only where FileVault is not
--   used.
-- references: 800-53r5 SC-28
-- false-positives: Shared Macs without FileVault.
SELECT
  a.host_id,
  a.username AS subject,
  s.secure_token,
  s.confidence,
  p.ask_for_secure_token_auth_bypass AS is_prompt_suppressed,
  b.state AS bootstrap_state
FROM mobile_accounts a
-- CROSS JOIN: SQLite then begins with the mobile accounts, of which there are few.
CROSS JOIN secure_tokens s
LEFT JOIN mobile_account_policies p
  ON p.host_id = a.host_id
  AND p.scope = 'device'
LEFT JOIN bootstrap_tokens b ON b.host_id = a.host_id
JOIN hosts h ON h.host_id = a.host_id
WHERE s.host_id = a.host_id
  AND s.username = a.username
  AND COALESCE(s.uuid, '') = COALESCE(a.uuid, '')
  AND s.secure_token = 0
  -- Only APFS has secure tokens.
  AND h.boot_volume_fs = 'apfs'
ORDER BY a.host_id, a.username;
