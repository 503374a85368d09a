/** Databases that somebody made to harm whoever opens them: each a copy of a good one with one thing changed. */
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import Database from 'better-sqlite3';

/** What must come of it. `refused`: no command takes it. `harmless`: it may be read, and what it has is not run. */
type Outcome = 'refused' | 'harmless' | 'damaged';

export interface Variant {
  readonly name: string;
  readonly outcome: Outcome;
  /** The fault lies beside the file. */
  readonly isBeside?: true;
  readonly make: (db: Database.Database, path: string) => void;
}

/** SQL that does not end. */
export const endless =
  '(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c)';

const sql = (name: string, outcome: Outcome, ...statements: readonly string[]): Variant => ({
  name,
  outcome,
  make: (db) => {
    for (const statement of statements) db.exec(statement);
  },
});

/** The text of the schema itself, which SQLite reads and nothing checks. */
const text = (name: string, outcome: Outcome, statement: string, ...values: readonly string[]): Variant => ({
  name,
  outcome,
  make: (db) => {
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    db.prepare(statement).run(...values);
    db.pragma('writable_schema = OFF');
  },
});

const bytes = (name: string, outcome: Outcome, change: (bytes: Buffer) => Buffer): Variant => ({
  name,
  outcome,
  make: (db, path) => {
    db.close();
    writeFileSync(path, change(readFileSync(path)));
  },
});

const ownTables = [
  '_host',
  '_snapshot',
  '_look',
  '_look_table',
  '_setting',
  '_table',
  '_state',
  '_report_status',
];

const renamed = (table: string): Variant =>
  sql(
    `a view in the place of ${table}`,
    'refused',
    'PRAGMA legacy_alter_table = ON',
    `ALTER TABLE "${table}" RENAME TO hidden`,
    `CREATE VIEW "${table}" AS SELECT * FROM hidden WHERE ${endless} > 0`,
  );

const replacedView = (view: string): Variant =>
  sql(
    `a view ${view} that does not end`,
    'harmless',
    `DROP VIEW "${view}"`,
    `CREATE VIEW "${view}" AS SELECT ${endless} AS host_id`,
  );

const trigger = (when: string, table: string): Variant =>
  sql(
    `a trigger ${when} ${table}`,
    'refused',
    `CREATE TRIGGER harm ${when} ON "${table}" BEGIN SELECT ${endless}; END`,
  );

const partial = (name: string, packed: Buffer): Variant => ({
  name,
  outcome: 'damaged',
  make: (db) => {
    db.exec(
      "UPDATE _look_table SET status = 'partial', is_good = 1 WHERE tab = (SELECT tab FROM _table WHERE name = 'users')",
    );
    db.prepare(
      "INSERT OR REPLACE INTO _partial SELECT s.host, t.tab, s.collected_time, s.snapshot_id, ? FROM _snapshot s, _table t WHERE t.name = 'users'",
    ).run(packed);
  },
});

const value = (name: string, table: string, set: string, outcome: Outcome = 'damaged'): Variant =>
  sql(name, outcome, `UPDATE "${table}" SET ${set}`);

/** Takes the word STRICT away, so that a value of any type can be written, and puts it back. */
const loose = (name: string, table: string, set: string): Variant => ({
  name,
  outcome: 'damaged',
  make: (db) => {
    db.unsafeMode(true);
    db.pragma('writable_schema = ON');
    const change = db.prepare('UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?');
    change.run('STRICT, WITHOUT ROWID', 'WITHOUT ROWID', table);
    db.pragma('schema_version = 900');
    db.exec(`UPDATE "${table}" SET ${set}`);
    change.run(') WITHOUT ROWID', ') STRICT, WITHOUT ROWID', table);
    db.pragma('writable_schema = OFF');
    db.pragma('schema_version = 901');
  },
});

/** What lies beside the file. */
const beside = (name: string, put: (path: string) => void): Variant => ({
  name,
  outcome: 'refused',
  isBeside: true,
  make: (db, path) => {
    db.close();
    put(path);
  },
});

