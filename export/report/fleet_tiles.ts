/** What a report tells of a fleet. Each number on its page is of one of these statements. */
import { queries } from '../../queries/index.ts';
import {
  allMacs,
  counted,
  daySeconds,
  firstWeek,
  notJudged,
  notWhollySeen,
  rankOf,
  weekSeconds,
} from './sql.ts';
import { column, count, host } from './tile.ts';
import type { Tile } from './tile.ts';

/** Above so many Macs a page has the short form of what grows with them. */
export const shortAbove = 200;

const username = column('account', 'name', 'text', 'no local account');
const severity = column('severity', 'nobody', 'severity');
const question = column('question', 'nobody', 'question');
const notJudgedMacs = {
  sql: `SELECT COUNT(DISTINCT s.host_id) FROM snapshots s WHERE s.host_id IN (\n    ${notJudged}\n)`,
  says: 'not judged at their last look',
};

const head: Tile = {
  id: 'head',
  title: 'The data',
  says: 'Wholly seen is a Mac of which every table that was asked for, and that it has, was told at its last look.',
  sql:
    `SELECT ${allMacs} AS hosts,\n  ${counted("l.status = 'complete'")} AS wholly_seen,\n` +
    '  (SELECT COUNT(*) FROM snapshots) AS snapshots,\n' +
    '  (SELECT MIN(s.collected_time) FROM snapshots s WHERE s.is_ahead = 0) AS first_time,\n' +
    '  MIN(l.collected_time) AS oldest_look_time,\n  MAX(l.collected_time) AS newest_look_time\nFROM latest_snapshots l',
  columns: {
    hosts: count('Macs'),
    wholly_seen: count('wholly seen'),
    snapshots: count('looks at them'),
    first_time: column('first look', 'nobody', 'time'),
    oldest_look_time: column('oldest last look', 'nobody', 'time'),
    newest_look_time: column('newest last look', 'nobody', 'time'),
  },
  unknown: {
    sql: 'SELECT COUNT(DISTINCT a.host_id) FROM ahead_snapshots a WHERE a.is_newest = 1',
    says: 'of which the last look is dated later than it was stored, so that a clock was wrong and it does not count',
  },
  empty: 'There is no look at any Mac.',
};

/** When the verdicts that are told were made: with the look that they judge. */
export const judged = (of = ''): Tile => ({
  id: 'judged',
  title: 'When it was judged',
  says: 'Each look is judged as it is stored.',
  sql:
    'SELECT COUNT(*) AS hosts, MIN(l.collected_time) AS oldest_time, MAX(l.collected_time) AS newest_time\nFROM latest_snapshots l\n' +
    `WHERE l.host_id NOT IN (\n    ${notJudged}\n)${of}`,
  columns: {
    hosts: count('judged Macs'),
    oldest_time: column('oldest', 'nobody', 'time'),
    newest_time: column('newest', 'nobody', 'time'),
  },
  unknown: null,
  empty: 'No Mac was judged.',
});

const age = (now: number): Tile => ({
  id: 'age',
  title: 'Age of the last look at each Mac',
  says: `Counted back from the moment of this report.`,
  sql:
    'SELECT n.age, COUNT(*) AS hosts FROM (\n' +
    `  SELECT CASE WHEN l.collected_time > ${now} THEN 'later than now' WHEN l.collected_time > ${now - daySeconds} THEN 'less than a day'\n` +
    `    WHEN l.collected_time > ${now - 7 * daySeconds} THEN '1 to 7 days' WHEN l.collected_time > ${now - 30 * daySeconds} THEN '7 to 30 days'\n` +
    "    ELSE 'more than 30 days' END AS age, l.collected_time\n  FROM latest_snapshots l\n) n\n" +
    'GROUP BY n.age ORDER BY MAX(n.collected_time) DESC',
  columns: { age: column('age', 'nobody'), hosts: count('Macs') },
  unknown: null,
  empty: 'There is no look at any Mac.',
});

