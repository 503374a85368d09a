-- name: smart_card_trust_unchecked
-- title: A smart card is demanded, and its certificate is not checked for being revoked
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: Where a smart card is demanded, whoever has one that was revoked still logs in:
--   checkCertificateTrust is not set, or looks at no list of revoked certificates.
-- requires: smart_card_settings,
--   smart_card_settings.enforce_smart_card
-- remediation: Make sure that the Macs reach the lists of the issuer, and that an administrator with a token
--   can log in when they do not; then set checkCertificateTrust to 2 by a profile.
-- mscp: auth_smartcard_certificate_trust_enforce_moderate
-- stig: APPL-26-001060
-- nist-800-53: IA-5(2), SC-17
-- false-positives: Macs that are kept off every network.
SELECT
  s.host_id,
  'host' AS subject,
  s.enforce_smart_card,
  s.check_certificate_trust
FROM smart_card_settings s
-- Nothing sets it only where that was looked at.
JOIN known_tables k
  ON k.host_id = s.host_id
  AND k.table_name = 'smart_card_settings'
WHERE s.enforce_smart_card = 1
  AND COALESCE(s.check_certificate_trust, 0) < 2
ORDER BY s.host_id;
