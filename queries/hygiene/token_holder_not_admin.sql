-- name: token_holder_not_admin
-- title: A standard user holds a secure token
-- group: hygiene
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: info
-- purpose: Normal, and good, where MDM took the administrator's rights away; a trap only where token_admins
--   is 0. It is NULL where it is not known of every account.
-- requires: secure_tokens.secure_token,
--   secure_tokens.is_admin where COALESCE(secure_token, 1) = 1,
--   secure_tokens.is_guest where COALESCE(secure_token, 1) = 1
-- remediation: None: information. Whether a way is left to grant tokens is what lockout_no_way_left and
--   lockout_single_loss ask.
-- references: none
-- false-positives: Every standard user of a well-kept Mac.
SELECT
  s.host_id,
  s.username AS subject,
  s.volume_owner,
  s.confidence,
  CASE
    WHEN a.doubtful > 0 OR k.host_id IS NULL THEN NULL
    ELSE COALESCE(a.token_admins, 0)
  END AS token_admins
FROM secure_tokens s
-- An account that was not seen may be an administrator, too.
LEFT JOIN known_tables k
  ON k.host_id = s.host_id
  AND k.table_name = 'secure_tokens'
LEFT JOIN (
  SELECT
    t.host_id,
    SUM(CASE WHEN t.is_admin = 1 AND t.secure_token = 1 THEN 1 ELSE 0 END) AS token_admins,
    SUM(CASE WHEN t.is_admin = 1 AND t.secure_token = 1 THEN 0 ELSE 1 END) AS doubtful
  FROM secure_tokens t
  WHERE COALESCE(t.is_admin, 1) = 1
    AND COALESCE(t.secure_token, 1) = 1
  GROUP BY t.host_id
) a ON a.host_id = s.host_id
WHERE s.secure_token = 1
  AND s.is_admin = 0
  -- APFS lists Guest too.
  AND s.is_guest = 0
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
