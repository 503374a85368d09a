-- name: platform_sso_exempt_account
-- title: An account is exempt from Platform SSO
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: The profile names accounts that log in by their local password alone (NonPlatformSSOAccounts): usually the
--   managed administrator, which must be able to log in without the identity provider.
-- requires: platform_sso_states
-- also-reads: users
-- remediation: See that each is known, and that one of them can log in if the identity provider cannot be reached: take
--   none out before another administrator with a token can.
-- nist-800-53: AC-2
-- false-positives: None: one such account is good to have. The name need not be of an account that exists.
SELECT
  s.host_id,
  s.username AS subject,
  s.is_registered,
  MAX(u.is_admin) AS is_admin,
  MAX(u.can_login) AS can_login
FROM platform_sso_states s
LEFT JOIN (
  SELECT
    a.host_id,
    a.username,
    a.is_admin,
    a.can_login
  FROM users a
  WHERE a.host_id IN (SELECT e.host_id FROM platform_sso_states e WHERE e.is_exempt = 1)
) u
  ON u.host_id = s.host_id
  AND u.username = s.username
WHERE s.is_exempt = 1
  AND s.username IS NOT NULL
GROUP BY s.host_id, s.username, s.is_registered
ORDER BY s.host_id, s.username;
