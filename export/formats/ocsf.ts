/**
 * Events of OCSF 1.8.0: 5003 for each account, 5001 for each Mac, 2003 for each finding. An event is made of the rows
 * of several tables, and its `metadata.uid` is the identity of the first of them.
 */
import { createHash } from 'node:crypto';
import { findingIdOf } from '../../store/findings.ts';
import type { FindingEventKind } from '../../store/finding_events.ts';
import type { FindingState } from '../finding_events_table.ts';
import { attacksIn, attackVersion } from '../../queries/attack.ts';
import type { Named } from '../../queries/attack.ts';
import { isAnswered, isSeen } from '../../collector/status.ts';
import type { Table } from '../../collector/table.ts';
import { chunkCharacters, isoTime, isoTimeOf, jsonCell, namedCells } from '../format.ts';
import type { Cell, Format, Head } from '../format.ts';
import { ownTables } from '../own_tables.ts';
import { accountSql, accountsOf, indexesOf, Row, tagsWriter, text, whoOf } from './ocsf_account.ts';
import type { Account, Who } from './ocsf_account.ts';

const ocsfVersion = '1.8.0';

type Fields = Readonly<Record<string, unknown>>;

interface Collected {
  readonly table: Table;
  readonly status: string;
  /** None of `users`, of which there are accounts. */
  readonly rows: readonly Row[];
}

type Tables = ReadonlyMap<string, Collected>;

const defined = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));

const truth = (value: Cell | undefined): boolean | undefined =>
  value === 1 ? true : value === 0 ? false : undefined;

/** A tag has no null: what is not known is said in words. */
const tagValue = (table: Table, column: string, value: Cell): string => {
  if (value === null) return 'unknown';
  return table.columns[column]?.isBoolean === true ? String(value === 1) : String(value);
};

const rowsOf = (tables: Tables, name: string): readonly Row[] => tables.get(name)?.rows ?? [];

const osOf = (host: Readonly<Record<string, Cell>>): Fields => ({
  name: 'macOS',
  type_id: 300,
  type: 'macOS',
  ...defined({ version: text(host['os_version']), build: text(host['os_build']) }),
});

// Since 2023 the identifiers of Apple tell a laptop from a desktop no more ("Mac15,3").
const deviceType = (host: Readonly<Record<string, Cell>>): Fields => {
  const model = text(host['model_identifier']) ?? '';
  if (host['is_virtual_machine'] === 1) return { type_id: 6, type: 'Virtual' };
  if (model.startsWith('MacBook')) return { type_id: 3, type: 'Laptop' };
  if (/^(?:iMac|Macmini|MacPro)/.test(model)) return { type_id: 2, type: 'Desktop' };
  return { type_id: 0, type: 'Unknown' };
};

const architectures: Readonly<Record<string, Fields>> = {
  arm64: { cpu_architecture_id: 2, cpu_architecture: 'ARM' },
  x86_64: { cpu_architecture_id: 1, cpu_architecture: 'x86' },
};

const deviceOf = (head: Head, host: Readonly<Record<string, Cell>>, tables: Tables): Fields => {
  const mdm = rowsOf(tables, 'mdm_enrollments')[0];
  const boot = host['boot_time'];
  const hostname = text(host['hostname']);
  return {
    ...deviceType(host),
    uid: head.hostId,
    // As ECS and HEC name a Mac: what a person looks for, and where it has no name what it is known by.
    name: hostname ?? head.hostId,
    vendor_name: 'Apple',
    os: osOf(host),
    hw_info: {
      uuid: head.hostId,
      vendor_name: 'Apple',
      ...defined({ serial_number: text(host['serial_number']) }),
      ...architectures[text(host['cpu_arch']) ?? ''],
    },
    ...defined({
      uid_alt: text(host['serial_number']),
      hostname,
      model: text(host['model_identifier']),
      boot_time: typeof boot === 'number' ? boot * 1000 : undefined,
      boot_time_dt: isoTimeOf(boot),
      is_managed: truth(mdm?.cell('is_enrolled')),
      is_supervised: truth(mdm?.cell('is_supervised')),
    }),
  };
};

const classes = {
  5001: {
    name: 'Device Inventory Info',
    category: [5, 'Discovery'],
    activity: [2, 'Collect'],
    profiles: ['datetime'],
  },
  5003: {
    name: 'User Inventory Info',
    category: [5, 'Discovery'],
    activity: [2, 'Collect'],
    profiles: ['host', 'datetime'],
  },
  2003: {
    name: 'Compliance Finding',
    category: [2, 'Findings'],
    activity: [1, 'Create'],
    profiles: ['host', 'datetime'],
  },
} as const;

