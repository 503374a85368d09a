-- name: smart_card_removal_ignored
-- title: A smart card is demanded, and taking it out leaves the session open
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: low
-- purpose: Where a smart card is demanded, a session stays open when the card is taken out: tokenRemovalAction
--   is not set to lock it.
-- requires: smart_card_settings,
--   smart_card_settings.enforce_smart_card
-- remediation: Set tokenRemovalAction to 1 by a profile (com.apple.security.smartcard). Nobody loses access by
--   it.
-- mscp: system_settings_token_removal_enforce
-- stig: APPL-26-000005
-- nist-800-53: AC-11
-- false-positives: Macs that lock soon by their screen saver.
SELECT
  s.host_id,
  'host' AS subject,
  s.enforce_smart_card,
  s.token_removal_action
FROM smart_card_settings s
-- Nothing sets it only where that was looked at.
JOIN known_tables k
  ON k.host_id = s.host_id
  AND k.table_name = 'smart_card_settings'
WHERE s.enforce_smart_card = 1
  AND COALESCE(s.token_removal_action, 0) <> 1
ORDER BY s.host_id;
