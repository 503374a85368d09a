=== account_without_password
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (COALESCE(is_system_account, 0) = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_system_account' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_system_account"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_system_account" IS NULL
    AND CASE WHEN NOT (COALESCE(can_login, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'authentication_authorities')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'authentication_authorities'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== admin_without_token
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 0) = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
) b
ORDER BY 1, 2, 3, 4;
=== apple_silicon_no_admin_volume_owner
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'is_apple_silicon' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_apple_silicon"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "is_apple_silicon" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (NOT EXISTS (SELECT 1 FROM secure_tokens t WHERE t.host_id = secure_tokens.host_id AND t.is_admin = 1 AND t.volume_owner = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'volume_owner' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"volume_owner"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "volume_owner" IS NULL
    AND CASE WHEN NOT (is_admin = 1 AND NOT EXISTS (SELECT 1 FROM secure_tokens t WHERE t.host_id = secure_tokens.host_id AND t.is_admin = 1 AND t.volume_owner = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (COALESCE(hosts.is_apple_silicon, 1) = 1) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== authentication_authority_changed
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'authentication_authorities')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'authentication_authorities'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "authentication_authorities_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'authentication_authorities'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== bootstrap_token_not_escrowed
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state <> 'not_enrolled') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (supported_on_server = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== bootstrap_token_stale
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state <> 'not_enrolled') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (supported_on_server = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'crypto_user_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"crypto_user_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "crypto_user_present" IS NULL
    AND CASE WHEN NOT (state <> 'not_enrolled') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== collection_blind_spots
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'table_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'nothing was collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id)
) b
ORDER BY 1, 2, 3, 4;
=== dangling_admin_member
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'group_members' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'group_members')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'group_members' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'group_members'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'group_members' AS table_name, 'is_resolved' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_resolved"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "group_members"
  WHERE "is_resolved" IS NULL
    AND CASE WHEN NOT (gid = 80) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'group_members'
) b
ORDER BY 1, 2, 3, 4;
=== disabled_tag_appended
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'authentication_authorities')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'authentication_authorities'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "authentication_authorities_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'authentication_authorities'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== filevault_deferral_pending
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_deferrals' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_deferrals')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_deferrals' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_deferrals'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_deferrals' AS table_name, 'is_deferred' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_deferred"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_deferrals"
  WHERE "is_deferred" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_deferrals'
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 1)) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts', 'filevault_status') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== filevault_off
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
) b
ORDER BY 1, 2, 3, 4;
=== filevault_orphan_users
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_users' AS table_name, 'resolution' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"resolution"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_users"
  WHERE "resolution" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'apfs_crypto_users' AS table_name, 'resolution' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"resolution"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "apfs_crypto_users"
  WHERE "resolution" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'apfs_crypto_users'
) b
ORDER BY 1, 2, 3, 4;
=== filevault_without_recovery_key
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_personal_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_personal_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_personal_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_institutional_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_institutional_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_institutional_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND has_personal_recovery_key = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'is_apple_silicon' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_apple_silicon"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "is_apple_silicon" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 0)) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts', 'filevault_status') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== first_token_holder
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'creation_time' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"creation_time"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "creation_time" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = account_policy_data.host_id AND s.username = account_policy_data.username AND COALESCE(s.secure_token, 1) = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'a row has no counterpart in a table that the question reads' AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND COALESCE(uid, -1) <> 201 AND NOT EXISTS (SELECT 1 FROM account_policy_data a WHERE a.host_id = secure_tokens.host_id AND a.username = secure_tokens.username)) THEN 0 ELSE 1 END = 1
) r
) b
ORDER BY 1, 2, 3, 4;
=== hidden_admin
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_admin" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_hidden' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_hidden"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_hidden" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_system_account' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_system_account"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_system_account" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'loginwindow_settings')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'loginwindow_settings' AS table_name, 'hidden_users' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"hidden_users"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "loginwindow_settings"
  WHERE "hidden_users" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'loginwindow_settings'
) b
ORDER BY 1, 2, 3, 4;
=== laps_admin_holds_secure_token
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'managed_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'managed_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM managed_users m WHERE m.host_id = secure_tokens.host_id AND m.uuid = secure_tokens.uuid)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'password_last_set_time' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"password_last_set_time"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "password_last_set_time" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM managed_users m WHERE m.host_id = account_policy_data.host_id AND m.uuid = account_policy_data.uuid)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'creation_time' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"creation_time"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "creation_time" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM managed_users m WHERE m.host_id = account_policy_data.host_id AND m.uuid = account_policy_data.uuid)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'managed_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'managed_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'a row has no counterpart in a table that the question reads' AS reason
FROM (
  SELECT host_id
  FROM "managed_users"
  WHERE CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = managed_users.host_id AND s.uuid = managed_users.uuid AND COALESCE(s.secure_token, 1) = 1) AND NOT EXISTS (SELECT 1 FROM account_policy_data a WHERE a.host_id = managed_users.host_id AND a.uuid = managed_users.uuid)) THEN 0 ELSE 1 END = 1
) r
) b
ORDER BY 1, 2, 3, 4;
=== legacy_recovery_keys
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_institutional_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_institutional_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_institutional_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_policies')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, 'irk_certificate_present' AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND t.status IN ('ok', 'empty', 'partial')
  AND REPLACE(t.columns_affected, '"irk_certificate_present"', '') <> t.columns_affected
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== lockout_no_way_left
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_personal_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_personal_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_personal_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM apfs_crypto_users c WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery')) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_institutional_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_institutional_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_institutional_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = filevault_status.host_id AND h.is_apple_silicon = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'prk_escrow_blob_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"prk_escrow_blob_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "prk_escrow_blob_present" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM filevault_policies p WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_policies')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_policies' AS table_name, 'escrow_payload_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrow_payload_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_policies"
  WHERE "escrow_payload_present" IS NULL
    AND CASE WHEN NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = filevault_policies.host_id AND (f.filevault_enabled = 0 OR f.prk_escrow_blob_present = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_policies'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'is_apple_silicon' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_apple_silicon"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "is_apple_silicon" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "filevault_enabled" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = secure_tokens.host_id AND f.filevault_enabled = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'volume_owner' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"volume_owner"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "volume_owner" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND COALESCE(is_admin, 1) = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = secure_tokens.host_id AND h.is_apple_silicon = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id AND s.username = users.username AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'crypto_user_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"crypto_user_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "crypto_user_present" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== lockout_single_loss
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_personal_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_personal_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_personal_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM apfs_crypto_users c WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery')) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_institutional_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_institutional_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_institutional_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = filevault_status.host_id AND h.is_apple_silicon = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'prk_escrow_blob_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"prk_escrow_blob_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "prk_escrow_blob_present" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM filevault_policies p WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_policies')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_policies' AS table_name, 'escrow_payload_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrow_payload_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_policies"
  WHERE "escrow_payload_present" IS NULL
    AND CASE WHEN NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = filevault_policies.host_id AND (f.filevault_enabled = 0 OR f.prk_escrow_blob_present = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_policies'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'is_apple_silicon' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_apple_silicon"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "is_apple_silicon" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "filevault_enabled" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = secure_tokens.host_id AND f.filevault_enabled = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'volume_owner' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"volume_owner"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "volume_owner" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND COALESCE(is_admin, 1) = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = secure_tokens.host_id AND h.is_apple_silicon = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id AND s.username = users.username AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'crypto_user_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"crypto_user_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "crypto_user_present" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== lockout_ways
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_personal_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_personal_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_personal_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM apfs_crypto_users c WHERE c.host_id = filevault_status.host_id AND c.type = 'PersonalRecovery')) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_institutional_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_institutional_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_institutional_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = filevault_status.host_id AND h.is_apple_silicon = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'prk_escrow_blob_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"prk_escrow_blob_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "prk_escrow_blob_present" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND NOT EXISTS (SELECT 1 FROM filevault_policies p WHERE p.host_id = filevault_status.host_id AND p.escrow_payload_present = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_policies')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_policies' AS table_name, 'escrow_payload_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrow_payload_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_policies"
  WHERE "escrow_payload_present" IS NULL
    AND CASE WHEN NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = filevault_policies.host_id AND (f.filevault_enabled = 0 OR f.prk_escrow_blob_present = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_policies'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'is_apple_silicon' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_apple_silicon"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "is_apple_silicon" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "filevault_enabled" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = secure_tokens.host_id AND f.filevault_enabled = 0)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'volume_owner' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"volume_owner"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "volume_owner" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1 AND COALESCE(is_admin, 1) = 1 AND EXISTS (SELECT 1 FROM hosts h WHERE h.host_id = secure_tokens.host_id AND h.is_apple_silicon = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = users.host_id AND s.username = users.username AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'crypto_user_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"crypto_user_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "crypto_user_present" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== login_exposure
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'loginwindow_settings')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'loginwindow_settings' AS table_name, 'root_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"root_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "loginwindow_settings"
  WHERE "root_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'loginwindow_settings'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'loginwindow_settings')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'loginwindow_settings' AS table_name, 'kcpassword_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"kcpassword_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "loginwindow_settings"
  WHERE "kcpassword_present" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'loginwindow_settings'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'loginwindow_settings')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'loginwindow_settings' AS table_name, 'guest_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"guest_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "loginwindow_settings"
  WHERE "guest_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'loginwindow_settings'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'loginwindow_settings')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'loginwindow_settings' AS table_name, 'autologin_username' AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'loginwindow_settings'
  AND t.status IN ('ok', 'empty', 'partial')
  AND REPLACE(t.columns_affected, '"autologin_username"', '') <> t.columns_affected
) b
ORDER BY 1, 2, 3, 4;
=== mdm_bypass_markers
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'is_enrolled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_enrolled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "is_enrolled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'enrollment_markers' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'enrollment_markers')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'enrollment_markers' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'enrollment_markers'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'enrollment_markers' AS table_name, 'file_exists' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"file_exists"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "enrollment_markers"
  WHERE "file_exists" IS NULL
    AND CASE WHEN NOT (path IN ( '/var/db/ConfigurationProfiles/Settings/.cloudConfigRecordNotFound', '/var/db/ConfigurationProfiles/Settings/.cloudConfigProfileInstalled')) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'enrollment_markers'
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (NOT EXISTS (SELECT 1 FROM mdm_enrollments m WHERE m.host_id = hosts.host_id AND m.is_enrolled = 1)) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts', 'mdm_enrollments') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== mdm_enrollment_gaps
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'is_enrolled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_enrolled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "is_enrolled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'is_user_approved' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_user_approved"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "is_user_approved" IS NULL
    AND CASE WHEN NOT (is_enrolled = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'is_supervised' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_supervised"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "is_supervised" IS NULL
    AND CASE WHEN NOT (is_enrolled = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'is_dep_enrolled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_dep_enrolled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "is_dep_enrolled" IS NULL
    AND CASE WHEN NOT (is_enrolled = 1 AND COALESCE(dep_record_cached, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mdm_enrollments')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mdm_enrollments' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mdm_enrollments'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'mdm_enrollments' AS table_name, 'dep_record_cached' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"dep_record_cached"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "mdm_enrollments"
  WHERE "dep_record_cached" IS NULL
    AND CASE WHEN NOT (is_enrolled = 1 AND COALESCE(is_dep_enrolled, 0) = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'mdm_enrollments'
) b
ORDER BY 1, 2, 3, 4;
=== mobile_accounts_without_token
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'mobile_accounts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'mobile_accounts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'mobile_accounts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'mobile_accounts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM mobile_accounts m WHERE m.host_id = secure_tokens.host_id AND m.username = secure_tokens.username)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== new_admin_between_snapshots
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_admin" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== no_secure_token_user
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'boot_volume_fs' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"boot_volume_fs"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "boot_volume_fs" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201 AND NOT EXISTS (SELECT 1 FROM secure_tokens t WHERE t.host_id = secure_tokens.host_id AND t.secure_token = 1 AND COALESCE(t.uid, -1) <> 201)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== only_token_holder_is_managed_admin
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'managed_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'managed_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'managed_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== password_signals
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'failed_login_count' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"failed_login_count"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "failed_login_count" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM users u WHERE u.host_id = account_policy_data.host_id AND u.username = account_policy_data.username AND COALESCE(u.is_system_account, 0) = 0 AND COALESCE(u.can_login, 1) = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'password_last_set_time' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"password_last_set_time"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "password_last_set_time" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM users u WHERE u.host_id = account_policy_data.host_id AND u.username = account_policy_data.username AND COALESCE(u.is_system_account, 0) = 0 AND COALESCE(u.can_login, 1) = 1)) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'a row has no counterpart in a table that the question reads' AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE CASE WHEN NOT (COALESCE(is_system_account, 0) = 0 AND COALESCE(can_login, 1) = 1 AND NOT EXISTS (SELECT 1 FROM account_policy_data a WHERE a.host_id = users.host_id AND a.username = users.username)) THEN 0 ELSE 1 END = 1
) r
) b
ORDER BY 1, 2, 3, 4;
=== posture_by_os_version
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'os_major' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"os_major"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "os_major" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== prk_not_escrowed_by_profile
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'has_personal_recovery_key' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"has_personal_recovery_key"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "has_personal_recovery_key" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'prk_escrow_blob_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"prk_escrow_blob_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "prk_escrow_blob_present" IS NULL
    AND CASE WHEN NOT (filevault_enabled = 1 AND has_personal_recovery_key = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_policies')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_policies' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_policies'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_policies' AS table_name, 'escrow_payload_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrow_payload_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_policies"
  WHERE "escrow_payload_present" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_policies'
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id AND (f.filevault_enabled = 0 OR f.has_personal_recovery_key = 0 OR f.prk_escrow_blob_present = 1))) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts', 'filevault_status') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== rare_admin_accounts
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_admin" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_system_account' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_system_account"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_system_account" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'console_username' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"console_username"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "console_username" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'at least 20 hosts are needed to compare' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE (SELECT COUNT(*) FROM hosts) < 20
) b
ORDER BY 1, 2, 3, 4;
=== recovery_key_file_on_disk
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_deferrals' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_deferrals')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_deferrals' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_deferrals'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_deferrals' AS table_name, 'output_file_exists' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"output_file_exists"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_deferrals"
  WHERE "output_file_exists" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_deferrals'
) b
ORDER BY 1, 2, 3, 4;
=== removed_from_filevault_keeps_token
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'filevault_status')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'filevault_status' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'filevault_status'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'filevault_status' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "filevault_status"
  WHERE "filevault_enabled" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'filevault_status'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(filevault_enabled, 0) = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'filevault_enabled' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"filevault_enabled"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "filevault_enabled" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
