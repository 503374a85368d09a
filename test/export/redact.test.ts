import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Table } from '../../collector/table.ts';
import { knownWords } from '../../collector/privacy.ts';
import type { PrivacyClass } from '../../collector/privacy.ts';
import { defineTable, integer, oneOf, required, text, time } from '../../collector/table.ts';
import { schemaTables } from '../../export/json_schema.ts';
import { findingEventsTable } from '../../export/finding_events_table.ts';
import { findingsTable } from '../../export/findings_table.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import type { FormatName } from '../../export/formats/index.ts';
import { nativeFormat } from '../../export/formats/native.ts';
import { isReport } from '../../export/format.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { hmacOf } from '../../export/pseudonyms.ts';
import { levels, mayBeDropped, rules } from '../../export/redact.ts';
import type { Level } from '../../export/redact.ts';
import { redaction } from '../../export/redaction.ts';
import { widenTables } from '../../store/held.ts';
import { tables } from '../../tables/index.ts';
import { cli, temporaryFolder } from '../standin.ts';
import {
  currentText,
  later,
  parsed,
  exportOf,
  sampleSnapshots,
  sampleStore,
  storeAt,
  textOf,
  withStore,
} from './world.ts';

const key = Buffer.from('0123456789abcdef0123456789abcdef');

const redacted = (path: string, level: Level, own: Uint8Array = key): string =>
  withStore(path, (store) =>
    textOf(
      nativeFormat(),
      Array.from(
        exportReader(store, { tables, rowSql: null }).currentSnapshots(),
        redaction(level, own, tables),
      ),
    ),
  );

// @ts-expect-error: nothing is said of it.
const bare = (): unknown => integer('A column.');

test('a column without a privacy class does not compile', (t) => {
  // @ts-expect-error: what it says of whom is missing.
  const missing = text('A column.', { example: 'a' });
  // @ts-expect-error: there is no such class.
  const unknown = oneOf(['a'], 'A column.', { privacy: 'nothing' });
  t.is(typeof missing, typeof unknown);
  t.is(typeof bare, 'function');
});

/** A table of tomorrow. A newer program added two columns, of which this one does not know what they are. */
const today = defineTable({
  name: 'tomorrow',
  description: 'A table for this test.',
  columns: {
    shelf: required(text('Of nobody.', { privacy: 'nobody' })),
    owner: text('A person.', { privacy: 'name' }),
    note: text('For nobody to read.', { privacy: 'private' }),
    opened: time('When somebody opened it.', { privacy: 'behaviour' }),
    volume_uuid: text('Named as a column of another table.', { privacy: 'device' }),
    colour: text('One of few words.', { privacy: knownWords(['red', 'green']) }),
  },
  key: ['shelf'],
  sources: [],
  macos: '10.15+',
  examples: ['SELECT * FROM tomorrow'],
}) as unknown as Table;
const added = new Map([
  ['words', 'TEXT'],
  ['count', 'INTEGER'],
]);
const [tomorrow = today] = widenTables([today], new Map([[today.name, added]]));
const tomorrowRow = ['top', 'alice', 'alice was here', 1_790_063_561, 'ABC', 'red,green', 'alice', 7];

test('a column says itself what it says of whom; what nobody here decided is hidden', (t) => {
  const told = (level: Level, row = tomorrowRow): unknown =>
    parsed(textOf(nativeFormat(), [redaction(level, key, [tomorrow])(exportOf(tomorrow, row))])).find(
      ({ kind }) => kind === 'row',
    )?.['columns'];
  const hmac = hmacOf(key);
  const shown = { shelf: 'top', note: null, volume_uuid: hmac('ABC'), colour: 'red,green', count: null };
  const pseudonym = {
    ...shown,
    owner: hmac('alice'),
    opened: Math.floor(1_790_063_561 / 86_400) * 86_400,
    words: hmac('alice'),
  };
  t.deepEqual(told('pseudonym'), pseudonym);
  t.deepEqual(told('pseudonym', tomorrowRow.with(5, 'red,alice')), {
    ...pseudonym,
    colour: hmac('red,alice'),
  });
  t.deepEqual(told('strict'), {
    ...shown,
    owner: null,
    opened: Date.UTC(2026, 8, 21) / 1000,
    words: null,
  });
  // The schema says so too.
  t.true(mayBeDropped(tomorrow, 'count'));
  t.false(mayBeDropped(tomorrow, 'shelf'));
});