/** The same tables and rows in a new file, which SQLite sets up as it is told. */
const remade = (name: string, outcome: Outcome, ...pragmas: readonly string[]): Variant => ({
  name,
  outcome,
  make: (db, path) => {
    const schema = db
      .prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
      .all() as Record<'type' | 'name' | 'sql', string>[];
    const numbers = ['application_id', 'user_version'].map(
      (pragma) => `${pragma} = ${db.pragma(pragma, { simple: true })}`,
    );
    const rows = new Map(
      schema
        .filter(({ type }) => type === 'table')
        .map((table) => [table.name, db.prepare(`SELECT * FROM "${table.name}"`).raw().all() as unknown[][]]),
    );
    db.close();
    rmSync(path);
    const made = new Database(path);
    for (const pragma of [...pragmas, ...numbers]) made.pragma(pragma);
    for (const { name: table, sql: statement } of schema) {
      made.exec(statement);
      for (const row of rows.get(table) ?? [])
        made.prepare(`INSERT INTO "${table}" VALUES (${row.map(() => '?').join(', ')})`).run(...row);
    }
    made.pragma('journal_mode = WAL');
    made.close();
  },
});

/** A table of ours under another text, which SQLite reads from then on. */
const retold = (name: string, table: string, from: string, to: string): Variant =>
  text(name, 'refused', 'UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE name = ?', from, to, table);

const zeros = (): Buffer => deflateRawSync(Buffer.alloc(200 * 1024 * 1024, 0x20), { level: 9 });