WHERE b.host_id NOT IN (SELECT host_id FROM hosts WHERE NOT (NOT EXISTS (SELECT 1 FROM filevault_status f WHERE f.host_id = hosts.host_id AND f.filevault_enabled = 0)) AND NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = hosts.host_id AND t.table_name IN ('hosts', 'filevault_status') AND t.status NOT IN ('ok', 'empty', 'partial')))
ORDER BY 1, 2, 3, 4;
=== secure_token_gained
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "secure_tokens_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'secure_tokens'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "apfs_crypto_users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== secure_token_lost
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'apfs_crypto_users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "secure_tokens_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'secure_tokens'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'apfs_crypto_users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "apfs_crypto_users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'apfs_crypto_users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== single_token_admin
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(is_admin, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'supported_on_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"supported_on_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "supported_on_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'escrowed_to_server' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"escrowed_to_server"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "escrowed_to_server" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'bootstrap_tokens' AS table_name, 'crypto_user_present' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"crypto_user_present"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "bootstrap_tokens"
  WHERE "crypto_user_present" IS NULL
    AND CASE WHEN NOT (state = 'unknown') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'bootstrap_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== stale_account_can_unlock
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
    AND CASE WHEN NOT (COALESCE(uid, -1) <> 201) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'authentication_authorities')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'authentication_authorities' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'authentication_authorities'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'account_policy_data' AS table_name, 'last_login_time' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"last_login_time"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "account_policy_data"
  WHERE "last_login_time" IS NULL
    AND CASE WHEN NOT (EXISTS (SELECT 1 FROM secure_tokens s WHERE s.host_id = account_policy_data.host_id AND s.username = account_policy_data.username AND (COALESCE(s.secure_token, 1) = 1 OR s.filevault_enabled = 1))) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'account_policy_data'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'account_policy_data')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'account_policy_data' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'account_policy_data'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'a row has no counterpart in a table that the question reads' AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE CASE WHEN NOT ((COALESCE(secure_token, 1) = 1 OR filevault_enabled = 1) AND COALESCE(uid, -1) <> 201 AND NOT EXISTS (SELECT 1 FROM account_policy_data a WHERE a.host_id = secure_tokens.host_id AND a.username = secure_tokens.username)) THEN 0 ELSE 1 END = 1
) r
) b
ORDER BY 1, 2, 3, 4;
=== system_account_impostor
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'uid' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"uid"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "uid" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'can_login' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"can_login"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "can_login" IS NULL
    AND CASE WHEN NOT (SUBSTR(username, 1, 1) = '_' AND COALESCE(is_system_account, 0) = 0) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'is_system_account' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_system_account"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "is_system_account" IS NULL
    AND CASE WHEN NOT (SUBSTR(username, 1, 1) = '_') THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
) b
ORDER BY 1, 2, 3, 4;
=== token_drift_over_time
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'bootstrap_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "secure_tokens_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'secure_tokens'
WHERE CASE WHEN t.last_good_time > f.first_time THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'users'
WHERE CASE WHEN t.last_good_time > f.first_time THEN 0 ELSE 1 END = 1
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'bootstrap_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "bootstrap_tokens_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'bootstrap_tokens'
WHERE CASE WHEN t.last_good_time > f.first_time THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== token_holder_not_admin
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'secure_token' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"secure_token"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "secure_token" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'secure_tokens')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'secure_tokens' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'secure_tokens'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'secure_tokens' AS table_name, 'is_admin' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"is_admin"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "secure_tokens"
  WHERE "is_admin" IS NULL
    AND CASE WHEN NOT (COALESCE(secure_token, 1) = 1) THEN 0 ELSE 1 END = 1
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'secure_tokens'
) b
ORDER BY 1, 2, 3, 4;
=== token_source_conflicts
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'conflicts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'conflicts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'conflicts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'conflicts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial'))
) b
ORDER BY 1, 2, 3, 4;
=== uuid_changed
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'users')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'users'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'users' AS table_name, 'uuid' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"uuid"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "users"
  WHERE "uuid" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'users'
