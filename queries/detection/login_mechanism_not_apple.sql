-- name: login_mechanism_not_apple
-- title: A plug-in of another maker takes part in the login
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: medium
-- purpose: The steps of the login window name a plug-in that macOS does not bring along. It sees the password that is typed,
--   and with privileged it runs as root. The name alone is known: look at the signature of the bundle.
-- requires: authorization_mechanisms
-- remediation: Look the bundle up in /Library/Security/SecurityAgentPlugins and check its signature with codesign. If nobody
--   knows it, keep it as evidence. Before a step is taken out, make sure that somebody can log in without it: a wrong list
--   locks everybody out.
-- references: ATT&CK T1556; 800-53r5 CM-7, IA-2
-- false-positives: Jamf Connect, XCreds, NoMAD Login, Okta and other products that log in with a directory or a provider.
SELECT
  a.host_id,
  a.entry AS subject,
  a.plugin,
  a.privileged,
  a.position
FROM authorization_mechanisms a
WHERE a.is_of_apple = 0
ORDER BY a.host_id, a.position;
