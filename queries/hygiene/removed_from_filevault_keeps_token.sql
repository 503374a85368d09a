-- name: removed_from_filevault_keeps_token
-- title: An account was taken off FileVault and kept its token
-- group: hygiene
-- version: 1
-- modified: 2026-11-28
-- status: test
-- severity: low
-- purpose: The account is not offered at startup and still holds a secure token: it can grant tokens and own
--   the volume.
-- requires: filevault_status.filevault_enabled,
--   secure_tokens.secure_token where COALESCE(filevault_enabled, 0) = 0,
--   secure_tokens.filevault_enabled where COALESCE(secure_token, 1) = 1,
--   secure_tokens.is_guest where COALESCE(secure_token, 1) = 1 AND COALESCE(filevault_enabled, 0) = 0,
--   no secure_tokens where COALESCE(secure_token, 0) = 1 AND COALESCE(is_guest, 0) = 0
--     AND COALESCE(filevault_enabled, 0) = 0 AND SUBSTR(COALESCE(sources, ''), 1, 4) <> 'apfs'
-- applies: NOT EXISTS (SELECT 1 FROM filevault_status f
--   WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 0)
-- remediation: Usually deliberate for service administrators: write it down.
-- references: mSCP os_filevault_authorized_users; 800-53r5 AC-2(11)
-- false-positives: Service administrators that shall not appear at startup, such as JumpCloud _jumpcloudserviceaccount and
--   Automox _automoxserviceaccount.
SELECT
  s.host_id,
  s.username AS subject,
  s.is_admin,
  s.volume_owner,
  s.sources
FROM secure_tokens s
JOIN filevault_status f ON f.host_id = s.host_id
WHERE f.filevault_enabled = 1
  AND s.secure_token = 1
  -- Only APFS knows it: what others say of a token is a claim.
  AND SUBSTR(s.sources, 1, 4) = 'apfs'
  AND s.filevault_enabled = 0
  -- Guest is listed by APFS alone, and always so.
  AND s.is_guest = 0
ORDER BY s.host_id, s.username, COALESCE(s.uuid, '');
