-- name: ssh_key_of_root
-- title: A key may log in as root over the network
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Root has a file of keys with a key in it, and Remote Login is on: who has that key is root, and no log says
--   who it was. It needs --include ssh_keys.
-- requires: hosts.remote_login_enabled,
--   authorized_key_files.uid where COALESCE(key_count, 1) > 0,
--   authorized_key_files.key_count where COALESCE(uid, 0) = 0
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Ask who looks after the Mac so, and make sure that an administrator with a token can log in. Then take the
--   key away and set PermitRootLogin no (sshd_lets_root_in).
-- nist-800-53: AC-6(5), IA-2(5)
-- attack: T1098.004, T1078.003
-- false-positives: Backups and build machines that log in as root on purpose. With PermitRootLogin no the key opens nothing.
SELECT
  f.host_id,
  f.username AS subject,
  f.key_count,
  f.key_file,
  f.file_modified_time
FROM hosts h
JOIN authorized_key_files f
  ON f.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND f.uid = 0
  AND f.key_count > 0
ORDER BY f.host_id, f.username, COALESCE(f.uuid, '');
