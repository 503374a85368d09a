/** The judge of the mutation test, judged by small tables of which the right word is plain. */
import test from 'ava';
import { compareAnswers, compareVerdict, pairRows } from './judge.ts';
import type { Complaint, Judged } from './judge.ts';
import { newWord } from './operators.ts';
import type { Answers, Row, Verdict } from './program.ts';

const damage: Judged = { kind: 'damage', isOne: false };
const one: Judged = { kind: 'damage', isOne: true };
const same: Judged = { kind: 'same', isOne: false };

const keys = new Map([
  ['secure_tokens', ['username']],
  ['conflicts', ['subject']],
  ['bootstrap_tokens', []],
  ['hosts', ['hardware_uuid']],
  ['authentication_authorities', ['username']],
  ['apfs_crypto_users', ['crypto_user_uuid']],
]);

type Tables = Readonly<Record<string, { readonly rows: readonly Row[]; readonly status?: Row }>>;
const answers = (tables: Tables, verdicts: Readonly<Record<string, Verdict>> = {}): Answers => ({
  rows: new Map(Object.entries(tables).map(([name, { rows }]) => [name, rows])),
  status: new Map(
    [...keys.keys()].map((name) => {
      const { rows = [], status = {} } = tables[name] ?? {};
      const word = rows.length === 0 ? 'empty' : 'ok';
      return [name, { status: word, columns_affected: '[]', ...status }];
    }),
  ),
  verdicts: new Map(Object.entries(verdicts)),
  asked: new Set(),
});
const alice: Row = { username: 'alice', secure_token: 1, has_conflict: 0, confidence: 'confirmed' };
const bob: Row = { username: 'bob', secure_token: 0, has_conflict: 0, confidence: 'confirmed' };
const truth = answers({ secure_tokens: { rows: [alice, bob] } });

const words = (complaints: readonly Complaint[]): readonly string[] =>
  complaints.map(({ sort, where, from, to }) => `${sort}: ${where}: ${from} -> ${to}`);
/** What is said of the tokens when they are these, and table_status says this of them. */
const ofTokens = (rows: readonly Row[], status: Row = {}, judged = damage): readonly string[] =>
  words(compareAnswers(truth, answers({ secure_tokens: { rows, status } }), keys, judged));

const partial = (more: Row = {}): Row => ({ status: 'partial', columns_affected: '[]', ...more });

test('the same answers are right', (t) => {
  t.deepEqual(ofTokens([alice, bob]), []);
});

test('a value that is not the true one is wrong, whatever table_status says', (t) => {
  const wrong = ['wrong: secure_tokens.secure_token: 1 -> 0'];
  t.deepEqual(ofTokens([{ ...alice, secure_token: 0 }, bob]), wrong);
  const named = partial({ columns_affected: '["secure_token"]', columns_uncertain: '["secure_token"]' });
  t.deepEqual(ofTokens([{ ...alice, secure_token: 0 }, bob], named), wrong);
});

test('what is shown as it is stored may have its UUIDs in other letters, and nothing else', (t) => {
  const uuid = '5B3A239C-1D43-4AF5-9D53-1F7C0A6C2E11';
  const cached = (data: string): Row => ({
    username: 'rosa',
    value: `;LocalCachedUser;/AD/corp:rosa:${data}`,
  });
  const say = (row: Row) =>
    words(
      compareAnswers(
        answers({ authentication_authorities: { rows: [cached(uuid)] } }),
        answers({ authentication_authorities: { rows: [row] } }),
        keys,
        same,
      ),
    );
  t.deepEqual(say(cached(uuid.toLowerCase())), []);
  t.is(say(cached(uuid.replace('5B', '5C'))).length, 1);
  t.is(say({ username: 'rosa', value: `;LOCALCACHEDUSER;/AD/corp:rosa:${uuid}` }).length, 1);
  // A column that promises a UUID in capitals has it in capitals.
  const told = answers({ hosts: { rows: [{ hardware_uuid: 'A', uuid }] } });
  const lower = answers({ hosts: { rows: [{ hardware_uuid: 'A', uuid: uuid.toLowerCase() }] } });
  t.is(compareAnswers(told, lower, keys, same).length, 1);
});

