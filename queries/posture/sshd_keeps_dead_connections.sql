-- name: sshd_keeps_dead_connections
-- title: Remote Login keeps connections whose other side is gone
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: sshd does not ask whether the other side is still there, asks later than after 15 minutes, or asks more than
--   once before it ends the connection (ClientAliveInterval, ClientAliveCountMax): a session goes on after its user
--   has gone. The STIG wants 900 seconds and one question.
-- requires: hosts.remote_login_enabled,
--   sshd_config.client_alive_interval,
--   sshd_config.client_alive_count_max,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Set ClientAliveInterval 900 and ClientAliveCountMax 1 in a file of /etc/ssh/sshd_config.d that comes before
--   100-macos.conf.
-- mscp: os_sshd_client_alive_count_max_configure, os_sshd_client_alive_interval_configure
-- stig: APPL-26-000051, APPL-26-000052
-- nist-800-53: AC-12, SC-10
-- false-positives: OpenSSH ships it so. A count of 0, which mSCP recommends, ends nothing since OpenSSH 8.2; it is not
--   told here.
SELECT
  h.host_id,
  'host' AS subject,
  s.client_alive_interval,
  s.client_alive_count_max
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (
    s.client_alive_interval = 0
    OR s.client_alive_interval > 900
    OR s.client_alive_count_max > 1
  )
ORDER BY h.host_id;