test('a fact of a finding and a column of a host are what the table declares', (t) => {
  const names = Object.keys(findingsTable.columns);
  const fact = { shelf: 'top', note: 5, count: 7, opened: 1_790_063_561, words: 'alice', owner: 'alice' };
  const cells = names.map((name) => (name === 'details' ? JSON.stringify([fact]) : 'info'));
  const row = parsed(
    textOf(nativeFormat(), [redaction('strict', key, [tomorrow])(exportOf(findingsTable, cells))]),
  ).find(({ kind }) => kind === 'row')?.['columns'] as Record<string, string>;
  t.deepEqual(JSON.parse(String(row['details'])), [
    {
      shelf: 'top',
      note: null,
      count: null,
      opened: Date.UTC(2026, 8, 21) / 1000,
      words: null,
      owner: null,
    },
  ]);

  const hosts = tables.find(({ name }) => name === 'hosts') as Table;
  const racked = { ...hosts, columns: { ...hosts.columns, rack: text('New.', { privacy: 'nobody' }) } };
  const part = { ...exportOf(tomorrow, tomorrowRow), host: { rack: 'R1', room: 'of alice', os_major: 26 } };
  t.deepEqual(redaction('strict', key, [racked])(part).host, { rack: 'R1', room: null, os_major: 26 });
  t.deepEqual(redaction('strict', key, [])(part).host, { rack: null, room: null, os_major: null });
});

test('what becomes of a class is what docs/privacy.md says', (t) => {
  const hmac = hmacOf(key)('zq');
  for (const [name, told] of Object.entries(rules)) {
    const table = {
      ...today,
      columns: { shelf: text('A value.', { privacy: name as PrivacyClass }) },
    } as unknown as Table;
    const value = name === 'facts' ? '[{"fact":"zq"}]' : 'zq';
    for (const level of levels) {
      const [row] = [...redaction(level, key, [])(exportOf(table, [value])).tables].flatMap(({ rows }) => [
        ...rows,
      ]);
      const cell = row?.cells?.[0];
      const words = told[level];
      const what = `${level}: ${name} is ${words}`;
      t.is(cell === value, words === 'kept', what);
      if (words === 'dropped') t.is(cell, null, what);
      if (words === '`(redacted)`') t.is(cell, '(redacted)', what);
      if (words === 'pseudonym') t.is(cell, name === 'command_id' ? `c${hmac.slice(0, 10)}` : hmac, what);
    }
  }
});

/** Every text of the sample hosts that names a person, a machine or an organisation. */
const identifying = async (): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for (const { hostId, observations } of await sampleSnapshots()) {
    found.add(hostId);
    for (const [name, observation] of observations) {
      const table = tables.find((known) => known.name === name) as Table;
      const columns = Object.keys(table.columns);
      const stride = columns.length + 2;
      for (let start = 2; start < observation.cells.length; start += stride) {
        for (const [index, column] of columns.entries()) {
          const value = observation.cells[start + index];
          const isOne =
            /uuid|guid|username|description|directory|serial|server_host|organization|original_node|profile_identifier|console_username|^data$/;
          if (typeof value !== 'string' || value.length < 6 || !isOne.test(column)) continue;
          // Words of Apple that are paths, tags and names of every Mac.
          if (/^\/(?:var|dev|usr)\b|^[0-9]+$/.test(value)) continue;
          found.add(value);
        }
      }
    }
  }
  return found;
};

