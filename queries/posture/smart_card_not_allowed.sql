-- name: smart_card_not_allowed
-- title: Smart cards may not be used to log in
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: A profile or a preference forbids smart cards at login: who has one must use a password. macOS ships
--   it allowed.
-- requires: smart_card_settings.allow_smart_card
-- remediation: Set allowSmartCard by a profile (com.apple.security.smartcard). Nobody loses access by it.
-- mscp: auth_smartcard_allow
-- stig: APPL-26-003030
-- nist-800-53: IA-2(1), IA-2(12)
-- false-positives: Organisations without smart cards.
SELECT
  s.host_id,
  'host' AS subject,
  s.allow_smart_card
FROM smart_card_settings s
WHERE s.allow_smart_card = 0
ORDER BY s.host_id;
