/**
 * A script for psql that brings a store into PostgreSQL: the tables of a lake, of the hosts that changed since they were loaded, in one
 * transaction. What is loaded of which host PostgreSQL itself keeps, with the rows: twice is once, and what was interrupted never was.
 */
import { hash } from 'node:crypto';
import { UserError } from '../../collector/errors.ts';
import type { Db } from '../../store/database.ts';
import { quoteName, quoteText } from '../../store/ddl.ts';
import type { LakeValue } from './column.ts';
import type { ColumnType, Relation } from './relations.ts';
import { hostIds, lakeRows } from './rows.ts';
import { viewsOver } from './views.ts';
import type { DerivedView } from './views.ts';

const loadedTable = 'tokenquery_loaded';
const hostsTable = 'tokenquery_hosts';

const types: Readonly<Record<ColumnType, string>> = {
  // The store compares texts by their bytes.
  TEXT: 'text COLLATE "C"',
  INTEGER: 'bigint',
  REAL: 'double precision',
};

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  // PostgreSQL has no such character.
  '\0': '\uFFFD',
};

const copied = (value: LakeValue): string => {
  if (value === null) return '\\N';
  if (typeof value === 'number') return String(value);
  return /[\\\t\n\r\0]/.test(value)
    ? value.replaceAll(/[\\\t\n\r\0]/g, (character) => escapes[character] ?? character)
    : value;
};

const line = (row: readonly LakeValue[]): string => `${row.map(copied).join('\t')}\n`;

const uncopied = (field: string): string | null =>
  field === '\\N'
    ? null
    : field.replaceAll(
        /\\(.)/g,
        (_, character: string) => ({ t: '\t', n: '\n', r: '\r' })[character] ?? character,
      );

/** What PostgreSQL says that it holds: the mark of each host of a shard. */
export type Loaded = ReadonlyMap<string, string>;

const loadedColumns = ['shard', 'redaction', 'host_id', 'mark'] as const;

/** Reads what `COPY tokenquery_loaded TO STDOUT` wrote. @param path For errors. */
export const readLoaded = (text: string, shard: string, path: string): Loaded => {
  const marks = new Map<string, string>();
  const lines = text.split('\n');
  for (const [index, one] of lines.entries()) {
    if (one === '' && index === lines.length - 1) break;
    const fields = one.split('\t').map(uncopied);
    const [of, , hostId, mark] = fields;
    if (fields.length !== loadedColumns.length || !of || !hostId || !/^[0-9a-f]{32}$/.test(mark ?? ''))
      throw new UserError(
        `line ${index + 1} of ${path} is not what PostgreSQL writes of ${loadedTable}`,
        `psql -XAt -c "COPY ${loadedTable} TO STDOUT" > FILE writes it`,
      );
    if (of === shard) marks.set(hostId, mark ?? '');
  }
  return marks;
};

export interface Load {
  readonly shard: string;
  readonly redaction: string | null;
  readonly relations: readonly Relation[];
  /** The mark of each host of the store. */
  readonly marks: ReadonlyMap<string, string>;
  /** Null where all hosts are to be loaded, whatever is there. */
  readonly loaded: Loaded | null;
}

export interface Changes {
  /** Those whose rows are loaded, each under one of its ids. */
  readonly hosts: readonly string[];
  /** All ids of these, and of hosts that are not in the store any more. */
  readonly replaced: readonly string[];
  /** What must be loaded for the rest to be right. */
  readonly kept: readonly (readonly [hostId: string, mark: string])[];
}

// Ids that differ in their letters' case alone are of one host.
const sameHost = (hostId: string): string => hostId.toLowerCase();

export const changesOf = (db: Db, { marks, loaded }: Pick<Load, 'marks' | 'loaded'>): Changes => {
  const isOther = new Set<string>();
  for (const [hostId, mark] of marks) if (loaded?.get(hostId) !== mark) isOther.add(sameHost(hostId));
  for (const hostId of loaded?.keys() ?? []) if (!marks.has(hostId)) isOther.add(sameHost(hostId));
  const changed = (hostId: string): boolean => isOther.has(sameHost(hostId));
  return {
    hosts: hostIds(db).filter(changed),
    replaced: [...new Set([...marks.keys(), ...(loaded?.keys() ?? [])])].filter(changed).toSorted(),
    kept: [...(loaded ?? [])].filter(([hostId]) => !changed(hostId)),
  };
};

