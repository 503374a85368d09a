/** Statements that are made to do more than read our tables; every one of them must be refused. */

interface Hostile {
  readonly name: string;
  readonly sql: string;
}

/** What is no reading. */
const writing: readonly string[] = [
  'PRAGMA user_version = 7',
  'PRAGMA writable_schema = ON',
  'PRAGMA journal_mode = DELETE',
  'PRAGMA wal_checkpoint(TRUNCATE)',
  'PRAGMA database_list',
  'PRAGMA temp_store_directory = "/tmp"',
  "ATTACH '/tmp/tokenquery-hostile.db' AS other",
  'DETACH main',
  'VACUUM',
  "VACUUM INTO '/tmp/tokenquery-hostile.db'",
  'CREATE TABLE t (a)',
  'CREATE TEMP TABLE t (a)',
  'CREATE VIEW v AS SELECT 1',
  'CREATE TRIGGER r AFTER INSERT ON _host BEGIN SELECT 1; END',
  'CREATE INDEX i ON _host (host_id)',
  'CREATE VIRTUAL TABLE f USING fts5(a)',
  'DROP TABLE _host',
  'DROP VIEW users',
  'ALTER TABLE _host RENAME TO other',
  'INSERT INTO _setting VALUES (1, 1)',
  'INSERT INTO _setting DEFAULT VALUES RETURNING *',
  'REPLACE INTO _setting VALUES (1, 1)',
  "UPDATE _host SET host_id = 'x'",
  "UPDATE _host SET host_id = 'x' RETURNING *",
  'DELETE FROM _host',
  'DELETE FROM _host RETURNING host_id',
  'BEGIN IMMEDIATE',
  'COMMIT',
  'ROLLBACK',
  'SAVEPOINT s',
  'RELEASE s',
  'REINDEX',
  'ANALYZE',
];

/** Ways to hide the verb. */
const disguises: Readonly<Record<string, (sql: string) => string>> = {
  'as it is': (sql) => sql,
  'in small letters': (sql) => sql.toLowerCase(),
  'behind a comment': (sql) => `/* SELECT 1 */ -- SELECT 2\n${sql}`,
  'behind empty statements': (sql) => `;;; ${sql}`,
  'behind a byte order mark': (sql) => `\ufeff${sql}`,
  'behind a blank that is none': (sql) => `\u00a0${sql}`,
  'to be explained': (sql) => `EXPLAIN ${sql}`,
  'to be planned': (sql) => `EXPLAIN QUERY PLAN ${sql}`,
  'behind a WITH': (sql) => `WITH x AS (SELECT 1) ${sql}`,
  'behind a statement': (sql) => `SELECT 1; ${sql}`,
  'behind a NUL': (sql) => `SELECT 1\0; ${sql}`,
  'in brackets': (sql) => `(${sql})`,
};

/** Tables that are settings, files or the insides of SQLite. */
const modules: readonly string[] = [
  'pragma_database_list',
  'pragma_table_info',
  'pragma_compile_options',
  'pragma_function_list',
  'pragma_module_list',
  'pragma_user_version',
  'pragma_wal_checkpoint',
  'pragma_journal_mode',
  'dbstat',
  'sqlite_dbpage',
  'bytecode',
  'tables_used',
  'fts3tokenize',
  'sqlite_stmt',
];
const namings: Readonly<Record<string, (name: string) => string>> = {
  plain: (name) => `SELECT * FROM ${name}`,
  'in capitals': (name) => `SELECT * FROM ${name.toUpperCase()}`,
  'in quotes': (name) => `SELECT * FROM "${name}"`,
  'in brackets': (name) => `SELECT * FROM [${name}]`,
  'in backquotes': (name) => `SELECT * FROM \`${name}\``,
  'in single quotes': (name) => `SELECT * FROM '${name}'`,
  'between quotes as names': (name) => `SELECT 1 AS "'" FROM ${name} AS "'"`,
  'in a subquery': (name) => `SELECT (SELECT count(*) FROM ${name})`,
  'in a common table': (name) => `WITH x AS (SELECT * FROM ${name}) SELECT * FROM x`,
  'behind a comment in the middle': (name) => `SELECT * FROM/**/${name}--\n`,
};

/** Functions of the outside world. */
const calls: readonly string[] = [
  "load_extension('x')",
  "readfile('/etc/passwd')",
  "writefile('/tmp/tokenquery-hostile', 'x')",
  "edit('x')",
  "fts3_tokenizer('simple')",
  "lsdir('/')",
];
const callings: Readonly<Record<string, (call: string) => string>> = {
  plain: (call) => `SELECT ${call}`,
  'in quotes': (call) => `SELECT ${call.replace(/^\w+/, '"$&"')}`,
  'in capitals': (call) => `SELECT ${call.replace(/^\w+/, (name) => name.toUpperCase())}`,
  'behind a comment': (call) => `SELECT ${call.replace('(', '/**/(')}`,
  'where nothing is': (call) => `SELECT 1 WHERE 0 AND ${call}`,
  'in a condition': (call) => `SELECT 1 FROM users WHERE ${call} IS NULL`,
};

const combined = (
  kind: string,
  what: readonly string[],
  ways: Readonly<Record<string, (text: string) => string>>,
): readonly Hostile[] =>
  what.flatMap((text) =>
    Object.entries(ways).map(([way, make]) => ({ name: `${kind}: ${text}, ${way}`, sql: make(text) })),
  );

export const statements: readonly Hostile[] = [
  ...combined('writing', writing, disguises),
  ...combined('module', modules, namings),
  ...combined('function', calls, callings),
];