UNION ALL
SELECT DISTINCT h.host_id AS host_id, 'users' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'two good snapshots are needed, the newer of the last seven days' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
LEFT JOIN (
  SELECT host_id, MIN(valid_from_time) AS first_time
  FROM "users_history"
  WHERE valid_from_time <= :now
  GROUP BY host_id
) f ON f.host_id = h.host_id
LEFT JOIN table_status t ON t.host_id = h.host_id AND t.table_name = 'users'
WHERE CASE WHEN t.last_good_time > f.first_time AND t.last_good_time > :now - 604800 THEN 0 ELSE 1 END = 1
) b
ORDER BY 1, 2, 3, 4;
=== version_threshold_matrix
SELECT DISTINCT b.host_id, b.table_name, b.column_name, b.reason
FROM (
SELECT DISTINCT h.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, 'it was not collected' AS reason
FROM (SELECT host_id FROM hosts UNION SELECT host_id FROM table_status) h
WHERE NOT EXISTS (SELECT 1 FROM table_status t WHERE t.host_id = h.host_id AND t.table_name = 'hosts')
UNION ALL
SELECT DISTINCT t.host_id AS host_id, 'hosts' AS table_name, CAST(NULL AS VARCHAR(64)) AS column_name, t.status || ': ' || COALESCE(t.reason, 'no reason is known') AS reason
FROM table_status t
WHERE t.table_name = 'hosts'
  AND (t.status NOT IN ('ok', 'empty', 'partial') OR (t.status = 'partial' AND t.columns_affected IS NULL))
UNION ALL
SELECT DISTINCT r.host_id AS host_id, 'hosts' AS table_name, 'os_version_num' AS column_name, CASE WHEN t.reason IS NOT NULL AND (t.status = 'partial' OR REPLACE(t.columns_affected, '"os_version_num"', '') <> t.columns_affected) THEN t.status || ': ' || COALESCE(t.reason, 'no reason is known') ELSE 'the value is not known' END AS reason
FROM (
  SELECT host_id
  FROM "hosts"
  WHERE "os_version_num" IS NULL
) r
LEFT JOIN table_status t ON t.host_id = r.host_id AND t.table_name = 'hosts'
) b
ORDER BY 1, 2, 3, 4;