const standing: Tile = {
  id: 'standing',
  title: 'How the Macs stand',
  says: 'Each Mac counts once, with the gravest that was found on it and that nobody accepted.',
  sql:
    'SELECT r.standing, COUNT(*) AS hosts FROM (\n' +
    "  SELECT CASE MIN(f.rank) WHEN 0 THEN 'critical' WHEN 1 THEN 'high' WHEN 2 THEN 'medium' WHEN 3 THEN 'low'\n" +
    "    ELSE CASE WHEN COALESCE(MAX(o.open), 0) > 0 THEN 'open' ELSE 'clean' END END AS standing, MIN(f.rank) AS rank\n" +
    '  FROM latest_snapshots l\n' +
    `  LEFT JOIN (SELECT host_id, MIN(${rankOf('severity')}) AS rank FROM findings WHERE state <> 'suppressed' GROUP BY host_id) f\n` +
    '    ON f.host_id = l.host_id\n' +
    "  LEFT JOIN (SELECT host_id, COUNT(*) AS open FROM verdicts WHERE verdict NOT IN ('hit', 'clean', 'not_asked') GROUP BY host_id) o\n" +
    '    ON o.host_id = l.host_id\n' +
    `  WHERE l.host_id NOT IN (\n    ${notJudged}\n  )\n  GROUP BY l.host_id\n) r\n` +
    "GROUP BY r.standing ORDER BY COALESCE(MIN(r.rank), CASE r.standing WHEN 'open' THEN 5 ELSE 6 END)",
  columns: { standing: column('gravest finding', 'nobody', 'severity'), hosts: count('Macs') },
  unknown: notJudgedMacs,
  empty: 'No Mac was judged.',
};

const controls: Tile = {
  id: 'controls',
  title: 'Controls',
  says:
    'Of each question: on how many Macs it found something, found nothing, could not be answered, was not asked, or was not judged ' +
    'at the last look. Accepted is what somebody excepted, with a reason. Unknown is never counted as clean.',
  sql:
    "SELECT v.query_name,\n  COUNT(CASE WHEN v.verdict = 'hit' AND a.host_id IS NULL THEN 1 END) AS hit,\n" +
    "  COUNT(CASE WHEN v.verdict = 'hit' AND a.host_id IS NOT NULL THEN 1 END) AS accepted,\n" +
    `  ${counted("v.verdict = 'clean'")} AS clean,\n` +
    `  ${counted("v.verdict NOT IN ('hit', 'clean', 'not_asked')")} AS unknown,\n` +
    `  ${counted("v.verdict = 'not_asked'")} AS not_asked,\n  ${allMacs} - COUNT(*) AS not_judged\n` +
    'FROM verdicts v\nLEFT JOIN (\n' +
    "  SELECT f.host_id, f.query_name FROM findings f GROUP BY f.host_id, f.query_name HAVING MIN(f.state = 'suppressed') = 1\n" +
    ') a ON a.host_id = v.host_id AND a.query_name = v.query_name\n' +
    `WHERE v.host_id NOT IN (\n    ${notJudged}\n)\nGROUP BY v.query_name ORDER BY v.query_name`,
  columns: {
    query_name: question,
    hit: count('hit'),
    accepted: count('accepted'),
    clean: count('clean'),
    unknown: count('unknown'),
    not_asked: count('not asked'),
    not_judged: count('not judged'),
  },
  unknown: notJudgedMacs,
  empty: 'No question was judged on any Mac.',
};

const found: Tile = {
  id: 'found',
  title: 'What was found',
  says: 'The gravest first, and of these what is newest. What somebody accepted stands below.',
  sql:
    "SELECT f.severity, f.query_name, f.host_id, NULLIF(f.subject, '') AS subject, f.first_seen_time\nFROM findings f\n" +
    `WHERE f.state <> 'suppressed'\nORDER BY ${rankOf('f.severity')}, f.first_seen_time DESC, f.query_name, f.host_id, f.subject`,
  columns: {
    severity,
    query_name: question,
    host_id: host,
    subject: column('about', 'account', 'text', 'the Mac'),
    first_seen_time: column('since', 'nobody', 'time'),
  },
  unknown: notJudgedMacs,
  empty: 'Nothing was found in what was judged.',
  isList: true,
};

