-- name: disabled_tag_appended
-- title: An account that existed was barred from getting a token by itself
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now the tag ;DisabledTags;SecureToken was put on an account that
--   already existed.
-- requires: authentication_authorities,
--   users
-- remediation: The tag is legitimate when an account is made (by MDM and similar tools); after that ask why.
-- references: ATT&CK T1098
-- false-positives: A provisioning tool that makes the account in one run and sets the tag in the next.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, '') AS uuid,
    n.value AS value,
    n.valid_from_time AS change_time
  FROM authentication_authorities_history n
  CROSS JOIN firsts f
  WHERE n.tag = 'DisabledTags'
    AND n.disabled_tag = 'SecureToken'
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
appended AS (
  SELECT r.host_id AS host_id, r.username AS username, r.uuid AS uuid, r.value AS value, r.change_time AS change_time
  FROM authentication_authorities_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone. A host without a past of this table has no row.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.username, r.uuid, r.value, r.change_time
  -- The account had no such tag just before, at whatever place.
  HAVING MAX(
    CASE
      WHEN p.username = r.username
        AND COALESCE(p.uuid, '') = r.uuid
        AND p.tag = 'DisabledTags'
        AND p.disabled_tag = 'SecureToken'
        AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1
      ELSE 0
    END
  ) = 0
)
SELECT
  a.host_id,
  a.username AS subject,
  a.value,
  a.change_time
FROM users_history o
CROSS JOIN appended a
-- The account was there just before.
WHERE o.host_id = a.host_id
  AND o.host_id IN (SELECT q.host_id FROM appended q)
  AND o.username = a.username
  AND COALESCE(o.uuid, '') = a.uuid
  AND o.valid_from_time < a.change_time
  AND COALESCE(o.valid_until_time, a.change_time) >= a.change_time
GROUP BY a.host_id, a.username, a.value, a.change_time
ORDER BY a.host_id, a.username, a.change_time, a.value;
