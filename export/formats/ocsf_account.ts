/** What an event of OCSF tells of an account out of its own row: as text, which SQLite or JavaScript makes of the columns. */
import type { Table } from '../../collector/table.ts';
import { quoteName, quoteText } from '../../store/ddl.ts';
import { booleanMember, identities, jsonCell, membersSql, quotedMember, textMember } from '../format.ts';
import type { Cell, ExportTable, Head, Member, WrittenTable } from '../format.ts';

/** Where each column of a table stands in its rows. */
type Indexes = ReadonlyMap<string, number>;

export const indexesOf = ({ columns }: Table): Indexes =>
  new Map(Object.keys(columns).map((name, index) => [name, index]));

export class Row {
  readonly id: string;
  readonly cells: readonly Cell[];
  readonly #indexes: Indexes;

  constructor(id: string, cells: readonly Cell[], indexes: Indexes) {
    this.id = id;
    this.cells = cells;
    this.#indexes = indexes;
  }

  cell(column: string): Cell {
    return this.cells[this.#indexes.get(column) ?? -1] ?? null;
  }
}

export const text = (value: Cell | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value);

/** What the rows of other tables know an account by. */
export interface Who {
  readonly username?: string | undefined;
  readonly uuid?: string | undefined;
  readonly uid?: string | undefined;
}

/** The texts that an event of an account is put together from. */
export interface Account {
  readonly id: string;
  who(): Who;
  /** The user, from its brace on. */
  readonly user: string;
  /** The account in it, with a comma before it. */
  readonly account: string;
  /** Its tags, with commas between them. */
  readonly tags: string;
}

const typeOf = (id: number, type: string): string => `{"type_id":${id},"type":"${type}"`;

/** The beginning of a user. */
const userType = (row: Row): string => {
  if (row.cell('account_type') === 'service') return typeOf(4, 'Service');
  if (row.cell('is_system_account') === 1) return typeOf(3, 'System');
  const isAdmin = row.cell('is_admin');
  if (isAdmin === 1) return typeOf(2, 'Admin');
  return isAdmin === 0 ? typeOf(1, 'User') : typeOf(0, 'Unknown');
};

const identityColumns = new Set(['uid', 'gid', 'username', 'uuid', 'is_admin', 'description']);

/** A column as a tag, with a comma before it: whole where it has one of few values, else what stands before its text. */
const tagOf = (name: string, index: number, isBoolean: boolean) => {
  const start = `,{"name":${JSON.stringify(name)},"value":`;
  return {
    ...{ index, isBoolean, start, unknown: `${start}"unknown"}` },
    ...{ yes: `${start}"true"}`, no: `${start}"false"}` },
  };
};

/** Writes what a row tells of an account, beside who it is, as tags, each with a comma before it. */
export const tagsWriter = (table: Table, prefix = ''): ((row: Row) => string) => {
  const tags = Object.entries(table.columns).flatMap(([name, { isBoolean }], index) =>
    identityColumns.has(name) ? [] : [tagOf(prefix + name, index, isBoolean === true)],
  );
  return ({ cells }) => {
    let written = '';
    for (const { index, isBoolean, start, unknown, yes, no } of tags) {
      const value = cells[index] ?? null;
      if (value === null) written += unknown;
      else if (typeof value === 'string') written += `${start}${jsonCell(value)}}`;
      else written += isBoolean ? (value === 1 ? yes : no) : `${start}"${value}"}`;
    }
    return written;
  };
};

/** A member of an object, with a comma before it; nothing for what is not known. */
const member = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":${jsonCell(value)}`;

export const whoOf = (row: Row): Who => ({
  username: text(row.cell('username')),
  uuid: text(row.cell('uuid')),
  uid: text(row.cell('uid')),
});

const accountStart = ',"account":{"type_id":7,"type":"Mac OS Account"';

const accountOf = (row: Row, tags: string): Account => {
  const who = whoOf(row);
  const uid = member('uid', who.uid);
  const name = member('name', who.username);
  const known = who.uuid === undefined ? uid : member('uid', who.uuid);
  return {
    id: row.id,
    who: () => who,
    user: `${userType(row)}${name}${uid}${member('uid_alt', who.uuid)}${member('full_name', text(row.cell('description')))}`,
    account: `${accountStart}${name}${known === '' ? member('uid', row.id) : known}`,
    tags: tags.slice(1),
  };
};

/** The key of `users` is what an account is known by; an integer stays the digits that it is. */
const whoOfKey = (key: string): Who => {
  const [username, uuid] = JSON.parse(key) as (string | null)[];
  const uid = key.slice(key.lastIndexOf(',') + 1, -1);
  return { username: username ?? undefined, uuid: uuid ?? undefined, uid: uid === 'null' ? undefined : uid };
};

const accountOfLine = (line: string, identify: (key: string, change: null) => string): Account => {
  const [keyEnd, userEnd] = [line.indexOf('\n'), line.indexOf('\n', line.indexOf('\n') + 1)];
  const accountEnd = line.indexOf('\n', userEnd + 1);
  const key = line.slice(0, keyEnd);
  const id = identify(key, null);
  const account = line.slice(userEnd + 1, accountEnd);
  return {
    id,
    who: () => whoOfKey(key),
    user: line.slice(keyEnd + 1, userEnd),
    account: key.endsWith(',null,null]') ? `${account}${member('uid', id)}` : account,
    tags: line.slice(accountEnd + 1),
  };
};

/** The accounts of a Mac, whoever wrote their texts. */
export const accountsOf = (
  { table, rows, lines }: ExportTable | WrittenTable,
  head: Head,
): readonly Account[] => {
  if (rows === undefined) {
    const identify = identities(head, table.name);
    return Array.from(lines, (line) => accountOfLine(line, identify));
  }
  const indexes = indexesOf(table);
  const tagsOf = tagsWriter(table);
  return Array.from(rows, ({ id, cells }) => {
    const row = new Row(id, cells, indexes);
    return accountOf(row, tagsOf(row));
  });
};

/** `member` in SQL: NULL, which `concat` leaves out, for what is not known. */
const memberSql = (name: string, column: string): string =>
  `CASE WHEN ${column} IS NOT NULL THEN concat(${quoteText(`,"${name}":`)}, json_quote(${column})) END`;
const digitsSql = (name: string, column: string): string =>
  `${quoteText(`,"${name}":"`)} || ${column} || '"'`;

const typeSql = `CASE WHEN account_type = 'service' THEN ${quoteText(typeOf(4, 'Service'))}
  WHEN is_system_account = 1 THEN ${quoteText(typeOf(3, 'System'))}
  WHEN is_admin = 1 THEN ${quoteText(typeOf(2, 'Admin'))}
  WHEN is_admin = 0 THEN ${quoteText(typeOf(1, 'User'))} ELSE ${quoteText(typeOf(0, 'Unknown'))} END`;

/** As `tagsWriter` has it. */
const tagMember = ([name, { type, isBoolean }]: readonly [string, Table['columns'][string]]): Member => {
  if (isBoolean === true) return booleanMember(name, ['"true"', '"false"', '"unknown"']);
  const known = `ifnull(${quoteName(name)}, 'unknown')`;
  return type === 'TEXT' ? textMember(name, known) : quotedMember(name, known);
};

/** The texts of an account in SQL, with line feeds between them. */
export const accountSql = ({ columns }: Table): string => {
  const tags = Object.entries(columns)
    .filter(([name]) => !identityColumns.has(name))
    .map(tagMember);
  return `concat(${[
    ...[typeSql, memberSql('name', 'username'), digitsSql('uid', 'uid'), memberSql('uid_alt', 'uuid')],
    ...[memberSql('full_name', 'description'), quoteText(`\n${accountStart}`), memberSql('name', 'username')],
    `coalesce(${memberSql('uid', 'uuid')}, ${digitsSql('uid', 'uid')})`,
    ...membersSql(tags, (name) => `{"name":${JSON.stringify(name)},"value":`, ['\n', '},', '}']),
  ].join(', ')})`;
};
