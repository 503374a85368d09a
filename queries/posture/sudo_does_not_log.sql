-- name: sudo_does_not_log
-- title: sudo does not log what it allowed
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: The last file of sudoers that speaks of it has !log_allowed: who became root and what for is then in no log.
--   macOS ships it so since 15. Settings for some users or commands alone are not looked at.
-- requires: sudoers.rule_details where kind = 'defaults' AND header = 'Defaults'
-- remediation: Write "Defaults log_allowed" to a file of /etc/sudoers.d with visudo -f. Keep a root shell open until
--   sudo was tried.
-- mscp: os_sudo_log_enforce
-- cis: 5.11
-- stig: APPL-26-000190
-- nist-800-53: AC-6(9)
-- attack: T1548.003
-- false-positives: macOS as it is shipped. Macs on which another product records what root does.
SELECT
  s.host_id,
  s.source AS subject,
  s.rule_details
FROM sudoers s
WHERE s.kind = 'defaults'
  AND s.header = 'Defaults'
  AND REPLACE(s.rule_details, '!log_allowed', '') <> s.rule_details
  -- A later setting counts, and sudo reads the files of the folder in the order of their names, after its own.
  AND NOT EXISTS (
    SELECT 1
    FROM sudoers l
    WHERE l.host_id = s.host_id
      AND l.kind = 'defaults'
      AND l.header = 'Defaults'
      AND l.source >= s.source
      -- A line of a form that is not known may say it.
      AND (
        l.rule_details IS NULL
        OR REPLACE(REPLACE(l.rule_details, '!log_allowed', ''), 'log_allowed', '')
          <> REPLACE(l.rule_details, '!log_allowed', '')
      )
  )
ORDER BY s.host_id, s.source, s.rule_details, s.occurrence;