const accepted: Tile = {
  id: 'accepted',
  title: 'What somebody accepted',
  says: 'Findings with an exception. They are no hits, and they are there.',
  sql:
    "SELECT f.severity, f.query_name, f.host_id, NULLIF(f.subject, '') AS subject, json_extract(f.exception, '$.owner') AS owner,\n" +
    "  json_extract(f.exception, '$.reason') AS reason, json_extract(f.exception, '$.until') AS until\nFROM findings f\n" +
    `WHERE f.state = 'suppressed'\nORDER BY ${rankOf('f.severity')}, f.query_name, f.host_id, f.subject`,
  columns: {
    severity,
    query_name: question,
    host_id: host,
    subject: column('about', 'account', 'text', 'the Mac'),
    owner: column('accepted by', 'name'),
    reason: column('because', 'free', 'sentence'),
    until: column('until', 'nobody'),
  },
  unknown: null,
  empty: 'Nothing is accepted.',
  isList: true,
};

const notSeen: Tile = {
  id: 'not-seen',
  title: 'What could not be seen',
  says:
    'Tables that were not wholly seen on every Mac at its last look, by what came of them. No row of such a table proves ' +
    'nothing. Not had is what the Mac or its macOS does not have, not asked what needs an option.',
  sql:
    "SELECT t.table_name,\n  COUNT(CASE WHEN t.status IN ('ok', 'empty') THEN 1 END) AS seen,\n" +
    ['partial', 'denied', 'failed', 'not_recorded', 'unsupported', 'skipped']
      .map((status) => `  ${counted(`t.status = '${status}'`)} AS ${status},\n`)
      .join('') +
    `  ${allMacs} - COUNT(*) AS missing\nFROM table_status t\nGROUP BY t.table_name HAVING seen < ${allMacs}\n` +
    'ORDER BY partial + denied + failed + not_recorded + missing DESC, t.table_name',
  columns: {
    table_name: column('table', 'nobody'),
    seen: count('seen'),
    partial: count('partly'),
    denied: count('denied'),
    failed: count('failed'),
    not_recorded: count('not recorded'),
    unsupported: count('not had'),
    skipped: count('not asked'),
    missing: count('not in the look'),
  },
  unknown: null,
  empty: 'Every table was wholly seen on every Mac.',
};

const whyNotSeen: Tile = {
  id: 'why-not-seen',
  title: 'Why it could not be seen',
  says: 'The reasons, as they were told; what most Macs have first.',
  sql:
    'SELECT t.reason, GROUP_CONCAT(DISTINCT t.table_name) AS table_names, COUNT(DISTINCT t.host_id) AS hosts\nFROM table_status t\n' +
    "WHERE t.status IN ('partial', 'denied', 'failed', 'not_recorded')\nGROUP BY t.reason ORDER BY hosts DESC, t.reason",
  columns: {
    reason: column('reason', 'free', 'sentence', 'no reason is known'),
    table_names: column('tables', 'nobody', 'sentence'),
    hosts: count('Macs'),
  },
  unknown: null,
  empty: 'Nothing was denied, failed or left out.',
  isList: true,
};

const ways: Tile = {
  id: 'ways',
  title: 'Ways left: administrators with a secure token',
  says:
    'Of each Mac, how many administrators hold a secure token. With none, nobody can grant a token or enable FileVault; with one, ' +
    'its loss is that of the Mac. Where of one account it is not known, the number of the Mac is not known.',
  sql:
    "WITH w AS MATERIALIZED (\n  SELECT CASE WHEN token_administrators >= 3 THEN '3 or more' " +
    'ELSE CAST(token_administrators AS TEXT) END AS ways\n  FROM host_summary\n)\n' +
    'SELECT k.column1 AS ways, (SELECT COUNT(*) FROM w WHERE w.ways IS k.column1) AS hosts\n' +
    "FROM (VALUES ('0'), ('1'), ('2'), ('3 or more'), (NULL)) k ORDER BY k.column1 IS NULL, k.column1",
  columns: { ways: column('ways left', 'nobody', 'text', 'not known'), hosts: count('Macs') },
  unknown: {
    sql: `SELECT ${allMacs} - COUNT(token_administrators) FROM host_summary`,
    says: 'of which the number is not known',
  },
  empty: 'There is no look at any Mac.',
};