test('a word that nobody knows is shown where Apple adds words, and is no true one elsewhere', (t) => {
  const user = { crypto_user_uuid: 'A', type: 'LocalOpenDirectory', resolution: 'local_user' };
  const say = (row: Row) =>
    words(
      compareAnswers(
        answers({ apfs_crypto_users: { rows: [user] } }),
        answers({ apfs_crypto_users: { rows: [row] } }),
        keys,
        one,
      ),
    );
  t.deepEqual(say({ ...user, type: newWord }), []);
  t.is(say({ ...user, type: 'PersonalRecovery' }).length, 1);
  t.is(say({ ...user, resolution: newWord }).length, 1);
});

test('a verdict of the witnesses that are left is right only as probable and named as uncertain', (t) => {
  const named = partial({ columns_uncertain: '["secure_token"]' });
  const now = [alice, { ...bob, secure_token: 1, confidence: 'probable' }];
  t.deepEqual(ofTokens(now, named), []);
  t.deepEqual(ofTokens(now, partial()), ['wrong: secure_tokens.secure_token: 0 -> 1']);
  t.deepEqual(ofTokens([alice, { ...bob, secure_token: 1 }], named), [
    'wrong: secure_tokens.secure_token: 0 -> 1',
  ]);
});

test('NULL is explained by a name in columns_affected, or by NULL there for all columns of a partial table', (t) => {
  const now = [{ ...alice, secure_token: null }, bob];
  t.deepEqual(ofTokens(now), ['unexplained: secure_tokens.secure_token: 1 -> NULL']);
  t.deepEqual(ofTokens(now, partial()), ['unexplained: secure_tokens.secure_token: 1 -> NULL']);
  t.deepEqual(ofTokens(now, partial({ columns_affected: '["secure_token"]' })), []);
  t.deepEqual(ofTokens(now, { columns_affected: '["secure_token"]' }), []);
  t.deepEqual(ofTokens(now, partial({ columns_affected: null })), []);
});

test('that a fact does not exist is a claim, and untrue of a fact that there was', (t) => {
  t.deepEqual(
    ofTokens([{ ...alice, secure_token: null }, bob], { columns_inapplicable: '{"secure_token":"none"}' }),
    ['wrong: secure_tokens.secure_token: 1 -> NULL'],
  );
});

test('a value where nothing was known is made up', (t) => {
  const unknown = answers({ secure_tokens: { rows: [{ ...alice, secure_token: null }] } });
  const now = answers({ secure_tokens: { rows: [alice] } });
  t.deepEqual(words(compareAnswers(unknown, now, keys, damage)), [
    'wrong: secure_tokens.secure_token: NULL -> 1',
  ]);
});

test('a row that is gone is wrong where the table calls itself whole, and else must be said', (t) => {
  t.deepEqual(ofTokens([alice]), ['wrong: secure_tokens row: row -> no row']);
  t.deepEqual(ofTokens([], { status: 'unsupported' }).length, 2);
  t.deepEqual(ofTokens([alice], partial({ columns_affected: '["secure_token"]' })), [
    'unexplained: secure_tokens row: row -> no row',
  ]);
  t.deepEqual(ofTokens([alice], partial({ rows_may_be_missing: 1 })), []);
  t.deepEqual(ofTokens([alice], partial({ columns_affected: null })), []);
  t.deepEqual(ofTokens([], { status: 'failed', columns_affected: null }), []);
});

test('a table that nobody could look at is not empty by damage', (t) => {
  const denied = answers({ hosts: { rows: [], status: { status: 'denied', columns_affected: null } } });
  t.deepEqual(words(compareAnswers(denied, answers({ hosts: { rows: [] } }), keys, damage)), [
    'wrong: hosts status: denied -> empty',
  ]);
  const failed = answers({ hosts: { rows: [], status: { status: 'failed', columns_affected: null } } });
  t.deepEqual(words(compareAnswers(denied, failed, keys, damage)), []);
});

