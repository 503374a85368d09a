-- name: hidden_names
-- purpose: Accounts that the login window hides: loginwindow_settings.hidden_users is a JSON array of their names.
-- requires: loginwindow_settings.hidden_users
hidden_names AS (
  -- Few are hidden: those hosts are read first.
  SELECT DISTINCT
    h.host_id AS host_id,
    h.username AS username,
    COALESCE(h.uuid, '') AS uuid
  FROM loginwindow_settings l
  CROSS JOIN users h
  WHERE l.hidden_users <> '[]'
    AND h.host_id = l.host_id
    -- As JSON has the name. SUBSTR('\\', 1, 1) is one backslash to every engine, also where it escapes.
    AND REPLACE(
      l.hidden_users,
      '"' || REPLACE(
        REPLACE(h.username, SUBSTR('\\', 1, 1), SUBSTR('\\', 1, 1) || SUBSTR('\\', 1, 1)),
        '"',
        SUBSTR('\\', 1, 1) || '"'
      ) || '"',
      ''
    ) <> l.hidden_users
)
