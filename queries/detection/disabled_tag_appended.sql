-- name: disabled_tag_appended
-- title: An account that existed was barred from getting a token by itself
-- group: detection
-- severity: medium
-- history: yes
-- purpose: In the seven days before :now the tag ;DisabledTags;SecureToken was put on an account that
--   already existed.
-- requires: authentication_authorities,
--   users
-- remediation: The tag is legitimate when an account is made (by MDM and similar tools); after that ask why.
-- references: ATT&CK T1098
-- false-positives: A provisioning tool that makes the account in one run and sets the tag in the next.
SELECT
  n.host_id,
  n.username AS subject,
  n.value,
  n.valid_from_time AS change_time
FROM authentication_authorities_history n
WHERE n.tag = 'DisabledTags'
  AND n.disabled_tag = 'SecureToken'
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
  -- ... and had no such tag at any place.
  AND NOT EXISTS (
    SELECT 1
    FROM authentication_authorities_history p
    WHERE p.host_id = n.host_id
      AND p.username = n.username
      AND COALESCE(p.uuid, '') = COALESCE(n.uuid, '')
      AND p.tag = 'DisabledTags'
      AND p.disabled_tag = 'SecureToken'
      AND p.valid_from_time < n.valid_from_time
      AND COALESCE(p.valid_until_time, n.valid_from_time) >= n.valid_from_time
  )
ORDER BY n.host_id, n.username, n.valid_from_time, COALESCE(n.uuid, ''), n.ordinal;
