-- name: authentication_authority_changed
-- title: How an account authenticates was changed
-- group: detection
-- severity: medium
-- history: yes
-- purpose: In the seven days before :now an authentication authority of an existing account was added or
--   removed: a smart card, a kind of hash, a Kerberos realm, or DisabledUser. Of secure tokens other
--   questions speak.
-- requires: authentication_authorities,
--   users
-- remediation: tokenidentity is a new card or key, DisabledUser a disabled account: look for the change
--   record.
-- references: ATT&CK T1098, T1556; 800-53r5 AC-2(4), IA-5
-- false-positives: Pairing a smart card, and the first login of a directory user.
SELECT
  n.host_id,
  n.username AS subject,
  'added' AS change,
  n.tag,
  n.value,
  n.valid_from_time AS change_time
FROM authentication_authorities_history n
WHERE n.tag NOT IN ('SecureToken', 'DisabledTags')
  AND n.valid_from_time > :now - 7 * 86400
  AND n.valid_from_time <= :now
  -- The first snapshot of a host is no change.
  AND EXISTS (
    SELECT 1
    FROM authentication_authorities_history e
    WHERE e.host_id = n.host_id
      AND e.valid_from_time < n.valid_from_time
  )
  -- The account was there just before ...
  AND EXISTS (
    SELECT 1
    FROM users_history o
    WHERE o.host_id = n.host_id
      AND o.username = n.username
      AND COALESCE(o.uuid, '') = COALESCE(n.uuid, '')
      AND o.valid_from_time < n.valid_from_time
      AND COALESCE(o.valid_until_time, n.valid_from_time) >= n.valid_from_time
  )
  -- ... without this value, at whatever place.
  AND NOT EXISTS (
    SELECT 1
    FROM authentication_authorities_history p
    WHERE p.host_id = n.host_id
      AND p.username = n.username
      AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
      AND p.value = n.value
      AND p.valid_from_time < n.valid_from_time
      AND COALESCE(p.valid_until_time, n.valid_from_time) >= n.valid_from_time
  )
UNION ALL
SELECT
  o.host_id,
  o.username AS subject,
  'removed' AS change,
  o.tag,
  o.value,
  o.valid_until_time AS change_time
FROM authentication_authorities_history o
WHERE o.tag NOT IN ('SecureToken', 'DisabledTags')
  AND o.valid_until_time > :now - 7 * 86400
  AND o.valid_until_time <= :now
  -- The account is still there ...
  AND EXISTS (
    SELECT 1
    FROM users_history u
    WHERE u.host_id = o.host_id
      AND u.username = o.username
      AND COALESCE(u.uuid, '') = COALESCE(o.uuid, '')
      AND u.valid_from_time <= o.valid_until_time
      AND COALESCE(u.valid_until_time, o.valid_until_time + 1) > o.valid_until_time
  )
  -- ... without this value, at whatever place.
  AND NOT EXISTS (
    SELECT 1
    FROM authentication_authorities_history f
    WHERE f.host_id = o.host_id
      AND f.username = o.username
      AND COALESCE(f.uuid, '') = COALESCE(o.uuid, '')
      AND f.value = o.value
      AND f.valid_from_time <= o.valid_until_time
      AND COALESCE(f.valid_until_time, o.valid_until_time + 1) > o.valid_until_time
  )
ORDER BY host_id, subject, change_time, change, value;
