-- name: sshd_lets_root_in
-- title: Root may log in over the network
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- severity-from: how_much
-- purpose: PermitRootLogin is not "no": who logs in as root is nobody in particular, and no log says who it was. With
--   "yes" a password is enough (medium), else it takes a key of root (low). That root has a password, or that a key of
--   it is there, stands elsewhere (root_login_on).
-- requires: hosts.remote_login_enabled,
--   sshd_config.permit_root_login,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Make sure that no backup or management logs in as root, and that an administrator with a token can log in.
--   Then set PermitRootLogin no in a file of /etc/ssh/sshd_config.d that comes before 100-macos.conf.
-- mscp: os_sshd_permit_root_login_configure
-- stig: APPL-26-001100
-- nist-800-53: IA-2(5)
-- attack: T1021.004, T1078.003
-- false-positives: OpenSSH ships it with prohibit-password, and root of macOS has neither a password nor a key.
SELECT
  h.host_id,
  'host' AS subject,
  s.permit_root_login,
  CASE WHEN s.permit_root_login = 'yes' THEN 'medium' ELSE 'low' END AS how_much
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND s.permit_root_login <> 'no'
ORDER BY h.host_id;
