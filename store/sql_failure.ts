/** What is wrong with a statement that SQLite does not take, and what may be meant. */
import { UserError } from '../collector/errors.ts';
import { nearest } from '../collector/nearest.ts';
import type { Db } from './database.ts';

export interface KnownNames {
  readonly tables: readonly string[];
  readonly columns: readonly string[];
}

// What people call things that have another name here: no misspelling, so no distance finds them.
const tablesByMeaning: Readonly<Record<string, string>> = {
  ...{ account: 'users', accounts: 'users', admins: 'users', administrators: 'users', people: 'users' },
  ...{ token: 'secure_tokens', tokens: 'secure_tokens', securetoken: 'secure_tokens' },
  ...{ bootstrap: 'bootstrap_tokens', bootstraptoken: 'bootstrap_tokens', escrow: 'bootstrap_tokens' },
  ...{ filevault: 'filevault_status', fde: 'filevault_status', encryption: 'filevault_status' },
  ...{
    disk_encryption: 'filevault_status',
    recovery_keys: 'filevault_status',
    recovery_key: 'filevault_status',
  },
  ...{ mdm: 'mdm_enrollments', enrollment: 'mdm_enrollments', enrolment: 'mdm_enrollments' },
  ...{ volumes: 'apfs_volumes', disks: 'apfs_volumes', mounts: 'apfs_volumes' },
  ...{ volume_owners: 'apfs_crypto_users', owners: 'apfs_crypto_users', cryptousers: 'apfs_crypto_users' },
  ...{ computers: 'hosts', macs: 'hosts', machines: 'hosts', devices: 'hosts', system: 'hosts' },
  ...{ system_info: 'hosts', os_version: 'hosts', os: 'hosts', uptime: 'hosts' },
  ...{ errors: 'collection_errors', status: 'table_status', history: 'changes', events: 'changes' },
  ...{
    passwords: 'account_policy_data',
    password_policy: 'account_policy_data',
    logins: 'account_policy_data',
  },
  ...{ loginwindow: 'loginwindow_settings', sso: 'platform_sso_states', admin_group: 'group_members' },
};
const columnsByMeaning: Readonly<Record<string, readonly string[]>> = {
  name: ['username', 'groupname'],
  user: ['username'],
  user_name: ['username'],
  account: ['username'],
  shortname: ['username'],
  full_name: ['description'],
  realname: ['description'],
  home: ['directory'],
  token: ['secure_token'],
  has_token: ['secure_token'],
  admin: ['is_admin'],
  hidden: ['is_hidden'],
  owner: ['volume_owner'],
  enabled: ['status', 'filevault_enabled'],
  guid: ['uuid'],
  generateduid: ['uuid'],
  type: ['account_type'],
  serial: ['serial_number'],
  version: ['os_version'],
  source: ['source_name', 'source'],
};

