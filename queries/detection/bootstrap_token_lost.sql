-- name: bootstrap_token_lost
-- title: The bootstrap token is escrowed no longer
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now a bootstrap token that was escrowed no longer is, though the Mac is still
--   enrolled: MDM cannot grant tokens or authorise updates any more. A Mac that left MDM loses it, too; that is another
--   question.
-- requires: no bootstrap_tokens where state = 'unknown'
-- remediation: First make sure that an administrator with a token can log in (lockout_ways): it is the one way left by
--   which tokens are granted. Then have it run profiles install -type bootstraptoken, or log in once more, and see that
--   the MDM server says that it has the token.
-- nist-800-53: CP-10, SI-2
-- false-positives: A move to another MDM server, which gets the token when an administrator with a token next logs in.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.state AS state,
    n.valid_from_time AS change_time
  FROM bootstrap_tokens_history n
  CROSS JOIN firsts f
  WHERE n.state IN ('supported_not_escrowed', 'not_supported', 'stale_local')
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.state AS state,
    r.change_time AS change_time,
    MAX(CASE WHEN p.state = 'escrowed' THEN p.valid_from_time ELSE 0 END) AS last_yes_time,
    MAX(CASE WHEN p.state NOT IN ('escrowed', 'unknown') THEN p.valid_from_time ELSE 0 END) AS last_no_time
  FROM bootstrap_tokens_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.state, r.change_time
)
SELECT
  c.host_id,
  'host' AS subject,
  c.state,
  c.change_time
FROM compared c
-- What was last known of it was that it is escrowed.
WHERE c.last_yes_time > c.last_no_time
ORDER BY c.host_id, c.change_time, c.state;
