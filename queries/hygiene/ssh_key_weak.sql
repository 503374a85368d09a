-- name: ssh_key_weak
-- title: A weak key may log in
-- group: hygiene
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: A key of DSA, or of RSA with less than 2048 bits, may log in as an account while Remote Login is on: such
--   keys can be computed with effort, and newer versions of OpenSSH do not take the first. It needs --include ssh_keys.
-- requires: hosts.remote_login_enabled,
--   authorized_keys
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Make another key (ssh-keygen -t ed25519), and make sure that another key than this one logs in; then take
--   the old one away.
-- nist-800-53: IA-5(2), SC-13
-- attack: T1021.004
-- false-positives: None that is known.
SELECT
  k.host_id,
  k.username AS subject,
  k.algorithm,
  k.bits,
  k.fingerprint
FROM hosts h
JOIN authorized_keys k
  ON k.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND (k.algorithm = 'ssh-dss' OR (k.algorithm = 'ssh-rsa' AND k.bits < 2048))
ORDER BY k.host_id, k.username, k.fingerprint, COALESCE(k.uid, -1), k.occurrence;