test('nothing that identifies is in a redacted export', async (t) => {
  const path = await sampleStore(t);
  const values = await identifying();
  t.true(values.size > 200);
  const plain = currentText(path, 'native');
  // Names that are no words of the program: they must be gone wherever they stood.
  const apple = /^(?:_|nobody|daemon|FFFFEEEE|System |disabled$|SecureToken$)/;
  const telling = [...values].filter(
    (value) => !apple.test(value) && plain.includes(JSON.stringify(value).slice(1, -1)),
  );
  t.true(telling.length > 50);
  const keysOfLines = new Set(
    parsed(plain).flatMap((line) => [
      ...Object.keys(line),
      ...Object.keys((line['columns'] as object | undefined) ?? {}),
    ]),
  );
  for (const level of ['pseudonym', 'strict'] as const) {
    const told = redacted(path, level);
    for (const value of telling) {
      if (keysOfLines.has(value)) continue;
      const escaped = JSON.stringify(value).slice(1, -1);
      // A short name may be part of another word, such as `admin`.
      const isThere = told.includes(`"${escaped}"`) || told.includes(`\\"${escaped}\\"`);
      if (isThere && !['admin', 'guest', 'Guest', 'Full Security'].includes(value))
        t.fail(`${level}: ${value}`);
    }
    // No UUID of any kind.
    t.notRegex(told, /[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}/);
  }
});

test('the same name is the same pseudonym on every host and in every column; another key, another one', async (t) => {
  const path = await sampleStore(t);
  const rows = parsed(redacted(path, 'pseudonym')).filter(({ kind }) => kind === 'row');
  const columnsOf = (table: string) =>
    rows.filter((row) => row['table'] === table).map((row) => row['columns'] as Record<string, unknown>);
  const root = hmacOf(key)('root');
  t.regex(root, /^[0-9a-f]{16}$/);
  const roots = columnsOf('users').filter(({ username }) => username === root);
  t.is(roots.length, 4);
  for (const { username } of columnsOf('secure_tokens'))
    t.true(columnsOf('users').some((user) => user['username'] === username));
  t.not(hmacOf(Buffer.from('another key of 16'))('root'), root);
  // A UUID is the same however it is written.
  t.is(
    hmacOf(key)('153620c3-42ea-40e8-b153-b949e6f4674a'),
    hmacOf(key)('153620C3-42EA-40E8-B153-B949E6F4674A'),
  );
});

