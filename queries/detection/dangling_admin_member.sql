-- name: dangling_admin_member
-- title: The admin group names somebody whom the Mac does not know
-- group: detection
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: medium
-- purpose: Whoever makes an account of that name, or with that GeneratedUID, is an administrator at once.
-- requires: group_members.gid,
--   group_members.is_resolved where gid = 80
-- remediation: Find out whether a directory has the member: it is then an administrator by that. If nobody has it,
--   make sure that another administrator with a token can log in, and remove it from the group.
-- references: ATT&CK T1098.007; 800-53r5 AC-2, AC-6(5)
-- false-positives: Directory users and groups that are not cached on the Mac: they do not resolve locally.
SELECT
  g.host_id,
  g.member AS subject,
  g.groupname,
  g.member_kind
FROM group_members g
WHERE g.gid = 80
  AND g.is_resolved = 0
ORDER BY g.host_id, g.member, g.member_kind, g.groupname;
