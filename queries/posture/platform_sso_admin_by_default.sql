-- name: platform_sso_admin_by_default
-- title: Platform SSO makes new users administrators
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: The profile makes every account that comes about at a login with Platform SSO an administrator
--   (NewUserAuthorizationMode Admin): whoever has an account at the identity provider can become one on this Mac.
-- requires: platform_sso_states
-- remediation: Set NewUserAuthorizationMode to Standard or Groups. First make sure that each Mac keeps another
--   administrator with a token who can log in: the mode also holds for whom the profile meets first.
-- attack: T1098.007
-- nist-800-53: AC-6(5)
-- false-positives: Macs that are handed out with one person as its administrator, on purpose.
SELECT
  s.host_id,
  'host' AS subject,
  s.new_user_authorization_mode,
  s.authentication_method
FROM platform_sso_states s
WHERE s.username IS NULL
  AND s.new_user_authorization_mode = 'Admin'
ORDER BY s.host_id;