test('facts and counts stay, times lose their resolution, hashes their meaning', async (t) => {
  const path = await sampleStore(t);
  const plain = parsed(currentText(path, 'native')).filter(({ kind }) => kind === 'row');
  for (const level of ['pseudonym', 'strict'] as const) {
    const rows = parsed(redacted(path, level)).filter(({ kind }) => kind === 'row');
    t.is(rows.length, plain.length);
    const columns = (all: Record<string, unknown>[], table: string) =>
      all.filter((row) => row['table'] === table).map((row) => row['columns'] as Record<string, unknown>);
    for (const fact of ['is_admin', 'secure_token', 'volume_owner', 'confidence'])
      t.deepEqual(
        columns(rows, 'secure_tokens')
          .map((row) => String(row[fact]))
          .toSorted(),
        columns(plain, 'secure_tokens')
          .map((row) => String(row[fact]))
          .toSorted(),
      );
    const times = columns(rows, 'account_policy_data').flatMap(
      (row) => (row['password_last_set_time'] as number | null) ?? [],
    );
    t.true(times.length > 0);
    for (const seconds of times) {
      t.is(seconds % 86_400, 0);
      // A Monday.
      if (level === 'strict') t.is(new Date(seconds * 1000).getUTCDay(), 1);
    }
    for (const row of columns(rows, 'users')) {
      t.is(row['description'], null);
      t.true(
        level === 'strict'
          ? row['username'] === null && row['directory'] === null
          : /^[0-9a-f]{16}$/.test(String(row['username'])),
      );
    }
    for (const row of columns(rows, 'command_log')) {
      t.is(typeof row['stdout_bytes'], 'number');
      if (level === 'strict') t.is(row['stdout_sha256'], null);
      else t.regex(String(row['stdout_sha256']), /^[0-9a-f]{16}$/);
    }
    // Every line has an identity of its own, made of what is told.
    t.is(new Set(rows.map((row) => row['row_id'])).size, rows.length);
    const ids = new Set(plain.map((row) => row['row_id']));
    t.false(rows.some((row) => ids.has(row['row_id'])));
    for (const row of rows.filter(({ table }) => table === 'apfs_crypto_users')) {
      const told = row['columns'] as Record<string, unknown>;
      const rowKey = [told['device_identifier'], told['crypto_user_uuid']];
      const parts = [1, row['host_id'], row['snapshot_id'], 'apfs_crypto_users', rowKey];
      t.is(row['row_id'], createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
    }
    for (const line of parsed(redacted(path, level)))
      if (line['kind'] === 'snapshot') t.is(line['redaction'], level);
  }
  // The same person's command on two hosts is not the same id in a strict export.
  const commands = parsed(redacted(path, 'strict')).filter(
    ({ kind, table }) => kind === 'row' && table === 'command_log',
  );
  const ids = commands.map((row) => (row['columns'] as Record<string, unknown>)['command_id']);
  t.is(new Set(ids).size, ids.length);
  t.true(tables.filter(isReport).length === 3);
});

const makeKey = (folder: string, mode: number, content = 'ab'.repeat(32)): string => {
  const path = join(folder, `key-${mode.toString(8)}`);
  writeFileSync(path, `${content}\n`, { mode: 0o600 });
  chmodSync(path, mode);
  return path;
};

test('the key must be there, be its owner’s alone, and be long enough', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const ask = (...more: string[]) => cli(['export', '--db', db, '--table', 'hosts', ...more]);
  const missing = join(folder, 'missing');
  const cases = [
    [['--redact', 'pseudonym'], /--redact needs --redact-key FILE/, 2],
    [['--redact', 'some', '--redact-key', missing], /it takes pseudonym or strict/, 2],
    [['--redact-key', missing], /--redact-key goes with --redact/, 2],
    [
      ['--redact', 'strict', '--redact-key', missing],
      /there is no key .*\n.*make one key for the whole fleet/,
      1,
    ],
    [
      ['--redact', 'strict', '--redact-key', makeKey(folder, 0o640)],
      /can be read by others.*\n.*chmod 600/,
      1,
    ],
    [['--redact', 'strict', '--redact-key', makeKey(folder, 0o400, 'short')], /too short/, 1],
  ] as const;
  await Promise.all(
    cases.map(async ([parameters, message, code]) => {
      const { stderr, stdout, code: exitCode } = await ask(...parameters);
      t.regex(stderr, message);
      t.is(exitCode, code);
      t.is(stdout, '');
    }),
  );
  const good = await ask('--redact', 'pseudonym', '--redact-key', makeKey(folder, 0o600));
  t.is(good.code, 0, good.stderr);
  t.notRegex(good.stdout, /153620C3/);
});

test('levels are not mixed unless it is asked for, and a redacted export can be merged', async (t) => {
  const folder = temporaryFolder(t);
  const db = await sampleStore(t);
  const keyFile = makeKey(folder, 0o600);
  const strict = join(folder, 'strict.ndjson');
  const made = await cli([
    'export',
    '--db',
    db,
    '--redact',
    'strict',
    '--redact-key',
    keyFile,
    '--output',
    strict,
  ]);
  t.is(made.code, 0, made.stderr);
  const fleet = join(folder, 'fleet.db');
  const merged = await cli(['merge', '--db', fleet, strict]);
  t.is(merged.code, 0, merged.stderr);
  const again = await cli(['export', '--db', fleet]);
  t.is(again.code, 0);
  t.true(parsed(again.stdout).filter(({ kind }) => kind === 'row').length > 1000);
  // A database of another level refuses it by name, unless it is asked to take it.
  const apart = join(folder, 'apart.db');
  const own = await cli(['merge', '--db', apart, db]);
  t.is(own.code, 0, own.stderr);
  const count = (path: string): unknown =>
    withStore(path, (store) => store.db.prepare('SELECT count(*) FROM snapshots').pluck().get());
  const before = count(apart);
  const refused = await cli(['merge', '--db', apart, strict]);
  t.is(refused.code, 1);
  t.regex(
    refused.stderr,
    /strict\.ndjson: it is redacted \(strict\), and the database holds what is not redacted/,
  );
  t.is(count(apart), before);
  const taken = await cli(['merge', '--db', apart, strict, '--mixed-redaction']);
  t.is(taken.code, 0, taken.stderr);
  t.true(Number(count(apart)) > Number(before));
  // One host that is not redacted comes along.
  const [first] = await sampleSnapshots();
  if (first === undefined) throw new Error('there are no samples');
  storeAt(fleet, [later(first, 5)]);
  const [mixed, flagged, asked] = await Promise.all([
    cli(['export', '--db', fleet, '--table', 'hosts']),
    cli(['export', '--db', fleet, '--table', 'hosts', '--mixed-redaction']),
    cli(['export', '--db', fleet, '--table', 'hosts', '--redact', 'pseudonym', '--redact-key', keyFile]),
  ]);
  t.is(mixed.code, 1);
  t.regex(mixed.stderr, /redacted in different ways/);
  t.is(flagged.code, 0);
  t.is(asked.code, 1);
});

