-- name: sudo_password_kept
-- title: sudo remembers a password for ever, or for all terminals
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: After one password any later process of that account becomes root without one: timestamp_timeout is negative, or
--   what one terminal typed counts for all (timestamp_type=global, !tty_tickets).
-- requires: sudoers.rule_details where kind = 'defaults'
-- remediation: Make sure that an administrator with a token can log in and keeps a root shell open until the change
--   was tried; then take the setting away with visudo. CIS wants timestamp_timeout=0 and timestamp_type=tty.
-- references: mSCP os_sudo_timeout_configure, os_sudoers_timestamp_type_configure; CIS 5.4, 5.5 (macOS 26);
--   STIG APPL-26-004022, APPL-26-004060; 800-53r5 IA-11; ATT&CK T1548.003
-- false-positives: Build machines that were set so on purpose.
SELECT
  s.host_id,
  s.source || ' ' || s.header AS subject,
  s.rule_details
FROM sudoers s
WHERE s.kind = 'defaults'
  AND (
    REPLACE(s.rule_details, 'timestamp_timeout=-', '') <> s.rule_details
    OR REPLACE(s.rule_details, 'timestamp_type=global', '') <> s.rule_details
    OR REPLACE(s.rule_details, '!tty_tickets', '') <> s.rule_details
  )
ORDER BY s.host_id, s.source, s.header, s.rule_details, s.occurrence;