const fewWays: Tile = {
  id: 'few-ways',
  title: 'Macs with no way left, or one',
  says: 'By name, with what else could help: the bootstrap token, and the escrowed recovery key.',
  sql:
    'SELECT token_administrators, host_id, bootstrap_state, prk_escrow_blob_present\nFROM host_summary\n' +
    'WHERE token_administrators < 2\nORDER BY token_administrators, host_id',
  columns: {
    token_administrators: count('ways left'),
    host_id: host,
    bootstrap_state: column('bootstrap token', 'nobody', 'text', 'unknown'),
    prk_escrow_blob_present: column('recovery key escrowed', 'nobody', 'yes', 'unknown'),
  },
  unknown: ways.unknown,
  empty: 'Of no Mac it is known that it has none or one.',
  isList: true,
};

/** The weeks that are told of, and how many Macs were looked at in each. */
const weeksAndLooks = (now: number): string => {
  const first = firstWeek(now);
  return (
    `WITH RECURSIVE weeks(week_time, end_time) AS (\n  SELECT ${first}, ${first + weekSeconds}\n` +
    `  UNION ALL SELECT end_time, end_time + ${weekSeconds} FROM weeks WHERE end_time <= ${now}\n),\n` +
    `looks AS MATERIALIZED (\n  SELECT s.collected_time - (s.collected_time - ${first}) % ${weekSeconds} AS week_time, COUNT(DISTINCT s.host_id) AS macs\n` +
    `  FROM snapshots s WHERE s.is_ahead = 0 AND s.collected_time >= ${first} GROUP BY 1\n),\n`
  );
};

const trend = (now: number): Tile => {
  const sums = (from: string, ...facts: readonly (readonly [string, string])[]): string =>
    `AS MATERIALIZED (\n  SELECT valid_from_time AS a, valid_until_time AS z, ${facts
      .map(([name, condition]) => `${counted(condition)} AS ${name}`)
      .join(', ')}\n  FROM ${from} GROUP BY 1, 2\n)`;
  const then = (what: string, from: string): string =>
    `(SELECT COALESCE(SUM(${what}), 0) FROM ${from} WHERE a < w.end_time AND (z IS NULL OR z >= w.end_time))`;
  const isOn = "filevault_enabled = 1 AND status <> 'decrypting'";
  return {
    id: 'trend',
    title: 'By week',
    says:
      'How the fleet stood at the end of each week, as was known then. A week in which no Mac was looked at is a gap: nothing is ' +
      'drawn, and nothing is guessed. Weeks begin on Monday, UTC.',
    sql:
      weeksAndLooks(now) +
      'macs AS MATERIALIZED (SELECT MIN(s.collected_time) AS a FROM snapshots s WHERE s.is_ahead = 0 GROUP BY s.host_id),\n' +
      `f ${sums('filevault_status_history', ['is_on', isOn], ['told', 'filevault_enabled IS NOT NULL'], ['escrowed', 'prk_escrow_blob_present = 1'], ['escrow_told', 'prk_escrow_blob_present IS NOT NULL'])},\n` +
      `b ${sums('bootstrap_tokens_history', ['escrowed', "state = 'escrowed'"], ['told', "state <> 'unknown'"])},\n` +
      `t ${sums('secure_tokens_history WHERE secure_token IS NOT 0', ['held', 'secure_token = 1'], ['untold', 'secure_token IS NULL'])},\n` +
      `c ${sums('conflicts_history', ['found', '1'])},\n` +
      'known AS MATERIALIZED (\n  SELECT w.week_time, w.end_time, l.macs, (SELECT COUNT(*) FROM macs WHERE a < w.end_time) AS hosts\n' +
      '  FROM weeks w LEFT JOIN looks l ON l.week_time = w.week_time\n)\n' +
      'SELECT w.week_time, COALESCE(w.macs, 0) AS hosts_seen,\n' +
      [
        [then('is_on', 'f'), 'filevault_on'],
        [`w.hosts - ${then('told', 'f')}`, 'filevault_unknown'],
        [then('escrowed', 'f'), 'key_escrowed'],
        [`w.hosts - ${then('escrow_told', 'f')}`, 'key_unknown'],
        [then('escrowed', 'b'), 'bootstrap_escrowed'],
        [`w.hosts - ${then('told', 'b')}`, 'bootstrap_unknown'],
        [then('held', 't'), 'token_holders'],
        [then('untold', 't'), 'tokens_unknown'],
        [then('found', 'c'), 'conflicts'],
      ]
        .map(([what, name]) => `  CASE WHEN w.macs > 0 THEN ${what} END AS ${name}`)
        .join(',\n') +
      '\nFROM known w ORDER BY w.week_time',
    columns: {
      week_time: column('week of', 'nobody', 'time'),
      hosts_seen: count('Macs looked at'),
      filevault_on: gap('FileVault on'),
      filevault_unknown: gap('unknown'),
      key_escrowed: gap('recovery key escrowed'),
      key_unknown: gap('unknown'),
      bootstrap_escrowed: gap('bootstrap token escrowed'),
      bootstrap_unknown: gap('unknown'),
      token_holders: gap('accounts with a token'),
      tokens_unknown: gap('unknown'),
      conflicts: gap('conflicts'),
    },
    unknown: null,
    empty: 'There is no week to tell of.',
  };
};