/** What a Mac could answer about one person and one machine, in every shape in which it does. */
const canaries = [
  'zqmueller',
  'Zq Müller-Lüdenscheidt',
  'zqmueller@CORP.EXAMPLE.ORG',
  '/Users/zqmueller/bin/zsh',
  'zqmueller,zqmeier',
  'c4a9a7e1-0b0f-4c55-9f4e-3a0d5f1b7c11',
  'C02ZQ0CANARY',
  'zq-macbook.corp.example.org',
  '["zqmueller","zq-admins"]',
  ';Kerberosv5;;zqmueller@LKDC:SHA1.C4A9A7E1;LKDC:SHA1.C4A9A7E1',
  'zqmueller 1',
  '_zq1',
];
const telltale = /zq|müller|c4a9a7e1|corp\.example/i;

interface SchemaColumn {
  readonly name: string;
  readonly type: string;
  readonly unit?: string;
  readonly values?: readonly string[];
}

/** Every column of every table as the schema has it: which class a column declares is not asked here. */
const schemaColumns: ReadonlyMap<string, readonly SchemaColumn[]> = new Map([
  ...(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/schema.json'), 'utf8')) as {
      readonly tables: readonly { readonly name: string; readonly columns: readonly SchemaColumn[] }[];
    }
  ).tables.map(({ name, columns }) => [name, columns.filter((column) => column.name !== 'host_id')] as const),
  ...[findingsTable, findingEventsTable].map(
    (table) =>
      [table.name, Object.entries(table.columns).map(([name, column]) => ({ name, ...column }))] as const,
  ),
]);

const isText = ({ type, values }: SchemaColumn): boolean => type === 'TEXT' && values === undefined;

/** What this program writes itself, whatever a Mac answers. */
const ownWords: Readonly<Record<string, readonly string[]>> = {
  collection_errors: ['table_name'],
  command_log: ['source', 'signal'],
  conflicts: ['rule_id', 'source_a', 'source_b'],
  enrollment_markers: ['path'],
  filevault_deferrals: ['output_file_mode'],
  findings: [
    ...['query_name', 'title', 'group', 'purpose', 'remediation', 'references', 'false_positives'],
    ...['severity_reason', 'explained_by'],
  ],
  finding_events: ['query_name', 'title', 'group', 'purpose', 'remediation', 'references', 'false_positives'],
  table_status: ['table_name', 'columns_affected'],
  users: ['type'],
};

