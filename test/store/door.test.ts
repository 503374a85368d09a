/** What anybody may send, and what comes of it: the one door of live, evidence, native and database snapshots. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import { UserError } from '../../collector/errors.ts';
import type { Table, Value } from '../../collector/table.ts';
import { acceptSnapshot } from '../../store/door.ts';
import { findInputs } from '../../store/merge.ts';
import { hostsOfList, Strangers } from '../../store/senders.ts';
import { leadingCells, snapshotIdOf } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { nativeLines } from '../native_lines.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { makeBundle, snapshotOfBundle } from './evidence.ts';

const receiver = { tables, version: '0.4.0', now: () => 1_800_000_000 };
const base = await snapshotOfBundle(sample('macos15-unmanaged'));
const host = base.hostId;

const refused = (change: object): RegExpExecArray | string => {
  try {
    acceptSnapshot({ ...base, ...change }, receiver);
    return 'it was taken';
  } catch (error) {
    return error instanceof UserError ? 'refused' : String(error);
  }
};

const heads: Readonly<Record<string, readonly unknown[]>> = {
  hostId: [
    ...[
      '',
      ' ',
      'HOST-1',
      `${host} `,
      host.toLowerCase(),
      `${host}\n`,
      '../../x',
      '\u001b[31mX\n',
      '\ud800-…',
      'x'.repeat(100_000),
    ],
    ...[null, 7, undefined],
  ],
  collectedTime: [0, 978_307_199, -1, 1.5, 8_640_000_000_001, Number.NaN, Infinity, '1790000000', null],
  redaction: ['x', '', 'STRICT', 1],
  origin: ['elsewhere', '', null, '<script>'],
  euid: ['0', 1.5, -3, Number.NaN],
  toolVersion: [null, 1, '<b>', 'x'.repeat(100), '\u001b'],
  schemaVersion: [0, 2, 1.5, '1', null],
};

for (const [field, values] of Object.entries(heads))
  test(`a snapshot with an odd ${field} is refused`, (t) => {
    for (const value of values) t.is(refused({ [field]: value }), 'refused', String(value).slice(0, 30));
  });

const withTable = (name: string, change: object): object => ({
  observations: new Map([...base.observations, [name, { ...base.observations.get(name), ...change }]]),
});

test('what a snapshot says of a table is refused where it is none of our words', (t) => {
  for (const change of [
    ...['EVIL', '', 7, null].map((status) => ({ status })),
    ...[['<script>'], [7], 'all', [[[]]]].map((affected) => ({ affected })),
    ...[['a b'], {}].map((failed) => ({ failed })),
    { absent: ['"'] },
    { rowCount: 7 },
  ])
    t.is(refused(withTable('users', change)), 'refused', JSON.stringify(change));
  t.is(refused({ observations: new Map([['volume_seals', base.observations.get('users')]]) }), 'refused');
});

const withCell = (table: Table, index: number, value: Value | boolean | bigint | object): object => {
  const observation = base.observations.get(table.name);
  return withTable(table.name, { cells: observation?.cells.with(leadingCells + index, value as Value) });
};

test('every column of every table that has a row holds what is declared', (t) => {
  let count = 0;
  for (const table of tables) {
    if ((base.observations.get(table.name)?.rowCount ?? 0) === 0) continue;
    for (const [index, [name, column]] of Object.entries(table.columns).entries()) {
      const bad: (Value | boolean | bigint | object)[] = [true, 1n, {}, Number.NaN, Infinity];
      if (column.type === 'TEXT') bad.push(7, '\ud800');
      else bad.push('7');
      if (column.type === 'INTEGER') bad.push(1.5, 2 ** 53);
      if (column.isBoolean === true) bad.push(7, -1);
      if (column.values !== undefined) bad.push('EVIL', '<script>');
      if (column.isRequired === true) bad.push(null);
      for (const value of bad) {
        count += 1;
        t.is(refused(withCell(table, index, value)), 'refused', `${table.name}.${name} ${String(value)}`);
      }
    }
  }
  t.true(count > 500, String(count));
});

test('a word that only a newer tokenquery knows is taken from a newer one alone, and only in the form of a word', (t) => {
  const table = tables.find(({ name }) => name === 'users') as Table;
  const index = Object.keys(table.columns).indexOf('account_type');
  t.is(refused(withCell(table, index, 'future_kind')), 'refused');
  t.is(refused({ ...withCell(table, index, 'future_kind'), toolVersion: '9.0.0' }), 'it was taken');
  t.is(refused({ ...withCell(table, index, '<script>'), toolVersion: '9.0.0' }), 'refused');
});

test('evidence whose host_id is none, or is not that of its own ioreg, is refused by name', async (t) => {
  const folder = temporaryFolder(t);
  const odd = makeBundle('macos14-not-root', join(folder, 'odd'), { hostId: '../../x' });
  const other = makeBundle('macos14-not-root', join(folder, 'other'), {
    hostId: '00000000-0000-4000-8000-000000000001',
  });
  const ran = await cli(['merge', '--db', join(folder, 'fleet.db'), odd, other, sample('macos14-not-root')]);
  t.is(ran.stdout, '1 snapshot of 1 host stored\n');
  t.regex(ran.stderr, /odd: the host_id of evidence\.json is no UUID/);
  t.regex(
    ran.stderr,
    /other: ioreg says that it is of C345F54B\S+, and evidence\.json or --host-id of 00000000/,
  );
});

test('a database is not believed: ids are computed anew, and values that it cannot hold refuse it by name', async (t) => {
  const folder = temporaryFolder(t);
  const own = join(folder, 'own.db');
  await cli(['snapshot', '--db', own, '--source', sample('macos15-unmanaged')]);
  const forge = (name: string, ...sql: string[]): string => {
    const path = join(folder, name);
    const db = new Database(own);
    db.exec(`VACUUM INTO '${path}'`);
    db.close();
    const copy = new Database(path);
    for (const each of sql) copy.exec(each);
    copy.close();
    return path;
  };
  const id = forge('id.db', 'UPDATE _snapshot SET snapshot_id = 5', 'UPDATE _host SET last_snapshot = 5');
  const bad = [
    forge('value.db', 'UPDATE _current_secure_tokens SET secure_token = 7'),
    forge('word.db', "UPDATE _current_secure_tokens SET confidence = '<script>'"),
    forge('status.db', "UPDATE _look_table SET status = 'EVIL'"),
    forge('level.db', "UPDATE _snapshot SET redaction = 'x'"),
    forge('host.db', "UPDATE _host SET host_id = 'HOST-1'"),
    forge('json.db', "UPDATE _report_status SET columns_affected = '{'"),
  ];
  const fleet = join(folder, 'fleet.db');
  const ran = await cli(['merge', '--db', fleet, ...bad, id]);
  t.is(ran.code, 1);
  t.is(ran.stdout, '1 snapshot of 1 host stored\n', ran.stderr);
  t.notRegex(ran.stderr, /should not happen/);
  for (const path of bad) t.true(ran.stderr.includes(path), path);
  const db = new Database(fleet);
  t.deepEqual(db.prepare('SELECT snapshot_id FROM _snapshot').pluck().all(), [base.snapshotId]);
  db.close();
});

test('a sender is tied to its host by its folder, and by a list', async (t) => {
  const folder = temporaryFolder(t);
  const as = (hostId: string): string => {
    const known = { ...base, hostId };
    return nativeLines({ ...known, snapshotId: snapshotIdOf(known) }, tables).join('');
  };
  const [a, b, c] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`) as [
    string,
    string,
    string,
  ];
  const put = (path: string, hostId: string): void => {
    mkdirSync(join(folder, 'drop', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'drop', path), as(hostId));
  };
  put(`${a}/own.ndjson`, a);
  put(`${b.toLowerCase()}/deep/own.ndjson`, b);
  // The folder in the folder is the sender's own.
  put(`${a}/${c}/forged.ndjson`, c);
  put(`${a}/of_b.ndjson`, b);
  put('somewhere/own.ndjson', c);
  put('loose.ndjson', c);
  const merged = await cli([
    'merge',
    '--db',
    join(folder, 'one.db'),
    '--host-from-folder',
    join(folder, 'drop'),
  ]);
  t.is(merged.stdout, '2 snapshots of 2 hosts stored\n', merged.stderr);
  for (const name of ['forged', 'of_b'])
    t.regex(
      merged.stderr,
      new RegExp(`${name}\\.ndjson: it has a snapshot of \\S+, and lies in the folder of ${a}`),
    );
  for (const name of ['somewhere', 'drop'])
    t.regex(merged.stderr, new RegExp(`its folder "${name}" is not named after a host`));
  const single = await cli([
    'merge',
    '--db',
    join(folder, 'two.db'),
    '--host-from-folder',
    join(folder, 'drop', a),
  ]);
  t.is(single.stdout, '1 snapshot of 1 host stored\n', single.stderr);
  const list = join(folder, 'hosts.txt');
  writeFileSync(list, `# ours\n${a.toLowerCase()}\n`);
  const mergeListed = () =>
    cli(['merge', '--db', join(folder, 'three.db'), '--only-hosts', list, join(folder, 'drop')]);
  const listed = await mergeListed();
  t.is(listed.stdout, '1 snapshot of 1 host stored\n', listed.stderr);
  t.regex(listed.stderr, /which --only-hosts does not list/);
  writeFileSync(list, 'HOST-1\n');
  const odd = await mergeListed();
  t.regex(odd.stderr, /line 1 of .* is no host\n/);
});

test('of a path that was named, the outermost folder of a host is that of the sender', async (t) => {
  const folder = temporaryFolder(t);
  const [a, b] = [1, 2].map((number) => `00000000-0000-4000-8000-00000000000${number}`) as [string, string];
  const redacted = ['0123456789abcdef', 'fedcba9876543210'] as const;
  const paths = [`${a}/${b}/x.ndjson`, `${redacted[0]}/${redacted[1]}/x.ndjson`, `${a}/x/${b}/y/x.ndjson`];
  for (const path of paths) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), '');
    const parts = path.split('/');
    for (let depth = 0; depth <= parts.length; depth += 1) {
      const { inputs } = await findInputs([join(folder, ...parts.slice(0, depth))], join(folder, 'fleet.db'));
      const found = inputs.find((input) => input.path === join(folder, path));
      t.is(found?.folder, parts[0], `${path} by ${parts.slice(0, depth).join('/')}`);
    }
  }
});

test('what a sender may bring is taken, whatever lies beside it, and one error names the rest', (t) => {
  const strangers = new Strangers();
  const hosts = Array.from({ length: 5 }, (_, index) => `00000000-0000-4000-8000-00000000000${index}`);
  const rules = { onlyHosts: new Set([hosts[1] ?? '', hosts[4] ?? '']) };
  const taken = [...hosts, ...hosts].filter((hostId) => strangers.pass(rules, '', { hostId }));
  t.deepEqual(taken, [hosts[1], hosts[4], hosts[1], hosts[4]]);
  t.is(
    strangers.fault?.message,
    `it has a snapshot of ${hosts[0]}, which --only-hosts does not list; and of 2 more hosts so`,
  );
  t.is(new Strangers().fault, null);
});

test('a list of hosts is one host a line, and nothing else', async (t) => {
  const one = '00000000-0000-4000-8000-000000000001';
  for (const text of [one, `\ufeff${one}\r\n`, `# ours\n\n  ${one.toLowerCase()} # Ada\n`, `${one}\n${one}`])
    t.deepEqual([...hostsOfList('list', text)], [one], JSON.stringify(text));
  for (const text of [
    '',
    '\n#\n',
    'HOST-1',
    `${one},${one}`,
    `${one}\0`,
    '\u001b[31m',
    '../../x',
    'x'.repeat(10_000),
  ])
    t.throws(() => hostsOfList('list', text), { instanceOf: UserError }, JSON.stringify(text.slice(0, 50)));
  const folder = temporaryFolder(t);
  const db = join(folder, 'fleet.db');
  for (const [list, words] of [
    [folder, /is a folder/],
    ['/dev/zero', /is no file/],
    [join(folder, 'none'), /is not there/],
  ] as const) {
    const ran = await cli(['merge', '--db', db, '--only-hosts', list, sample('macos15-unmanaged')]);
    t.is(ran.code, 1);
    t.regex(ran.stderr, words);
    t.false(existsSync(db), 'nothing was made');
  }
});
