-- name: sshd_waits_long_for_a_login
-- title: Remote Login waits longer than 30 seconds for a login
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: Connections that nobody has logged in to stay open for that long (LoginGraceTime), and take the place of others.
--   The STIG wants 30 seconds at most; 0 is for ever.
-- requires: hosts.remote_login_enabled,
--   sshd_config.login_grace_seconds
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Set LoginGraceTime 30 in a file of /etc/ssh/sshd_config.d that comes before 100-macos.conf.
-- mscp: os_sshd_login_grace_time_configure
-- stig: APPL-26-000053
-- nist-800-53: SC-10
-- false-positives: OpenSSH ships it with 120 seconds, which most organisations keep.
SELECT
  h.host_id,
  'host' AS subject,
  s.login_grace_seconds
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (s.login_grace_seconds > 30 OR s.login_grace_seconds = 0)
ORDER BY h.host_id;
