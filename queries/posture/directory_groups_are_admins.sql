-- name: directory_groups_are_admins
-- title: Groups of Active Directory are administrators of the Mac
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: Whoever is in such a group is an administrator at login, and no local group names who that is: users.is_admin
--   is NULL for mobile accounts. Who controls the directory decides who administers this Mac.
-- requires: ad_config
-- remediation: Look the groups up in the directory: who is in them, and who may change that. Take away those that are not
--   needed, with dsconfigad -groups, when another administrator is left.
-- references: 800-53r5 AC-2, AC-6(5); ATT&CK T1098.007
-- false-positives: The group of the help desk, where that is how the Macs are administered on purpose.
SELECT
  a.host_id,
  'host' AS subject,
  a.domain,
  a.value AS groups
FROM ad_config a
WHERE a.option = 'Allowed admin groups'
  AND a.value IS NOT NULL
ORDER BY a.host_id;
