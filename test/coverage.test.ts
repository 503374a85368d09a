/** docs/coverage.md names what exists, and leaves out nothing that must be answerable. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { queries } from '../queries/index.ts';
import { columnOf, coveragePage, statements, topics } from '../scripts/coverage.ts';
import { askedBy, attacks, bypasses, rules } from '../scripts/coverage_peers.ts';
import { tables } from '../tables/index.ts';
import { root } from './standin.ts';

test('every table, column and question that is named exists', (t) => {
  const known = new Set(queries.map(({ name }) => name));
  for (const { number, facts, queries: asked } of statements) {
    t.true(facts.length > 0, String(number));
    for (const fact of facts) {
      const found = columnOf(tables, fact);
      t.not(found, null, `${number}: ${fact}`);
      // What speaks of the collection itself has no history.
      if (fact.includes('_history.')) t.is(found?.table.report, undefined, `${number}: ${fact}`);
    }
    for (const name of asked) t.true(known.has(name), `${number}: ${name}`);
  }
  for (const fact of ['users', 'users.nothing', 'nothing.uid', 'user_history.uid', '.', ''])
    t.is(columnOf(tables, fact), null, fact);
});

test('the 41 statements are there, each once and in words of our own', (t) => {
  t.deepEqual(
    statements.map(({ number }) => number),
    Array.from({ length: 41 }, (_, index) => index + 1),
  );
  for (const { says, shows, number } of statements) {
    for (const text of [says, shows])
      t.regex(text, /^[^a-z|][^|\n]*\.$|^(?:dscl|fdesetup|profiles|sysadminctl) [^|\n]*\.$/, String(number));
  }
  t.is(new Set(statements.map(({ says }) => says)).size, 41);
});

test('the list of what must be answerable is whole', (t) => {
  // The first line of what must hold, item by item.
  t.deepEqual(
    [...topics],
    [
      'secure token',
      'tag SecureToken',
      'DisabledTags',
      'KEK never touched',
      'personal recovery key',
      'institutional recovery key',
      'deferral',
      'remaining skips',
      'bootstrap token supported',
      'bootstrap token escrowed',
      'bootstrap token key on disk',
      'bootstrap token uses on Apple silicon',
      'supervision',
      'mobile accounts',
      'cachedaccounts.askForSecureTokenAuthBypass',
      'managed administrator',
      'last administrator or token holder',
      'downgraded user',
      'fdesetup remove and its trace',
      'version thresholds',
    ],
  );
  for (const topic of topics) {
    const of = statements.filter((statement) => statement.topics?.includes(topic) === true);
    t.true(of.length > 0, topic);
    t.true(
      of.some(({ queries: asked }) => asked.length > 0),
      `nobody asks about ${topic}`,
    );
  }
});

test('the page is the one that is written from it', (t) => {
  t.is(readFileSync(join(root, 'docs/coverage.md'), 'utf8'), coveragePage(tables, queries));
});

test('every rule of mSCP that a query cites on these matters is in the list, and each is asked or says why not', (t) => {
  const known = new Set(rules.map(({ id }) => id));
  t.is(known.size, rules.length);
  const cited = new Set(
    queries.flatMap(
      ({ references }) => references.match(/\b(?:auth|os|pwpolicy|system_settings)_[a-z_]+/g) ?? [],
    ),
  );
  // Rules that have no item of CIS or of the STIG.
  const withoutItem = ['os_store_encrypted_passwords', 'os_filevault_authorized_users'];
  t.deepEqual(
    [...cited].filter((id) => !known.has(id) && !withoutItem.includes(id)),
    [],
  );
  for (const { id, cis, stig, says, otherwise } of rules) {
    t.true(cis.length + stig.length > 0, id);
    for (const text of [says, otherwise]) t.regex(text, /^[^|\n]+\.$/, id);
    for (const item of cis) t.regex(item, /^\d(?:\.\d+){1,3}$/, id);
    for (const item of stig) t.regex(item, /^APPL-26-\d{6}$/, id);
  }
  t.true(rules.filter((rule) => askedBy(queries, rule).length > 0).length >= 12);
});

test('what a query cites beside a rule of mSCP are items of that rule', (t) => {
  const byId = new Map(rules.map((rule) => [rule.id, rule]));
  for (const { name, references } of queries) {
    const cited = rules.filter(({ id }) => new RegExp(`\\b${id}\\b`).test(references));
    if (cited.length === 0) continue;
    const items = new Set(
      cited.flatMap(({ id }) => [...(byId.get(id)?.cis ?? []), ...(byId.get(id)?.stig ?? [])]),
    );
    const found =
      references.match(/APPL-26-\d{6}|(?<=CIS (?:[\d., ]+)?)\d\.\d+(?:\.\d+){0,2}(?=[^;]*\(macOS 26\))/g) ??
      [];
    t.deepEqual(
      found.filter((item) => !items.has(item)),
      [],
      name,
    );
  }
});

test('every query that is said to find an attack exists, and what is not found says why', (t) => {
  const names = new Set(queries.map(({ name }) => name));
  const all = [...attacks, ...bypasses];
  t.is(new Set(all.map(({ id }) => id)).size, all.length);
  for (const { id, queries: asked, why } of all) {
    t.deepEqual(
      asked.filter((name) => !names.has(name)),
      [],
      id,
    );
    t.true(asked.length > 0 || why !== undefined, id);
  }
});
