-- name: sshd_takes_empty_passwords
-- title: Remote Login takes an empty password
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- purpose: PermitEmptyPasswords is on: an account without a password is open to whoever reaches the Mac. macOS ships it off.
-- requires: hosts.remote_login_enabled,
--   sshd_config.permit_empty_passwords,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Set PermitEmptyPasswords no in a file of /etc/ssh/sshd_config.d that comes before 100-macos.conf, and ask who
--   set it. Give a password to each account that has none (account_without_password).
-- nist-800-53: AC-17, IA-5
-- attack: T1021.004, T1078.003
-- false-positives: None that is known.
SELECT
  h.host_id,
  'host' AS subject,
  s.permit_empty_passwords,
  s.password_authentication
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND s.permit_empty_passwords = 1
ORDER BY h.host_id;
