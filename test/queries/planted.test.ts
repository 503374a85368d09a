/**
 * A planted fleet in one database, verdict by verdict: of each question a host on which it fires, a near miss, and for each
 * table that it rests on two hosts that could not tell of it: at their only look, and sixty days after a whole one.
 */
import test from 'ava';
import { names } from '../../cli/names.ts';
import { queries } from '../../queries/index.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Query } from '../../queries/query.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { cases } from './cases.ts';
import type { Case } from './cases.ts';
import { cleanHost, collectionOf, day, deny, later, now } from './constructed.ts';
import type { Host } from './constructed.ts';

interface Planted {
  readonly query: string;
  readonly what: string;
  readonly expected: readonly string[];
  readonly looks: readonly Host[];
}

/** A table whose absence cannot matter on the clean host: what the question asks is proven without it. */
const isProvenWithout: Readonly<Record<string, readonly string[]>> = {
  // Somebody holds a token, as APFS decided.
  no_secure_token_user: ['apfs_crypto_users'],
  // FileVault is on already.
  filevault_deferral_pending: ['filevault_deferrals'],
  // The escrow file is there, and the Mac is enrolled.
  prk_not_escrowed_by_profile: ['filevault_policies'],
  // The Mac is enrolled.
  mdm_bypass_markers: ['enrollment_markers'],
};

const queryOf = (name: string): Query => {
  const query = queries.find((candidate) => candidate.name === name);
  if (query === undefined) throw new Error(name);
  return query;
};

let planted = 0;
const nextHost = (): string => {
  planted += 1;
  return `${planted.toString(16).padStart(8, '0').toUpperCase()}-2222-4000-8000-000000000000`;
};

const cleanLooks = ({ clean }: Case): readonly Host[] => {
  const hostId = nextHost();
  return clean?.(hostId) ?? [cleanHost(hostId)];
};

/** The same looks, of which the last could not tell of a table. */
const darkened = (looks: readonly Host[], table: string): readonly Host[] => {
  const last = looks.at(-1);
  if (last !== undefined) deny(last, table);
  return looks;
};

/** A whole look sixty days ago, and the last one. */
const afterSixtyDays = (looks: readonly Host[], table: string): readonly Host[] => {
  const [first, ...others] = looks;
  if (first === undefined) return [];
  const before = later(first, -60 * day);
  return [before, ...darkened(others.length === 0 ? [first] : looks, table)];
};

const plantedOf = (one: Case): readonly Planted[] => {
  const { query } = one;
  const rests = [...new Set(queryOf(query).requires.map(({ table }) => table))].filter(
    (table) => table !== 'table_status',
  );
  return [
    { query, what: 'fires', expected: ['hit'], looks: one.fires(nextHost()) },
    { query, what: 'near miss', expected: ['clean'], looks: cleanLooks(one) },
    ...rests.flatMap((table): Planted[] => {
      const expected = isProvenWithout[query]?.includes(table) === true ? ['clean'] : ['unknown'];
      return [
        { query, what: `${table} is denied`, expected, looks: darkened(cleanLooks(one), table) },
        {
          ...{ query, what: `${table} is denied, sixty days after it was seen`, expected },
          looks: afterSixtyDays(cleanLooks(one), table),
        },
      ];
    }),
  ];
};

test('each question of a planted fleet fires, does not, and is unknown where a table that it rests on was not seen', (t) => {
  const fleet = cases.flatMap(plantedOf);
  t.true(fleet.length >= 200);
  const store = openForWriting(`${temporaryFolder(t)}/planted.db`, tables);
  for (const { looks } of fleet)
    transact(store, () =>
      storeWriter(store.db, tables).add(
        looks.map((host) => snapshotOf(tables, collectionOf(host), '0.4.0')),
        now + day,
      ),
    );
  const answers = new Map(
    evaluate(store.db, queries, { now, names, tables }).map((answer) => [answer.query.name, answer]),
  );
  const wrong = fleet.flatMap(({ query, what, expected, looks }) => {
    const answer = answers.get(query);
    const hostId = looks[0]?.hostId ?? '';
    const verdict = answer?.verdicts.get(hostId) ?? 'none';
    if (expected.includes(verdict)) return [];
    const spots = (answer?.blindSpots.get(hostId) ?? []).map(({ table, column }) => `${table}.${column}`);
    return [`${query}, ${what}: ${verdict} in place of ${expected.join()} [${spots.join()}]`];
  });
  t.deepEqual(wrong, []);
  store.close();
});
