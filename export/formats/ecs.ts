/** Documents of the Elastic Common Schema 9.4: its own fields where it has them, and `tokenquery.*` for the rest. */
import type { Table } from '../../collector/table.ts';
import { quoteName, quoteText } from '../../store/ddl.ts';
import {
  booleanMembers,
  booleanWriter,
  isReport,
  isoTime,
  objectSql,
  renamedOf,
  rowTexts,
} from '../format.ts';
import type { AnySnapshot, Cell, Change, ExportRow, Format, Head } from '../format.ts';
import { attacksIn } from '../../queries/attack.ts';
import type { Named } from '../../queries/attack.ts';
import { tellsOfFindings } from '../own_tables.ts';

const ecsVersion = '9.4.0';

export interface EcsOptions {
  /** Writes what `_bulk` takes: a line that says where, then the document. */
  readonly isBulk?: boolean;
  /** Of the data stream. */
  readonly namespace?: string;
}

const text = (value: Cell | undefined): string | undefined =>
  value === null || value === undefined ? undefined : String(value);

const without = (object: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

const hostFields = ({ host, head }: Pick<AnySnapshot, 'host' | 'head'>) => {
  const hostname = text(host['hostname']);
  return {
    id: head.hostId,
    ...without({ hostname, architecture: text(host['cpu_arch']) }),
    name: hostname ?? head.hostId,
    os: {
      type: 'macos',
      family: 'darwin',
      platform: 'darwin',
      name: 'macOS',
      ...without({ version: text(host['os_version']), full: macosName(host) }),
    },
  };
};

const macosName = (host: Readonly<Record<string, Cell>>): string | undefined => {
  const [version, build] = [text(host['os_version']), text(host['os_build'])];
  if (version === undefined) return undefined;
  return `macOS ${version}${build === undefined ? '' : ` (${build})`}`;
};

const deviceFields = (host: Readonly<Record<string, Cell>>) => {
  const model = text(host['model_identifier']);
  return {
    manufacturer: 'Apple',
    ...without({
      serial_number: text(host['serial_number']),
      model: model === undefined ? undefined : { identifier: model },
    }),
  };
};

interface Kind {
  readonly category: readonly string[];
  readonly type: readonly string[];
}

const userKind: Kind = { category: ['iam'], type: ['user', 'info'] };
const groupKind: Kind = { category: ['iam'], type: ['group', 'info'] };
const settingKind: Kind = { category: ['configuration'], type: ['info'] };
const hostKind: Kind = { category: ['host'], type: ['info'] };

const kinds: Readonly<Record<string, Kind>> = {
  groups: groupKind,
  group_members: groupKind,
  user_groups: { category: ['iam'], type: ['user', 'group', 'info'] },
  conflicts: userKind,
  filevault_policies: settingKind,
  loginwindow_settings: settingKind,
  mobile_account_policies: settingKind,
  findings: settingKind,
  finding_events: settingKind,
};

const kindOf = (table: Table): Kind =>
  kinds[table.name] ?? (table.columns['username'] === undefined ? hostKind : userKind);

/** `event.severity` is a number of the source; these are of the source's own scale. */
const severityNumbers: Readonly<Record<string, number>> = {
  info: 1,
  low: 2,
  medium: 3,
  high: 4,
  critical: 5,
};

/** Whether a finding stands so that somebody has to look at it. */
const isAlarm = (state: string | undefined): boolean => state === 'new' || state === 'ongoing';

/** Whether a row of findings, or of their life, says that all is well. */
const isPass = (cell: (column: string) => Cell | undefined): boolean =>
  cell('verdict') === 'clean' || cell('event') === 'resolved';

const filled = (fields: Readonly<Record<string, unknown>>): typeof fields | undefined =>
  Object.values(fields).some((value) => value !== undefined) ? fields : undefined;

/** Lists of equal length, as ECS has them: what has no name here is called by its id. */
const namedLists = (all: readonly Named[]) => {
  const unique = [...new Map(all.map((one) => [one.id, one])).values()];
  return { id: unique.map(({ id }) => id), name: unique.map(({ id, name }) => name ?? id) };
};

/** What was found, in the words of ATT&CK; undefined where the question cites none of it. */
const threatOf = (references: string | undefined) => {
  const attacks = attacksIn(references ?? '');
  if (attacks.length === 0) return undefined;
  const tactics = attacks.flatMap((attack) => attack.tactics);
  const parts = attacks.flatMap(({ subtechnique }) => subtechnique ?? []);
  return {
    framework: 'MITRE ATT&CK',
    ...(tactics.length === 0 ? {} : { tactic: namedLists(tactics) }),
    technique: {
      ...namedLists(attacks.map(({ technique }) => technique)),
      ...(parts.length === 0 ? {} : { subtechnique: namedLists(parts) }),
    },
  };
};

/** What a row adds to its document beside itself. */
interface RowFields {
  readonly kind?: string;
  readonly action?: string;
  readonly event: string;
  /** Members of the document, as text. */
  readonly fields: string;
}

const membersOf = (fields: Readonly<Record<string, unknown>>): string => JSON.stringify(fields).slice(1, -1);

/** The fields of a row that ECS has names for; JSON has none of those that are undefined. */
const rowFields = (own: Table, head: Head) => {
  const indexOf = new Map(Object.keys(own.columns).map((name, index) => [name, index]));
  const { name: table } = own;
  return (cells: readonly Cell[]): RowFields => {
    const cell = (column: string): Cell | undefined => {
      const index = indexOf.get(column);
      return index === undefined ? undefined : cells[index];
    };
    if (tellsOfFindings(table)) {
      const isHit = table === 'findings' ? cell('verdict') === 'hit' : isAlarm(text(cell('state')));
      // Every event in the life of a finding is of something that was found.
      const isFound = isHit || table === 'finding_events';
      const severity = isHit ? (text(cell('severity')) ?? '') : 'info';
      const outcome = isHit ? '' : `,"outcome":"${isPass(cell) ? 'success' : 'unknown'}"`;
      return {
        // What could not be evaluated is no alarm, and no all-clear either.
        kind: isHit ? 'alert' : 'event',
        ...(table === 'finding_events' ? { action: `finding-${text(cell('event')) ?? ''}` } : {}),
        event: `,"severity":${severityNumbers[severity] ?? 0}${outcome}`,
        fields: membersOf({
          message: text(cell('title')),
          rule: {
            id: text(cell('query_name')),
            name: text(cell('title')),
            category: text(cell('group')),
            description: text(cell('purpose')),
            ruleset: 'tokenquery',
          },
          threat: isFound ? threatOf(text(cell('references'))) : undefined,
          related: { hosts: [head.hostId] },
        }),
      };
    }
    const username = text(cell('username'));
    const isUser = indexOf.has('username');
    const group = { id: text(cell('gid')), name: text(cell('groupname')) };
    const user = {
      id: text(cell('uid')),
      name: username,
      full_name: table === 'users' ? text(cell('description')) : undefined,
      roles: cell('is_admin') === 1 ? ['admin'] : undefined,
    };
    return {
      event: '',
      fields: membersOf({
        user: isUser ? filled(user) : undefined,
        group: indexOf.has('groupname') ? filled(group) : undefined,
        related: { user: username === undefined ? undefined : [username], hosts: [head.hostId] },
      }),
    };
  };
};

/** A member of a JSON object in SQL, with a comma before it; NULL where the column is, or is not there. */
const memberSql = ({ columns }: Table, name: string, column: string): string => {
  const type = columns[column]?.type;
  if (type === undefined) return 'NULL';
  const [value, start] = [quoteName(column), `,"${name}":`];
  return type === 'TEXT'
    ? `CASE WHEN ${value} IS NOT NULL THEN concat(${quoteText(start)}, json_quote(${value})) END`
    : `${quoteText(`${start}"`)} || ${value} || '"'`;
};

/** An object of such members, with a comma behind it; NULL where there is none. */
const objectOf = (name: string, members: readonly string[]): string =>
  `${quoteText(`"${name}":{`)} || substr(nullif(concat(${members.join(', ')}), ''), 2) || '},'`;

/** What `rowFields` makes of a row, a line feed, and the row itself. Of what was found, the fields are not of columns alone. */
const rowSql = (table: Table): string | null => {
  if (tellsOfFindings(table.name)) return null;
  const { columns } = table;
  const isUser = columns['username'] !== undefined;
  const user = [
    memberSql(table, 'id', 'uid'),
    memberSql(table, 'name', 'username'),
    ...(table.name === 'users' ? [memberSql(table, 'full_name', 'description')] : []),
    ...(columns['is_admin'] === undefined ? [] : [`CASE WHEN is_admin = 1 THEN ',"roles":["admin"]' END`]),
  ];
  const group = [memberSql(table, 'id', 'gid'), memberSql(table, 'name', 'groupname')];
  const related = isUser
    ? `CASE WHEN username IS NOT NULL THEN concat('"user":[', json_quote(username), '],') END`
    : 'NULL';
  return `concat(${[
    ...(isUser ? [objectOf('user', user)] : []),
    ...(columns['groupname'] === undefined ? [] : [objectOf('group', group)]),
    ...[`'"related":{'`, related, `'"hosts":['`, 'json_quote(:host_id)', `']}'`, 'char(10)'],
    objectSql(booleanMembers(table)),
  ].join(', ')})`;
};

export const ecsFormat = ({ isBulk = false, namespace = 'default' }: EcsOptions = {}): Format => ({
  rowSql,
  files: 'one',
  extension: '.ndjson',
  *snapshot(snapshot) {
    const { head } = snapshot;
    const host = JSON.stringify(hostFields(snapshot));
    const device = JSON.stringify(deviceFields(snapshot.host));
    const level = head.redaction === null ? '' : `"redaction":${JSON.stringify(head.redaction)},`;
    for (const exportTable of snapshot.tables) {
      const { table } = exportTable;
      const dataset = `tokenquery.${table.name}`;
      const kind = kindOf(table);
      const start =
        `{"@timestamp":${JSON.stringify(isoTime(head.collectedTime))},"ecs":{"version":"${ecsVersion}"},` +
        `"data_stream":${JSON.stringify({ type: 'logs', dataset, namespace })},"event":{"id":"`;
      const eventKind = isReport(table) ? 'event' : 'asset';
      const event = JSON.stringify({
        category: kind.category,
        type: kind.type,
        module: 'tokenquery',
        dataset,
        sequence: head.sequence ?? undefined,
      }).slice(1, -1);
      const index = JSON.stringify(`logs-${dataset}-${namespace}`);
      const object = booleanWriter(table);
      const fieldsOf = rowFields(table, head);
      const label = JSON.stringify(table.name);
      const renamedIn = renamedOf(table);
      const frame = (id: string, written: string, change: Change | null, row: ExportRow | null): string => {
        const renamed = renamedIn(row);
        const more = renamed === null ? '' : `"change":${JSON.stringify(renamed)},`;
        const cut = written.indexOf('\n');
        const own: RowFields & { readonly object: string } =
          row === null
            ? { event: '', fields: written.slice(0, cut), object: written.slice(cut + 1) }
            : { ...fieldsOf(row.cells), object: written };
        const line =
          `${start}${id}","kind":"${own.kind ?? eventKind}",${event},"action":"${own.action ?? change ?? 'snapshot'}"${own.event}},` +
          `"host":${host},"device":${device},${own.fields},"tokenquery":{"snapshot_id":"${head.snapshotId}",${level}${more}${label}:${own.object}}}\n`;
        return isBulk ? `{"create":{"_index":${index},"_id":"${id}"}}\n${line}` : line;
      };
      yield* rowTexts(exportTable, head, object, frame);
    }
  },
});