const gap = (label: string) => column(label, 'nobody', 'number', 'gap');

/** Tokens and administrators that came and went. */
export const timelineSql = (since: number, of: string): string =>
  "SELECT c.change_time, c.host_id, json_extract(c.key, '$.username') AS username,\n" +
  "  CASE c.table_name WHEN 'users' THEN 'administrator' ELSE 'secure token' END AS what,\n" +
  "  CASE WHEN c.new_value = 1 AND (c.change = 'added' OR c.old_value = 0) THEN 'gained' WHEN c.new_value = 1 THEN 'known now'\n" +
  "    WHEN c.change = 'removed' OR c.new_value = 0 THEN 'lost' ELSE 'not known any more' END AS event\nFROM changes c\n" +
  `WHERE c.table_name IN ('secure_tokens', 'users') AND c.change_time >= ${since}${of}\n` +
  "  AND c.column_name = CASE c.table_name WHEN 'users' THEN 'is_admin' ELSE 'secure_token' END\n" +
  '  AND (c.new_value = 1 OR c.old_value = 1)\nORDER BY c.change_time DESC, c.host_id, username, what';

export const timelineColumns = {
  change_time: column('seen at', 'nobody', 'time'),
  host_id: host,
  username,
  what: column('what', 'nobody'),
  event: column('event', 'nobody'),
} as const;

const timeline = (now: number): Tile => ({
  id: 'timeline',
  title: 'Tokens and administrators that came and went',
  says:
    'One by one, the newest first; the look that saw it, which may be later than it was. What was not known before, and is ' +
    'now, was not gained; what is not known any more was not lost.',
  sql: timelineSql(firstWeek(now), ''),
  columns: timelineColumns,
  unknown: {
    sql: notWhollySeen('users', 'secure_tokens'),
    says: 'of which accounts or tokens were not wholly seen',
  },
  empty: 'Nothing came or went in what was seen.',
  isList: true,
});

/** The same by week: each row of that list counts once. */
const comings = (now: number): Tile => {
  const first = firstWeek(now);
  const of = (what: string, event: string): string => counted(`e.what = '${what}' AND e.event = '${event}'`);
  const numbers = [
    [of('secure token', 'gained'), 'tokens_gained'],
    [of('secure token', 'lost'), 'tokens_lost'],
    [of('administrator', 'gained'), 'admins_gained'],
    [of('administrator', 'lost'), 'admins_lost'],
    [counted("e.event NOT IN ('gained', 'lost')"), 'unclear'],
  ];
  return {
    id: 'comings',
    title: 'What came and went, by week',
    says: 'Secure tokens and administrators, of all Macs. What came to be known, or is not known any more, counts as neither. A week in which nobody looked is a gap.',
    sql:
      `${weeksAndLooks(now)}events AS MATERIALIZED (\n${timelineSql(first, '')}\n)\nSELECT w.week_time,\n` +
      numbers.map(([number, name]) => `  CASE WHEN l.macs > 0 THEN ${number} END AS ${name}`).join(',\n') +
      '\nFROM weeks w\nLEFT JOIN looks l ON l.week_time = w.week_time\n' +
      'LEFT JOIN events e ON e.change_time >= w.week_time AND e.change_time < w.end_time\nGROUP BY w.week_time ORDER BY w.week_time',
    columns: {
      week_time: column('week of', 'nobody', 'time'),
      tokens_gained: gap('tokens gained'),
      tokens_lost: gap('tokens lost'),
      admins_gained: gap('administrators gained'),
      admins_lost: gap('administrators lost'),
      unclear: gap('neither'),
    },
    unknown: null,
    empty: 'There is no week to tell of.',
  };
};