test('a row that nobody had is wrong, a second one of the same key too', (t) => {
  const appeared = 'wrong: secure_tokens row: no row -> row';
  t.deepEqual(ofTokens([alice, bob, { ...bob, username: 'carol' }], partial()), [appeared]);
  t.deepEqual(ofTokens([alice, bob, bob], partial()), [appeared]);
});

test('rows are the same though a part of their key is no longer known', (t) => {
  const key = ['username', 'uid'];
  const found = pairRows([{ username: 'alice', uid: 501 }], [{ username: 'alice', uid: null }], key);
  t.is(found.pairs.length, 1);
  t.deepEqual([found.vanished, found.appeared], [[], []]);
  // With no key left it is the one row that it can be, or none.
  t.is(pairRows([{ id: 'A' }], [{ id: null }], ['id']).pairs.length, 1);
  t.is(pairRows([{ id: 'A' }, { id: 'B' }], [{ id: null }], ['id']).pairs.length, 0);
  t.is(pairRows([{ id: 'A' }], [{ id: 'B' }], ['id']).pairs.length, 0);
});

test('a conflict is wrong where it comes up, but for those that say that witnesses contradict each other', (t) => {
  const now = (rule: string, judged: Judged): readonly string[] =>
    words(
      compareAnswers(
        truth,
        answers({
          secure_tokens: { rows: [alice, bob] },
          conflicts: { rows: [{ subject: 'alice', rule_id: rule }] },
        }),
        keys,
        judged,
      ),
    );
  t.deepEqual(now('M06', damage), ['wrong: conflicts M06: no row -> row']);
  t.deepEqual(now('M20', damage), []);
  t.deepEqual(now('M20', same), ['wrong: conflicts M20: no row -> row']);
});

test('a conflict between the same sides is one dispute, whoever is heard', (t) => {
  const row = { subject_kind: 'user', subject: 'alice', rule_id: 'M05', fact: 'filevault_user' };
  const before = answers({ conflicts: { rows: [{ ...row, source_a: 'apfs' }] } });
  const after = answers({ conflicts: { rows: [{ ...row, source_a: 'opendirectory' }] } });
  t.deepEqual(words(compareAnswers(before, after, keys, damage)), []);
});

test('has_conflict may become 1 by contradicting witnesses alone, and never 0', (t) => {
  const now = [{ ...alice, has_conflict: 1 }, bob];
  t.deepEqual(ofTokens(now), [
    'wrong: secure_tokens.has_conflict: 0 -> 1',
    'wrong: secure_tokens.confidence: no row of conflicts -> conflicting',
  ]);
  const conflicts = { rows: [{ subject: 'alice', rule_id: 'M18' }] };
  const after = answers({ secure_tokens: { rows: now }, conflicts });
  t.deepEqual(words(compareAnswers(truth, after, keys, damage)), []);
});

test('a table is lost when one record is touched and nothing of it is left', (t) => {
  t.deepEqual(ofTokens([], { status: 'failed', columns_affected: null }, one), [
    'lost table: secure_tokens: ok -> failed',
  ]);
  t.deepEqual(ofTokens([], partial({ rows_may_be_missing: 1 }), one), [
    'lost table: secure_tokens: ok -> partial',
  ]);
  t.deepEqual(ofTokens([alice], partial({ rows_may_be_missing: 1 }), one), []);
  // The one record may be the one that was touched.
  const single = answers({ secure_tokens: { rows: [alice] } });
  const gone = answers({ secure_tokens: { rows: [], status: partial({ rows_may_be_missing: 1 }) } });
  t.deepEqual(words(compareAnswers(single, gone, keys, one)), []);
});

test('where the bytes say the same, what is no longer told is lost', (t) => {
  const named = partial({ columns_affected: '["secure_token"]' });
  t.deepEqual(ofTokens([{ ...alice, secure_token: null }, bob], named, same), [
    'lost: secure_tokens.secure_token: told -> not told',
  ]);
  t.deepEqual(ofTokens([alice, bob], named, same), []);
});