/** A block that does nothing where PostgreSQL has this already: what it does keeps readers waiting. */
const onceFor = (name: string, statements: readonly string[]): string => {
  const note = `tokenquery ${hash('sha256', statements.join('\n')).slice(0, 16)}`;
  const kind = statements[0]?.startsWith('CREATE TABLE') === true ? 'TABLE' : 'VIEW';
  return (
    `DO $once$ BEGIN\n  IF obj_description(to_regclass(${quoteText(quoteName(name))}), 'pg_class') IS DISTINCT FROM ${quoteText(note)} THEN\n` +
    [...statements, `COMMENT ON ${kind} ${quoteName(name)} IS ${quoteText(note)};`]
      .map((one) => `    ${one}\n`)
      .join('') +
    '  END IF;\nEND $once$;\n'
  );
};

const tableText = ({ name, columns }: Relation): string => {
  const own = columns.map(([column, type]) => `${quoteName(column)} ${types[type]}`);
  return onceFor(name, [
    `CREATE TABLE IF NOT EXISTS ${quoteName(name)} (${own.join(', ')});`,
    // One of an older version; a column that came to be of another type needs a table made anew.
    `ALTER TABLE ${quoteName(name)} ${own.map((one) => `ADD COLUMN IF NOT EXISTS ${one}`).join(', ')};`,
  ]);
};

const viewText = ({ name, select }: DerivedView): string =>
  onceFor(name, [`DROP VIEW IF EXISTS ${quoteName(name)};`, `CREATE VIEW ${quoteName(name)} AS ${select};`]);

/** By the host, and by the account where there is one: what the questions join by. A name may be too long for a tree. */
const indexText = ({ name, columns }: Relation): string => {
  const index = (of: string, how: string): string =>
    `CREATE INDEX IF NOT EXISTS ${quoteName(`${name}_${of}`)} ON ${quoteName(name)} ${how};\n`;
  const hasName = columns.some(([own]) => own === 'username');
  return index('host', '(host_id)') + (hasName ? index('username', 'USING hash (username)') : '');
};

const raise = (condition: string, message: string, hint: string): string =>
  `  IF ${condition} THEN\n    RAISE EXCEPTION USING MESSAGE = ${message}, HINT = ${quoteText(hint)};\n  END IF;\n`;

/** Refuses what is of something else, of another level of redaction, of another shard, and what is not as it was thought to be. */
const checksText = ({ shard, redaction, relations, loaded }: Load, { kept }: Changes): string => {
  const views = relations.flatMap(({ name, columns }) => viewsOver(name, columns).map((view) => view.name));
  const names = [...relations.map(({ name }) => name), ...views].map(quoteText).join(', ');
  const level = redaction === null ? 'NULL' : quoteText(redaction);
  const inOrder = kept.toSorted(([one], [other]) => Buffer.from(one).compare(Buffer.from(other)));
  const digest = hash('sha256', inOrder.map(([hostId, mark]) => `${hostId} ${mark}\n`).join(''));
  const there =
    `(SELECT encode(sha256(convert_to(coalesce(string_agg(host_id || ' ' || mark || E'\\n', '' ORDER BY host_id), ''), 'UTF8')), 'hex') ` +
    `FROM ${loadedTable} WHERE shard = ${quoteText(shard)} AND host_id NOT IN (SELECT host_id FROM ${hostsTable}))`;
  return (
    'DO $checks$ BEGIN\n' +
    raise(
      'EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace ' +
        `AND relname IN (${names}) AND coalesce(obj_description(oid, 'pg_class'), '') NOT LIKE 'tokenquery %')`,
      `format('the schema %I holds tables of something else', current_schema())`,
      'Load it into a schema of its own: PGOPTIONS="-c search_path=NAME".',
    ) +
    raise(
      `EXISTS (SELECT 1 FROM ${loadedTable} WHERE redaction IS DISTINCT FROM ${level})`,
      quoteText('what is loaded has another level of redaction'),
      'Load it into another schema: the same user would be two.',
    ) +
    raise(
      `EXISTS (SELECT 1 FROM ${loadedTable} l JOIN ${hostsTable} h ON h.host_id = l.host_id WHERE l.shard <> ${quoteText(shard)})`,
      `(SELECT format('the host %s is loaded from the shard %s', l.host_id, l.shard) FROM ${loadedTable} l ` +
        `JOIN ${hostsTable} h ON h.host_id = l.host_id WHERE l.shard <> ${quoteText(shard)} LIMIT 1)`,
      'A host is of one shard: tokenquery lake --check says which is newer.',
    ) +
    (loaded === null
      ? ''
      : raise(
          `${there} <> ${quoteText(digest)}`,
          quoteText('what is loaded is not what --loaded says'),
          `Copy ${loadedTable} again, and make the script anew.`,
        )) +
    'END $checks$;\n'
  );
};

