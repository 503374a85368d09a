-- name: bootstrap_token_not_escrowed
-- title: The server takes bootstrap tokens and has none of this Mac
-- group: posture
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: high
-- purpose: Users who log in later get no secure token by themselves, and on Apple silicon MDM can neither
--   enforce updates nor erase the Mac without help.
-- requires: bootstrap_tokens.supported_on_server where state <> 'not_enrolled',
--   bootstrap_tokens.escrowed_to_server where state <> 'not_enrolled' AND supported_on_server = 1
-- also-reads: hosts
-- remediation: Have a token holder log in at the login window while online; failing that, an administrator
--   runs the escrow command of profiles(1) by hand.
-- references: mSCP os_mdm_require; 800-53r5 CM-6
-- false-positives: A Mac enrolled minutes ago, before the first login of a token holder.
SELECT
  b.host_id,
  'host' AS subject,
  b.supported_on_server,
  b.escrowed_to_server,
  b.crypto_user_present,
  h.os_version,
  h.is_apple_silicon
FROM bootstrap_tokens b
LEFT JOIN hosts h ON h.host_id = b.host_id
WHERE b.supported_on_server = 1
  AND b.escrowed_to_server = 0
ORDER BY b.host_id;