test('a word for "unknown" speaks for itself in a partial table', (t) => {
  const before = answers({ bootstrap_tokens: { rows: [{ state: 'escrowed' }] } });
  const after = (status: Row): Answers =>
    answers({ bootstrap_tokens: { rows: [{ state: 'unknown' }], status } });
  t.deepEqual(words(compareAnswers(before, after(partial()), keys, damage)), []);
  t.deepEqual(words(compareAnswers(before, after({}), keys, damage)), [
    'unexplained: bootstrap_tokens.state: escrowed -> unknown',
  ]);
});

const verdict = (word: Verdict['verdict'], hits: readonly Row[] = [], isBlind = false): Verdict => ({
  verdict: word,
  hits,
  isBlind,
});
const said = (before: Verdict, after: Verdict, judged = damage): readonly string[] =>
  words(compareVerdict('q', before, after, judged).complaints);

test('no verdict may turn to clean or to hit', (t) => {
  const hit = verdict('hit', [{ subject: 'alice' }]);
  t.deepEqual(said(hit, verdict('clean')), ['wrong: query q: hit -> clean']);
  t.deepEqual(said(verdict('unknown'), verdict('clean')), ['wrong: query q: unknown -> clean']);
  // Damage is nobody's choice: it makes no question one that was not asked.
  for (const word of ['clean', 'unknown', 'hit'] as const)
    t.deepEqual(said(verdict(word), verdict('not_asked')), [`wrong: query q: ${word} -> not_asked`]);
  t.deepEqual(said(verdict('not_asked'), verdict('not_asked')), []);
  t.deepEqual(said(verdict('clean'), hit), ['wrong: query q: clean -> hit']);
  t.deepEqual(said(verdict('unknown'), hit), ['wrong: query q: unknown -> hit']);
  for (const word of ['hit', 'clean'] as const)
    t.deepEqual(said(verdict(word, word === 'hit' ? [{ subject: 'alice' }] : []), verdict('unknown')), []);
});

test('a hit keeps its subjects and its facts, or says what is open', (t) => {
  const before = verdict('hit', [
    { subject: 'alice', counts: 1 },
    { subject: 'bob', counts: 0 },
  ]);
  const less = [{ subject: 'alice', counts: 1 }];
  t.deepEqual(said(before, verdict('hit', less)), ['wrong: query q: hit -> a hit less, and nothing open']);
  t.deepEqual(said(before, verdict('hit', less, true)), []);
  t.deepEqual(said(before, verdict('hit', [...before.hits, { subject: 'carol' }])), [
    'wrong: query q: hit -> another hit',
  ]);
  t.deepEqual(said(before, verdict('hit', [{ subject: 'alice', counts: 0 }, ...before.hits.slice(1)])), [
    'wrong: query q: hit -> hit with other facts',
  ]);
  t.deepEqual(
    said(before, verdict('hit', [{ subject: 'alice', counts: null }, ...before.hits.slice(1)])),
    [],
  );
});

test('a way that may be one beside a proven one of the same account is no other hit', (t) => {
  const unlock = { subject: 'alice', capability: 'unlock', kind: 'user', counts: 1 };
  const authority = { subject: 'alice', capability: 'authority', kind: 'user', counts: null };
  t.deepEqual(said(verdict('hit', [unlock]), verdict('hit', [authority, unlock], true)), []);
  t.deepEqual(said(verdict('hit', [unlock]), verdict('hit', [{ ...authority, counts: 1 }, unlock], true)), [
    'wrong: query q: hit -> another hit',
  ]);
});

test('a finding on contradicting witnesses is fair where the evidence is damaged', (t) => {
  const after = verdict('hit', [{ subject: 'alice', rule_id: 'M19' }]);
  t.deepEqual(said(verdict('clean'), after), []);
  t.deepEqual(said(verdict('clean'), after, same), ['wrong: query q: clean -> hit']);
});
