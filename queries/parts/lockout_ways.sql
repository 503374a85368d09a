-- name: lockout_ways
-- purpose: Every user, key and token that unlocks or administers a Mac, with whether the organisation can count on it
--   (counts 1), cannot (0) or whether that is unknown (NULL), and why. The query lockout_ways adds those that never
--   count.
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
recovery_keys AS (
  -- Only with FileVault on is there anything to unlock at startup. DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    f.host_id AS host_id,
    -- fdesetup says false on any error: the key among the APFS crypto users goes before it.
    CASE
      WHEN f.has_personal_recovery_key = 1 OR c.host_id IS NOT NULL THEN 1
      ELSE f.has_personal_recovery_key
    END AS has_personal,
    f.has_institutional_recovery_key AS has_institutional,
    f.prk_escrow_blob_present AS prk_escrow_blob_present,
    p.escrow_payload_present AS escrow_payload_present,
    m.is_enrolled AS is_enrolled,
    -- An enrolled Mac hands its escrow file to MDM. A payload alone says nothing: it escrows the keys that are made
    -- after it.
    CASE
      WHEN f.prk_escrow_blob_present = 1 AND m.is_enrolled = 1 THEN 1
      WHEN m.is_enrolled = 0 THEN 0
      WHEN f.prk_escrow_blob_present = 0
        AND (p.escrow_payload_present = 0 OR (t.table_name IS NOT NULL AND p.host_id IS NULL)) THEN 0
    END AS is_escrowed,
    h.is_apple_silicon AS is_apple_silicon
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
able AS (
  -- Nearly everybody who holds a token: read in one pass, in place of one look for each of them.
  SELECT DISTINCT
    u.host_id AS host_id,
    u.username AS username,
    COALESCE(u.uuid, '') AS uuid
  FROM users u
  WHERE u.can_login = 1
),
accounts AS (
  -- DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    a.host_id AS host_id,
    a.username,
    a.is_admin,
    a.secure_token,
    a.volume_owner,
    a.filevault_enabled,
    a.is_guest,
    a.can_login
  FROM (
    -- DISTINCT: ClickHouse then keeps the column of which the subquery depends.
    SELECT DISTINCT
      s.host_id AS host_id,
      s.username AS username,
      s.uuid AS uuid,
      s.is_admin AS is_admin,
      s.secure_token AS secure_token,
      s.volume_owner AS volume_owner,
      s.filevault_enabled AS filevault_enabled,
      s.is_guest AS is_guest,
      CASE
        WHEN l.username IS NOT NULL THEN 1
        ELSE (
          SELECT MAX(u.can_login)
          FROM users u
          WHERE u.host_id = s.host_id
            AND u.username = s.username
            AND COALESCE(u.uuid, '') = COALESCE(s.uuid, '')
        )
      END AS can_login
    FROM secure_tokens s
    LEFT JOIN able l
      ON l.host_id = s.host_id
      AND l.username = s.username
      AND l.uuid = COALESCE(s.uuid, '')
    WHERE s.filevault_enabled = 1
      OR COALESCE(s.secure_token, 1) = 1
  ) a
),
ways AS (
  -- Who can type a password at startup.
  SELECT
    s.host_id AS host_id,
    'unlock' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE
      WHEN s.can_login = 0 OR s.is_guest = 1 THEN 0
      WHEN s.filevault_enabled = 1 AND s.can_login = 1 THEN 1
    END AS counts,
    CASE
      WHEN s.can_login = 0 THEN 'FileVault user, disabled: nobody answers for the password'
      WHEN s.is_guest = 1 THEN 'Guest has no password'
      WHEN s.filevault_enabled = 1 AND s.can_login = 1 THEN 'FileVault user'
      ELSE 'it is not known whether FileVault lists the account, or whether it can log in'
    END AS basis
  FROM accounts s
  JOIN filevault_status f
    ON f.host_id = s.host_id
    AND f.filevault_enabled = 1
  -- Who cannot log in is told only where FileVault is known to list it.
  WHERE s.filevault_enabled = 1
    OR (s.filevault_enabled IS NULL AND COALESCE(s.can_login, 1) = 1)
  UNION ALL
  -- A key counts when there is a sign that the organisation gets it.
  SELECT
    r.host_id AS host_id,
    'unlock' AS capability,
    'key' AS kind,
    'personal recovery key' AS subject,
    CASE
      WHEN r.has_personal = 1 AND r.is_escrowed = 1 THEN 1
      WHEN r.is_escrowed = 0 THEN 0
    END AS counts,
    CASE
      WHEN r.has_personal IS NULL THEN 'it is not known whether there is a key'
      WHEN r.is_escrowed = 1 THEN 'its escrow file is there, and the Mac is enrolled'
      WHEN r.is_enrolled = 0 THEN 'the Mac is not enrolled: nobody but a person has it'
      WHEN r.is_escrowed = 0 THEN 'nothing escrows it: only a person has it'
      WHEN r.escrow_payload_present = 1 AND r.prk_escrow_blob_present = 0
        THEN 'a profile escrows a key that is made after it, and this key has no escrow file'
      ELSE 'it is not known whether it is escrowed'
    END AS basis
  FROM recovery_keys r
  WHERE COALESCE(r.has_personal, 1) = 1
  UNION ALL
  SELECT
    r.host_id AS host_id,
    'unlock' AS capability,
    'key' AS kind,
    'institutional recovery key' AS subject,
    CASE
      WHEN r.is_apple_silicon = 1 THEN 0
      WHEN r.is_apple_silicon = 0 AND r.has_institutional = 1 THEN 1
    END AS counts,
    CASE
      WHEN r.is_apple_silicon = 1 THEN 'of no use on Apple silicon'
      WHEN r.is_apple_silicon = 0 AND r.has_institutional = 1 THEN 'opens an Intel Mac'
      ELSE 'it is not known whether there is one, or which chip the Mac has'
    END AS basis
  FROM recovery_keys r
  WHERE r.has_institutional = 1
    OR (r.has_institutional IS NULL AND COALESCE(r.is_apple_silicon, 0) = 0)
  UNION ALL
  -- Who can grant secure tokens and, on Apple silicon, authorise what an owner authorises.
  SELECT
    s.host_id AS host_id,
    'authority' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE
      WHEN s.can_login = 0 OR s.is_guest = 1 THEN 0
      WHEN h.is_apple_silicon = 1 AND s.volume_owner = 0 THEN 0
      WHEN s.is_admin = 1
        AND s.secure_token = 1
        AND s.can_login = 1
        AND (h.is_apple_silicon = 0 OR s.volume_owner = 1) THEN 1
    END AS counts,
    CASE
      WHEN s.can_login = 0 THEN 'administrator with a token, disabled'
      WHEN s.is_guest = 1 THEN 'Guest has no password'
      WHEN h.is_apple_silicon = 1 AND s.volume_owner = 0
        THEN 'administrator with a token, not an owner of the volume'
      WHEN s.is_admin = 1
        AND s.secure_token = 1
        AND s.can_login = 1
        AND (h.is_apple_silicon = 0 OR s.volume_owner = 1) THEN 'administrator with a token'
      ELSE 'it is not known whether it is an administrator with a token who owns the volume'
    END AS basis
  FROM accounts s
  LEFT JOIN hosts h ON h.host_id = s.host_id
  -- Who does not count is told only where it is an administrator with a token.
  WHERE (s.is_admin = 1 AND s.secure_token = 1)
    OR (
      COALESCE(s.is_admin, 1) = 1
      AND COALESCE(s.secure_token, 1) = 1
      AND COALESCE(s.can_login, 1) = 1
      AND (COALESCE(h.is_apple_silicon, 0) = 0 OR COALESCE(s.volume_owner, 1) = 1)
    )
  UNION ALL
  SELECT
    b.host_id AS host_id,
    'authority' AS capability,
    'token' AS kind,
    'bootstrap token' AS subject,
    CASE b.state WHEN 'escrowed' THEN 1 WHEN 'unknown' THEN NULL ELSE 0 END AS counts,
    'its state is ' || b.state AS basis
  FROM bootstrap_tokens b
)
