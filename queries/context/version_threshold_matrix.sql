-- name: version_threshold_matrix
-- title: Which behaviours of macOS apply to a host
-- group: context
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: info
-- purpose: What Apple changed with which version, told for the version and the chip of each host.
-- requires: hosts.os_version_num
-- remediation: Upgrade the hosts that are below what a control needs.
-- references: none
-- false-positives: None: it is a table of facts.
SELECT
  h.host_id,
  h.os_version AS subject,
  h.is_apple_silicon,
  1 AS has_secure_tokens,
  CASE WHEN h.os_version_num >= 101305 THEN 1 ELSE 0 END AS can_suppress_token_prompt,
  CASE WHEN h.os_version_num >= 101500 THEN 1 ELSE 0 END AS has_bootstrap_token,
  CASE WHEN h.os_version_num >= 101504 THEN 1 ELSE 0 END AS escrows_bootstrap_token_at_login,
  CASE WHEN h.os_version_num >= 110000 THEN 1 ELSE 0 END AS bootstrap_token_for_any_user,
  CASE
    WHEN h.os_version_num < 110000 OR h.is_apple_silicon = 0 THEN 0
    WHEN h.is_apple_silicon = 1 THEN 1
  END AS has_volume_ownership,
  CASE WHEN h.os_version_num >= 130300 THEN 1 ELSE 0 END AS has_erase_preflight,
  CASE WHEN h.os_version_num >= 140000 THEN 1 ELSE 0 END AS has_filevault_in_setup_assistant,
  CASE
    WHEN h.os_version_num < 150000 OR h.is_apple_silicon = 0 THEN 0
    WHEN h.is_apple_silicon = 1 THEN 1
  END AS has_platform_sso_filevault_policy,
  CASE WHEN h.os_version_num >= 260000 THEN 1 ELSE 0 END AS has_unlock_by_ssh
FROM hosts h
WHERE h.os_version_num >= 101300
ORDER BY h.host_id;