test('whatever stands in a column of texts, nothing that was planted comes through', (t) => {
  let planted = 0;
  for (const table of schemaTables(tables)) {
    const columns = schemaColumns.get(table.name) ?? [];
    t.deepEqual(
      columns.map(({ name }) => name),
      Object.keys(table.columns),
    );
    const isOpen = (column: SchemaColumn): boolean =>
      isText(column) && !(ownWords[table.name] ?? []).includes(column.name);
    // A group of Apple's id may have been named by somebody, and a command may be one that is known.
    for (const number of [80, 400, 501, 1_790_063_561]) {
      for (const canary of canaries) {
        const details = JSON.stringify([
          Object.fromEntries(
            [...schemaColumns.values()]
              .flat()
              .filter(isText)
              .filter(({ name }) => !Object.values(ownWords).flat().includes(name) || name === 'path')
              .map(({ name }): [string, string] => [name, canary])
              .concat([['somebody', canary]]),
          ),
        ]);
        const cells = columns.map((column): string | number | null => {
          const { name, type, values } = column;
          if (/^finding(?:s|_events)$/.test(table.name) && name === 'details') return details;
          if (table.name === 'findings' && name === 'blind_spots')
            return JSON.stringify([{ table: 'users', column: null, reason: `failed: ${canary}` }]);
          if (table.name === 'command_log' && name === 'source') return 'sysadminctl_secure_token_status';
          if (table.name === 'command_log' && name === 'argv')
            return JSON.stringify(['/usr/sbin/sysadminctl', '-secureTokenStatus', canary]);
          if (isOpen(column)) {
            planted += 1;
            return canary;
          }
          return type === 'TEXT' ? (values?.[0] ?? 'word') : number;
        });
        for (const level of ['pseudonym', 'strict'] as const) {
          for (const name of formatNames) {
            const snapshot = exportOf(table, cells);
            const host = Object.fromEntries(
              (schemaColumns.get('hosts') ?? []).map(({ name: column, type, values }) => [
                column,
                type === 'TEXT' ? (values?.[0] ?? canary) : 1,
              ]),
            );
            const told = textOf(formats[name].make({}), [
              redaction(level, key, tables)({ ...snapshot, host }),
            ]);
            t.notRegex(told, telltale, `${level} ${name}: ${table.name} with ${canary}`);
            t.false(told.includes('153620C3-42EA-40E8-B153-B949E6F4674A'));
            t.false(told.includes(String(snapshot.head.snapshotId)), `${level} ${name}: snapshot`);
          }
        }
      }
    }
  }
  t.true(planted > 3000);
});

test('when a person logged in or changed a password does not come through to the second', (t) => {
  const second = 1_790_063_561;
  let count = 0;
  for (const table of tables) {
    const columns = schemaColumns.get(table.name) ?? [];
    const cells = columns.map(({ type }) => (type === 'TEXT' ? null : second));
    for (const level of levels) {
      const [row] = [...redaction(level, key, tables)(exportOf(table, cells)).tables].flatMap(({ rows }) => [
        ...rows,
      ]);
      for (const [index, { name, unit }] of columns.entries()) {
        if (unit !== 'unix_seconds' || !/login|password/.test(name)) continue;
        count += 1;
        const told = row?.cells?.[index];
        t.true(typeof told === 'number' && told < second && told % 86_400 === 0, `${table.name}.${name}`);
      }
    }
  }
  t.true(count >= 10);
});

test('every event says at which level it is redacted', (t) => {
  const table = tables.find(({ name }) => name === 'users') as Table;
  const cells = Object.values(table.columns).map(({ type, values }) =>
    type === 'TEXT' ? (values?.[0] ?? 'alice') : 1,
  );
  const first = (name: FormatName, level: Level | null): Record<string, Record<string, unknown>> => {
    const snapshot = exportOf(table, cells);
    const told = level === null ? snapshot : redaction(level, key, tables)(snapshot);
    return (parsed(textOf(formats[name].make({}), [told]))[0] ?? {}) as Record<
      string,
      Record<string, unknown>
    >;
  };
  for (const level of ['pseudonym', 'strict'] as const) {
    t.is(first('osquery', level)['decorations']?.['redaction'], level);
    t.is(first('ecs', level)['tokenquery']?.['redaction'], level);
    t.is(first('hec', level)['fields']?.['redaction'], level);
    t.deepEqual(first('ocsf', level)['metadata']?.['tags'], [{ name: 'redaction', value: level }]);
  }
  t.false('redaction' in (first('osquery', null)['decorations'] ?? {}));
  t.false('redaction' in (first('ecs', null)['tokenquery'] ?? {}));
  t.false('redaction' in (first('hec', null)['fields'] ?? {}));
  t.false('tags' in (first('ocsf', null)['metadata'] ?? {}));
});

