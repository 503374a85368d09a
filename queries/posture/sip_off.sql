-- name: sip_off
-- title: System Integrity Protection is off
-- group: posture
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- severity-where: low when virtual_machine: virtual machines for tests are often made so
-- purpose: Without it root can change macOS itself, the databases of accounts and privacy, and every tool that tells of
--   them: what such a Mac says of itself counts for less. A custom configuration is not told here: the answer is
--   unknown.
-- requires: hosts.sip_enabled
-- remediation: Start in recovery and run csrutil enable; on Apple silicon it asks for an administrator who owns the
--   volume, so make sure first that one is left who knows the password (lockout_ways). If nobody knows who turned it
--   off, treat what the Mac says of itself with care, and collect again after that.
-- mscp: os_sip_enable
-- cis: 5.1.2
-- stig: APPL-26-005001
-- nist-800-53: AC-3, CM-5, SI-7
-- false-positives: Macs of people who develop drivers or debug macOS.
SELECT
  h.host_id,
  'host' AS subject,
  h.sip_enabled,
  h.os_version,
  h.is_virtual_machine
FROM hosts h
WHERE h.sip_enabled = 0
ORDER BY h.host_id;
