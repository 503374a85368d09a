-- name: token_source_conflicts
-- title: The sources of macOS disagree
-- group: hygiene
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- severity-from: conflict_severity
-- explained-by: filevault_orphan_users for the same subject where rule_id is M06, bootstrap_token_stale where rule_id
--   is M10 or M11, uuid_changed for the same subject where rule_id is M16
-- purpose: OpenDirectory, sysadminctl, fdesetup, profiles and APFS do not say the same of an account, a key
--   or the Mac.
-- requires: conflicts
-- remediation: Trust APFS, and follow the conclusion; rule_id names the rule.
-- references: none
-- false-positives: A Mac in the middle of a migration or of an enablement.
SELECT
  c.host_id,
  c.subject,
  c.subject_kind,
  c.rule_id,
  c.fact,
  c.source_a,
  c.value_a,
  c.source_b,
  c.value_b,
  c.severity AS conflict_severity,
  c.conclusion
FROM conflicts c
WHERE c.severity IN ('medium', 'high')
ORDER BY
  c.host_id,
  c.subject,
  c.rule_id,
  c.fact,
  c.subject_kind,
  c.source_a,
  c.source_b,
  COALESCE(c.value_a, ''),
  COALESCE(c.value_b, '');
