/** The host that somebody means by a name, and how a host is called beside its UUID. */
import { join } from 'node:path';
import test from 'ava';
import { hostNamed } from '../../cli/database.ts';
import { hostAmong, hostLabel, namedHosts, withNames } from '../../cli/host_names.ts';
import type { HostNames } from '../../cli/host_names.ts';
import { modes } from '../../cli/output.ts';
import { UserError } from '../../collector/errors.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { openForReading } from '../../store/file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { later, sampleSnapshots, storeAt } from '../export/world.ts';
import { cli, temporaryFolder } from '../standin.ts';

const uuid = (number: number): string => `0A0B0C0D-0000-4000-8000-${String(number).padStart(12, '0')}`;
const hosts: readonly HostNames[] = [
  { hostId: uuid(1), hostname: 'mac-07', computerName: 'Ada’s MacBook Pro' },
  { hostId: uuid(2), hostname: 'kiosk', computerName: 'Kiosk' },
  { hostId: uuid(3), hostname: 'Kiosk', computerName: null },
  { hostId: uuid(4), hostname: null, computerName: 'Ren\u00e9' },
  { hostId: uuid(5), hostname: uuid(1).toLowerCase(), computerName: 'mac-7' },
  { hostId: null, hostname: 'nameless', computerName: null },
];
const failureOf = (name: string): UserError | null => {
  try {
    hostAmong(hosts, name, 'a list');
    return null;
  } catch (error) {
    return error instanceof UserError ? error : null;
  }
};

test('a host is found by UUID, hostname and computer_name, without letter case, and by all of the name', (t) => {
  for (const [name, number] of [
    ['mac-07', 1],
    ['MAC-07', 1],
    ['ada’s macbook pro', 1],
    ['Ren\u00e9', 4],
    ['rene\u0301', 4],
    ['mac-7', 5],
    // Whose UUID it is, is meant, whatever another one is called.
    [uuid(1), 1],
    [uuid(1).toLowerCase(), 1],
  ] as const)
    t.is(hostAmong(hosts, name, ''), uuid(number), name);
  for (const part of ['mac-0', 'Ada', 'mac-07.local', '', '%', 'mac-_7', 'nameless'])
    t.regex(failureOf(part)?.message ?? '', /^there is no host /, part);
});

test('several hosts of one name are told by their UUIDs, and one that is not there by what is near', (t) => {
  const several = failureOf('kiosk');
  t.is(several?.message, `2 hosts are called kiosk: ${uuid(2)}, ${uuid(3)}`);
  t.is(several?.hint, 'name the one that is meant by its UUID');
  t.regex(failureOf('mac-08')?.hint ?? '', /^did you mean mac-07\? a list$/);
  t.regex(failureOf('kiosc')?.hint ?? '', /^did you mean kiosk\?/i);
  t.is(failureOf('nothing at all like it')?.hint, 'a list');
  const many = Array.from(
    { length: 2000 },
    (_, index) => ({ ...hosts[1], hostId: uuid(index) }) as HostNames,
  );
  t.throws(() => hostAmong(many, 'kiosk', ''), {
    message: /^2000 hosts are called kiosk: .* and 1980 more$/,
  });
});

test('beside the UUID stands the name, for people in the same cell, in JSON in a field of its own', (t) => {
  t.deepEqual(hosts.map(hostLabel), [
    `mac-07 (${uuid(1)})`,
    `kiosk (${uuid(2)})`,
    `Kiosk (${uuid(3)})`,
    `Ren\u00e9 (${uuid(4)})`,
    `${uuid(1).toLowerCase()} (${uuid(5)})`,
    'nameless',
  ]);
  const named = {
    labelOf: (id: string) => `label of ${id}`,
    hostnameOf: (id: string) => (id === 'a' ? 'mac' : null),
  };
  for (const mode of [...modes, 'spreadsheet'] as const) {
    const { columns, rows } = withNames(
      mode,
      ['x', 'host_id'],
      [
        [1, 'a'],
        [2, 'b'],
        [3, null],
      ],
      named,
    );
    const told = [columns, ...rows];
    if (['pretty', 'line', 'markdown'].includes(mode))
      t.deepEqual(
        told,
        [
          ['x', 'host_id'],
          [1, 'label of a'],
          [2, 'label of b'],
          [3, null],
        ],
        mode,
      );
    else if (['json', 'ndjson'].includes(mode))
      t.deepEqual(
        told,
        [
          ['x', 'host_id', 'hostname'],
          [1, 'a', 'mac'],
          [2, 'b', null],
          [3, null, null],
        ],
        mode,
      );
    else
      t.deepEqual(
        told,
        [
          ['x', 'host_id'],
          [1, 'a'],
          [2, 'b'],
          [3, null],
        ],
        mode,
      );
  }
});

/** The Mac under another name. */
const called = (snapshot: Snapshot, hostname: string, seconds = 0): Snapshot =>
  later(snapshot, seconds, {
    hosts: (rows) => rows.map((row) => ({ ...row, hostname })),
    users: (rows) => (seconds === 0 ? rows : rows.slice(1)),
  });

test('in a database a host is called as it is now, or as it was', async (t) => {
  const [one] = await sampleSnapshots();
  if (one === undefined) return t.fail();
  const path = join(temporaryFolder(t), 'a.db');
  storeAt(path, [called(one, 'before'), called(one, 'after', 86_400)], 1_790_300_000);
  const store = openForReading(path, tables);
  t.is(hostNamed(store, one.hostId.toLowerCase()), one.hostId);
  t.is(hostNamed(store, 'After'), one.hostId);
  t.throws(() => hostNamed(store, 'before'), { message: 'there is no host before' });
  t.is(namedHosts(store.db).labelOf(one.hostId), `after (${one.hostId})`);
  viewAsOf(store, one.collectedTime + 60);
  t.is(hostNamed(store, 'before'), one.hostId);
  store.close();
});

test('changes, findings and export take the name and show it; a hostile one orders nothing', async (t) => {
  const [one] = await sampleSnapshots();
  if (one === undefined) return t.fail();
  const path = join(temporaryFolder(t), 'a.db');
  const hostile = 'mac\u001b]0;x\u0007\u202e-07';
  storeAt(path, [called(one, 'before'), called(one, hostile, 86_400)], 1_790_300_000);
  const label = `mac\\u001b]0;x\\u0007\\u202e-07 (${one.hostId})`;
  const run = async (...parameters: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await cli(parameters);
    t.is(code, 0, stderr);
    return stdout;
  };
  for (const text of [
    await run('changes', '--db', path, '--host', hostile, '--table', 'hosts'),
    await run('findings', '--db', path, '--group', 'posture'),
  ]) {
    t.true(text.includes(label), text);
    // eslint-disable-next-line no-control-regex
    t.notRegex(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  }
  const events = await run('export', '--db', path, '--host', hostile, '--table', 'users', '--format', 'ecs');
  t.true(events.split('\n').filter((line) => line !== '').length > 3);
});
