-- name: sshd_shows_no_policy
-- title: Remote Login shows no text before a login
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: No Banner is set: nobody is told before the login whose Mac it is and what is allowed. What the text says is not
--   read.
-- requires: hosts.remote_login_enabled,
--   sshd_config.banner,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Write the text to /etc/banner and set Banner /etc/banner in a file of /etc/ssh/sshd_config.d.
-- mscp: os_policy_banner_ssh_enforce
-- stig: APPL-26-000024
-- nist-800-53: AC-8
-- false-positives: Organisations that have no such text: most of them.
SELECT
  h.host_id,
  'host' AS subject,
  s.banner
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND s.banner = 'none'
ORDER BY h.host_id;
