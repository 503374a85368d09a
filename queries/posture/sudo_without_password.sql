-- name: sudo_without_password
-- title: sudo runs commands without a password
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- purpose: A rule of sudoers has NOPASSWD, or a setting turns the question for a password off. Whatever runs as that account
--   then runs as root too, with nobody asked.
-- requires: sudoers.no_password
-- remediation: Make sure which product or script needs it, and make sure that an administrator with a token can log
--   in and keeps a root shell open until the change was tried. Then limit the rule to its commands, or take it away
--   with visudo.
-- references: 800-53r5 IA-11, AC-6(5); ATT&CK T1548.003
-- false-positives: Agents of management and build tools have such rules for few commands of their own: all_commands is 0
--   then, and source names the file that the product brought.
SELECT
  s.host_id,
  s.header AS subject,
  s.source,
  s.kind,
  s.rule_details,
  s.all_commands
FROM sudoers s
WHERE s.no_password = 1
ORDER BY s.host_id, s.header, s.source, COALESCE(s.rule_details, ''), s.occurrence;