// Quoted text, or a comment: no word of it is a name of the statement.
const noWords = /'(?:[^']|'')*(?:'|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const wordsOf = (sql: string): ReadonlySet<string> =>
  new Set(sql.replace(noWords, ' ').match(/[A-Za-z_][A-Za-z0-9_]*/g));

const mostShown = 12;

/** Names, of which a long list is cut. */
const listed = (names: readonly string[]): string =>
  names.length <= mostShown
    ? names.join(', ')
    : `${names.slice(0, mostShown).join(', ')} and ${names.length - mostShown} more`;

const columnsOf = (db: Db, table: string): readonly string[] => {
  try {
    return db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(table) as string[];
  } catch {
    // A view of a damaged file.
    return [];
  }
};

const noTable = (table: string, { tables }: KnownNames): UserError => {
  const meant = tablesByMeaning[table.toLowerCase()];
  const near = meant !== undefined && tables.includes(meant) ? meant : nearest(table, tables);
  return new UserError(
    `there is no table ${table}`,
    near === null ? 'tokenquery tables lists them' : `did you mean ${near}? tokenquery tables lists them all`,
  );
};

/** The tables that a statement names, each with its columns. */
const namedIn = (db: Db, sql: string, { tables }: KnownNames): ReadonlyMap<string, readonly string[]> => {
  const words = new Set([...wordsOf(sql)].map((word) => word.toLowerCase()));
  return new Map(
    tables
      .filter((table) => words.has(table.toLowerCase()))
      .map((table) => [table, columnsOf(db, table)] as const)
      .filter(([, columns]) => columns.length > 0),
  );
};

const noColumn = (db: Db, sql: string, column: string, names: KnownNames): UserError => {
  const named = namedIn(db, sql, names);
  const own = new Set([...named.values()].flat());
  // A statement without a table is taken to have forgotten it.
  const pool = own.size === 0 ? names.columns : [...own];
  const meant = columnsByMeaning[column.toLowerCase()]?.find((name) => pool.includes(name));
  const near = meant ?? nearest(column, pool);
  const others =
    near === null && own.size > 0
      ? names.tables.filter((table) => columnsOf(db, table).includes(column)).slice(0, 3)
      : [];
  const [[table, columns] = ['', []], ...more] = named;
  const hint = [
    ...(near === null ? [] : [`did you mean ${near}?`]),
    ...(others.length === 0 ? [] : [`${others.join(' and ')} ${others.length === 1 ? 'has' : 'have'} it;`]),
    own.size === 0
      ? 'tokenquery tables NAME lists the columns of a table;'
      : more.length === 0
        ? `${table} has ${listed(columns)};`
        : `tokenquery tables NAME lists the columns of ${listed([...named.keys()])};`,
    'text stands in single quotes',
  ];
  return new UserError(`there is no column ${column}`, hint.join(' '));
};

const keywords = [
  ...['SELECT', 'DISTINCT', 'FROM', 'WHERE', 'GROUP', 'ORDER', 'HAVING', 'LIMIT', 'OFFSET', 'JOIN', 'INNER'],
  ...['LEFT', 'OUTER', 'USING', 'UNION', 'EXCEPT', 'INTERSECT', 'BETWEEN', 'LIKE', 'EXISTS', 'VALUES'],
];

/** A word of the statement that is nearly one of SQL; null where every word is something else. */
const mistypedIn = (sql: string, names: KnownNames): readonly [word: string, meant: string] | null => {
  const known = new Set([...names.tables, ...names.columns].map((name) => name.toUpperCase()));
  for (const word of wordsOf(sql)) {
    const upper = word.toUpperCase();
    if (word.length < 4 || known.has(upper) || keywords.includes(upper)) continue;
    const meant = nearest(word, keywords, 1);
    if (meant !== null) return [word, meant];
  }
  return null;
};

const noSql = (db: Db, sql: string, message: string, names: KnownNames): UserError => {
  const mistyped = message.endsWith('syntax error') ? mistypedIn(sql, names) : null;
  if (mistyped !== null)
    return new UserError(
      `the SQL cannot be run: ${message}`,
      `did you mean ${mistyped[1]} in place of ${mistyped[0]}?`,
    );
  if (message === 'incomplete input')
    return new UserError(
      'the SQL ends too early',
      'is a quote or a bracket still open, or did a shell take a part of it? The whole statement stands in one pair of quotes',
    );
  if (/^unrecognized token: "['"]/.test(message))
    return new UserError(
      'a quote in the SQL is not closed',
      'text stands in single quotes, and the whole statement in double quotes: "SELECT … WHERE username = \'ann\'"',
    );
  const called = /^no such function: (.+)$/s.exec(message)?.[1];
  if (called !== undefined) {
    const functions = db.prepare('SELECT DISTINCT name FROM pragma_function_list').pluck().all() as string[];
    const near = nearest(
      called,
      functions.filter((name) => /^[a-z][a-z0-9_]*$/.test(name) && !name.startsWith('sqlite_')),
    );
    return new UserError(
      `there is no function ${called}`,
      `${near === null ? '' : `did you mean ${near}? `}the functions are those of SQLite: https://sqlite.org/lang_corefunc.html`,
    );
  }
  return new UserError(
    `the SQL cannot be run: ${message}`,
    'tokenquery tables NAME shows a table and examples',
  );
};

