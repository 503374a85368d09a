-- name: account_created
-- title: An account was made
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- history: yes
-- uses: firsts, new_names
-- purpose: In the seven days before :now an account came that was not there just before. One that got another name is
--   in account_renamed, and one that is an administrator in new_admin_between_snapshots; one that took the name of an
--   account which went at that moment is in uuid_changed. Accounts of macOS that nobody uses are left out: updates
--   bring some. Guest is, too: guest_login_on speaks of it.
-- requires: users.is_system_account,
--   users.is_awake where COALESCE(is_system_account, 1) = 1
-- remediation: Match it to a ticket, to a product that was installed, or to the person who got the Mac. If nobody knows
--   it, keep the record of it and its home folder, see what it holds (is_admin, a token, FileVault) and what runs as
--   it. Make sure that another administrator with a token can log in; only then is it disabled or deleted.
-- attack: T1136.001
-- nist-800-53: AC-2, AC-2(4)
-- false-positives: A new user of the Mac, the first login of a directory user, Platform SSO that makes users at login,
--   an agent that makes a service account of its own. An account that was away and came back counts as made.
SELECT
  n.host_id,
  n.username AS subject,
  n.uid,
  n.account_type,
  n.is_hidden,
  n.can_login,
  n.change_time
FROM new_names n
WHERE n.renamed_from IS NULL
  AND COALESCE(n.is_admin, 0) = 0
  AND (n.is_system_account = 0 OR n.is_awake = 1)
  AND COALESCE(n.account_type, '') <> 'guest'
  -- Another account had the name until then, and is gone: uuid_changed tells it.
  AND NOT EXISTS (
    SELECT 1
    FROM users_history o
    WHERE o.host_id = n.host_id
      AND o.username = n.username
      AND o.uuid <> n.uuid
      AND o.valid_until_time = n.change_time
      AND NOT EXISTS (
        SELECT 1
        FROM users_history g
        WHERE g.host_id = o.host_id
          AND g.uuid = o.uuid
          AND g.valid_from_time <= o.valid_until_time
          AND COALESCE(g.valid_until_time, o.valid_until_time + 1) > o.valid_until_time
      )
  )
ORDER BY n.host_id, n.username, n.change_time, n.uuid, COALESCE(n.uid, -1);
