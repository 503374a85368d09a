/** What was not seen: a section of one line for each reason, and no finding. */
import { join } from 'node:path';
import test from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import { evaluateIn, judgedWorld, selectQueries } from '../../cli/findings.ts';
import { notSeenLines, readNotSeen } from '../../cli/not_seen.ts';
import { evaluate } from '../../queries/evaluate.ts';
import type { Answer } from '../../queries/evaluate.ts';
import { queries } from '../../queries/index.ts';
import { parseQuery, withNotSeenAfter } from '../../queries/query.ts';
import { names } from '../../cli/names.ts';
import { tables } from '../../tables/index.ts';
import { cleanHost, collectable, day, deny, later, now } from './constructed.ts';
import type { Host } from './constructed.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const sample = (name: string): Promise<Collection> =>
  evidenceBackend(join(import.meta.dirname, '../../samples', name)).then((backend) =>
    collect(collectable, backend),
  );

const told = (
  collections: readonly Collection[],
): { answers: readonly Answer[]; lines: readonly string[] } => {
  const world = judgedWorld(collections);
  const answers = evaluateIn(world);
  const lines = notSeenLines(answers, readNotSeen(world.db), {
    labelOf: (hostId) => hostId.slice(0, 4),
    isWhole: false,
    hosts: collections.length,
  });
  world.close();
  return { answers, lines };
};

test('a Mac without root has no finding of what was not seen, and one line', async (t) => {
  const { answers, lines } = told([await sample('macos14-not-root')]);
  t.deepEqual(
    answers.filter(({ query, hits }) => query.severity !== 'info' && hits.length > 0),
    [],
  );
  t.is(lines.length, 1, lines.join('\n'));
  t.regex(
    lines[0] ?? '',
    /^\d\d tables were not wholly seen, because it did not run as root: run it with sudo; \d\d questions are open$/,
  );
});

test('whatever was not seen of a Mac is told once, with every question that is open', async (t) => {
  const whole = await sample('macos26-managed');
  t.deepEqual(told([whole]).lines, []);
  for (const { table } of whole.results) {
    const reason = `${table.name} did not answer`;
    const results = whole.results.map((result) =>
      result.table === table
        ? { ...result, status: 'failed' as const, rows: [], code: 'source_failed' as const, reason }
        : result,
    );
    const { answers, lines } = told([{ ...whole, results }]);
    const open = answers.filter(({ verdicts }) => [...verdicts.values()].includes('unknown'));
    t.is(lines.filter((line) => line.includes(reason)).length, 1, lines.join('\n'));
    const [line = ''] = lines.filter((one) => one.includes(reason));
    t.true(line.startsWith(`1 table was not wholly seen (${table.name}), because `), line);
    if (open.length > 3) t.true(line.includes(`${open.length} questions are open`), line);
    else
      for (const { query } of open)
        t.is(lines.filter((one) => one.includes(query.name)).length, 1, query.name);
  }
});

test('evidence of before a question is one line, however many sources it lacks', async (t) => {
  const place = join(import.meta.dirname, 'evidence/F4-icloud.tar.gz');
  const { answers, lines } = told([await collect(collectable, await evidenceBackend(place))]);
  const open = answers.filter(({ verdicts }) => [...verdicts.values()].includes('unknown')).length;
  t.true(open > 3);
  t.is(lines.length, 1, lines.join('\n'));
  t.regex(
    lines[0] ?? '',
    new RegExp(
      `because the evidence is older than the question: capture it again .*; ${open} questions are open$`,
    ),
  );
});

test('of several hosts a reason is told once, with how many have it', async (t) => {
  const [root, user] = await Promise.all([sample('macos26-managed'), sample('macos14-not-root')]);
  const { lines } = told([root, user]);
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', / on 1 of 2 hosts \(C345\), because it did not run as root/);
});

const hitsOf = (hosts: readonly Host[], name: string, after = 7 * day) => {
  const db = sqliteOf(relationsOf(hosts));
  const asked = queries.filter((query) => query.name === name).map((query) => withNotSeenAfter(query, after));
  const [answer] = evaluate(db, asked, { now, names, tables });
  db.close();
  return (answer?.hits ?? []).map(({ facts }) => facts['table_name'] ?? facts['last_good_time']);
};

test('a host, and the tables of a host, are not seen after the time that is given', (t) => {
  for (const days of [1, 6, 8, 30]) {
    const old = [cleanHost('HOST-A', now - days * day)];
    for (const after of [2, 7, 20])
      t.is(hitsOf(old, 'host_not_seen', after * day).length, days > after ? 1 : 0, `${days} ${after}`);
    const first = cleanHost('HOST-A', now - days * day);
    for (const table of ['filevault_users', 'account_policy_data']) deny(first, table);
    const looks = [first, later(first, (days - 0.5) * day)];
    for (const after of [2, 7, 20])
      t.deepEqual(
        hitsOf(looks, 'table_not_seen', after * day),
        days > after ? ['account_policy_data', 'filevault_users'] : [],
        `${days} ${after}`,
      );
  }
});

test('a former name of the library says what became of it; a header must have its seconds in the SQL', (t) => {
  t.throws(() => selectQueries(queries, ['collection_blind_spots'], null), {
    message: /no question of the library any more/,
  });
  t.throws(
    () =>
      parseQuery(
        '-- name: x\n-- title: x\n-- severity: low\n-- purpose: x\n-- not-seen-after: 7d\nSELECT 1',
        'x.sql',
      ),
    { message: /x\.sql:5: not-seen-after is 604800 seconds, which the SQL does not have/ },
  );
});
