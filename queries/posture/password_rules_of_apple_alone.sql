-- name: password_rules_of_apple_alone
-- title: No rule for passwords is set beside that of macOS
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: Neither a profile nor anybody else has set a rule for passwords: no lockout after failed logins, and four
--   characters are enough, or what macOS brings along.
-- requires: hosts,
--   password_policy
-- remediation: Set length, lockout and lifetime by a profile (com.apple.mobiledevice.passwordpolicy).
-- references: mSCP pwpolicy_account_lockout_enforce, pwpolicy_minimum_length_enforce; CIS 5.2.1, 5.2.2 (macOS 26);
--   STIG APPL-26-000022, APPL-26-003010; 800-53r5 AC-7, IA-5(1)
-- false-positives: Macs on which nobody logs in with a local password.
SELECT
  h.host_id,
  'host' AS subject,
  h.os_version
FROM hosts h
CROSS JOIN known_tables k
WHERE k.host_id = h.host_id
  AND k.table_name = 'password_policy'
  AND NOT EXISTS (
    SELECT 1
    FROM password_policy p
    WHERE p.host_id = h.host_id
      AND COALESCE(p.is_of_apple, 0) = 0
  )
ORDER BY h.host_id;