/**
 * What is wrong with the SQL, with the name that may be meant. SQLite has one code for all of it and gives the name in its
 * message only, in the forms `no such table: NAME`, `no such column: NAME` and, for a NAME in double quotes, a third.
 */
export const explainFailure = (db: Db, sql: string, message: string, names: KnownNames): UserError => {
  const table = /^no such table: (?:main\.|temp\.)?(.+)$/s.exec(message)?.[1];
  if (table !== undefined) return noTable(table, names);
  const [, quoted, plain] =
    /^no such column: (?:"(.+)" - should this be a string literal in single-quotes\?|(?:.*\.)?([^.]+))$/s.exec(
      message,
    ) ?? [];
  const column = quoted ?? plain;
  return column === undefined ? noSql(db, sql, message, names) : noColumn(db, sql, column, names);
};

// What SQL has and is not run here.
const otherVerbs = new Set([
  ...['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'CREATE', 'DROP', 'ALTER', 'ATTACH', 'DETACH', 'PRAGMA'],
  ...['VACUUM', 'REINDEX', 'ANALYZE', 'BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT', 'RELEASE', 'END', 'MERGE'],
  ...['TRUNCATE', 'GRANT', 'REVOKE', 'SET', 'CALL', 'COPY', 'LOAD', 'INSTALL'],
]);
const describing = new Set(['DESCRIBE', 'DESC', 'SHOW', 'PRAGMA']);
const allowedVerbs = ['SELECT', 'WITH', 'VALUES', 'EXPLAIN'];

/** Commands of the shells of others, and what they are here. */
const dotCommand = (text: string): UserError => {
  const [, command = '', name] = /^([.\\][a-z?+]*)\s*(\w*)/i.exec(text) ?? [];
  const table = name === undefined || name === '' ? 'NAME' : name;
  const isSchema = /^(?:\.schema|\.fullschema|\\d\+?)$/i.test(command) && table !== 'NAME';
  const here = isSchema
    ? `tokenquery tables ${table} describes a table, and tokenquery schema ${table} has it in SQL`
    : /^(?:\.help|\\\?)$/i.test(command)
      ? 'tokenquery query --help'
      : /^\.(?:mode|headers?)$/i.test(command)
        ? 'options choose the form: --json, --csv, --line, --list, --markdown'
        : 'tokenquery tables lists the tables, and tokenquery tables NAME describes one';
  return new UserError(`${command} is no SQL: it is a command of another shell`, here);
};

/** What stands where a statement is expected, and is none that is run. */
export const explainVerb = (sql: string, verb: string, { tables }: KnownNames): UserError => {
  const text = sql.trim();
  const allowed =
    'one statement that begins with SELECT, WITH, VALUES or EXPLAIN is run; nothing can be written';
  if (/^[.\\][a-z?]/i.test(text)) return dotCommand(text);
  if (text === '' || (verb === '' && /^(?:[;()\s-]*|(?:--[^\n]*\s*)+)$/.test(text)))
    return new UserError('there is no SQL to run', 'for example: tokenquery query "SELECT * FROM users"');
  if (describing.has(verb)) {
    const table = [...wordsOf(text)].find((word) => tables.includes(word));
    return new UserError(
      `${verb} is refused: queries only read`,
      table === undefined
        ? `tokenquery tables lists the tables; ${allowed}`
        : `tokenquery tables ${table} describes the table`,
    );
  }
  if (otherVerbs.has(verb)) return new UserError(`${verb} is refused: queries only read`, allowed);
  const table = tables.find((name) => name.toLowerCase() === text.replace(/;$/, '').toLowerCase());
  if (table !== undefined)
    return new UserError(
      `${table} is a table, and no statement`,
      `tokenquery query "SELECT * FROM ${table}"`,
    );
  const near = nearest(verb, allowedVerbs, 2);
  if (near !== null && near !== verb && verb.length > 2)
    return new UserError(
      `${verb} is no word that a statement begins with`,
      `did you mean ${near}? ${allowed}`,
    );
  const begins = text.split(/[\r\n]/)[0]?.slice(0, 40) ?? '';
  return new UserError(`this is no SQL: it begins with ${JSON.stringify(begins)}`, allowed);
};
