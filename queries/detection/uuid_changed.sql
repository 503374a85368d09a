-- name: uuid_changed
-- title: An account was made anew under an old name
-- group: detection
-- severity: high
-- history: yes
-- purpose: In the seven days before :now a short name came back with another GeneratedUID: the account was
--   deleted and made again, and the former GeneratedUID may still unlock the disk.
-- requires: users.uuid
-- remediation: Look at filevault_orphan_users, at who owns the home folder and at deleted_users.
-- references: ATT&CK T1136.001, T1098; 800-53r5 IA-4
-- false-positives: A Mac that was erased and kept its hardware UUID.
SELECT
  again.host_id,
  again.username AS subject,
  again.uid,
  again.former_uuid,
  again.uuid,
  again.is_admin,
  again.change_time
FROM (
  SELECT
    n.host_id,
    n.username,
    n.uid,
    -- That of the last version before, when another had the name.
    (
      SELECT MAX(o.uuid)
      FROM users_history o
      WHERE o.host_id = n.host_id
        AND o.username = n.username
        AND o.uuid <> n.uuid
        AND o.valid_until_time <= n.valid_from_time
        AND NOT EXISTS (
          SELECT 1
          FROM users_history l
          WHERE l.host_id = n.host_id
            AND l.username = n.username
            AND l.uuid <> n.uuid
            AND l.valid_until_time > o.valid_until_time
            AND l.valid_until_time <= n.valid_from_time
        )
    ) AS former_uuid,
    n.uuid,
    n.is_admin,
    n.valid_from_time AS change_time
  FROM users_history n
  WHERE n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- This one was not there before.
    AND NOT EXISTS (
      SELECT 1
      FROM users_history p
      WHERE p.host_id = n.host_id
        AND p.username = n.username
        AND p.uuid = n.uuid
        AND p.valid_from_time < n.valid_from_time
    )
) again
WHERE again.former_uuid IS NOT NULL
ORDER BY again.host_id, again.username, again.change_time, again.uuid;
