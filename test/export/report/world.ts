/** Stores to make reports of: planted fleets, judged as they came. Constructed. */
import { judgePending } from '../../../queries/judging.ts';
import { parseExceptions } from '../../../queries/exceptions.ts';
import { queries } from '../../../queries/index.ts';
import { openForWriting, transact } from '../../../store/file.ts';
import { snapshotOf } from '../../../store/snapshot.ts';
import { storeWriter } from '../../../store/writer/writer.ts';
import { tables } from '../../../tables/index.ts';
import {
  add,
  addPerson,
  cleanHost,
  collectionOf,
  day,
  deny,
  later,
  now,
  set,
} from '../../queries/constructed.ts';
import type { Host } from '../../queries/constructed.ts';
import { fleetOf } from '../../queries/fleet.ts';

/** The moment of the reports. */
export const reportTime = now + 3600;

export const hostileNames = [
  '<script>document.title="x"</script>',
  '"><img src=x onerror=alert(1)>',
  'two\nlines\tand \u202eright to left',
  'عبد الرحمن بن محمد',
  '&amp;&#60;b&#62;',
  'n'.repeat(200),
  "o'brien`${1}`",
  '=1+1',
] as const;

export const hostileHost = (index: number): string =>
  `${index.toString(16).padStart(8, '0').toUpperCase()}-2222-4000-8000-000000000000`;

const disagree = (host: Host, username: string): void => {
  const uuid = String(host.tables.get('users')?.rows.find((row) => row['username'] === username)?.['uuid']);
  for (const [source, value, state] of [
    ['apfs', 0, 'absent'],
    ['opendirectory', 1, 'tag'],
    ['sysadminctl', 1, 'ENABLED'],
    ['fdesetup', null, null],
  ] as const)
    add(host, 'secure_token_observations', {
      ...{ username, uuid, source, value, raw_state: state, command_id: `c${source}` },
    });
  add(host, 'conflicts', {
    subject_kind: 'user',
    subject: username,
    fact: 'secure_token',
    rule_id: 'M01',
    source_a: 'opendirectory,sysadminctl',
    value_a: '1',
    source_b: 'apfs',
    value_b: '0',
    severity: 'high',
    conclusion: 'claimed, not effective',
    command_ids: '["capfs"]',
  });
  set(host, 'secure_tokens', { has_conflict: 1, confidence: 'conflicting' }, { username });
};

/** Macs whose names and accounts were chosen to deceive, with witnesses that disagree, and a denied table. */
const hostile = (): Host[] =>
  hostileNames.flatMap((name, index) => {
    const first = cleanHost(hostileHost(index), now - (40 - index) * day);
    set(first, 'hosts', { hostname: name, computer_name: name });
    addPerson(first, { username: name, uid: 700, isAdmin: 0, token: 0 });
    if (index % 2 === 0) disagree(first, name);
    if (index === 3) deny(first, 'filevault_status');
    const second = later(first, 12 * day);
    set(second, 'users', { is_admin: 1 }, { username: name });
    set(second, 'secure_tokens', { secure_token: 1, is_admin: 1 }, { username: name });
    const third = later(second, 10 * day);
    set(third, 'secure_tokens', { secure_token: index % 2 === 0 ? 0 : null }, { username: name });
    return [first, second, third];
  });

/** What somebody accepts on the first planted hosts. */
const accepted = JSON.stringify({
  version: 1,
  exceptions: [
    {
      ...{ query: 'guest_login_on', owner: 'Mara Lindqvist', reason: 'A kiosk.', until: '2027-03-01' },
      ...{ host: '*', subject: '*' },
    },
  ],
});

/** @param isJudged Where it is not, the last look at each is left to be judged. */
export const makeStore = (path: string, snapshots: readonly Host[], isJudged = true): void => {
  const store = openForWriting(path, tables);
  const since = new Map<string, number>();
  for (const [hostId, own] of Map.groupBy(snapshots, ({ hostId: of }) => of)) {
    since.set(hostId, Math.min(...own.map(({ time }) => time)));
    transact(store, () => {
      storeWriter(store.db, tables).add(
        own.map((host) => snapshotOf(tables, collectionOf(host), '0.8.0')),
        now,
      );
    });
  }
  const exceptions = parseExceptions(accepted, 'accepted.json', { queries, now });
  if (isJudged) judgePending(store, since, { exceptions });
  store.close();
};

/** @param count Macs; the first ones have hostile names. */
export const fleet = (count: number): Host[] => {
  const some = hostile().filter(({ hostId }) => Number.parseInt(hostId.slice(0, 8), 16) < count);
  return [...some, ...fleetOf(Math.max(0, count - hostileNames.length))];
};
