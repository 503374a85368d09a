/** docs/coverage.md names what exists, and leaves out nothing that must be answerable. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { queries } from '../queries/index.ts';
import { columnOf, coveragePage, statements, topics } from '../scripts/coverage.ts';
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
  t.is(readFileSync(join(root, 'docs/coverage.md'), 'utf8'), coveragePage(tables));
});