const rareSql = queries.find(({ name }) => name === 'rare_admin_accounts')?.sql ?? '';
export const leastToCompare = 20;

const rare: Tile = {
  id: 'rare',
  title: 'Rare administrators',
  says:
    'Administrators whose name is on one Mac or two, and who are not the person at the screen. With fewer than ' +
    `${leastToCompare} Macs nothing can be compared, and nothing is told.`,
  sql: rareSql.trim(),
  columns: {
    host_id: host,
    subject: username,
    uid: column('uid', 'nobody'),
    is_hidden: column('hidden', 'nobody', 'yes', 'unknown'),
    account_type: column('kind', 'nobody', 'text', 'unknown'),
    hosts: count('Macs with the name'),
  },
  unknown: {
    sql: notWhollySeen('users', 'hosts'),
    says: 'of which accounts, or who is at the screen, were not wholly seen',
  },
  empty: 'None is known.',
  isList: true,
};

const orphans: Tile = {
  id: 'orphans',
  title: 'Orphans',
  says: 'Who may unlock a Mac at startup and has no account there any more.',
  sql:
    'SELECT f.host_id, f.subject, f.severity, f.first_seen_time\nFROM findings f\n' +
    "WHERE f.query_name = 'filevault_orphan_users'\nORDER BY f.first_seen_time DESC, f.host_id, f.subject",
  columns: {
    host_id: host,
    subject: column('orphan', 'account'),
    severity,
    first_seen_time: column('since', 'nobody', 'time'),
  },
  unknown: {
    sql:
      `SELECT ${allMacs} - COUNT(*) FROM verdicts v WHERE v.query_name = 'filevault_orphan_users' AND v.verdict IN ('hit', 'clean')\n` +
      `  AND v.host_id NOT IN (\n    ${notJudged}\n  )`,
    says: 'of which that could not be answered',
  },
  empty: 'None was found in what was judged.',
  isList: true,
};

const cloned: Tile = {
  id: 'cloned',
  title: 'Cloned identities',
  says:
    'One GeneratedUID of a local account on several Macs: they come from one image, or a package made the account. Accounts of a ' +
    'directory and of macOS are left out, which are the same everywhere.',
  sql:
    'SELECT u.uuid, MIN(u.username) AS username, COUNT(DISTINCT u.username) AS names, COUNT(DISTINCT u.host_id) AS hosts\nFROM users u\n' +
    "WHERE u.uuid IS NOT NULL AND COALESCE(u.is_system_account, 0) = 0 AND COALESCE(u.account_type, 'local') IN ('local', 'managed_admin')\n" +
    'GROUP BY u.uuid HAVING COUNT(DISTINCT u.host_id) > 1\nORDER BY hosts DESC, u.uuid',
  columns: {
    uuid: column('GeneratedUID', 'device'),
    username,
    names: count('different names'),
    hosts: count('Macs'),
  },
  unknown: { sql: notWhollySeen('users'), says: 'of which the accounts were not wholly seen' },
  empty: 'None is known.',
  isList: true,
};

