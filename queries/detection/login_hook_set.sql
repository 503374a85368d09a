-- name: login_hook_set
-- title: A program runs as root at each login or logout
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- purpose: A login or logout hook is set: a program that runs as root each time that somebody logs in or out. Apple has
--   told for years not to use them, and malware has used them.
-- requires: login_hooks
-- remediation: Keep the program and its times as evidence, and look at what it does. Make sure that an administrator
--   with a token can log in; then remove the setting: `sudo defaults delete com.apple.loginwindow LoginHook`, or
--   LogoutHook. Where set_in is system, name the file: /Library/Preferences/com.apple.loginwindow.
-- references: ATT&CK T1037.002; 800-53r5 CM-7
-- false-positives: Old management tools and set-ups of laboratories, such as scripts that mount shares. The path tells.
SELECT
  l.host_id,
  l.set_in || ' ' || l.event AS subject,
  l.program
FROM login_hooks l
ORDER BY l.host_id, l.set_in, l.event;