test('a fact of a finding is redacted as the column is that it comes from', (t) => {
  const table = findingsTable;
  const names = Object.keys(table.columns);
  const fact = {
    username: 'alice',
    value: ';ShadowHash;HASHLIST:<SALTED-SHA512-PBKDF2>',
    shell: '/bin/zsh',
    account_type: 'local',
    secure_token: 1,
    last_login_time: 1_790_063_561,
    record_not_found_time: 1_790_063_561,
    creation_time: 1_790_063_561,
    password_hint_set: 1,
    reason: 'dscl said that alice is unknown',
  };
  const cells = names.map((name) =>
    name === 'details' ? JSON.stringify([fact]) : name === 'subject' ? 'alice' : 'info',
  );
  const told = (level: Level): Record<string, unknown> => {
    const lines = textOf(nativeFormat(), [redaction(level, key, tables)(exportOf(table, cells))]);
    const row = parsed(lines).find(({ kind }) => kind === 'row')?.['columns'] as Record<string, string>;
    return (JSON.parse(String(row['details'])) as Record<string, unknown>[])[0] ?? {};
  };
  const alice = hmacOf(key)('alice');
  const day = Math.floor(1_790_063_561 / 86_400) * 86_400;
  t.deepEqual(told('pseudonym'), {
    ...fact,
    username: alice,
    value: hmacOf(key)(fact.value),
    last_login_time: day,
    record_not_found_time: day,
    password_hint_set: null,
    reason: null,
  });
  const monday = Date.UTC(2026, 8, 21) / 1000;
  t.deepEqual(told('strict'), {
    ...fact,
    username: null,
    value: null,
    last_login_time: monday,
    record_not_found_time: monday,
    password_hint_set: null,
    reason: null,
  });
});

test('words of Apple stay readable, and rows are not in the order of the names that are gone', async (t) => {
  const path = await sampleStore(t);
  for (const level of ['pseudonym', 'strict'] as const) {
    const rows = parsed(redacted(path, level)).filter(({ kind }) => kind === 'row');
    const values = (table: string, column: string): Set<unknown> =>
      new Set(
        rows
          .filter((row) => row['table'] === table)
          .map((row) => (row['columns'] as Record<string, unknown>)[column]),
      );
    for (const [table, column, word] of [
      ['users', 'shell', '/bin/zsh'],
      ['groups', 'groupname', 'admin'],
      ['groups', 'groupname', '_lpadmin'],
      ['authentication_authorities', 'tag', 'SecureToken'],
      ['apfs_volumes', 'role', 'Data'],
      ['apfs_volumes', 'device_identifier', 'disk3s5'],
      ['secure_tokens', 'sources', 'apfs,fdesetup,opendirectory,sysadminctl'],
      ['hosts', 'os_version', '26.1'],
      ['conflicts', 'value_a', 'DisabledTags;SecureToken'],
    ] as const)
      t.true(values(table, column).has(word), `${level}: ${table}.${column} lacks ${word}`);
    const usernames = (of: Record<string, unknown>[]): string[] =>
      of
        .filter(({ table, kind }) => table === 'users' && kind === 'row')
        .map((row) => String((row['columns'] as Record<string, unknown>)['username']));
    if (level === 'strict') continue;
    const inOldOrder = usernames(parsed(currentText(path, 'native'))).map(hmacOf(key));
    t.deepEqual(usernames(rows).toSorted(), inOldOrder.toSorted());
    t.notDeepEqual(usernames(rows), inOldOrder);
  }
});

test('the commands behind a conflict are told as command_log tells them, at every level', async (t) => {
  const path = await sampleStore(t);
  for (const level of ['pseudonym', 'strict'] as const) {
    const rows = parsed(redacted(path, level)).filter(({ kind }) => kind === 'row');
    const cells = (table: string, column: string): string[] =>
      rows
        .filter((row) => row['table'] === table)
        .map((row) => `${row['host_id']} ${(row['columns'] as Record<string, string>)[column]}`);
    const logged = new Set(cells('command_log', 'command_id'));
    const behind = rows
      .filter((row) => row['table'] === 'conflicts')
      .flatMap((row) => {
        const ids = JSON.parse((row['columns'] as Record<string, string>)['command_ids'] ?? '[]') as string[];
        return ids.map((id) => `${row['host_id']} ${id}`);
      });
    t.true(behind.length > 2, level);
    t.deepEqual(
      behind.filter((id) => !logged.has(id)),
      [],
      level,
    );
  }
});
