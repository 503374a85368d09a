-- name: lockout_no_way_left
-- title: The organisation is locked out already
-- group: lockout
-- severity: critical
-- purpose: No user, key or token is left with which the disk can be unlocked at startup (capability unlock),
--   or with which tokens can be granted and owners' consent be given (capability authority). It shows at the
--   next restart or update.
-- requires: filevault_status.filevault_enabled,
--   filevault_status.has_personal_recovery_key where filevault_enabled = 1 AND NOT EXISTS
--     (SELECT 1 FROM apfs_crypto_users c
--     WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery'),
--   filevault_status.has_institutional_recovery_key where filevault_enabled = 1 AND EXISTS
--     (SELECT 1 FROM hosts h WHERE h.host_id = filevault_status.host_id AND h.is_apple_silicon = 0),
--   filevault_status.prk_escrow_blob_present where filevault_enabled = 1 AND NOT EXISTS
--     (SELECT 1 FROM filevault_policies p
--     WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1),
--   filevault_policies.escrow_payload_present where NOT EXISTS (SELECT 1 FROM filevault_status f
--     WHERE f.host_id = filevault_policies.host_id
--       AND (f.filevault_enabled = 0 OR f.prk_escrow_blob_present = 1)),
--   hosts.is_apple_silicon,
--   secure_tokens.secure_token,
--   secure_tokens.is_admin where COALESCE(secure_token, 1) = 1,
--   secure_tokens.filevault_enabled where COALESCE(secure_token, 1) = 1 AND NOT EXISTS
--     (SELECT 1 FROM filevault_status f WHERE f.host_id = secure_tokens.host_id AND f.filevault_enabled = 0),
--   secure_tokens.volume_owner where COALESCE(secure_token, 1) = 1 AND COALESCE(is_admin, 1) = 1 AND EXISTS
--     (SELECT 1 FROM hosts h WHERE h.host_id = secure_tokens.host_id AND h.is_apple_silicon = 1),
--   users.can_login where EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id
--     AND s.username = users.username AND COALESCE(s.secure_token, 1) = 1),
--   bootstrap_tokens.escrowed_to_server where state = 'unknown',
--   apfs_crypto_users
-- also-reads: filevault_users, table_status
-- remediation: While the Mac still runs and somebody is logged in: escrow a new personal recovery key, have
--   a token holder made an administrator, or have the bootstrap token escrowed. Afterwards only an erase
--   helps.
-- references: 800-53r5 CP-10
-- false-positives: A key that was escrowed by other means than a profile; see docs/lockout.md.
WITH unlock_hosts AS (
  -- Only with FileVault on is there anything to unlock at startup.
  SELECT f.host_id
  FROM filevault_status f
  WHERE f.filevault_enabled = 1
),
recovery_keys AS (
  -- fdesetup says false on any error: the key among the APFS crypto users goes before it.
  SELECT
    f.host_id,
    CASE
      WHEN f.has_personal_recovery_key = 1 OR c.host_id IS NOT NULL THEN 1
      ELSE f.has_personal_recovery_key
    END AS has_personal,
    f.has_institutional_recovery_key AS has_institutional,
    f.prk_escrow_blob_present,
    p.escrow_payload_present,
    h.is_apple_silicon
  FROM filevault_status f
  JOIN unlock_hosts k ON k.host_id = f.host_id
  LEFT JOIN filevault_policies p ON p.host_id = f.host_id
  LEFT JOIN hosts h ON h.host_id = f.host_id
  LEFT JOIN (
    SELECT DISTINCT a.host_id
    FROM apfs_crypto_users a
    WHERE a.type = 'PersonalRecovery'
  ) c ON c.host_id = f.host_id
),
logins AS (
  -- The service accounts of macOS hold no token. DISTINCT: SQLite then makes this list once.
  SELECT DISTINCT
    u.host_id,
    u.username,
    COALESCE(u.uuid, '') AS uuid,
    u.can_login,
    u.account_type
  FROM users u
  WHERE COALESCE(u.is_system_account, 0) = 0
    OR u.account_type IN ('guest', 'root', 'setup_assistant')
),
accounts AS (
  SELECT
    s.host_id,
    s.username,
    s.is_admin,
    s.secure_token,
    s.volume_owner,
    s.filevault_enabled,
    l.can_login,
    l.account_type
  FROM secure_tokens s
  LEFT JOIN logins l
    ON l.host_id = s.host_id
    AND l.username = s.username
    AND l.uuid = COALESCE(s.uuid, '')
  WHERE s.filevault_enabled = 1
    OR COALESCE(s.secure_token, 1) = 1
),
ways AS (
  -- Who can type a password at startup.
  SELECT
    s.host_id,
    'unlock' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE
      WHEN s.can_login = 0 OR s.account_type = 'guest' THEN 0
      WHEN s.filevault_enabled = 1 AND s.can_login = 1 THEN 1
    END AS counts,
    CASE
      WHEN s.can_login = 0 THEN 'FileVault user, disabled: nobody answers for the password'
      WHEN s.account_type = 'guest' THEN 'Guest has no password'
      WHEN s.filevault_enabled = 1 AND s.can_login = 1 THEN 'FileVault user'
      ELSE 'it is not known whether FileVault lists the account, or whether it can log in'
    END AS basis
  FROM accounts s
  JOIN unlock_hosts k ON k.host_id = s.host_id
  WHERE COALESCE(s.filevault_enabled, 1) = 1
  UNION ALL
  SELECT
    o.host_id,
    'unlock' AS capability,
    'user' AS kind,
    o.uuid AS subject,
    0 AS counts,
    'FileVault user without an account: nobody answers for the password' AS basis
  FROM filevault_users o
  JOIN unlock_hosts k ON k.host_id = o.host_id
  WHERE o.resolution = 'orphan'
  UNION ALL
  -- A key counts when there is a sign that the organisation gets it.
  SELECT
    r.host_id,
    'unlock' AS capability,
    'key' AS kind,
    'personal recovery key' AS subject,
    CASE
      WHEN r.has_personal = 1 AND (r.escrow_payload_present = 1 OR r.prk_escrow_blob_present = 1) THEN 1
      WHEN r.escrow_payload_present = 0 AND r.prk_escrow_blob_present = 0 THEN 0
    END AS counts,
    CASE
      WHEN r.has_personal IS NULL THEN 'it is not known whether there is a key'
      WHEN r.escrow_payload_present = 1 THEN 'a profile has it escrowed'
      WHEN r.prk_escrow_blob_present = 1 THEN 'its escrow file is there'
      WHEN r.escrow_payload_present = 0 AND r.prk_escrow_blob_present = 0
        THEN 'nothing escrows it: only a person has it'
      ELSE 'it is not known whether it is escrowed'
    END AS basis
  FROM recovery_keys r
  WHERE COALESCE(r.has_personal, 1) = 1
  UNION ALL
  SELECT
    r.host_id,
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
    s.host_id,
    'authority' AS capability,
    'user' AS kind,
    s.username AS subject,
    CASE
      WHEN s.can_login = 0 THEN 0
      WHEN h.is_apple_silicon = 1 AND s.volume_owner = 0 THEN 0
      WHEN s.is_admin = 1
        AND s.secure_token = 1
        AND s.can_login = 1
        AND (h.is_apple_silicon = 0 OR s.volume_owner = 1) THEN 1
    END AS counts,
    CASE
      WHEN s.can_login = 0 THEN 'administrator with a token, disabled'
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
  WHERE COALESCE(s.is_admin, 1) = 1
    AND COALESCE(s.secure_token, 1) = 1
  UNION ALL
  SELECT
    b.host_id,
    'authority' AS capability,
    'token' AS kind,
    'bootstrap token' AS subject,
    CASE b.state WHEN 'escrowed' THEN 1 WHEN 'unknown' THEN NULL ELSE 0 END AS counts,
    'its state is ' || b.state AS basis
  FROM bootstrap_tokens b
),
capabilities AS (
  SELECT k.host_id, 'unlock' AS capability
  FROM unlock_hosts k
  UNION ALL
  SELECT h.host_id, 'authority' AS capability
  FROM hosts h
  WHERE h.boot_volume_fs = 'apfs'
)
SELECT
  c.host_id,
  c.capability AS subject,
  COUNT(w.subject) AS ways_that_do_not_count
FROM capabilities c
LEFT JOIN ways w
  ON w.host_id = c.host_id
  AND w.capability = c.capability
-- Absence proves something only where the tables were looked at.
WHERE c.host_id IN (
  SELECT t.host_id
  FROM table_status t
  WHERE (t.table_name IN ('users', 'apfs_crypto_users') AND t.status IN ('ok', 'empty'))
    OR (t.table_name IN ('hosts', 'secure_tokens', 'bootstrap_tokens') AND t.status IN ('ok', 'partial'))
  GROUP BY t.host_id
  HAVING COUNT(*) = 5
)
GROUP BY c.host_id, c.capability
-- Not one way counts, and of none is it unknown.
HAVING COUNT(CASE WHEN w.subject IS NOT NULL AND COALESCE(w.counts, 1) = 1 THEN 1 END) = 0
ORDER BY c.host_id, c.capability;
