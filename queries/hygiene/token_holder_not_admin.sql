-- name: token_holder_not_admin
-- title: A standard user holds a secure token
-- group: hygiene
-- severity: info
-- purpose: Normal, and good, where MDM took the administrator's rights away; a trap only where token_admins
--   is 0.
-- requires: secure_tokens.secure_token,
--   secure_tokens.is_admin where COALESCE(secure_token, 1) = 1
-- remediation: Act only when token_admins is 0.
-- references: none
-- false-positives: Every standard user of a well-kept Mac.
SELECT
  s.host_id,
  s.username AS subject,
  s.volume_owner,
  s.confidence,
  COALESCE(a.token_admins, 0) AS token_admins
FROM secure_tokens s
LEFT JOIN (
  SELECT t.host_id, COUNT(*) AS token_admins
  FROM secure_tokens t
  WHERE t.is_admin = 1
    AND t.secure_token = 1
  GROUP BY t.host_id
) a ON a.host_id = s.host_id
WHERE s.secure_token = 1
  AND s.is_admin = 0
  -- APFS lists Guest too.
  AND COALESCE(s.uid, -1) <> 201
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
