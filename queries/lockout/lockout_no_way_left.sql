-- name: lockout_no_way_left
-- title: No way is left on which the organisation can count
-- group: lockout
-- severity: critical
-- explained-by: no_secure_token_user
-- purpose: No user, key or token is left with which the disk can be unlocked at startup (capability unlock),
--   or with which tokens can be granted and owners' consent be given (capability authority). It shows at the
--   next restart or update.
-- requires: filevault_status.filevault_enabled,
--   filevault_status.has_personal_recovery_key where filevault_enabled = 1 AND NOT EXISTS
--     (SELECT 1 FROM apfs_crypto_users c
--     WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery'),
--   filevault_status.has_institutional_recovery_key where filevault_enabled = 1 AND EXISTS
--     (SELECT 1 FROM hosts h WHERE h.host_id = filevault_status.host_id AND h.is_apple_silicon = 0),
--   mdm_enrollments.is_enrolled where NOT EXISTS (SELECT 1 FROM filevault_status f
--     WHERE f.host_id = mdm_enrollments.host_id AND f.filevault_enabled = 0),
--   filevault_status.prk_escrow_blob_present where filevault_enabled = 1 AND NOT EXISTS
--     (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = filevault_status.host_id AND m.is_enrolled = 0),
--   filevault_policies.escrow_payload_present where NOT EXISTS (SELECT 1 FROM filevault_status f
--     WHERE f.host_id = filevault_policies.host_id
--       AND (f.filevault_enabled = 0 OR f.prk_escrow_blob_present = 1)) AND NOT EXISTS
--     (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = filevault_policies.host_id AND m.is_enrolled = 0),
--   no filevault_status where filevault_enabled = 1 AND prk_escrow_blob_present = 0
--     AND (COALESCE(has_personal_recovery_key, 1) = 1 OR EXISTS (SELECT 1 FROM apfs_crypto_users c
--     WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery'))
--     AND EXISTS (SELECT 1 FROM filevault_policies p
--     WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1) AND NOT EXISTS
--     (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = filevault_status.host_id AND m.is_enrolled = 0),
--   hosts.is_apple_silicon,
--   hosts.boot_volume_fs,
--   secure_tokens.secure_token,
--   secure_tokens.is_admin where COALESCE(secure_token, 1) = 1,
--   secure_tokens.filevault_enabled where COALESCE(secure_token, 1) = 1 AND NOT EXISTS
--     (SELECT 1 FROM filevault_status f WHERE f.host_id = secure_tokens.host_id AND f.filevault_enabled = 0),
--   secure_tokens.volume_owner where COALESCE(secure_token, 1) = 1 AND COALESCE(is_admin, 1) = 1 AND EXISTS
--     (SELECT 1 FROM hosts h WHERE h.host_id = secure_tokens.host_id AND h.is_apple_silicon = 1),
--   users.can_login where EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id
--     AND s.username = users.username AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1)),
--   bootstrap_tokens.supported_on_server where state = 'unknown',
--   bootstrap_tokens.escrowed_to_server where state = 'unknown',
--   bootstrap_tokens.crypto_user_present where state = 'unknown',
--   apfs_crypto_users
-- remediation: Make sure first that the data is saved: after a restart perhaps only an erase is left. While the Mac
--   still runs and somebody is logged in, escrow a new personal recovery key, have a token holder made an
--   administrator, or have the bootstrap token escrowed.
-- references: 800-53r5 CP-10
-- false-positives: A key that was escrowed by other means than MDM; see docs/lockout.md.
WITH recovery_keys AS (
  -- Only with FileVault on is there anything to unlock at startup. DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    f.host_id,
    -- fdesetup says false on any error: the key among the APFS crypto users goes before it.
    CASE
      WHEN f.has_personal_recovery_key = 1 OR c.host_id IS NOT NULL THEN 1
      ELSE f.has_personal_recovery_key
    END AS has_personal,
    -- An enrolled Mac hands its escrow file to MDM. A payload alone says nothing: it escrows the keys that are made
    -- after it.
    CASE
      WHEN f.prk_escrow_blob_present = 1 AND m.is_enrolled = 1 THEN 1
      WHEN m.is_enrolled = 0 THEN 0
      WHEN f.prk_escrow_blob_present = 0
        AND (p.escrow_payload_present = 0 OR (t.table_name IS NOT NULL AND p.host_id IS NULL)) THEN 0
    END AS is_escrowed,
    f.has_institutional_recovery_key AS has_institutional,
    h.is_apple_silicon
  FROM filevault_status f
  LEFT JOIN filevault_policies p ON p.host_id = f.host_id
  LEFT JOIN known_tables t
    ON t.host_id = f.host_id
    AND t.table_name = 'filevault_policies'
  LEFT JOIN mdm_enrollments m ON m.host_id = f.host_id
  LEFT JOIN hosts h ON h.host_id = f.host_id
  LEFT JOIN (
    SELECT DISTINCT a.host_id
    FROM apfs_crypto_users a
    WHERE a.type = 'PersonalRecovery'
  ) c ON c.host_id = f.host_id
  WHERE f.filevault_enabled = 1
),
accounts AS (
  -- DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    s.host_id,
    s.username,
    s.is_admin,
    s.secure_token,
    s.volume_owner,
    s.filevault_enabled,
    (
      SELECT MAX(u.can_login)
      FROM users u
      WHERE u.host_id = s.host_id
        AND u.username = s.username
        AND COALESCE(u.uuid, '') = COALESCE(s.uuid, '')
    ) AS can_login
  FROM secure_tokens s
  WHERE (s.filevault_enabled = 1 OR COALESCE(s.secure_token, 1) = 1)
    AND COALESCE(s.is_guest, 0) = 0
),
ways AS (
  -- The ways that count (1) or may count (NULL); lockout_ways has those that do not, too, with the reasons.
  SELECT
    s.host_id,
    'unlock' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE WHEN s.filevault_enabled = 1 AND s.can_login = 1 THEN 1 END AS counts
  FROM accounts s
  JOIN recovery_keys r ON r.host_id = s.host_id
  WHERE COALESCE(s.filevault_enabled, 1) = 1
    AND COALESCE(s.can_login, 1) = 1
  UNION ALL
  SELECT
    r.host_id,
    'unlock' AS capability,
    'key' AS kind,
    'personal recovery key' AS subject,
    CASE WHEN r.has_personal = 1 AND r.is_escrowed = 1 THEN 1 END AS counts
  FROM recovery_keys r
  WHERE COALESCE(r.has_personal, 1) = 1
    AND COALESCE(r.is_escrowed, 1) = 1
  UNION ALL
  SELECT
    r.host_id,
    'unlock' AS capability,
    'key' AS kind,
    'institutional recovery key' AS subject,
    CASE WHEN r.has_institutional = 1 AND r.is_apple_silicon = 0 THEN 1 END AS counts
  FROM recovery_keys r
  WHERE COALESCE(r.has_institutional, 1) = 1
    AND COALESCE(r.is_apple_silicon, 0) = 0
  UNION ALL
  SELECT
    s.host_id,
    'authority' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE
      WHEN s.is_admin = 1
        AND s.secure_token = 1
        AND s.can_login = 1
        AND (h.is_apple_silicon = 0 OR s.volume_owner = 1) THEN 1
    END AS counts
  FROM accounts s
  LEFT JOIN hosts h ON h.host_id = s.host_id
  WHERE COALESCE(s.is_admin, 1) = 1
    AND COALESCE(s.can_login, 1) = 1
    AND COALESCE(s.secure_token, 1) = 1
    AND (COALESCE(h.is_apple_silicon, 0) = 0 OR COALESCE(s.volume_owner, 1) = 1)
  UNION ALL
  SELECT
    b.host_id,
    'authority' AS capability,
    'token' AS kind,
    'bootstrap token' AS subject,
    CASE WHEN b.state = 'escrowed' THEN 1 END AS counts
  FROM bootstrap_tokens b
  WHERE b.state IN ('escrowed', 'unknown')
),
capabilities AS (
  SELECT r.host_id, 'unlock' AS capability
  FROM recovery_keys r
  UNION ALL
  SELECT h.host_id, 'authority' AS capability
  FROM hosts h
  WHERE h.boot_volume_fs = 'apfs'
)
SELECT
  c.host_id,
  c.capability AS subject,
  h.os_version,
  h.is_apple_silicon,
  b.state AS bootstrap_state
FROM capabilities c
LEFT JOIN hosts h ON h.host_id = c.host_id
LEFT JOIN bootstrap_tokens b ON b.host_id = c.host_id
LEFT JOIN ways w
  ON w.host_id = c.host_id
  AND w.capability = c.capability
WHERE w.host_id IS NULL
  -- Absence proves something only where the tables were looked at.
  AND c.host_id IN (
    SELECT k.host_id
    FROM known_tables k
    WHERE k.table_name IN ('apfs_crypto_users', 'bootstrap_tokens', 'hosts', 'secure_tokens', 'users')
    GROUP BY k.host_id
    HAVING COUNT(*) = 5
  )
ORDER BY c.host_id, c.capability;
