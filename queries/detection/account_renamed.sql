-- name: account_renamed
-- title: An account got another name
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- history: yes
-- uses: firsts, new_names
-- purpose: In the seven days before :now an account took another short name and kept its GeneratedUID, and with it its
--   rights, its token and its place in FileVault. Logs and lists that go by the name lose it. A change of case is a
--   change.
-- requires: users.uuid
-- remediation: Match it to a change record. If nobody knows of it, find out who did it: it takes an administrator. Look
--   at what the account holds under the new name, and whether the home folder and the groups that name it still agree.
-- attack: T1036.010, T1098
-- nist-800-53: AC-2(4), IA-4
-- false-positives: A person whose name changed, an administrator's account that was named anew for every Mac in the
--   same week.
SELECT
  n.host_id,
  n.username AS subject,
  n.renamed_from AS former_name,
  n.uid,
  n.uuid,
  n.is_admin,
  n.change_time
FROM new_names n
WHERE n.renamed_from IS NOT NULL
ORDER BY n.host_id, n.username, n.change_time, n.uuid, COALESCE(n.uid, -1);
