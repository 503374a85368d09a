-- name: sshd_keeps_idle_sessions
-- title: Remote Login keeps sessions in which nothing happens
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: An idle shell, or a connection without one, is not ended after 15 minutes (ChannelTimeout,
--   UnusedConnectionTimeout): whoever comes to the other computer finds it open. The STIG wants 900 seconds for both.
-- requires: hosts.remote_login_enabled,
--   sshd_config.shell_timeout,
--   sshd_config.unused_connection_timeout,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Set ChannelTimeout *=900 and UnusedConnectionTimeout 900 in a file of /etc/ssh/sshd_config.d that comes
--   before 100-macos.conf.
-- mscp: os_sshd_channel_timeout_configure, os_sshd_unused_connection_timeout_configure
-- stig: APPL-26-000120, APPL-26-000130
-- nist-800-53: AC-12, SC-10
-- false-positives: OpenSSH ships it so. Macs on which long jobs are watched over ssh.
SELECT
  h.host_id,
  'host' AS subject,
  s.channel_timeout,
  s.shell_timeout,
  s.unused_connection_timeout
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (
    s.shell_timeout = 0
    OR s.shell_timeout > 900
    OR s.unused_connection_timeout = 0
    OR s.unused_connection_timeout > 900
  )
ORDER BY h.host_id;
