/** What is loaded into PostgreSQL is what the store says, each time, whatever happened before. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { askedRelations } from '../../../export/lake/relations.ts';
import { queries } from '../../../queries/index.ts';
import { quoteName } from '../../../store/ddl.ts';
import { snapshotOf } from '../../../store/snapshot.ts';
import { tables } from '../../../tables/index.ts';
import { collectionOf, now } from '../../queries/constructed.ts';
import type { Host } from '../../queries/constructed.ts';
import { fleetOf } from '../../queries/fleet.ts';
import { hasPostgres, startPostgres } from '../../servers.ts';
import type { Client } from '../../servers.ts';
import { cli, temporaryFolder } from '../../standin.ts';
import { dayLater, editStore, sampleSnapshots, storeAt, withStore } from '../world.ts';
import { sorted } from './world.ts';

const withPostgres = hasPostgres ? test : test.skip;

/** One line of JSON for the rows of a statement. */
const told = (sql: string): string =>
  `SELECT replace(coalesce(json_agg(to_json(r))::text, '[]'), E'\\n', '') FROM (\n${sql}\n) r;\n`;

const rowsOf = (lines: string): unknown[][][] =>
  lines
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Record<string, unknown>[]).map((row) => Object.values(row)));

class Night {
  readonly db: string;
  private readonly t: ExecutionContext;
  readonly postgres: Client;
  private readonly folder: string;

  constructor(t: ExecutionContext, postgres: Client, db: string) {
    this.t = t;
    this.postgres = postgres;
    this.db = db;
    this.folder = temporaryFolder(t);
  }

  /** What PostgreSQL holds, in a file. */
  async loaded(): Promise<string> {
    const path = join(this.folder, 'loaded');
    const { stdout, stderr, code } = await this.postgres.run('COPY tokenquery_loaded TO STDOUT;');
    this.t.is(code, 0, stderr);
    writeFileSync(path, stdout);
    return path;
  }

  async script(...words: string[]): Promise<{ readonly text: string; readonly note: string }> {
    const { stdout, stderr, code } = await cli(['lake', '--psql', '--db', this.db, ...words]);
    this.t.is(code, 0, stderr);
    return { text: stdout, note: stderr };
  }

  async run(text: string): Promise<void> {
    const { code, stdout, stderr } = await this.postgres.run(text);
    this.t.deepEqual([code, stdout, stderr], [0, '', '']);
  }

  /** @param db A store of which all that is loaded is. */
  async isEqual(what: string, db = this.db): Promise<void> {
    const { own, sql } = withStore(db, (store) => {
      const relations = askedRelations(store.db, tables);
      const list = (columns: (typeof relations)[number]['columns']): string =>
        columns.map(([column]) => quoteName(column)).join(', ');
      const all = [
        ...relations.flatMap(({ name, columns }) => [
          `SELECT ${list(columns)} FROM ${quoteName(name)}`,
          ...(name === 'snapshots' ? [`SELECT ${list(columns)} FROM latest_snapshots`] : []),
        ]),
        ...queries.map((query) => query.sql),
      ];
      return {
        sql: all,
        own: all.map(
          (one) =>
            store.db
              .prepare(one)
              .raw(true)
              .all(one.includes(':now') ? { now } : {}) as unknown[][],
        ),
      };
    });
    const { stdout, stderr, code } = await this.postgres.run(sql.map(told).join(''), {
      words: ['-At', '-v', `now=${now}`, '-v', 'ON_ERROR_STOP=1'],
    });
    this.t.is(code, 0, `${what}: ${stderr}`);
    const theirs = rowsOf(stdout);
    this.t.is(theirs.length, sql.length);
    for (const [index, rows] of theirs.entries()) {
      const mine = own[index] ?? [];
      // The questions say an order of their own.
      const isOrdered = index >= sql.length - queries.length;
      this.t.deepEqual(
        isOrdered ? rows : sorted(rows),
        isOrdered ? mine : sorted(mine),
        `${what}: ${sql[index]}`,
      );
    }
  }
}

const add = (db: string, hosts: readonly Host[], time: number): string =>
  storeAt(
    db,
    hosts.map((host) => snapshotOf(tables, collectionOf(host), '0.1.0')),
    time,
  );

withPostgres(
  'PostgreSQL: loaded night by night, twice, cut off, and with late data, it says what the store says',
  async (t) => {
    const all = fleetOf(60);
    const several = Map.groupBy(all, ({ hostId }) => hostId);
    const at = (place: number): Host[] => [...several.values()].flatMap((own) => own[place] ?? []);
    const [first, second, third] = [at(0), at(1), at(2)];
    t.true(second.length > 8 && third.length > 3);
    const db = add(join(temporaryFolder(t), 'fleet.db'), first, 2_000_000_000);
    const night = new Night(t, await startPostgres(t), db);

    const whole = await night.script();
    t.regex(whole.note, /60 of 60 hosts to load\n/);
    await night.run(whole.text);
    await night.isEqual('all hosts');
    await night.run(whole.text);
    await night.isEqual('all hosts, twice');

    // The last one of three comes before the second.
    add(db, third, 2_000_100_000);
    const some = await night.script('--loaded', await night.loaded());
    t.true(some.note.includes(`${third.length} of 60 hosts to load, the others are as they were`), some.note);
    t.true(some.text.length < whole.text.length / 2);
    await night.run(some.text);
    await night.isEqual('a night');
    await night.run(some.text);
    await night.isEqual('a night, twice');

    const before = join(temporaryFolder(t), 'before.db');
    add(before, first, 2_000_000_000);
    add(before, third, 2_000_100_000);
    add(db, second, 2_000_200_000);
    const late = await night.script('--loaded', await night.loaded());
    t.true(late.note.includes(`${second.length} of 60 hosts to load`), late.note);
    for (const share of [0.5, 0.97]) {
      const cut = Math.floor(late.text.length * share);
      t.is((await night.postgres.run(late.text, { cut })).code, null);
      await night.isEqual(`cut off at ${share}`, before);
    }
    const again = await night.script('--loaded', await night.loaded());
    t.is(again.text, late.text);
    await night.run(again.text);
    await night.isEqual('late data');
    // An old script would bring old rows.
    const old = await night.postgres.run(some.text);
    t.is(old.code, 3);
    t.regex(old.stderr, /what is loaded is not what --loaded says/);
    await night.isEqual('after an old script');
    t.regex((await night.script('--loaded', await night.loaded())).note, /: 0 of 60 hosts to load/);
  },
);

