-- name: smart_card_not_required
-- title: A password alone logs in where smart cards may be used
-- group: context
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: info
-- purpose: Nothing demands a smart card: whoever knows a password logs in. Organisations that give out cards
--   demand them.
-- requires: smart_card_settings.enforce_smart_card
-- remediation: Make sure first that each user has a card that is paired (users.smart_card_paired), and that an
--   administrator with a token can log in with one or is let in without: only then set enforceSmartCard by a
--   profile.
-- mscp: auth_smartcard_enforce
-- stig: APPL-26-003020
-- nist-800-53: IA-2(1), IA-2(12)
-- false-positives: Organisations without smart cards: most of them.
SELECT
  s.host_id,
  'host' AS subject,
  s.allow_smart_card,
  s.enforce_smart_card
FROM smart_card_settings s
WHERE s.enforce_smart_card = 0
ORDER BY s.host_id;
