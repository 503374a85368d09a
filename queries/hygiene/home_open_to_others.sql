-- name: home_open_to_others
-- title: A home directory is open to other accounts
-- group: hygiene
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: The mode of the home lets every account list or change what is in it, or its group change it. A home that macOS
--   makes today has 0750, which is not asked about; CIS wants 0700 or 0711. Access control lists are not looked at.
-- requires: users.can_login,
--   users.uid where COALESCE(can_login, 1) = 1,
--   users.home_mode where COALESCE(can_login, 1) = 1 AND COALESCE(uid, 500) >= 500 AND COALESCE(home_exists, 1) = 1
-- remediation: `chmod 700` of the home directory, or 711 where others must reach its Public folder.
-- references: mSCP os_home_folders_secure; CIS 5.1.1 (macOS 26); STIG APPL-26-002068; 800-53r5 AC-6
-- false-positives: A home that an older macOS made has 0755. Accounts with a uid below 500 are left out: their home is a
--   folder of the system.
SELECT
  u.host_id,
  u.username AS subject,
  u.directory,
  u.home_mode
FROM users u
WHERE u.can_login = 1
  AND u.uid >= 500
  AND (
    SUBSTR(u.home_mode, 4, 1) NOT IN ('0', '1')
    OR SUBSTR(u.home_mode, 3, 1) IN ('2', '3', '6', '7')
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
