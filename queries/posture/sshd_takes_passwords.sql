-- name: sshd_takes_passwords
-- title: Remote Login takes passwords
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: sshd lets in whoever knows the password of an account: PasswordAuthentication is on, or sshd asks for the
--   password by another name (KbdInteractiveAuthentication with PAM). A password can be guessed and stolen, from any
--   network that reaches the Mac. Where a Match block says otherwise for some, the answer is unknown.
-- requires: hosts.remote_login_enabled,
--   sshd_config.password_authentication,
--   sshd_config.kbd_interactive_authentication,
--   sshd_config.use_pam,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Make sure that everybody who logs in so has a key that works, and that an administrator with a token can
--   log in at the Mac. Then set PasswordAuthentication no and KbdInteractiveAuthentication no in a file of
--   /etc/ssh/sshd_config.d that comes before 100-macos.conf, and try it with a second session while the first stays open.
-- mscp: auth_ssh_password_authentication_disable
-- stig: APPL-26-001150
-- nist-800-53: IA-2, IA-2(1), IA-2(2), IA-2(6), IA-2(8), IA-5(2), MA-4
-- attack: T1021.004, T1110
-- false-positives: macOS ships sshd so. A Mac that only a VPN or a few computers can reach.
SELECT
  h.host_id,
  'host' AS subject,
  s.password_authentication,
  s.kbd_interactive_authentication,
  s.use_pam
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (
    s.password_authentication = 1
    OR (s.kbd_interactive_authentication = 1 AND s.use_pam = 1)
  )
ORDER BY h.host_id;
