-- name: hidden_admin
-- title: A hidden account is an administrator
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- explained-by: system_account_impostor for the same subject
-- uses: hidden_names
-- purpose: An administrator is hidden by its record or by the login window, or has a uid below 500, and is
--   neither root nor Setup Assistant. No other account of macOS is an administrator.
-- requires: users.is_admin,
--   users.is_hidden where COALESCE(is_admin, 1) = 1,
--   users.uid where COALESCE(is_admin, 1) = 1,
--   users.account_type where COALESCE(is_admin, 1) = 1 AND (COALESCE(is_hidden, 1) = 1
--     OR COALESCE(uid, -1) < 500 OR EXISTS (SELECT 1 FROM loginwindow_settings l
--     WHERE l.host_id = users.host_id AND COALESCE(l.hidden_users, '') <> '[]'))
-- remediation: Make sure whether it is a known management account: ask its console, and the ticket of the day on which it
--   was made. If nobody knows it, keep the evidence (this export, the record, the home folder), and make sure that another
--   administrator with a token can log in: it may be the only one. Then take its rights away, and hunt for its origin.
-- references: ATT&CK T1564.002, T1136.001, T1078.003; 800-53r5 AC-2, AC-6(5)
-- false-positives: The hidden management account of an MDM or a remote-support tool. One that MDM made in Setup Assistant
--   is left out where MDM was asked (--allow-network); else it stands here, as _fleetadmin of Fleet. Agents have such
--   accounts too: JumpCloud _jumpcloudserviceaccount, Automox _automoxserviceaccount, and super of S.U.P.E.R.M.A.N.,
--   which authorises updates. To make sure: the product is installed on this Mac, its console names the account, and the
--   account was made when the product came. A name proves nothing: whoever makes an account chooses it.
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.is_hidden,
  u.account_type,
  u.directory,
  l.hidden_users
FROM users u
LEFT JOIN loginwindow_settings l ON l.host_id = u.host_id
LEFT JOIN hidden_names n
  ON n.host_id = u.host_id
  AND n.username = u.username
  AND n.uuid = COALESCE(u.uuid, '')
WHERE u.is_admin = 1
  AND u.account_type NOT IN ('root', 'setup_assistant', 'managed_admin')
  AND (
    u.is_hidden = 1
    OR u.uid < 500
    OR n.username IS NOT NULL
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, '');
