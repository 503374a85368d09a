/** Older names of queries select what answers them by now, and what several share stands whole in each. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { selectQueries } from '../../cli/findings.ts';
import { queries } from '../../queries/index.ts';
import { parts } from '../../queries/parts.ts';
import { parseQuery, requirementText } from '../../queries/query.ts';

const selected = (...names: readonly string[]): string[] =>
  selectQueries(queries, names, null)
    .map(({ name }) => name)
    .toSorted();

/** Every name that a release had and that is none of a query any more. */
const split: Readonly<Record<string, readonly string[]>> = {
  login_exposure: ['automatic_login_on', 'automatic_login_password_kept', 'guest_login_on', 'root_login_on'],
  password_signals: ['failed_logins', 'old_password'],
  mdm_enrollment_gaps: [
    'mdm_enrolled_by_other_means',
    'mdm_not_enrolled',
    'mdm_not_supervised',
    'mdm_not_user_approved',
  ],
};

test('an older name selects every query that answers a part of it, and no other', (t) => {
  for (const [name, now] of Object.entries(split)) {
    t.deepEqual(selected(name), [...now], name);
    // A part that is named, too, is there once.
    t.deepEqual(selected(name, now[0] ?? ''), [...now], name);
  }
  const declared = new Set(queries.flatMap(({ formerly }) => formerly));
  t.true([...declared].every((name) => Object.hasOwn(split, name)));
});

test('no older name is a name of today, and what nobody had is an error', (t) => {
  const names = new Set(queries.map(({ name }) => name));
  t.deepEqual(
    queries.flatMap(({ formerly }) => formerly).filter((name) => names.has(name)),
    [],
  );
  t.throws(() => selected('login_exposur'), { message: /there is no question login_exposur$/ });
});

const header = (lines: string) =>
  `-- name: q\n-- title: T\n-- severity: low\n-- purpose: P\n${lines}\nSELECT u.host_id, u.username AS subject FROM users u`;

test('a header names older names and parts, or says what is wrong with them', (t) => {
  const part = { name: 'first', requires: [], alsoReads: ['hosts'], sql: 'first AS (\n  SELECT 1 AS one\n)' };
  const parse = (lines: string) => parseQuery(header(lines), 'q.sql', { parts: [part] });
  t.deepEqual(parse('-- formerly: old, older').formerly, ['old', 'older']);
  t.throws(() => parse('-- formerly: Old'), { message: 'q.sql:5: "Old" is no name' });
  const used = parse('-- uses: first');
  t.is(used.sql, `WITH ${part.sql}\nSELECT u.host_id, u.username AS subject FROM users u`);
  t.deepEqual(used.alsoReads, ['hosts']);
  t.throws(() => parse('-- uses: second'), { message: 'q.sql:5: there is no part "second"' });
});

test('every part is used by several queries, and stands whole in the SQL of each', (t) => {
  const root = join(import.meta.dirname, '../..');
  for (const part of parts) {
    const users = queries.filter(({ file }) =>
      parseQuery(readFileSync(join(root, file), 'utf8'), file, {
        parts: parts.map((one) => (one === part ? { ...one, sql: 'marked AS (SELECT 1)' } : one)),
      }).sql.includes('marked AS'),
    );
    t.true(users.length >= 2, part.name);
    for (const { name, sql, requires, alsoReads } of users) {
      t.true(sql.includes(part.sql), `${name} lacks ${part.name}`);
      t.true(
        part.alsoReads.every((table) => alsoReads.includes(table)),
        name,
      );
      const required = new Set(requires.map(requirementText));
      t.true(
        part.requires.every((one) => required.has(requirementText(one))),
        name,
      );
    }
  }
});