const posture: Tile = {
  id: 'posture',
  title: 'FileVault, escrow and bootstrap token by version of macOS',
  says:
    'As the last look at each Mac told for certain. Between is a Mac that is encrypting, decrypting, deferred or waiting for a ' +
    'restart. Escrowed is a recovery key of which the Mac holds the escrow file.',
  sql:
    'SELECT m.macos, COUNT(*) AS hosts,\n' +
    [
      [`m.filevault_status = 'on'`, 'filevault_on'],
      [`m.filevault_status = 'off'`, 'filevault_off'],
      [`m.filevault_status NOT IN ('on', 'off', 'unknown')`, 'filevault_between'],
      [`COALESCE(m.filevault_status, 'unknown') = 'unknown'`, 'filevault_unknown'],
      [`m.prk_escrow_blob_present = 1`, 'escrowed'],
      [`m.prk_escrow_blob_present = 0`, 'not_escrowed'],
      [`m.prk_escrow_blob_present IS NULL`, 'escrow_unknown'],
      [`m.bootstrap_state = 'escrowed'`, 'bootstrap_escrowed'],
      [`m.bootstrap_state NOT IN ('escrowed', 'unknown')`, 'bootstrap_not'],
      [`COALESCE(m.bootstrap_state, 'unknown') = 'unknown'`, 'bootstrap_unknown'],
    ]
      .map(([condition, name]) => `  ${counted(condition ?? '')} AS ${name}`)
      .join(',\n') +
    "\nFROM (\n  SELECT CASE WHEN os_version LIKE '10.%' THEN '10.' || CAST(SUBSTR(os_version, 4) AS INTEGER)\n" +
    '    ELSE CAST(CAST(os_version AS INTEGER) AS TEXT) END AS macos,\n' +
    '    filevault_status, prk_escrow_blob_present, bootstrap_state\n  FROM host_summary\n) m\n' +
    'GROUP BY m.macos ORDER BY m.macos IS NULL, CAST(m.macos AS INTEGER) DESC, m.macos DESC',
  columns: {
    macos: column('macOS', 'nobody', 'text', 'not known'),
    hosts: count('Macs'),
    filevault_on: count('FileVault on'),
    filevault_off: count('off'),
    filevault_between: count('between'),
    filevault_unknown: count('unknown'),
    escrowed: count('key escrowed'),
    not_escrowed: count('not'),
    escrow_unknown: count('unknown'),
    bootstrap_escrowed: count('bootstrap escrowed'),
    bootstrap_not: count('not'),
    bootstrap_unknown: count('unknown'),
  },
  unknown: null,
  empty: 'There is no look at any Mac.',
};

/** The verdict of each question on each Mac: what the appendix is made of. */
const verdicts: Tile = {
  id: 'verdicts',
  title: 'Verdicts',
  says:
    'Each question with what it is of in the catalogues, and the Macs by their numbers in the list above. A Mac that is in no list ' +
    'of a question was not judged on it.',
  sql:
    'SELECT v.query_name, v.verdict, v.host_id\nFROM verdicts v\n' +
    `WHERE v.host_id NOT IN (\n    ${notJudged}\n)\nORDER BY v.query_name, v.verdict, v.host_id`,
  columns: { query_name: question, verdict: column('verdict', 'nobody'), host_id: host },
  unknown: notJudgedMacs,
  empty: 'No question was judged on any Mac.',
};

const evidence: Tile = {
  id: 'evidence',
  title: 'The looks that this rests on',
  says: 'The last look at each Mac that counts. The id of a look is made from what it holds: the same everywhere.',
  sql: 'SELECT l.host_id, l.snapshot_id, l.collected_time, l.status, l.tool_version\nFROM latest_snapshots l\nORDER BY l.host_id',
  columns: {
    host_id: host,
    snapshot_id: column('id of the look', 'hash'),
    collected_time: column('looked at', 'nobody', 'time'),
    status: column('seen', 'nobody'),
    tool_version: column('by', 'nobody'),
  },
  unknown: null,
  empty: 'There is no look at any Mac.',
};

/** The tiles of a page, in its order; the appendix of many Macs is a file of its own. */
export const fleetTiles = (now: number, hosts: number, witnesses: Tile): readonly Tile[] => [
  ...[
    head,
    age(now),
    judged(),
    standing,
    controls,
    found,
    accepted,
    notSeen,
    whyNotSeen,
    ways,
    fewWays,
    witnesses,
  ],
  ...[trend(now), timeline(now), comings(now), rare, orphans, cloned, posture],
  ...(hosts > shortAbove ? [] : [evidence, verdicts]),
];
