/**
 * A question that answers otherwise has another version. test/contract/questions.json is docs/questions.json of the last
 * release: put that of a new release in its place.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { digestOf, editionFaults, editionOf } from '../../queries/editions.ts';
import type { Edition } from '../../queries/editions.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery, severities } from '../../queries/query.ts';
import type { Query } from '../../queries/query.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) =>
  (JSON.parse(readFileSync(join(root, path), 'utf8')) as { questions: readonly Edition[] }).questions;
const released = read('test/contract/questions.json');
const now = queries.map(editionOf);

test('a question that answers otherwise than in the last release has the next version, and no other has', (t) => {
  t.true(released.length > 40);
  t.deepEqual(editionFaults(released, now), []);
  const names = new Set(released.map(({ name }) => name));
  for (const { name, status } of now) {
    if (!names.has(name)) t.is(status, 'experimental', name);
    else t.not(status, 'experimental', name);
  }
});

test('what is published of them is what they are', (t) => {
  t.deepEqual(
    read('docs/questions.json'),
    now.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  );
});

/** Every way in which the answers of a question may come to differ. */
const changes: readonly ((query: Query) => Partial<Query>)[] = [
  ({ sql }) => ({ sql: sql.replace('WHERE', 'WHERE 1 = 1 AND') === sql ? `${sql} ` : `${sql}\n` }),
  ({ requires: [first, ...rest] }) => ({
    requires: first === undefined ? rest : [{ ...first, where: 'x = 1' }, ...rest],
  }),
  ({ applies }) => ({ applies: applies === null ? 'h.is_virtual_machine = 0' : null }),
  ({ severity }) => ({ severity: severities.find((one) => one !== severity) ?? severity }),
  () => ({ severityWhere: [{ severity: 'info', when: ['personal'], reason: 'a reason of nobody' }] }),
  ({ severityFrom }) => ({ severityFrom: `${severityFrom}_` }),
  ({ needsHistory }) => ({ needsHistory: !needsHistory }),
  ({ isOfFleet }) => ({ isOfFleet: !isOfFleet }),
  ({ leastHosts }) => ({ leastHosts: leastHosts + 1 }),
  ({ maxAge }) => ({ maxAge: maxAge + 1 }),
];

test('for every question, each change of what it answers is refused without the next version, and then passes', (t) => {
  const last = now.map((edition) => ({ ...edition, modified: '2026-01-01' }));
  for (const [at, query] of queries.entries()) {
    const was = last[at] as Edition;
    for (const change of changes) {
      const changed = { ...query, modified: was.modified, ...change(query) };
      const [fault, ...others] = editionFaults(last, [editionOf(changed)]);
      t.regex(fault ?? '', /answers otherwise than in the last release/, `${query.name}: ${change}`);
      t.deepEqual(others, []);
      const next = { ...changed, version: was.version + 1, modified: '2026-01-02' };
      t.deepEqual(editionFaults(last, [editionOf(next)]), []);
      // A version moves once a release, by one.
      t.is(editionFaults(last, [editionOf({ ...next, version: was.version + 2 })]).length, 1);
      t.is(editionFaults(last, [editionOf({ ...next, modified: '2025-12-31' })]).length, 1);
    }
    // What it says of itself is not what it answers.
    const told = { ...query, title: 'T', purpose: 'P', remediation: 'R', falsePositives: 'F' };
    t.is(digestOf(told), digestOf(query));
    // Nor may a version move of itself.
    const moved = { ...query, modified: was.modified, version: was.version + 1 };
    t.is(editionFaults(last, [editionOf(moved)]).length, 1);
  }
  const first = now[0] as Edition;
  t.regex(editionFaults([], [{ ...first, version: 2 }])[0] ?? '', /is new, and its version is 2/);
});

const header = (lines: string) =>
  `-- name: q\n-- title: T\n-- severity: low\n-- purpose: P\n${lines}\nSELECT u.host_id, u.username AS subject FROM users u`;
const parsed = (lines: string) => parseQuery(header(lines), 'q.sql');

test('a header has a version, a day and a status, or none of its own', (t) => {
  const { version, modified, status } = parsed(
    '-- version: 12\n-- modified: 2024-02-29\n-- status: experimental',
  );
  t.deepEqual([version, modified, status], [12, '2024-02-29', 'experimental']);
  const none = parsed('-- references: none');
  t.deepEqual([none.version, none.modified, none.status], [null, null, null]);
});

const odd: readonly (readonly [line: string, message: RegExp])[] = [
  ...['0', '1.2', '-1', '01', 'one', '1000000'].map(
    (text) => [`-- version: ${text}`, /q\.sql:5: version is ".+", and no whole number from 1$/] as const,
  ),
  ...['2026-02-30', '2026-13-01', '2026-1-1', '2026/01/01', '28.11.2026', '2026-11-28T00:00:00Z'].map(
    (text) => [`-- modified: ${text}`, /q\.sql:5: modified is ".+", and no day such as 2026-11-28$/] as const,
  ),
  ['-- status: Stable', /q\.sql:5: there is no status "Stable"$/],
  ['-- status: production', /q\.sql:5: there is no status "production"$/],
  ['-- version:', /q\.sql:5: version is empty$/],
  ['-- version: 1\n-- version: 2', /q\.sql:6: version is given twice$/],
];

test('a version, a day or a status of another form is an error that names the line', (t) => {
  for (const [line, message] of odd) t.throws(() => parsed(line), { message }, line);
  for (const key of ['version', 'modified', 'status']) {
    const lines = header('-- version: 1\n-- modified: 2026-11-28\n-- status: test').split('\n');
    const text = lines.filter((line) => !line.startsWith(`-- ${key}:`)).join('\n');
    const strict = () =>
      parseQuery(
        text.replace(
          '-- severity',
          '-- group: g\n-- remediation: R\n-- false-positives: F\n-- requires: users\n-- severity',
        ),
        'q.sql',
        {
          isStrict: true,
        },
      );
    t.throws(strict, { message: `q.sql:1: the header lacks ${key}` });
  }
});