withPostgres(
  'PostgreSQL: what is of something else is refused, what is gone is taken out, what is older is brought up',
  async (t) => {
    const folder = temporaryFolder(t);
    const first = await sampleSnapshots();
    const postgres = await startPostgres(t);
    const night = new Night(t, postgres, storeAt(join(folder, 'fleet.db'), first));
    await night.run((await night.script()).text);
    const refuses = async (script: string, message: RegExp): Promise<void> => {
      const { code, stderr } = await postgres.run(script);
      t.is(code, 3);
      t.regex(stderr, message);
      await night.isEqual(String(message));
    };
    await refuses(
      (await night.script('--shard', 'other')).text,
      /the host [^ ]+ is loaded from the shard main/,
    );
    const redacted = new Night(t, postgres, storeAt(join(folder, 'redacted.db'), first));
    editStore(redacted.db, "UPDATE _snapshot SET redaction = 'strict'");
    await refuses((await redacted.script('--shard', 'other')).text, /has another level of redaction/);
    const { text } = await night.script();
    await refuses(`SET search_path TO nowhere;\n${text}`, /the schema of the search path is not there/);
    await refuses(
      `CREATE SCHEMA taken; SET search_path TO taken, public; CREATE TABLE users (x text);\n${text}`,
      /the schema taken holds tables of something else/,
    );
    const nothing = join(folder, 'nothing');
    writeFileSync(nothing, '');
    const marks = await night.loaded();
    await night.postgres.run('CREATE SCHEMA empty;');
    await refuses(
      `SET search_path TO empty, public;\n${(await night.script('--loaded', marks)).text}`,
      /what is loaded is not what --loaded says/,
    );

    // A view of somebody in another schema stays; what another schema has is not taken for one's own.
    await night.run(`CREATE SCHEMA own; SET search_path TO own, public;\n${text}`);
    await night.isEqual('beside another schema');

    // Two hosts are not in the store any more, one is of another night; a column and a view are of an older version.
    const fewer = new Night(t, postgres, storeAt(join(folder, 'fewer.db'), first.slice(2)));
    storeAt(fewer.db, first.slice(2, 3).map(dayLater), 1_790_200_000);
    await night.run(
      "DROP VIEW users; ALTER TABLE users_history DROP COLUMN shell; COMMENT ON TABLE users_history IS 'tokenquery 0';" +
        "COMMENT ON VIEW groups IS 'tokenquery 0';",
    );
    await night.run('UPDATE tokenquery_loaded SET mark = md5(mark);');
    const less = await fewer.script('--loaded', await night.loaded());
    t.true(less.note.includes(`${first.length - 2} of ${first.length - 2} hosts to load`), less.note);
    t.true(less.note.includes('; 2 hosts to take out'), less.note);
    await night.run(less.text);
    await fewer.isEqual('fewer hosts');
  },
);

test('the script: bad words and files are told, and no text can end its rows', async (t) => {
  const folder = temporaryFolder(t);
  const db = storeAt(join(folder, 'fleet.db'), await sampleSnapshots());
  const loaded = join(folder, 'loaded');
  for (const [content, message] of [
    ['main\t\\N\tA\n', /line 1 of .*loaded is not what PostgreSQL writes/],
    [`main\t\\N\tA\t${'0'.repeat(32)}\nmain\t\\N\tB\tzz\n`, /line 2 of .*loaded is not what/],
  ] as const) {
    writeFileSync(loaded, content);
    const { code, stderr } = await cli(['lake', '--psql', '--db', db, '--loaded', loaded]);
    t.is(code, 1);
    t.regex(stderr, message);
  }
  for (const [words, code, message] of [
    [['--psql'], 2, /--psql needs --db FILE/],
    [['--psql', '--db', db, '--out', folder], 2, /exclude each other/],
    [['--db', db, '--out', folder, '--loaded', loaded], 2, /--loaded goes with --psql/],
    [['--psql', '--db', db, '--loaded', join(folder, 'none')], 1, /none is not there/],
    [['--db', db], 2, /lake needs --out DIR/],
  ] as const) {
    const ended = await cli(['lake', ...words]);
    t.is(ended.code, code, ended.stderr);
    t.regex(ended.stderr, message);
  }
  editStore(
    db,
    "UPDATE _current_users SET description = char(92) || '.' || char(10, 9, 13, 0) || 'x' WHERE uid = 501",
  );
  const { stdout } = await cli(['lake', '--psql', '--db', db]);
  t.true(stdout.includes('\\\\.\\n\\t\\r\uFFFDx'));
  t.is(stdout.split('\n').filter((line) => line === '\\.').length, stdout.split('\nCOPY ').length - 1);
});
