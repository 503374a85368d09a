-- name: system_account_impostor
-- title: An account poses as one of macOS, shares its identity, or is one that somebody uses
-- group: detection
-- version: 2
-- modified: 2026-11-29
-- status: test
-- severity: high
-- uses: hidden_names
-- purpose: An account is named like those of macOS and can log in, claims an identity of macOS that is not its
--   own, has uid 0 without being root, or has the uid or the GeneratedUID of another account. Or it has the whole
--   identity of an account of macOS and does what none does (kind awake): it can log in, has a password, is an
--   administrator, is hidden by its own record or by the login window, or holds a token. Whoever makes an account
--   chooses its uid and its GeneratedUID: they are no proof. root, Setup Assistant and Guest have other questions.
-- requires: users.uid,
--   users.uuid,
--   users.can_login where SUBSTR(username, 1, 1) = '_' AND COALESCE(is_system_account, 0) = 0,
--   users.is_system_account,
--   users.has_false_identity,
--   users.is_awake where COALESCE(is_system_account, 1) = 1
--     AND COALESCE(account_type, '') NOT IN ('root', 'setup_assistant', 'guest'),
--   users.account_type where COALESCE(is_system_account, 1) = 1,
--   secure_tokens.secure_token where EXISTS (SELECT 1 FROM users u WHERE u.host_id = secure_tokens.host_id
--     AND u.username = secure_tokens.username AND COALESCE(u.is_system_account, 1) = 1
--     AND COALESCE(u.account_type, '') NOT IN ('root', 'setup_assistant', 'guest'))
-- remediation: Treat it as a compromise until it is explained. First look whether an installed product made it (below).
--   If none did: keep the evidence (this export, the record, the home folder), look at what it holds (is_admin, a token,
--   FileVault) and at what runs as it, make sure that another administrator with a token can log in, and only then
--   disable it; delete it when it is understood.
-- references: ATT&CK T1036.010, T1564.002, T1136.001; 800-53r5 IA-4
-- false-positives: The agent of a product may make a service account of such a name with a real shell (kind name):
--   JumpCloud _jumpcloudserviceaccount and Automox _automoxserviceaccount, which hold a token, and Fleet _fleetadmin.
--   Build users of Nix, _nixbld1 and following (kind same_uid): older installers gave them uids from 301 on, which
--   macOS 15 gives to accounts of its own; both accounts of a pair are told, and Nix has a script that moves its own. To
--   make sure: the product is installed here, its console or installer names the account, and the account is what it
--   should be: a build user of Nix has group nixbld, shell /sbin/nologin, no password and no administrator's right. A
--   name proves nothing: whoever makes an account chooses it.
WITH shared AS (
  -- Hosts on which two accounts may have one uid or one GeneratedUID: few. That of an account of macOS is made of its uid,
  -- so that another has it only with the same uid, or as one that is none of macOS.
  SELECT o.host_id
  FROM users o
  GROUP BY o.host_id
  HAVING COUNT(o.uid) > COUNT(DISTINCT o.uid)
    OR COUNT(CASE WHEN o.is_system_account = 1 AND o.has_false_identity = 0 THEN NULL ELSE o.uuid END)
      > COUNT(DISTINCT CASE WHEN o.is_system_account = 1 AND o.has_false_identity = 0 THEN NULL ELSE UPPER(o.uuid) END)
    OR MAX(CASE
      WHEN o.is_system_account = 1 AND o.has_false_identity = 0 THEN 0
      WHEN UPPER(SUBSTR(o.uuid, 1, 8)) = 'FFFFEEEE' THEN 1
      ELSE 0
    END) = 1
),
twins AS (
  SELECT
    d.host_id,
    d.username,
    COALESCE(d.uuid, '') AS uuid,
    COUNT(*) OVER (PARTITION BY d.host_id, d.uid) AS same_uid,
    COUNT(*) OVER (PARTITION BY d.host_id, d.uuid) AS same_uuid,
    d.uid
  FROM users d
  WHERE d.host_id IN (SELECT s.host_id FROM shared s)
),
woken AS (
  -- What the record of an account does not say. Few with a GeneratedUID of macOS hold a token, and few are hidden by the
  -- login window: those are read first.
  SELECT s.host_id, s.username, COALESCE(s.uuid, '') AS uuid
  FROM secure_tokens s
  WHERE s.secure_token = 1
    AND UPPER(SUBSTR(s.uuid, 1, 8)) = 'FFFFEEEE'
  UNION
  SELECT h.host_id, h.username, h.uuid
  FROM hidden_names h
)
SELECT
  u.host_id,
  u.username AS subject,
  u.uid,
  u.uuid,
  u.shell,
  CASE
    WHEN u.uid = 0 AND u.username <> 'root' THEN 'uid_0'
    WHEN t.same_uid > 1 AND u.uid IS NOT NULL THEN 'same_uid'
    WHEN t.same_uuid > 1 AND u.uuid IS NOT NULL THEN 'same_uuid'
    WHEN u.has_false_identity = 1 THEN 'false_identity'
    WHEN (u.is_awake = 1 OR w.username IS NOT NULL) AND u.is_system_account = 1 THEN 'awake'
    ELSE 'name'
  END AS kind
FROM users u
LEFT JOIN twins t
  ON t.host_id = u.host_id
  AND t.username = u.username
  AND t.uuid = COALESCE(u.uuid, '')
  AND COALESCE(t.uid, -1) = COALESCE(u.uid, -1)
LEFT JOIN woken w
  ON w.host_id = u.host_id
  AND w.username = u.username
  AND w.uuid = COALESCE(u.uuid, '')
WHERE (u.uid = 0 AND u.username <> 'root')
  OR (t.same_uid > 1 AND u.uid IS NOT NULL)
  OR (t.same_uuid > 1 AND u.uuid IS NOT NULL)
  OR u.has_false_identity = 1
  OR (
    u.is_system_account = 1
    AND (u.is_awake = 1 OR w.username IS NOT NULL)
    AND u.account_type NOT IN ('root', 'setup_assistant', 'guest')
  )
  OR (
    SUBSTR(u.username, 1, 1) = '_'
    AND u.is_system_account = 0
    AND u.can_login = 1
    AND COALESCE(u.account_type, '') <> 'setup_assistant'
  )
ORDER BY u.host_id, u.username, COALESCE(u.uuid, ''), COALESCE(u.uid, -1);
