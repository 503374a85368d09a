/**
 * What becomes of accounts between two looks, and what the questions say of it. The GeneratedUID is the account: an oracle that
 * compares both looks by it says what is right. The hosts are constructed, at random and always the same.
 */
import test from 'ava';
import { names } from '../../cli/names.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { tables } from '../../tables/index.ts';
import { addPerson, cleanHost, day, deny, later, now, remove, set, uuidOf } from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

interface Account {
  readonly id: string;
  readonly name: string;
  readonly uid: number;
  readonly isAdmin: 0 | 1;
}
type Accounts = readonly Account[];

const asked = [
  'account_created',
  'account_deleted',
  'account_renamed',
  'account_uid_changed',
  'uuid_changed',
];
const questions = queries.filter(({ name }) => asked.includes(name));

const numbers = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
};

/** Makes one change; a change that cannot be made leaves all as it is. */
const changed = (accounts: Accounts, next: (below: number) => number, fresh: () => Account): Accounts => {
  const at = next(Math.max(accounts.length, 1));
  const other = next(Math.max(accounts.length, 1));
  const one = accounts[at];
  const replaced = (by: Partial<Account>, where = at): Accounts =>
    accounts.map((account, index) => (index === where ? { ...account, ...by } : account));
  const isFree = (name: string): boolean => accounts.every((account) => account.name !== name);
  if (one === undefined) return [...accounts, fresh()];
  switch (next(8)) {
    case 0:
      return [...accounts, fresh()];
    case 1:
      return accounts.filter((_, index) => index !== at);
    case 2:
      return replaced({ name: fresh().name });
    case 3: {
      const loud = one.name.toUpperCase();
      return isFree(loud) ? replaced({ name: loud }) : accounts;
    }
    case 4:
      return replaced({ uid: fresh().uid });
    case 5:
      return replaced({ isAdmin: one.isAdmin === 1 ? 0 : 1 });
    case 6:
      // Deleted, and made again under the name.
      return replaced({ id: fresh().id });
    default: {
      // Two swap their names.
      const second = accounts[other];
      if (second === undefined || other === at) return accounts;
      return accounts.map((account, index) =>
        index === at
          ? { ...account, name: second.name }
          : index === other
            ? { ...account, name: one.name }
            : account,
      );
    }
  }
};

/** Sorted: the question, and whom it is about. */
const expectedOf = (before: Accounts, after: Accounts): string[] => {
  const was = new Map(before.map((account) => [account.id, account]));
  const is = new Map(after.map((account) => [account.id, account]));
  // An account that is gone, and whose name another has now, is told by uuid_changed.
  const replaced = new Set(
    before
      .filter(({ id, name }) => !is.has(id) && after.some((one) => one.name === name))
      .map(({ name }) => name),
  );
  return [
    ...after.flatMap(({ id, name, uid, isAdmin }) => {
      const former = was.get(id);
      if (former === undefined) return isAdmin === 1 || replaced.has(name) ? [] : [`account_created ${name}`];
      return [
        ...(former.name === name ? [] : [`account_renamed ${name} from ${former.name}`]),
        ...(former.uid === uid ? [] : [`account_uid_changed ${name} from ${former.uid}`]),
      ];
    }),
    ...before
      .filter(({ id, name }) => !is.has(id) && !replaced.has(name))
      .map(({ name }) => `account_deleted ${name}`),
    ...[...replaced].map((name) => `uuid_changed ${name}`),
  ].toSorted();
};

const withAccounts = (host: Host, accounts: Accounts): Host => {
  for (const { id, name, uid, isAdmin } of accounts)
    addPerson(host, { username: name, uid, uuid: uuidOf(host.hostId, id), isAdmin });
  return host;
};

