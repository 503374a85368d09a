-- name: bootstrap_token_stale
-- title: What the Mac believes of its bootstrap token is contradicted
-- group: posture
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- purpose: The Mac says escrowed and its volume has no such key, or the erase preflight fails, or the key is
--   there and the server does not take it: when the token is needed, it will not work. The preflight is asked with
--   --allow-network only, from macOS 13.3 on; without it, and with an answer that is none of those that are known,
--   the answer is unknown.
-- requires: bootstrap_tokens.supported_on_server where state <> 'not_enrolled' OR COALESCE(crypto_user_present, 1) = 1,
--   bootstrap_tokens.escrowed_to_server where state <> 'not_enrolled' AND supported_on_server = 1,
--   bootstrap_tokens.crypto_user_present where state <> 'not_enrolled' OR COALESCE(supported_on_server, 0) = 0,
--   bootstrap_tokens.eacs_preflight where COALESCE(escrowed_to_server, 0) = 1 AND NOT EXISTS
--     (SELECT 1 FROM hosts h WHERE h.host_id = bootstrap_tokens.host_id AND h.os_version_num < 130300),
--   no bootstrap_tokens where COALESCE(escrowed_to_server, 0) = 1 AND eacs_preflight IS NOT NULL
--     AND SUBSTR(LOWER(eacs_preflight), 1, 7) <> 'success'
--     AND SUBSTR(LOWER(eacs_preflight), 1, 13) <> 'not supported',
--   hosts.os_version_num where EXISTS (SELECT 1 FROM bootstrap_tokens b WHERE b.host_id = hosts.host_id
--     AND COALESCE(b.escrowed_to_server, 0) = 1 AND b.eacs_preflight IS NULL)
-- remediation: Compare with the console of the MDM; have the token escrowed anew at the next login of a
--   volume owner. Where it is unknown for want of the preflight, look again with --allow-network.
-- references: none
-- false-positives: A Mac between two MDM servers.
SELECT
  b.host_id,
  'host' AS subject,
  b.supported_on_server,
  b.escrowed_to_server,
  b.crypto_user_present,
  b.eacs_preflight,
  b.state
FROM bootstrap_tokens b
WHERE (b.escrowed_to_server = 1 AND b.crypto_user_present = 0)
  -- The failures that mdmclient is known to print, as in M11 (docs/conflicts.md); another word leaves it open.
  OR (
    b.escrowed_to_server = 1
    AND (
      REPLACE(LOWER(b.eacs_preflight), 'unable to get bootstrap token', '') <> LOWER(b.eacs_preflight)
      OR REPLACE(LOWER(b.eacs_preflight), 'invalid disk layout', '') <> LOWER(b.eacs_preflight)
      OR REPLACE(LOWER(b.eacs_preflight), 'system is not on full security', '') <> LOWER(b.eacs_preflight)
    )
  )
  OR (b.supported_on_server = 0 AND b.crypto_user_present = 1)
ORDER BY b.host_id;