export const variants: readonly Variant[] = [
  ...ownTables.map(renamed),
  ...['users', 'changes', 'findings'].map(replacedView),
  {
    name: 'every view that does not end',
    outcome: 'harmless',
    make: (db) => {
      const names = db
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'view'")
        .pluck()
        .all() as string[];
      for (const name of names)
        db.exec(`DROP VIEW "${name}"; CREATE VIEW "${name}" AS SELECT ${endless} AS host_id`);
    },
  },
  sql('one more view', 'harmless', `CREATE VIEW more AS SELECT ${endless} AS x`),
  sql(
    'a view that names the program',
    'harmless',
    "CREATE VIEW more AS SELECT load_extension('/tmp/x') AS x",
  ),
  trigger('AFTER INSERT', '_snapshot'),
  trigger('BEFORE UPDATE', '_host'),
  trigger('AFTER DELETE', '_current_users'),
  trigger('INSTEAD OF INSERT', 'users'),
  sql('a virtual table', 'refused', 'CREATE VIRTUAL TABLE words USING fts5(x)'),
  sql(
    'a virtual table in the place of one of ours',
    'refused',
    'DROP TABLE _partial',
    'CREATE VIRTUAL TABLE _partial USING fts5(host, tab, time, snapshot_id, raw)',
  ),
  sql(
    'a column that is computed',
    'refused',
    `ALTER TABLE _host ADD COLUMN more INTEGER AS (host + 1) VIRTUAL`,
  ),
  sql('a rule of a column', 'refused', 'ALTER TABLE _current_users ADD COLUMN more INTEGER CHECK (more < 3)'),
  sql(
    'a column that points elsewhere',
    'refused',
    'ALTER TABLE _current_users ADD COLUMN more INTEGER REFERENCES _host(host)',
  ),
  sql('a column of the store more', 'refused', 'ALTER TABLE _snapshot ADD COLUMN more TEXT'),
  sql(
    'a column of the store less',
    'refused',
    'DROP TABLE _setting',
    'CREATE TABLE _setting (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID',
  ),
  sql('a table of the store less', 'refused', 'DROP TABLE _state'),
  sql('a table of the store more', 'refused', 'CREATE TABLE _more (x INTEGER) STRICT'),
  sql('half of a table', 'refused', 'DROP TABLE _past_users'),
  sql('an index that computes', 'refused', 'CREATE INDEX harm ON _host (abs(host))'),
  sql('an index under a condition', 'refused', 'CREATE INDEX harm ON _host (host) WHERE abs(host) > 1'),
  sql(
    'a column of a name that is none',
    'refused',
    'ALTER TABLE _current_users ADD COLUMN "x) FROM (SELECT" TEXT',
  ),
  sql(
    'a table of a name that is none',
    'refused',
    'CREATE TABLE "_current_x; y" (a INTEGER) STRICT',
    'CREATE TABLE "_past_x; y" (a INTEGER) STRICT',
  ),
  sql('a table of any type', 'refused', 'CREATE TABLE _current_more (a)', 'CREATE TABLE _past_more (a)'),
  text(
    'a text behind a view',
    'damaged',
    "UPDATE sqlite_schema SET sql = sql || '; ATTACH ''/tmp/tokenquery-harm.db'' AS harm' WHERE name = ?",
    'users',
  ),
  text(
    'a table that says it is a view',
    'damaged',
    'UPDATE sqlite_schema SET sql = ? WHERE name = ?',
    `CREATE VIEW _aside AS SELECT ${endless} AS raw`,
    '_aside',
  ),
  text(
    'a text that is no SQL',
    'damaged',
    'UPDATE sqlite_schema SET sql = ? WHERE name = ?',
    'CREATE TABLE "_host" (',
    '_host',
  ),
  text(
    'two tables in one page',
    'damaged',
    "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = '_setting') WHERE name = ?",
    '_look_table',
  ),
  partial('rows that inflate to 200 MB', zeros()),
  partial('rows that are no rows', deflateRawSync('[1,2,null]')),
  partial('rows under the name of a prototype', deflateRawSync('{"__proto__":[1]}')),
  partial('rows of lists', deflateRawSync('{"columns":["uid"],"rows":[[[1]]]}')),
  partial('rows that are nested', deflateRawSync('['.repeat(100_000))),
  partial('rows that were not packed', Buffer.from('no rows')),
  value('a fact that is 7', '_current_secure_tokens', 'secure_token = 7'),
  value('a word with markup', '_current_secure_tokens', "confidence = '<script>alert(1)</script>'"),
  value('a status with markup', '_look_table', "status = '<b>'"),
  value('a status that its rows deny', '_look_table', "status = 'failed'"),
  value('a list that is none', '_look_table', 'columns_affected = \'{"a":1}\''),
  value('a list that is nested', '_look_table', `columns_affected = '${'['.repeat(50_000)}'`),
  loose('a text in the place of a number', '_current_users', "uid = 'x'"),
  loose('bytes in the place of a text', '_current_users', "username = x'ff00'"),
  bytes('a page that points to itself', 'damaged', (file) => {
    // The first bytes of a page of a table: as many cells as there is no room for.
    for (let at = 4096 * 8; at + 4096 < file.length; at += 4096 * 9) file.writeUInt16BE(0xffff, at + 3);
    return file;
  }),
  retold(
    'a word on conflicts',
    '_snapshot',
    'PRIMARY KEY (host, collected_time, snapshot_id)',
    'PRIMARY KEY (host, collected_time, snapshot_id) ON CONFLICT REPLACE',
  ),
  retold(
    'a value that is computed where there is none',
    '_state',
    'DEFAULT 0',
    'DEFAULT (abs(-9223372036854775807))',
  ),
  retold(
    'a rule of a table',
    '_host',
    'ahead_snapshot INTEGER',
    'ahead_snapshot INTEGER, CHECK (length(zeroblob(1000000000)) > 0)',
  ),
  retold(
    'an order of its own',
    '_host',
    'host_id TEXT NOT NULL UNIQUE',
    'host_id TEXT NOT NULL COLLATE RTRIM UNIQUE',
  ),
  retold(
    'numbers that never come again',
    '_host',
    'host INTEGER PRIMARY KEY',
    'host INTEGER PRIMARY KEY AUTOINCREMENT',
  ),
  retold('a comment in a table', '_setting', 'value INTEGER', 'value INTEGER /* more */'),
  retold('a table that is no longer strict', '_setting', 'STRICT, WITHOUT ROWID', 'WITHOUT ROWID'),
  retold('a key of another order', '_look_table', 'PRIMARY KEY (look, tab)', 'PRIMARY KEY (tab, look)'),
  sql(
    'a table with row ids in the place of one without',
    'refused',
    'DROP TABLE _partial',
    'CREATE TABLE _partial (host INTEGER NOT NULL, tab INTEGER NOT NULL, time INTEGER NOT NULL, snapshot_id INTEGER NOT NULL, raw BLOB, PRIMARY KEY (host, tab, time, snapshot_id)) STRICT',
  ),
  sql(
    'a table in the place of a view',
    'refused',
    'DROP VIEW users',
    'CREATE TABLE users (host_id TEXT) STRICT',
  ),
  sql('a rule that no row meets twice', 'refused', 'CREATE UNIQUE INDEX harm ON _current_users (_host, _n)'),
  sql('a shadow of a virtual table', 'refused', 'CREATE VIRTUAL TABLE words USING rtree(id, a, b)'),
  sql('a virtual table of SQLite itself', 'refused', 'CREATE VIRTUAL TABLE words USING dbstat'),
  text('statistics that lie', 'harmless', "UPDATE sqlite_stat1 SET stat = '1 1 1' WHERE 1 OR ? = ''", ''),
  text(
    'statistics that are no numbers',
    'harmless',
    'UPDATE sqlite_stat1 SET stat = ?',
    'unordered sz=0 noskipscan '.repeat(1000),
  ),
  text(
    'statistics that are computed',
    'refused',
    "UPDATE sqlite_schema SET sql = ? WHERE name = 'sqlite_stat1'",
    'CREATE TABLE sqlite_stat1(tbl,idx,stat AS (hex(zeroblob(1000000))))',
  ),
  text(
    'statistics in the place of a table',
    'refused',
    "UPDATE sqlite_schema SET sql = ? WHERE name = 'sqlite_stat1'",
    'CREATE TABLE sqlite_stat1(tbl,idx,stat,more)',
  ),
  remade('small pages', 'harmless', 'page_size = 512'),
  remade('large pages', 'harmless', 'page_size = 65536'),
  remade('texts of two bytes a letter', 'harmless', "encoding = 'UTF-16le'"),
  remade('texts of two bytes a letter, the large one first', 'harmless', "encoding = 'UTF-16be'"),
  bytes('texts that say they are of another encoding', 'damaged', (file) => {
    file.writeUInt32BE(2, 56);
    return file;
  }),
  bytes('bytes that are kept free in each page', 'damaged', (file) => {
    file[20] = 64;
    return file;
  }),
  bytes('a page size that is none', 'damaged', (file) => {
    file.writeUInt16BE(1000, 16);
    return file;
  }),
  bytes(
    'a file of noise',
    'refused',
    (file) => file.map((_, at) => (at * 7919 + (at >> 8) * 104_729) & 0xff) as Buffer,
  ),
  bytes('a schema format of the future', 'damaged', (file) => {
    file.writeUInt32BE(99, 44);
    return file;
  }),
  value('a text of 8 MB', '_current_users', 'shell = hex(zeroblob(4000000)) WHERE _n = 1', 'harmless'),
  value('an object that has a prototype', '_look_table', `columns_affected = '{"__proto__":["uid"]}'`),
  value('a list of numbers', '_look_table', "columns_affected = '[1,2]'"),
  value('times that are no times', '_snapshot', 'collected_time = -9223372036854775807 WHERE 0', 'harmless'),
  beside('a journal of somebody else', (path) =>
    writeFileSync(
      `${path}-journal`,
      Buffer.concat([Buffer.from('d9d505f920a163d7', 'hex'), Buffer.alloc(5000, 1)]),
    ),
  ),
  beside('a journal that is a text', (path) => writeFileSync(`${path}-journal`, 'dear diary')),
  beside('a log that is a link', (path) => symlinkSync(path, `${path}-wal`)),
  beside('a log that is a link to nothing', (path) => symlinkSync('/nowhere/at/all', `${path}-wal`)),
  beside('a folder in the place of the index of the log', (path) => mkdirSync(`${path}-shm`)),
  beside('a link in the place of a journal', (path) => symlinkSync('/etc/hostname', `${path}-journal`)),
  beside('a log of a file that has none', (path) => {
    const file = readFileSync(path);
    file.fill(1, 18, 20);
    writeFileSync(path, file);
    writeFileSync(`${path}-wal`, Buffer.alloc(4096, 7));
  }),
  {
    name: 'a log of noise',
    outcome: 'harmless',
    make: (db, path) => {
      db.close();
      writeFileSync(`${path}-wal`, Buffer.alloc(40_000, 7));
    },
  },
  bytes('a file that is cut', 'damaged', (file) => file.subarray(0, file.length - 4096)),
];

/** Makes a variant of a good database. */
export const makeVariant = (good: string, path: string, { make }: Variant): void => {
  copyFileSync(good, path);
  const db = new Database(path);
  db.pragma('foreign_keys = OFF');
  make(db, path);
  if (db.open) db.close();
};