const foundOn = (hosts: readonly Host[]): ReadonlyMap<string, readonly string[]> => {
  const db = sqliteOf(relationsOf(hosts));
  const found = new Map<string, string[]>(hosts.map(({ hostId }) => [hostId, []]));
  for (const { query, hits, verdicts } of evaluate(db, questions, { now, names, tables })) {
    for (const { hostId, subject, facts } of hits) {
      const former = facts['former_name'] ?? facts['former_uid'];
      const from = former === undefined ? '' : ` from ${String(former)}`;
      found.get(String(hostId))?.push(`${query.name} ${String(subject)}${from}`);
    }
    for (const [hostId, verdict] of verdicts)
      if (verdict === 'unknown') found.get(hostId)?.push(`${query.name} unknown`);
  }
  db.close();
  return new Map([...found].map(([host, all]) => [host, all.toSorted()]));
};

test('whatever becomes of accounts between two looks is told once, by the GeneratedUID', (t) => {
  const next = numbers(17);
  const hosts: Host[] = [];
  const expected = new Map<string, readonly string[]>();
  for (let index = 0; index < 400; index += 1) {
    const hostId = `HOST-${index}`;
    let made = 0;
    const fresh = (): Account => {
      made += 1;
      return { id: `id${made}`, name: `user${made}`, uid: 600 + made, isAdmin: next(4) === 0 ? 1 : 0 };
    };
    const before: Accounts = Array.from({ length: next(4) }, fresh);
    let after = before;
    for (let count = 1 + next(3); count > 0; count -= 1) after = changed(after, next, fresh);
    const first = cleanHost(hostId, now - 4 * day);
    const last = cleanHost(hostId, now - day);
    hosts.push(withAccounts(first, before));
    // A look in between that could not tell of accounts changes nothing.
    if (next(3) === 0) {
      const dark = later(first);
      deny(dark, 'users');
      hosts.push(dark);
    }
    hosts.push(withAccounts(last, after));
    expected.set(hostId, expectedOf(before, after));
  }
  const found = foundOn(hosts);
  const wrong = [...expected].filter(
    ([host, all]) => JSON.stringify(all) !== JSON.stringify(found.get(host)),
  );
  t.deepEqual(
    wrong.map(([host, all]) => ({ host, expected: all, found: found.get(host) })),
    [],
  );
  const kinds = new Set([...expected.values()].flat().map((text) => text.split(' ')[0]));
  t.is(kinds.size, 5);
});

test('a GeneratedUID that a second account has as well is no rename: one is made, and the other goes', (t) => {
  const first = cleanHost('HOST-A', now - 2 * day);
  addPerson(first, { username: 'loaner', uid: 504 });
  const second = later(first);
  // A copy of the record under another name.
  addPerson(second, { username: 'copy', uid: 505, uuid: uuidOf('HOST-A', 'loaner') });
  t.deepEqual(foundOn([first, second]).get('HOST-A'), ['account_created copy']);
  const third = later(second, day / 2);
  for (const table of ['users', 'secure_tokens', 'authentication_authorities', 'account_policy_data'])
    remove(third, table, { username: 'copy' });
  t.deepEqual(foundOn([first, second, third]).get('HOST-A'), [
    'account_created copy',
    'account_deleted copy',
  ]);
});

test('of two that share a GeneratedUID nobody can say which got another name or uid', (t) => {
  const uuid = uuidOf('HOST-A', 'loaner');
  const first = cleanHost('HOST-A', now - 2 * day);
  addPerson(first, { username: 'loaner', uid: 504 });
  addPerson(first, { username: 'copy', uid: 505, uuid });
  const second = cleanHost('HOST-A', now - day);
  addPerson(second, { username: 'loaner', uid: 504 });
  addPerson(second, { username: 'other', uid: 506, uuid });
  t.deepEqual(foundOn([first, second]).get('HOST-A'), ['account_created other', 'account_deleted copy']);
});

test('an account whose GeneratedUID was not known in a look is no other one', (t) => {
  const first = cleanHost('HOST-A', now - 3 * day);
  const grey = later(first);
  set(grey, 'users', { uuid: null }, { username: 'itadmin' });
  const last = later(first, 2 * day);
  t.deepEqual(foundOn([first, grey, last]).get('HOST-A'), []);
});
