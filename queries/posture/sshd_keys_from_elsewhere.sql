-- name: sshd_keys_from_elsewhere
-- title: Remote Login takes keys that stand in no home directory
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: sshd asks a program for keys, looks for them in a file that is not .ssh/authorized_keys of the home, or trusts
--   every key that another key signed: who may log in is then decided elsewhere, and no look at the homes shows it.
-- requires: hosts.remote_login_enabled,
--   sshd_config.has_authorized_keys_command,
--   sshd_config.has_trusted_user_ca,
--   sshd_config.authorized_keys_file,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Ask who set AuthorizedKeysCommand, AuthorizedKeysFile or TrustedUserCAKeys in /etc/ssh/sshd_config or its
--   folder. Where nobody did, keep a copy as evidence, make sure that an administrator with a token can log in another
--   way, and take the line away.
-- nist-800-53: AC-17, IA-5(2)
-- attack: T1098.004, T1556
-- false-positives: Organisations that sign keys or keep them in a directory.
SELECT
  h.host_id,
  'host' AS subject,
  s.authorized_keys_file,
  s.has_authorized_keys_command,
  s.has_trusted_user_ca
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (
    s.has_authorized_keys_command = 1
    OR s.has_trusted_user_ca = 1
    OR REPLACE(s.authorized_keys_file, '(another)', '') <> s.authorized_keys_file
  )
ORDER BY h.host_id;
