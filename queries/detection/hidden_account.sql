-- name: hidden_account
-- title: A hidden account can be used
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- uses: hidden_names
-- purpose: An account is hidden by its record or by the login window, or has a uid below 500, and can log in or holds a
--   secure token. Administrators are in hidden_admin, and what poses as an account of macOS (its identity, its kind of
--   name) in system_account_impostor.
-- requires: users.is_admin,
--   users.is_hidden where COALESCE(is_system_account, 0) = 0,
--   users.uid,
--   users.is_system_account,
--   users.can_login where COALESCE(is_system_account, 0) = 0 AND COALESCE(is_admin, 0) = 0
--     AND COALESCE(has_false_identity, 0) = 0 AND (COALESCE(is_hidden, 1) = 1 OR COALESCE(uid, -1) < 500
--     OR EXISTS (SELECT 1 FROM loginwindow_settings l
--     WHERE l.host_id = users.host_id AND COALESCE(l.hidden_users, '') <> '[]')),
--   secure_tokens.secure_token where EXISTS (SELECT 1 FROM users u WHERE u.host_id = secure_tokens.host_id
--     AND u.username = secure_tokens.username AND COALESCE(u.is_system_account, 0) = 0
--     AND COALESCE(u.is_admin, 0) = 0 AND COALESCE(u.can_login, 0) = 0)
-- remediation: Make sure whether a product made it: ask its console, and the ticket of the day on which the account
--   came (account_created). If nobody knows it, keep the evidence (this export, the record, the home folder) and look
--   at what runs as it. Before it is disabled, make sure that an administrator with a token can log in, and that the
--   account is not the only one that unlocks the disk (lockout_ways).
-- attack: T1564.002, T1136.001
-- nist-800-53: AC-2
-- false-positives: Service accounts of products with a real shell, often of databases (postgres) and build systems. One
--   that MDM made in Setup Assistant is left out where MDM was asked (--allow-network). Build users of Nix have no
--   shell and no token: they do not stand here. To make sure: the product is installed, and its home folder and its
--   shell are what its installer gives it. A name proves nothing: whoever makes an account chooses it.
WITH concealed AS (
  -- Hosts with an account that is hidden in any way: few.
  SELECT c.host_id
  FROM users c
  WHERE c.is_admin = 0
    AND c.is_system_account = 0
    AND (c.is_hidden = 1 OR c.uid < 500)
  UNION
  SELECT h.host_id
  FROM hidden_names h
),
usable AS (
  SELECT
    u.host_id AS host_id,
    u.username AS username,
    u.uuid AS uuid,
    u.uid AS uid,
    u.is_hidden AS is_hidden,
    u.account_type AS account_type,
    u.can_login AS can_login,
    s.secure_token AS secure_token,
    CASE WHEN n.username IS NULL THEN 0 ELSE 1 END AS is_hidden_at_login
  FROM users u
  LEFT JOIN hidden_names n
    ON n.host_id = u.host_id
    AND n.username = u.username
    AND n.uuid = COALESCE(u.uuid, '')
  LEFT JOIN (
    SELECT
      t.host_id,
      t.username,
      t.uuid,
      t.uid,
      t.secure_token
    FROM secure_tokens t
    WHERE t.host_id IN (SELECT c.host_id FROM concealed c)
  ) s
    ON s.host_id = u.host_id
    AND s.username = u.username
    AND COALESCE(s.uuid, '') = COALESCE(u.uuid, '')
    AND COALESCE(s.uid, -1) = COALESCE(u.uid, -1)
  WHERE u.is_admin = 0
    AND u.is_system_account = 0
    AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest', 'managed_admin')
    AND COALESCE(u.has_false_identity, 0) = 0
    -- With such a name it poses as one of macOS.
    AND NOT (u.can_login = 1 AND SUBSTR(u.username, 1, 1) = '_')
    AND (u.can_login = 1 OR s.secure_token = 1)
)
SELECT
  a.host_id,
  a.username AS subject,
  a.uid,
  a.is_hidden,
  a.account_type,
  a.can_login,
  a.secure_token,
  a.is_hidden_at_login
FROM usable a
WHERE a.is_hidden = 1
  OR a.uid < 500
  OR a.is_hidden_at_login = 1
ORDER BY a.host_id, a.username, COALESCE(a.uuid, ''), COALESCE(a.uid, -1);
