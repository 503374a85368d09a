/** What a report tells of one Mac, from how it stands to the commands behind each fact. */
import { versionNumber } from '../../collector/privacy.ts';
import { quoteText } from '../../store/ddl.ts';
import { judged, timelineColumns, timelineSql } from './fleet_tiles.ts';
import { firstWeek, notJudged, notWhollySeen, rankOf } from './sql.ts';
import { column, count } from './tile.ts';
import type { Tile, TileColumn } from './tile.ts';
import { witnessTile } from './witness_tile.ts';

const yes = (label: string): TileColumn => column(label, 'nobody', 'yes', 'unknown');
const word = (label: string, ofNull = 'unknown'): TileColumn => column(label, 'nobody', 'text', ofNull);
const time = (label: string): TileColumn => column(label, 'nobody', 'time', 'never');
const question = column('question', 'nobody', 'question');
const about = column('about', 'account', 'text', 'the Mac');

/** Tiles of the Mac with this id, which stands in their statements. */
class HostTiles {
  readonly #id: string;
  readonly #now: number;

  constructor(hostId: string, now: number) {
    this.#id = quoteText(hostId);
    this.#now = now;
  }

  #isJudged(): Tile['unknown'] {
    return {
      sql: `SELECT COUNT(*) FROM latest_snapshots l WHERE l.host_id = ${this.#id} AND l.host_id IN (\n    ${notJudged}\n)`,
      says: 'not judged at the last look',
    };
  }

  /** Whether a table was not wholly seen on this Mac. */
  #unseen(says: string, ...tables: readonly string[]): Tile['unknown'] {
    const here = notWhollySeen(...tables)
      .replace(/^SELECT .* - COUNT/, 'SELECT 1 - COUNT')
      .replace('WHERE t.table_name', `WHERE t.host_id = ${this.#id} AND t.table_name`);
    return { sql: here, says };
  }

  identity(): Tile {
    const columns = {
      hostname: column('hostname', 'device', 'text', 'unknown'),
      computer_name: column('name', 'device', 'text', 'unknown'),
      model_identifier: column('model', 'linkable', 'text', 'unknown'),
      os_version: column('macOS', versionNumber, 'text', 'unknown'),
      last_look_time: time('last look'),
      filevault_status: word('FileVault'),
      has_personal_recovery_key: yes('personal recovery key'),
      prk_escrow_blob_present: yes('recovery key escrowed'),
      escrow_payload_present: yes('profile that escrows'),
      bootstrap_state: word('bootstrap token'),
      token_administrators: column('administrators with a token', 'nobody', 'number', 'unknown'),
      blind_spots: column('tables not wholly seen', 'nobody', 'number', 'unknown'),
    };
    return {
      id: 'identity',
      title: 'The Mac',
      says: 'As the last look told it for certain.',
      sql: `SELECT ${Object.keys(columns).join(', ')}\nFROM host_summary WHERE host_id = ${this.#id}`,
      columns,
      unknown: null,
      empty: 'There is no look at it that counts.',
    };
  }

  answers(): Tile {
    return {
      id: 'answers',
      title: 'How the questions were answered',
      says: 'Unknown is what could not be answered; it is never clean.',
      sql:
        `SELECT v.verdict, COUNT(*) AS questions\nFROM verdicts v\nWHERE v.host_id = ${this.#id} AND v.host_id NOT IN (\n    ${notJudged}\n)\n` +
        "GROUP BY v.verdict ORDER BY CASE v.verdict WHEN 'hit' THEN 0 WHEN 'unknown' THEN 1 WHEN 'clean' THEN 3 ELSE 2 END",
      columns: { verdict: word('verdict'), questions: count('questions') },
      unknown: this.#isJudged(),
      empty: 'No question was judged at its last look.',
    };
  }

  found(): Tile {
    return {
      id: 'found',
      title: 'What was found',
      says: 'The gravest first, each with the facts that it rests on.',
      sql:
        "SELECT f.query_name, f.severity, f.state, NULLIF(f.subject, '') AS subject, f.details, f.first_seen_time\nFROM findings f\n" +
        `WHERE f.host_id = ${this.#id}\nORDER BY ${rankOf('f.severity')}, f.query_name, f.subject`,
      columns: {
        query_name: question,
        severity: column('severity', 'nobody', 'severity'),
        state: word('state'),
        subject: about,
        details: column('facts', 'facts', 'facts', 'not told'),
        first_seen_time: time('since'),
      },
      unknown: this.#isJudged(),
      empty: 'Nothing was found in what was judged.',
      isList: true,
    };
  }

  open(): Tile {
    return {
      id: 'open',
      title: 'What could not be answered',
      says: 'Each question with what it needs and was not wholly seen at the last look.',
      sql:
        `SELECT v.query_name, v.since_time\nFROM verdicts v\nWHERE v.host_id = ${this.#id} AND v.verdict NOT IN ('hit', 'clean', 'not_asked')\n` +
        'ORDER BY v.query_name',
      columns: { query_name: question, since_time: time('since') },
      unknown: this.#isJudged(),
      empty: 'No question is open in what was judged.',
      isList: true,
    };
  }

  accounts(): Tile {
    return {
      id: 'accounts',
      title: 'Accounts',
      says: 'Of people, and every other account that somebody uses, is an administrator or holds a token.',
      sql:
        'SELECT u.username, u.uid, u.account_type, u.is_hidden, u.can_login, u.is_admin, s.secure_token, s.volume_owner, s.filevault_enabled, s.confidence\n' +
        `FROM users u\nLEFT JOIN secure_tokens s ON s.host_id = u.host_id AND s.username = u.username AND s.uuid IS u.uuid\nWHERE u.host_id = ${this.#id}\n` +
        "  AND (COALESCE(u.is_awake, 1) = 1 OR u.is_admin = 1 OR s.secure_token = 1 OR COALESCE(u.account_type, '') <> 'service')\n" +
        'ORDER BY u.is_admin DESC, u.uid, u.username',
      columns: {
        username: column('account', 'name', 'text', 'unknown'),
        uid: word('uid'),
        account_type: word('kind'),
        is_hidden: yes('hidden'),
        can_login: yes('can log in'),
        is_admin: yes('administrator'),
        secure_token: yes('secure token'),
        volume_owner: yes('volume owner'),
        filevault_enabled: yes('FileVault'),
        confidence: word('how sure'),
      },
      unknown: this.#unseen('of which accounts or tokens were not wholly seen', 'users', 'secure_tokens'),
      empty: 'No account was seen.',
      isList: true,
    };
  }

  conflicts(): Tile {
    return {
      id: 'conflicts',
      title: 'Conflicts between sources',
      says: 'Who says what, what follows, and the commands behind both sides.',
      sql:
        'SELECT c.subject, c.fact, c.rule_id, c.severity, c.source_a, c.value_a, c.source_b, c.value_b, c.conclusion, c.command_ids, c.subject_kind\n' +
        `FROM conflicts c\nWHERE c.host_id = ${this.#id}\nORDER BY ${rankOf('c.severity')}, c.subject, c.rule_id, c.fact`,
      columns: {
        subject: column('about', 'subject'),
        fact: word('fact'),
        rule_id: word('rule'),
        severity: column('severity', 'nobody', 'severity'),
        source_a: column('one side', 'nobody', 'sentence', 'nobody'),
        value_a: column('says', 'statement', 'sentence', 'nothing'),
        source_b: column('the other', 'nobody', 'sentence', 'nobody'),
        value_b: column('says', 'statement', 'sentence', 'nothing'),
        conclusion: column('conclusion', 'free', 'text', 'none'),
        command_ids: column('commands', 'command_ids', 'commands', 'none'),
        subject_kind: word('kind'),
      },
      unknown: this.#unseen('of which not every disagreement could be looked for', 'conflicts'),
      empty: 'No conflict is known.',
      isList: true,
    };
  }

  timeline(): Tile {
    return {
      id: 'timeline',
      title: 'Tokens and administrators that came and went',
      says:
        'In the last thirteen weeks; the look that saw it, which may be later than it was. In a lane, what was gained is a full mark, ' +
        'and what was lost, or is not known any more, an empty one.',
      sql: timelineSql(firstWeek(this.#now), ` AND c.host_id = ${this.#id}`),
      columns: timelineColumns,
      unknown: this.#unseen('of which accounts or tokens were not wholly seen', 'users', 'secure_tokens'),
      empty: 'Nothing came or went in what was seen.',
      isList: true,
    };
  }

  seen(): Tile {
    return {
      id: 'seen',
      title: 'What was looked at, and the commands behind it',
      says: 'Each table, what came of it at the last look, when it was last told, and the commands that its facts come from.',
      sql:
        'SELECT t.table_name, t.status, t.row_count, t.last_good_time, t.reason\nFROM table_status t\n' +
        `WHERE t.host_id = ${this.#id}\nORDER BY t.status IN ('ok', 'empty'), t.table_name`,
      columns: {
        table_name: word('table'),
        status: word('status'),
        row_count: column('rows', 'nobody', 'number', 'unknown'),
        last_good_time: time('last told'),
        reason: column('why', 'free', 'text', 'none told'),
      },
      unknown: null,
      empty: 'Nothing is known of what was looked at.',
    };
  }

  commands(isLake: boolean): Tile {
    return {
      id: 'commands',
      title: 'The commands',
      says: 'What was run or read at the last look, with the digest of what it printed. The output itself is kept nowhere.',
      sql:
        'SELECT c.command_id, c.argv, c.source, c.exit_code, c.started_time, c.duration_ms, c.stdout_bytes, c.stdout_sha256, c.euid\n' +
        `FROM command_log c\nWHERE c.host_id = ${this.#id}\nORDER BY c.source, c.command_id, c.argv`,
      columns: {
        command_id: column('command', 'command_id'),
        argv: column('words', 'argv', 'argv', 'unknown'),
        source: word('source'),
        exit_code: word('exit code', 'none'),
        started_time: time('at'),
        duration_ms: word('ms'),
        stdout_bytes: word('bytes'),
        stdout_sha256: column('SHA-256 of the output', 'hash', 'text', 'none'),
        euid: word('as user'),
      },
      unknown: null,
      empty: isLake
        ? 'A lake does not hold the commands: the database that was published has them.'
        : 'No command is known of the last look.',
    };
  }
}

export const hostTiles = (hostId: string, now: number, isLake = false): readonly Tile[] => {
  const of = new HostTiles(hostId, now);
  return [
    judged(` AND l.host_id = ${quoteText(hostId)}`),
    ...[of.identity(), of.answers(), of.found(), of.open(), of.accounts()],
    ...[
      witnessTile({ hostId, onlyConflicts: false }),
      of.conflicts(),
      of.timeline(),
      of.seen(),
      of.commands(isLake),
    ],
  ];
};
