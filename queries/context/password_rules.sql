-- name: password_rules
-- title: What the rules for passwords ask for
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: Several rules hold together, and the strictest counts: the most characters, the fewest failed logins, the
--   soonest change. NULL: no rule says it in a form that is read here; rules of a form that is not read are counted
--   (other_rules). What an organisation wants is its own to say: compare these numbers with it.
-- requires: password_policy
-- remediation: None: context. Where a number is missing or too weak, set it by a profile
--   (com.apple.mobiledevice.passwordpolicy).
-- mscp: pwpolicy_account_inactivity_enforce, pwpolicy_account_lockout_enforce,
--   pwpolicy_account_lockout_timeout_enforce, pwpolicy_history_enforce, pwpolicy_max_lifetime_enforce,
--   pwpolicy_minimum_length_enforce
-- cis: 5.2.1, 5.2.2, 5.2.7, 5.2.8
-- stig: APPL-26-000022, APPL-26-000060, APPL-26-003008, APPL-26-003010, APPL-26-003080
-- nist-800-53: AC-2(3), IA-5, IA-5(1)
-- false-positives: None: it is a table of facts.
SELECT
  p.host_id,
  'host' AS subject,
  MAX(p.minimum_length) AS minimum_length,
  MIN(p.max_failed_logins) AS max_failed_logins,
  MAX(p.lockout_seconds) AS lockout_seconds,
  MIN(p.expires_days) AS expires_days,
  MAX(p.history_depth) AS history_depth,
  MIN(p.inactive_days) AS inactive_days,
  COUNT(*) AS all_rules,
  SUM(
    CASE
      WHEN COALESCE(
        p.minimum_length,
        p.max_failed_logins,
        p.lockout_seconds,
        p.expires_days,
        p.history_depth,
        p.inactive_days
      ) IS NULL THEN 1
      ELSE 0
    END
  ) AS other_rules
FROM password_policy p
-- Of rules that were not all read the strictest is not known.
JOIN known_tables k
  ON k.host_id = p.host_id
  AND k.table_name = 'password_policy'
WHERE p.uid = -1
GROUP BY p.host_id
ORDER BY p.host_id;
