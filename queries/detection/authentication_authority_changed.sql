-- name: authentication_authority_changed
-- title: How an account authenticates was changed
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: medium
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now an authentication authority of an existing account was added or
--   removed: a smart card, a kind of hash, a Kerberos realm, or DisabledUser. Of secure tokens other
--   questions speak. Whether the name or the realm within one was replaced by another is asked only of
--   snapshots with --include identities.
-- requires: authentication_authorities,
--   users
-- remediation: tokenidentity is a new card or key, DisabledUser a disabled account: look for the change
--   record.
-- references: ATT&CK T1098, T1556; 800-53r5 AC-2(4), IA-5
-- false-positives: Pairing a smart card, and the first login of a directory user. A renewed certificate of the Mac's own
--   Kerberos realm (LKDC) changes the value Kerberosv5, and another list of hashes the value ShadowHash, of every account
--   in the same snapshot: many accounts with one change_time and one tag are rather that than an attack. Setting a
--   password may change the list of one account.
WITH recent AS (
  SELECT
    n.host_id AS host_id,
    n.username AS username,
    COALESCE(n.uuid, '') AS uuid,
    'added' AS change_kind,
    n.tag AS tag,
    n.value AS value,
    n.valid_from_time AS change_time
  FROM authentication_authorities_history n
  CROSS JOIN firsts f
  WHERE n.tag NOT IN ('SecureToken', 'DisabledTags')
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
  UNION
  SELECT
    o.host_id,
    o.username,
    COALESCE(o.uuid, '') AS uuid,
    'removed' AS change_kind,
    o.tag,
    o.value,
    o.valid_until_time AS change_time
  FROM authentication_authorities_history o
  WHERE o.tag NOT IN ('SecureToken', 'DisabledTags')
    AND o.valid_until_time > :now - 7 * 86400
    AND o.valid_until_time <= :now
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.username AS username,
    r.uuid AS uuid,
    r.change_kind AS change_kind,
    r.tag AS tag,
    r.value AS value,
    r.change_time AS change_time,
    -- How often the value is there, at whatever place, just before and from then on: two that differ only in whom they
    -- name may look the same.
    SUM(
      CASE
        WHEN p.username = r.username
          AND COALESCE(p.uuid, '') = r.uuid
          AND p.value = r.value
          AND p.valid_from_time < r.change_time
          AND COALESCE(p.valid_until_time, r.change_time) >= r.change_time THEN 1
        ELSE 0
      END
    ) AS was_there,
    SUM(
      CASE
        WHEN p.username = r.username
          AND COALESCE(p.uuid, '') = r.uuid
          AND p.value = r.value
          AND p.valid_from_time <= r.change_time
          AND COALESCE(p.valid_until_time, r.change_time + 1) > r.change_time THEN 1
        ELSE 0
      END
    ) AS is_there,
    -- The table itself was looked at before.
    MAX(CASE WHEN p.valid_from_time < r.change_time THEN 1 ELSE 0 END) AS has_past
  FROM authentication_authorities_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
  GROUP BY r.host_id, r.username, r.uuid, r.change_kind, r.tag, r.value, r.change_time
)
SELECT
  c.host_id,
  c.username AS subject,
  c.change_kind,
  c.tag,
  c.value,
  c.change_time
FROM users_history u
CROSS JOIN compared c
WHERE c.has_past = 1
  AND (
    (c.change_kind = 'added' AND c.was_there < c.is_there)
    OR (c.change_kind = 'removed' AND c.is_there < c.was_there)
  )
  AND u.host_id = c.host_id
  AND u.host_id IN (SELECT q.host_id FROM compared q)
  AND u.username = c.username
  AND COALESCE(u.uuid, '') = c.uuid
GROUP BY c.host_id, c.username, c.uuid, c.change_kind, c.tag, c.value, c.change_time
-- The account itself was there before, and is there after.
HAVING MAX(
    CASE
      WHEN u.valid_from_time < c.change_time
        AND COALESCE(u.valid_until_time, c.change_time) >= c.change_time THEN 1
      ELSE 0
    END
  ) = 1
  AND MAX(
    CASE
      WHEN u.valid_from_time <= c.change_time
        AND COALESCE(u.valid_until_time, c.change_time + 1) > c.change_time THEN 1
      ELSE 0
    END
  ) = 1
ORDER BY c.host_id, c.username, c.change_time, c.change_kind, c.value, c.uuid;
