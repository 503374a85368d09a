-- name: root_login_on
-- formerly: login_exposure
-- title: Root may log in
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Whoever logs in as root leaves no name, and no question of rights is asked. Root counts where its record has
--   an AuthenticationAuthority, is not disabled and has a shell. mSCP's test of macOS 26 is stricter: it wants no
--   AuthenticationAuthority at all (loginwindow_settings.root_enabled), so a root that was disabled again fails there.
-- requires: loginwindow_settings.root_enabled,
--   users.can_login where username = 'root' AND EXISTS (SELECT 1 FROM loginwindow_settings l
--     WHERE l.host_id = users.host_id AND COALESCE(l.root_enabled, 1) = 1)
-- remediation: Make sure that an administrator with a token can log in. Then have it run dsenableroot -d, or turn root
--   off in Directory Utility.
-- mscp: os_root_disable
-- cis: 5.6
-- stig: APPL-26-000100
-- nist-800-53: IA-2(5)
-- nist-800-171: 03.05.01
-- attack: T1078.001, T1078.003
-- false-positives: A Mac on which somebody set a password for root to repair it, and left it so.
SELECT
  l.host_id,
  'host' AS subject,
  l.root_enabled
FROM (
  -- DISTINCT: SQLite then looks for root on these hosts alone.
  SELECT DISTINCT s.host_id, s.root_enabled
  FROM loginwindow_settings s
  WHERE s.root_enabled = 1
) l
WHERE EXISTS (
  SELECT 1
  FROM users r
  WHERE r.host_id = l.host_id
    AND r.username = 'root'
    AND r.can_login = 1
)
ORDER BY l.host_id;
