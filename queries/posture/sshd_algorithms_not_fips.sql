-- name: sshd_algorithms_not_fips
-- title: Remote Login takes algorithms that are not in Apple's list for FIPS
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: One of the seven lists of algorithms of sshd has a name that /etc/ssh/crypto/fips.conf does not have. It says
--   nothing against the algorithm: who must keep to FIPS 140 may use those of the list alone.
-- requires: hosts.remote_login_enabled,
--   sshd_config.fips_algorithms_only,
--   no sshd_config where has_match_blocks = 1
-- applies: COALESCE(hosts.remote_login_enabled, 1) = 1
-- remediation: Make sure that all who log in so have software and keys for these algorithms (ECDSA with P-256). Then
--   let /etc/ssh/crypto.conf lead to /etc/ssh/crypto/fips.conf, as apple_ssh_and_fips(7) has it.
-- mscp: os_sshd_fips_compliant
-- stig: APPL-26-000054
-- nist-800-53: AC-17(2), IA-7, SC-8(1), SC-13
-- false-positives: Organisations that need not keep to FIPS: most of them.
SELECT
  h.host_id,
  'host' AS subject,
  s.ciphers,
  s.macs,
  s.kex_algorithms
FROM hosts h
JOIN sshd_config s
  ON s.host_id = h.host_id
WHERE h.remote_login_enabled = 1
  AND s.fips_algorithms_only = 0
ORDER BY h.host_id;