const severities: Readonly<Record<string, readonly [number, string]>> = {
  info: [1, 'Informational'],
  low: [2, 'Low'],
  medium: [3, 'Medium'],
  high: [4, 'High'],
  critical: [5, 'Critical'],
};

const eventOf = (
  uid: keyof typeof classes,
  head: Head,
  {
    id,
    log,
    tags,
    severity = 'info',
    activity = classes[uid].activity,
  }: {
    id: string;
    log: string;
    tags?: readonly Fields[];
    severity?: string;
    activity?: readonly [number, string];
  },
): Fields => {
  const { name, category, profiles } = classes[uid];
  const [severityId, caption] = severities[severity] ?? [0, 'Unknown'];
  const allTags = [
    ...(head.redaction === null ? [] : [{ name: 'redaction', value: head.redaction }]),
    ...(tags ?? []),
  ];
  return {
    class_uid: uid,
    class_name: name,
    category_uid: category[0],
    category_name: category[1],
    activity_id: activity[0],
    activity_name: activity[1],
    type_uid: uid * 100 + activity[0],
    type_name: `${name}: ${activity[1]}`,
    severity_id: severityId,
    severity: caption,
    time: head.collectedTime * 1000,
    time_dt: isoTime(head.collectedTime),
    metadata: {
      version: ocsfVersion,
      uid: id,
      profiles,
      product: { name: 'tokenquery', vendor_name: 'tokenquery', version: head.toolVersion },
      log_name: log,
      log_version: String(head.schemaVersion),
      original_time: isoTime(head.collectedTime),
      correlation_uid: String(head.snapshotId),
      ...defined({ sequence: head.sequence }),
      ...(allTags.length === 0 ? {} : { tags: allTags }),
    },
  };
};

/** Tables whose rows belong to an account; their columns become tags of it. */
const accountTables = [
  'secure_tokens',
  'account_policy_data',
  'mobile_accounts',
  'platform_sso_states',
] as const;
/** Finds the rows of an account: by its UUID where both have one, else by its name. */
const accountIndex = (rows: readonly Row[]): ((account: Who) => readonly Row[]) => {
  if (rows.length === 0) return () => rows;
  const byUuid = Map.groupBy(rows, (row) => text(row.cell('uuid')) ?? '');
  const byName = Map.groupBy(rows, (row) => text(row.cell('username')) ?? '');
  return ({ username: name = '', uuid }) => {
    const named = name === '' ? [] : (byName.get(name) ?? []);
    if (uuid === undefined) return named;
    return [...(byUuid.get(uuid) ?? []), ...named.filter((row) => row.cell('uuid') === null)];
  };
};

const membershipKey = ({ username, uid }: Who): string => `${username ?? ''}\0${uid ?? ''}`;

/** The groups of an account as a member of an object, with a comma before it; nothing where it is in none. */
const groupsWriter = (rows: readonly Row[]): ((account: Who) => string) => {
  if (rows.length === 0) return () => '';
  const memberships = Map.groupBy(rows, (row) => membershipKey(whoOf(row)));
  return (account) => {
    const groups = (memberships.get(membershipKey(account)) ?? [])
      .map((other) => defined({ name: text(other.cell('groupname')), uid: text(other.cell('gid')) }))
      .filter((group) => Object.keys(group).length > 0);
    return groups.length === 0 ? '' : `,"groups":${JSON.stringify(groups)}`;
  };
};

/** What was seen of how an account may log in, as members of an object, each with a comma before it. */
const authoritiesWriter = (authorities: Collected | undefined): ((account: Who) => string) => {
  const isObserved = authorities !== undefined && isSeen(authorities.status);
  const find = accountIndex(authorities?.rows ?? []);
  return (account) => {
    const found = find(account);
    const labels =
      found.length === 0 ? [] : [...new Set(found.flatMap((other) => text(other.cell('tag')) ?? []))];
    return (
      (isObserved ? `,"is_disabled":${labels.includes('DisabledUser')}` : '') +
      (labels.length > 0 ? `,"labels":${JSON.stringify(labels)}` : '')
    );
  };
};

