/** Which row is which: rule 2 of docs/store.md, "How a history is made", by itself. */
import test from 'ava';
import { RowKeys } from '../../store/match_keys.ts';
import type { Cells } from '../../store/snapshot.ts';
import { people } from './world.ts';

const keys = new RowKeys(people);
/** Where `uuid` stands, the second column of the key. */
const uuid = new Set([1]);
const nameAndUuid = new Set([0, 1]);

const row = (name: string | null, id: string | null, token = 1): Cells => [name, id, token, null, null];
const known = (...rows: readonly Cells[]): Map<string, { readonly cells: Cells }[]> =>
  new Map([...keys.group(rows)].map(([key, same]) => [key, same.map((cells) => ({ cells }))]));
const matched = (rows: readonly Cells[], uncertain: ReadonlySet<number>, of: readonly Cells[]) => [
  ...keys.match(rows, uncertain, known(...of)),
];

test('a row whose key is known is itself, whatever else is uncertain', (t) => {
  const seen = row('ann', 'A', 0);
  t.deepEqual(matched([seen], new Set([2]), [row('ann', 'A')]), [[keys.of(seen), [seen]]]);
  t.deepEqual(matched([seen], uuid, [row('ann', 'A')]), [[keys.of(seen), [seen]]]);
});

test('a row whose key is not fully known is the one known row that it can be', (t) => {
  const seen = row('ann', null);
  const ann = row('ann', 'A');
  t.deepEqual(matched([seen], uuid, [ann, row('bob', 'B')]), [[keys.of(ann), [seen]]]);
});

test('where it can be several, it is a row of its own', (t) => {
  const seen = row('ann', null);
  t.deepEqual(matched([seen], uuid, [row('ann', 'A'), row('ann', 'B')]), [[keys.of(seen), [seen]]]);
});

test('a known row that was seen under its full key is not taken for another', (t) => {
  const seen = row('ann', null);
  const ann = row('ann', 'A');
  t.deepEqual(matched([ann, seen], uuid, [ann]), [
    [keys.of(ann), [ann]],
    [keys.of(seen), [seen]],
  ]);
});

test('two rows that could each be the one known row are rows of their own', (t) => {
  const byName = row('ann', null);
  const byId = row(null, 'A');
  t.deepEqual(matched([byName, byId], nameAndUuid, [row('ann', 'A')]), [
    [keys.of(byName), [byName]],
    [keys.of(byId), [byId]],
  ]);
  t.deepEqual(matched([byName, row('ann', null, 0)], uuid, [row('ann', 'A')]), [
    [keys.of(byName), [byName, row('ann', null, 0)]],
  ]);
});

test('an open key that is known as such is itself', (t) => {
  const seen = row('ann', null);
  t.deepEqual(matched([seen], uuid, [seen, row('ann', 'A')]), [[keys.of(seen), [seen]]]);
});

test('a key column that is certain is not filled in', (t) => {
  const seen = row('ann', null);
  t.deepEqual(matched([seen], new Set([0]), [row('ann', 'A')]), [[keys.of(seen), [seen]]]);
});