function* copyText(
  name: string,
  columns: readonly string[],
  batches: Iterable<readonly (readonly LakeValue[])[]>,
) {
  let isBegun = false;
  for (const rows of batches) {
    if (rows.length === 0) continue;
    if (!isBegun) yield `COPY ${quoteName(name)} (${columns.map(quoteName).join(', ')}) FROM STDIN;\n`;
    isBegun = true;
    yield rows.map(line).join('');
  }
  if (isBegun) yield '\\.\n';
}

/** From this share of the hosts on, what PostgreSQL knows of its tables is made anew at once, and not when it comes to it. */
const shareToAnalyze = 0.1;

/** The script, piece by piece. */
export function* psqlScript(db: Db, load: Load, changes: Changes): Generator<string> {
  const { shard, redaction, relations, marks } = load;
  const { hosts, replaced } = changes;
  yield `-- tokenquery: the shard ${shard}, ${hosts.length} of ${marks.size} hosts. Run it with: psql -Xqf FILE\n`;
  yield "\\set ON_ERROR_STOP on\nSET client_encoding = 'UTF8';\nSET client_min_messages = warning;\nBEGIN;\n";
  // Nothing of another schema is meant by a name from here on.
  yield `DO $schema$ BEGIN\n${raise('current_schema() IS NULL', quoteText('the schema of the search path is not there'), 'CREATE SCHEMA makes it.')}`;
  yield "  PERFORM set_config('search_path', quote_ident(current_schema()), false);\nEND $schema$;\n";
  yield `CREATE TABLE IF NOT EXISTS ${loadedTable} (shard text NOT NULL, redaction text, host_id text COLLATE "C" PRIMARY KEY, mark text NOT NULL);\n`;
  // Another load waits; who only reads does not.
  yield `LOCK TABLE ${loadedTable} IN EXCLUSIVE MODE;\n`;
  yield `CREATE TEMPORARY TABLE ${hostsTable} (host_id text COLLATE "C" PRIMARY KEY) ON COMMIT DROP;\n`;
  yield* copyText(hostsTable, ['host_id'], [replaced.map((hostId) => [hostId])]);
  if (load.loaded === null)
    yield `INSERT INTO ${hostsTable} SELECT host_id FROM ${loadedTable} WHERE shard = ${quoteText(shard)} ON CONFLICT DO NOTHING;\n`;
  yield `ANALYZE ${hostsTable};\n`;
  yield checksText(load, changes);
  const ofHosts = (table: string): string =>
    `DELETE FROM ${quoteName(table)} t USING ${hostsTable} h WHERE t.host_id = h.host_id;\n`;
  for (const relation of relations) {
    const { name, columns } = relation;
    yield tableText(relation);
    yield ofHosts(name);
    yield* copyText(
      name,
      columns.map(([column]) => column),
      hosts.length === 0 ? [] : lakeRows(db, relation, hosts),
    );
    yield indexText(relation);
    for (const view of viewsOver(name, columns)) yield viewText(view);
  }
  yield ofHosts(loadedTable);
  const now = replaced.flatMap((hostId) => {
    const mark = marks.get(hostId);
    return mark === undefined ? [] : [[shard, redaction, hostId, mark]];
  });
  yield* copyText(loadedTable, loadedColumns, [now]);
  yield 'COMMIT;\n';
  if (hosts.length >= shareToAnalyze * marks.size)
    for (const { name } of relations) yield `ANALYZE ${quoteName(name)};\n`;
}