/** What other tables tell of an account: its groups, how it may log in, and more tags, each with a comma before it. */
const othersOf = (tables: Tables): ((account: Account) => readonly [string, string, string]) => {
  const authoritiesOf = authoritiesWriter(tables.get('authentication_authorities'));
  const groupsOf = groupsWriter(rowsOf(tables, 'user_groups'));
  const others = accountTables.flatMap((name) => {
    const own = tables.get(name);
    if (own === undefined || own.rows.length === 0) return [];
    const tagsOf = tagsWriter(own.table, name === 'secure_tokens' ? '' : `${name}.`);
    return [{ tagsOf, find: accountIndex(own.rows) }];
  });
  const joined = ['authentication_authorities', 'user_groups', ...accountTables];
  if (joined.every((name) => rowsOf(tables, name).length === 0)) {
    const nothing = ['', authoritiesOf({}), ''] as const;
    return () => nothing;
  }
  return (account) => {
    const who = account.who();
    let tags = '';
    for (const { tagsOf, find } of others) {
      const [found] = find(who);
      if (found !== undefined) tags += tagsOf(found);
    }
    return [groupsOf(who), authoritiesOf(who), tags];
  };
};

/** Events of accounts, as text: what is the same for all of them is written once. */
const userEvents = function* (
  head: Head,
  device: string,
  accounts: readonly Account[],
  tables: Tables,
): Generator<string> {
  const [start, middle] = JSON.stringify(eventOf(5003, head, { id: '', log: 'users' }))
    .slice(0, -1)
    .split('"uid":""');
  const [beforeId, beforeUser] = [`${start}"uid":"`, `"${middle},"device":${device},"user":`];
  const moreOf = othersOf(tables);
  let chunk = '';
  for (const own of accounts) {
    const [groups, authorities, tags] = moreOf(own);
    // The account is the last member of the user, and its tags are the last of it.
    chunk +=
      `${beforeId}${own.id}${beforeUser}${own.user}${groups}${own.account}${authorities}` +
      `,"tags":[${own.tags}${tags}]}}}\n`;
    if (chunk.length < chunkCharacters) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
};

const ofAccounts = new Set<string>([
  'users',
  'user_groups',
  'authentication_authorities',
  ...accountTables,
  ...ownTables.map(({ name }) => name),
]);

/** True where rows of the table alone make an event; others only add to those that they do. */
export const makesEvent = (table: Table): boolean =>
  table.name === 'users' || (!ofAccounts.has(table.name) && table.report === undefined);

const deviceEvent = (head: Head, device: Fields, tables: Tables): Fields | null => {
  const own = [...tables.values()].filter(
    ({ table }) => !ofAccounts.has(table.name) && table.report === undefined,
  );
  if (own.length === 0) return null;
  const tags = own
    .filter(({ table }) => table.key.length === 0 || table.name === 'hosts')
    .flatMap(({ table, rows }) =>
      rows.slice(0, 1).flatMap((row) =>
        Object.keys(table.columns).map((column) => ({
          name: `${table.name}.${column}`,
          value: tagValue(table, column, row.cell(column)),
        })),
      ),
    );
  // Rows that the class has no place for: nothing of them is lost, and nothing outside of the schema is needed.
  const enrichments = [...tables.values()]
    .filter(({ table }) => !ofAccounts.has(table.name) && table.key.length > 0 && table.name !== 'hosts')
    .filter(({ rows }) => rows.length > 0)
    .map(({ table, rows }) => ({
      name: table.name,
      value: String(rows.length),
      type: 'table',
      provider: 'tokenquery',
      data: { rows: rows.map(({ id, cells }) => ({ row_id: id, ...namedCells(table, cells) })) },
    }));
  const first = tables.get('hosts')?.rows[0] ?? own.find(({ rows }) => rows.length > 0)?.rows[0];
  const unseen = [...tables.values()].filter(({ status }) => !isAnswered(status));
  const status =
    head.status === 'complete'
      ? { status_id: 1, status: 'Success' }
      : head.status === 'failed'
        ? { status_id: 2, status: 'Failure' }
        : { status_id: 99, status: 'Partial' };
  return {
    ...eventOf(5001, head, { id: first?.id ?? uidOf(head, 'device'), log: 'hosts', tags }),
    ...status,
    ...(unseen.length === 0
      ? {}
      : { status_detail: unseen.map(({ table, status: is }) => `${table.name} is ${is}`).join('; ') }),
    device,
    ...(enrichments.length > 0 ? { enrichments } : {}),
  };
};

const uidOf = (head: Head, ...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([head.hostId, ...parts]))
    .digest('hex');

/** What a blind spot of a finding is told with. */
interface BlindSpotFields {
  readonly table: string;
  readonly column: string | null;
  readonly reason: string;
}

/** A row of findings, as far as events are made of it. */
interface Finding {
  readonly row: Row;
  readonly isHit: boolean;
  readonly name: string;
  readonly title: string;
  readonly subject: string | undefined;
  readonly cell: (name: string) => string | undefined;
}

const findingOf = (row: Row): Finding => {
  const cell = (name: string): string | undefined => text(row.cell(name));
  const name = cell('query_name') ?? '';
  return {
    ...{ row, cell, name },
    isHit: cell('verdict') === 'hit',
    title: cell('title') ?? name,
    subject: cell('subject'),
  };
};

const findingInfo = (finding: Finding, head: Head): Fields => {
  const { row, cell, name, title, subject } = finding;
  const firstSeen = row.cell('first_seen_time');
  return {
    // The same for the same finding in every snapshot.
    uid: findingIdOf(head.hostId, name, subject ?? ''),
    title,
    ...defined({
      desc: cell('purpose'),
      types: cell('group') === undefined ? undefined : [cell('group')],
      first_seen_time: typeof firstSeen === 'number' ? firstSeen * 1000 : undefined,
      first_seen_time_dt: isoTimeOf(firstSeen),
    }),
    last_seen_time: head.collectedTime * 1000,
    last_seen_time_dt: isoTime(head.collectedTime),
    ...attacksOf(finding),
  };
};

const mitreOf = ({ id, name }: Named): Fields => ({ uid: id, ...defined({ name }) });

/** What was found, in the words of ATT&CK: one entry for each tactic of each technique, for an entry has one tactic. */
const attacksOf = ({ isHit, cell }: Finding): Fields => {
  const attacks = (isHit ? attacksIn(cell('references') ?? '') : []).flatMap(
    ({ technique, subtechnique, tactics }) => {
      const own = {
        technique: mitreOf(technique),
        ...(subtechnique === null ? {} : { sub_technique: mitreOf(subtechnique) }),
        version: attackVersion,
      };
      return tactics.length === 0 ? [own] : tactics.map((tactic) => ({ tactic: mitreOf(tactic), ...own }));
    },
  );
  return attacks.length === 0 ? {} : { attacks };
};

const complianceOf = ({ isHit, cell, name, title }: Finding): Fields => {
  if (isHit) {
    const assessments = [{ name, uid: name, meets_criteria: false, desc: title }];
    return { control: name, status_id: 3, status: 'Fail', assessments };
  }
  if (cell('verdict') === 'clean') {
    const assessments = [{ name, uid: name, meets_criteria: true, desc: title }];
    return { control: name, status_id: 1, status: 'Pass', assessments };
  }
  const blindSpots = JSON.parse(cell('blind_spots') ?? '[]') as BlindSpotFields[];
  // A check that could not be evaluated did not pass: OCSF calls it a warning. For one that was not asked it has no word.
  const status =
    cell('verdict') === 'not_asked'
      ? { status_id: 99, status: 'Not asked' }
      : { status_id: 2, status: 'Warning' };
  return {
    ...{ control: name, ...status },
    status_details: blindSpots.map(
      ({ table, column, reason }) => `${table}${column === null ? '' : `.${column}`}: ${reason}`,
    ),
  };
};

const remediationOf = ({ isHit, cell }: Finding): Fields | undefined => {
  const desc = cell('remediation');
  if (!isHit || desc === undefined) return undefined;
  const references = cell('references')
    ?.split(/[;,]\s*/)
    .filter((part) => part !== '');
  return { desc, ...(references === undefined ? {} : { references }) };
};

/** The facts of a finding, as they are. */
const factsOf = ({ cell }: Finding): readonly Fields[] | undefined => {
  const rows = JSON.parse(cell('details') ?? '[]') as unknown;
  if (!Array.isArray(rows) || rows.length === 0) return undefined;
  return [
    { name: 'facts', value: String(rows.length), type: 'evidence', provider: 'tokenquery', data: { rows } },
  ];
};

/** How a finding stands, as OCSF says it. */
const statusOf: Readonly<Record<FindingState, readonly [number, string]>> = {
  new: [1, 'New'],
  ongoing: [2, 'In Progress'],
  suppressed: [3, 'Suppressed'],
  gone: [4, 'Resolved'],
};

/** What happened to a finding, as OCSF says it: the activity, and how the finding stands from then on. */
const lifeOf = (kind: FindingEventKind, state: FindingState) => {
  const activity: readonly [number, string] =
    kind === 'new' ? [1, 'Create'] : state === 'gone' ? [3, 'Close'] : [2, 'Update'];
  // It was told and is not known any more: OCSF has no word for that.
  const isUnknown = kind === 'withdrawn' && state === 'gone';
  return { activity, status: isUnknown ? ([99, 'Withdrawn'] as const) : statusOf[state] };
};

/** A pass where it is gone; else it is as when it was found. */
const complianceOfEvent = ({ name, title }: Finding, kind: FindingEventKind, state: FindingState): Fields => {
  const isMet = state === 'gone';
  if (isMet && kind === 'withdrawn') return { control: name, status_id: 0, status: 'Unknown' };
  const assessments = [{ name, uid: name, meets_criteria: isMet, desc: title }];
  return { control: name, status_id: isMet ? 1 : 3, status: isMet ? 'Pass' : 'Fail', assessments };
};

/** One event in the life of a finding. */
const lifeEvent = (row: Row, head: Head, device: Fields): Fields => {
  const finding = { ...findingOf(row), isHit: true };
  const { cell, title, subject } = finding;
  const kind = cell('event') as FindingEventKind;
  const state = cell('state') as FindingState;
  const { activity, status } = lifeOf(kind, state);
  const time = head.collectedTime;
  const lastSeen = row.cell('last_seen_time');
  const isKnown = typeof lastSeen === 'number';
  const exception = cell('exception');
  return {
    ...eventOf(2003, head, {
      id: row.id,
      log: 'finding_events',
      severity: cell('severity') ?? 'info',
      activity,
    }),
    ...{ status_id: status[0], status: status[1] },
    message: title,
    ...(exception === undefined ? {} : { comment: exception }),
    ...(kind === 'resolved' ? { end_time: time * 1000, end_time_dt: isoTime(time) } : {}),
    device,
    finding_info: findingInfo(finding, { ...head, collectedTime: isKnown ? Math.min(lastSeen, time) : time }),
    compliance: complianceOfEvent(finding, kind, state),
    ...defined({
      remediation: state === 'gone' ? undefined : remediationOf(finding),
      resources: subject === undefined ? undefined : [{ name: subject, type: 'account or device' }],
      enrichments: factsOf(finding),
    }),
  };
};

const findingEvent = (finding: Finding, head: Head, device: Fields): Fields => {
  const { row, isHit, cell, title, subject } = finding;
  const severity = isHit ? (cell('severity') ?? '') : 'info';
  return {
    ...eventOf(2003, head, { id: row.id, log: 'findings', severity }),
    status_id: 1,
    status: 'New',
    message: title,
    device,
    finding_info: findingInfo(finding, head),
    compliance: complianceOf(finding),
    ...defined({
      remediation: remediationOf(finding),
      resources: subject === undefined ? undefined : [{ name: subject, type: 'account or device' }],
      enrichments: factsOf(finding),
    }),
  };
};

/** JSON that also holds integers beyond 2^53: only rows that are copied as they are have such. */
const stringify = (value: unknown): string => {
  if (typeof value === 'bigint') return jsonCell(value);
  if (Array.isArray(value)) return `[${value.map(stringify).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([name, own]) => `${JSON.stringify(name)}:${stringify(own)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value);
};

export const ocsfFormat = (): Format => ({
  rowSql: (table) => (table.name === 'users' ? accountSql(table) : null),
  files: 'one',
  extension: '.ndjson',
  *snapshot(snapshot) {
    const { head, host } = snapshot;
    const tables = new Map<string, Collected>();
    let accounts: readonly Account[] = [];
    for (const exportTable of snapshot.tables) {
      const { table, status } = exportTable;
      const isOfAccounts = table.name === 'users';
      if (isOfAccounts) accounts = accountsOf(exportTable, head);
      const indexes = indexesOf(table);
      const rows = isOfAccounts ? [] : (exportTable.rows ?? []);
      const own = Array.from(rows, ({ id, cells }) => new Row(id, cells, indexes));
      tables.set(table.name, { table, status, rows: own });
    }
    const device = deviceOf(head, host, tables);
    const inventory = deviceEvent(head, device, tables);
    if (inventory !== null) yield `${stringify(inventory)}\n`;
    yield* userEvents(head, JSON.stringify(device), accounts, tables);
    for (const row of rowsOf(tables, 'findings'))
      yield `${stringify(findingEvent(findingOf(row), head, device))}\n`;
    for (const row of rowsOf(tables, 'finding_events')) yield `${stringify(lifeEvent(row, head, device))}\n`;
  },
});
