/** Documents of the Elastic Common Schema 9.4: its own fields where it has them, and `tokenquery.*` for the rest. */
import { booleanWriter, isReport, isoTime, renamedOf } from '../format.ts';
import type { Cell, Format, Head, ExportSnapshot, ExportTable } from '../format.ts';
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

const hostFields = ({ host, head }: ExportSnapshot) => {
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

const kindOf = ({ table }: ExportTable): Kind =>
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

/** The fields of a row that ECS has names for; JSON has none of those that are undefined. */
const rowFields = (exportTable: ExportTable, head: Head) => {
  const indexOf = new Map(Object.keys(exportTable.table.columns).map((name, index) => [name, index]));
  const { name: table } = exportTable.table;
  return (
    cells: readonly Cell[],
  ): {
    readonly kind?: string;
    readonly action?: string;
    readonly event: string;
    readonly fields: Readonly<Record<string, unknown>>;
  } => {
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
        fields: {
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
        },
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
      fields: {
        user: isUser ? filled(user) : undefined,
        group: indexOf.has('groupname') ? filled(group) : undefined,
        related: { user: username === undefined ? undefined : [username], hosts: [head.hostId] },
      },
    };
  };
};

export const ecsFormat = ({ isBulk = false, namespace = 'default' }: EcsOptions = {}): Format => ({
  rowSql: null,
  files: 'one',
  extension: '.ndjson',
  *snapshot(snapshot: ExportSnapshot) {
    const { head } = snapshot;
    const host = JSON.stringify(hostFields(snapshot));
    const device = JSON.stringify(deviceFields(snapshot.host));
    const level = head.redaction === null ? '' : `"redaction":${JSON.stringify(head.redaction)},`;
    for (const exportTable of snapshot.tables) {
      const { table, rows } = exportTable;
      const dataset = `tokenquery.${table.name}`;
      const kind = kindOf(exportTable);
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
      const fieldsOf = rowFields(exportTable, head);
      const label = JSON.stringify(table.name);
      const renamedIn = renamedOf(table);
      for (const row of rows) {
        const { id, change, cells } = row;
        const renamed = renamedIn(row);
        const more = renamed === null ? '' : `"change":${JSON.stringify(renamed)},`;
        const own = fieldsOf(cells);
        const rest = JSON.stringify(own.fields).slice(1, -1);
        const line =
          `${start}${id}","kind":"${own.kind ?? eventKind}",${event},"action":"${own.action ?? change ?? 'snapshot'}"${own.event}},"host":${host},"device":${device},` +
          `${rest === '' ? '' : `${rest},`}"tokenquery":{"snapshot_id":"${head.snapshotId}",${level}${more}${label}:${object(cells)}}}\n`;
        yield isBulk ? `{"create":{"_index":${index},"_id":"${id}"}}\n${line}` : line;
      }
    }
  },
});
