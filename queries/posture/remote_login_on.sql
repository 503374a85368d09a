-- name: remote_login_on
-- title: Remote Login is on
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- explained-by: remote_login_open_to_everybody
-- purpose: launchd may start sshd: whoever has the password or the key of an account that is let in can log in over the
--   network. Where launchd holds no override nobody can tell, and the answer is unknown. Who is let in is in
--   remote_login_open_to_everybody and remote_access_allowed.
-- requires: hosts.remote_login_enabled
-- remediation: Make sure that there is another way to get at the Mac, such as an administrator with a token who sits at
--   it, or MDM. Then turn it off in System Settings, Sharing, where nobody needs it. Where it is needed, let in a group
--   only, and keys in place of passwords.
-- mscp: system_settings_ssh_disable
-- cis: 2.3.3.4
-- nist-800-53: CM-7, AC-17
-- attack: T1021.004
-- false-positives: Servers, build machines and Macs that an administrator looks after from afar.
SELECT
  h.host_id,
  'host' AS subject,
  h.remote_login_enabled,
  h.os_version
FROM hosts h
WHERE h.remote_login_enabled = 1
ORDER BY h.host_id;
