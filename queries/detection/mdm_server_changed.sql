-- name: mdm_server_changed
-- title: Another MDM server manages the Mac
-- group: detection
-- version: 1
-- modified: 2026-11-29
-- status: experimental
-- severity: high
-- history: yes
-- uses: firsts
-- purpose: In the seven days before :now the host of the MDM server became another one. Whoever runs that server can
--   install profiles, make accounts and erase the Mac. That a Mac is managed no longer is another question.
-- requires: mdm_enrollments.server_host?
-- remediation: Find out whether the Mac was moved on purpose: the new host is one of yours or of your vendor, and the
--   old server says that the Mac left. If nobody knows the host, have the disk's recovery key changed once the Mac is
--   back under your own server, for the other one may have got it. Before it leaves that server, make sure that an
--   administrator with a token can log in and that a recovery key which works is known: the bootstrap token goes with
--   the enrolment.
-- nist-800-53: CM-2, CM-6, CM-8
-- false-positives: A migration to another product, a vendor that gave its servers new names, a Mac that was sold or
--   given to another organisation.
WITH recent AS (
  SELECT DISTINCT
    n.host_id AS host_id,
    n.server_host AS server_host,
    n.valid_from_time AS change_time
  FROM mdm_enrollments_history n
  CROSS JOIN firsts f
  WHERE n.server_host IS NOT NULL
    AND n.valid_from_time > :now - 7 * 86400
    AND n.valid_from_time <= :now
    -- Rows of the first snapshot of a host are no change.
    AND f.host_id = n.host_id
    AND f.first_time < n.valid_from_time
),
compared AS (
  SELECT
    r.host_id AS host_id,
    r.server_host AS server_host,
    r.change_time AS change_time,
    -- The last server that was told before, and whether this one was told after it.
    MAX(CASE WHEN p.server_host <> r.server_host THEN p.valid_from_time END) AS former_time,
    MAX(CASE WHEN p.server_host = r.server_host THEN p.valid_from_time ELSE 0 END) AS same_time
  FROM mdm_enrollments_history p
  -- CROSS JOIN: SQLite then reads the past once, of these hosts alone.
  CROSS JOIN recent r
  WHERE p.host_id = r.host_id
    AND p.host_id IN (SELECT q.host_id FROM recent q)
    AND p.valid_from_time < r.change_time
  GROUP BY r.host_id, r.server_host, r.change_time
)
SELECT
  c.host_id,
  'host' AS subject,
  MIN(o.server_host) AS former_server_host,
  c.server_host,
  c.change_time
FROM mdm_enrollments_history o
CROSS JOIN compared c
WHERE o.host_id = c.host_id
  AND o.host_id IN (SELECT q.host_id FROM compared q)
  AND o.server_host <> c.server_host
  AND o.valid_from_time = c.former_time
  AND c.former_time > c.same_time
GROUP BY c.host_id, c.server_host, c.change_time
ORDER BY c.host_id, c.change_time, c.server_host;
