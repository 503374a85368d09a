/** What a site changes of the questions: how grave they are and whether they are asked, and nothing else, whatever stands in its files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc, { runsOf } from '../property.ts';
import { evaluateIn } from '../../cli/findings.ts';
import { UserError } from '../../collector/errors.ts';
import { gradeOn } from '../../queries/evaluate.ts';
import type { Answer } from '../../queries/evaluate.ts';
import { findingsOfAnswer } from '../../queries/findings.ts';
import type { Judgement } from '../../queries/findings.ts';
import { queries } from '../../queries/index.ts';
import { judgePending } from '../../queries/judging.ts';
import { Overlay, overlaySchema, readOverlay } from '../../queries/overlay.ts';
import { isOff, parseQuery, severities } from '../../queries/query.ts';
import type { Query, Severity } from '../../queries/query.ts';
import { isAboutSeeing } from '../../queries/reviewed.ts';
import { openForWriting, transact } from '../../store/file.ts';
import type { Store } from '../../store/store.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { cleanHost, deny, now, set } from './constructed.ts';
import { fleetOf } from './fleet.ts';
import { snapshotsOf } from './life.ts';
import { relationsOf, sqliteOf } from './relations.ts';

const entry = {
  query: 'guest_login_on',
  severity: 'high',
  owner: 'Endpoint team',
  reason: 'A guest here is at the till.',
};
type Fields = Readonly<Record<string, unknown>>;
const textOf = (...changes: readonly unknown[]): string => JSON.stringify({ version: 1, changes }, null, 2);
const overlayOf = (...entries: readonly Fields[]): Overlay => {
  const overlay = new Overlay(queries);
  overlay.add(textOf(...entries.map((one) => ({ ...entry, ...one }))), 'overlay.json');
  return overlay;
};
const errorOf = (text: string): UserError | null => {
  try {
    new Overlay(queries).add(text, 'overlay.json');
    return null;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
};
const applied = (query: Query, severity: string): Query =>
  overlayOf({ query: query.name, severity }).apply([query])[0] as Query;
const rank = (severity: Severity): number => severities.indexOf(severity);

const bad: readonly (readonly [string, unknown, RegExp])[] = [
  ['an unknown key', { severty: 'low' }, /there is no key "severty"/],
  ['a key of Object', { constructor: 'x' }, /there is no key "constructor"/],
  ['an end, which an overlay has not', { until: '2027-03-01' }, /there is no key "until"/],
  ['an unknown question', { query: 'guest_login' }, /there is no question "guest_login"/],
  ['every question', { query: '*' }, /no entry is for every question/],
  ['a severity that is none', { severity: 'severe' }, /there is no severity "severe"/],
  ['a severity in capitals', { severity: 'High' }, /there is no severity "High"/],
  ['off as false', { severity: false }, /severity is a text, not false/],
  ['what was not seen, off', { query: 'host_not_seen', severity: 'off' }, /about what was not seen/],
  ['what was not seen, less', { query: 'table_not_seen', severity: 'low' }, /about what was not seen/],
  [
    'more than its rows say',
    { query: 'token_source_conflicts', severity: 'critical' },
    /say how much they matter/,
  ],
  ...['query', 'severity', 'owner', 'reason'].flatMap(
    (name) =>
      [
        [`no ${name}`, { [name]: undefined }, new RegExp(`${name} is missing`)],
        [`an empty ${name}`, { [name]: ' \t' }, new RegExp(`${name} is empty`)],
        [`a number as ${name}`, { [name]: 1 }, new RegExp(`${name} is a text, not 1`)],
        [`a long ${name}`, { [name]: 'x'.repeat(2001) }, new RegExp(`${name} has more than`)],
      ] as const,
  ),
  ['a list', [], /no object/],
  ['a text', 'guest_login_on', /no object/],
];

test('a bad entry is named with its place, its line and its question, and nothing is changed', (t) => {
  for (const [what, value, words] of bad) {
    const isFields = typeof value === 'object' && !Array.isArray(value);
    const whole = isFields ? { ...entry, ...value } : value;
    const before = { ...entry, query: 'sip_off', severity: 'off' };
    const text = textOf(before, whole, { ...entry, query: 'root_login_on' });
    const error = errorOf(text);
    t.regex(error?.message ?? 'no error', words, what);
    const query = (whole as Fields)['query'];
    const name = typeof query === 'string' && query.trim() !== '' ? ` (${query.slice(0, 60)}` : ': ';
    t.true(error?.message.includes(`: change 2${name}`), error?.message);
    t.regex(error?.hint ?? '', /.; until the file is right, nothing is changed$/, what);
    t.true((error?.message.length ?? 0) < 600, what);
  }
  t.regex(errorOf(textOf({ ...entry, query: 'guest_login' }))?.hint ?? '', /did you mean guest_login_on\?/);
  for (const text of ['', '[]', '{"changes": []}', '{"version": 1}', '{"version": 1, "exceptions": []}'])
    t.not(errorOf(text), null, text);
  t.regex(
    errorOf('{"version": 1, "changes": [{"query": "a",\n"query": "b"}]}')?.message ?? '',
    /change 1 \(b\): "query" is given twice/,
  );
});

test('a question is changed once, by whatever name and in whichever file', (t) => {
  t.regex(errorOf(textOf(entry, entry))?.message ?? '', /guest_login_on is changed by overlay\.json:4, too/);
  // The name of a question that was split is for all that came of it.
  const former = queries.filter(({ formerly }) => formerly.includes('login_exposure'));
  t.true(former.length > 1);
  const split = overlayOf({ query: 'login_exposure', severity: 'off' }).apply(queries);
  t.deepEqual(
    split.filter(isOff).map(({ name }) => name),
    former.map(({ name }) => name),
  );
  t.regex(
    errorOf(textOf({ ...entry, query: 'login_exposure' }, entry))?.message ?? '',
    /change 2 \(guest_login_on\): guest_login_on is changed by overlay\.json:4, too/,
  );
  const folder = temporaryFolder(t);
  const sub = join(folder, 'sub');
  mkdirSync(sub);
  writeFileSync(join(folder, 'a.json'), textOf(entry));
  writeFileSync(join(folder, 'README.md'), 'Not read.');
  writeFileSync(join(sub, 'b.json'), textOf({ ...entry, query: 'sip_off', severity: 'off' }));
  const both = readOverlay(folder).apply(queries);
  t.deepEqual(
    both.flatMap(({ name, overlay }) => (overlay === undefined ? [] : [[name, overlay.place]])),
    [
      ['guest_login_on', `${join(folder, 'a.json')}:4`],
      ['sip_off', `${join(sub, 'b.json')}:4`],
    ].toSorted(
      (a, b) => queries.findIndex((q) => q.name === a[0]) - queries.findIndex((q) => q.name === b[0]),
    ),
  );
  writeFileSync(join(folder, 'c.json'), textOf(entry));
  t.throws(() => readOverlay(folder), {
    message: /c\.json:4: change 1 \(guest_login_on\): .*a\.json:4, too$/,
  });
});

test('a folder that cannot be read, has no file, or one of more than 1 MiB is refused', (t) => {
  const folder = temporaryFolder(t);
  t.throws(() => readOverlay(folder), { message: /has no \.json file$/ });
  t.throws(() => readOverlay(join(folder, 'nowhere')), { instanceOf: UserError, message: /nowhere/ });
  const file = join(folder, 'a.json');
  writeFileSync(file, textOf(entry));
  t.throws(() => readOverlay(file), { message: /is no folder$/ });
  writeFileSync(file, textOf(entry) + ' '.repeat(1024 * 1024));
  t.throws(() => readOverlay(folder), { message: /1048576|1 MiB/ });
  writeFileSync(file, Buffer.from([0x7b, 0xff]));
  t.throws(() => readOverlay(folder), { message: /is not UTF-8/ });
});

test('the schema that is published takes what the program takes', (t) => {
  const isRight = new Ajv2020({ strict: true }).compile(overlaySchema());
  const some = fc.constantFrom('x', '', ' ', 'ü'.repeat(256), 'ü'.repeat(257), null, 1, [], {});
  const item = fc.record(
    {
      query: fc.constantFrom('sip_off', '*', '', 1),
      severity: fc.constantFrom(...severities, 'off', 'on', '', 1),
      ...{ owner: some, reason: some, other: some },
    },
    { requiredKeys: [] },
  );
  const near = fc
    .record({ key: fc.constantFrom(...Object.keys(entry), 'other'), other: item })
    .map(({ key, other }) => {
      const change = (other as Fields)[key];
      return { ...entry, ...(change === undefined ? {} : { [key]: change }) };
    });
  const counts = { right: 0, wrong: 0 };
  fc.assert(
    fc.property(fc.array(fc.oneof(near, item), { maxLength: 1 }), (items) => {
      const text = textOf(...items);
      const error = errorOf(text);
      t.is(isRight(JSON.parse(text)), error === null, `${text}\n${error?.message}`);
      counts[error === null ? 'right' : 'wrong'] += 1;
    }),
    { numRuns: runsOf(500) },
  );
  t.true(counts.right > 50 && counts.wrong > 50, JSON.stringify(counts));
});

test('of every question each severity is taken or refused, and never one that hides what was not seen', (t) => {
  for (const query of queries) {
    for (const severity of [...severities, 'off'] as const) {
      const isLess = severity === 'off' || rank(severity) < rank(query.severity);
      const isRefused =
        (isAboutSeeing(query) && isLess) ||
        (query.severityFrom !== null && severity !== 'off' && rank(severity) > rank(query.severity));
      const error = errorOf(textOf({ ...entry, query: query.name, severity }));
      t.is(error !== null, isRefused, `${query.name} ${severity}`);
      if (isRefused) continue;
      const changed = applied(query, severity);
      if (severity === query.severity) t.is(changed, query);
      else if (severity === 'off') t.deepEqual([isOff(changed), changed.severity], [true, query.severity]);
      else {
        t.is(changed.severity, severity);
        t.deepEqual(
          changed.severityWhere,
          query.severityWhere.filter((rule) => rank(rule.severity) < rank(severity)),
        );
      }
      const { overlay: _overlay, severity: _severity, severityWhere: _where, ...rest } = changed;
      const { severity: _own, severityWhere: _rules, ...before } = query;
      t.deepEqual(rest, before);
    }
  }
});

/** A fleet with findings, and hosts of which something was not seen. */
const asked = (all: readonly Query[]): readonly Answer[] => {
  const blind = cleanHost('BLIND');
  for (const table of ['users', 'filevault_status', 'mdm_enrollments']) deny(blind, table);
  const open = cleanHost('OPEN');
  set(open, 'loginwindow_settings', { guest_enabled: 1 });
  set(open, 'filevault_status', { filevault_enabled: 0, status: 'off' });
  set(open, 'hosts', { is_virtual_machine: 1 });
  const db = sqliteOf(relationsOf([...fleetOf(6), blind, open]));
  const answers = evaluateIn({ db, now }, all);
  db.close();
  return answers;
};

const factsOf = ({ hits, blindSpots, verdicts }: Answer) => ({
  ...{ hits, blindSpots: [...blindSpots], verdicts: [...verdicts] },
});

test('what is switched off is not asked on every host, and every other answer is the same', (t) => {
  const before = new Map(asked(queries).map((answer) => [answer.query.name, answer]));
  t.true([...before.values()].filter(({ hits }) => hits.length > 0).length > 10);
  const may = queries.filter((query) => !isAboutSeeing(query));
  // Each is off in one of three rounds, and all of them in the last.
  for (const round of [0, 1, 2, null]) {
    const off = may.filter((_query, index) => round === null || index % 3 === round);
    const names = new Set(off.map(({ name }) => name));
    const overlay = overlayOf(...off.map(({ name }) => ({ query: name, severity: 'off' })));
    const answers = asked(overlay.apply(queries));
    t.is(answers.length, queries.length);
    for (const answer of answers) {
      const { name } = answer.query;
      const was = before.get(name) as Answer;
      if (!names.has(name)) {
        t.deepEqual(factsOf(answer), factsOf(was), name);
        continue;
      }
      t.deepEqual([...answer.verdicts.keys()], [...was.verdicts.keys()]);
      t.deepEqual(new Set(answer.verdicts.values()), new Set(['not_asked']), name);
      t.is(answer.hits.length, 0);
      for (const [spot] of answer.blindSpots.values())
        t.regex(spot?.reason ?? '', /^switched off by the overlay, of Endpoint team: A guest here/);
      t.is(answer.blindSpots.size, answer.verdicts.size);
    }
  }
});

test('another severity changes no answer; on a host it is that of the overlay, or what the header lowers it to', (t) => {
  const before = new Map(asked(queries).map((answer) => [answer.query.name, answer]));
  let [raised, lowered, byHeader] = [0, 0, 0];
  for (const severity of severities) {
    const may = queries.filter(
      (query) => errorOf(textOf({ ...entry, query: query.name, severity })) === null,
    );
    const overlay = overlayOf(...may.map(({ name }) => ({ query: name, severity })));
    for (const answer of asked(overlay.apply(queries))) {
      const was = before.get(answer.query.name) as Answer;
      t.deepEqual(factsOf(answer), factsOf(was), answer.query.name);
      if (answer.query.overlay === undefined) continue;
      const findings = findingsOfAnswer(answer);
      for (const [index, finding] of findings.entries()) {
        const own = findingsOfAnswer(was)[index];
        if (finding.severityReason === `overlay: ${entry.reason}`) {
          t.is(finding.severity, severity);
          if (rank(severity) > rank(own?.severity ?? 'info')) raised += 1;
          else lowered += 1;
        } else {
          t.true(rank(finding.severity) < rank(severity), answer.query.name);
          byHeader += 1;
        }
      }
      for (const host of answer.verdicts.keys())
        t.true(rank(gradeOn(answer, host).severity) <= rank(severity));
    }
  }
  t.true(raised > 10 && lowered > 10 && byHeader > 0, `${raised} ${lowered} ${byHeader}`);
});

const all = (store: Store, sql: string): unknown[][] => store.db.prepare(sql).raw(true).all() as unknown[][];

test('a store keeps by what each snapshot was judged; what is switched off is withdrawn, and never resolved', (t) => {
  const day = { isFilevaultOff: true, hasHiddenAdmin: false, isGuestOn: true, denied: null };
  const host = 'AAAAAAAA-0000-4000-8000-000000000001';
  const snapshots = snapshotsOf(host, [day, day, day, day, day]);
  const store = openForWriting(join(temporaryFolder(t), 'fleet.db'), tables);
  const take = (snapshot: Snapshot, overlay: Overlay | null): void => {
    const judgement: Judgement = { overlay };
    transact(store, () => storeWriter(store.db, tables).add([snapshot], now));
    judgePending(store, new Map([[host, snapshot.collectedTime]]), judgement);
  };
  const raised = overlayOf({ severity: 'critical' }, { query: 'filevault_off', severity: 'off' });
  const info = overlayOf({ severity: 'info' });
  for (const [index, overlay] of [null, raised, raised, null, info].entries())
    take(snapshots[index] as Snapshot, overlay);
  const start = now - 5 * 86_400;
  const events = (name: string) =>
    all(
      store,
      `SELECT event, event_time FROM finding_events WHERE query_name = '${name}' ORDER BY event_number`,
    ).map(([event, time]) => [event, (Number(time) - start) / 86_400]);
  t.deepEqual(events('guest_login_on'), [
    ['new', 0],
    ['changed', 1],
    ['changed', 3],
    ['withdrawn', 4],
  ]);
  t.deepEqual(events('filevault_off'), [
    ['new', 0],
    ['withdrawn', 1],
    ['new', 3],
  ]);
  t.deepEqual(
    all(
      store,
      "SELECT severity, json_extract(details, '$[0].severity_reason') FROM findings_history WHERE query_name = 'guest_login_on' ORDER BY valid_from_time",
    ),
    [
      ['low', null],
      ['critical', `overlay: ${entry.reason}`],
      ['low', null],
    ],
  );
  const verdicts = (name: string) =>
    all(
      store,
      `SELECT verdict, (valid_from_time - ${start}) / 86400 FROM verdicts_history WHERE query_name = '${name}' ORDER BY valid_from_time`,
    );
  t.deepEqual(verdicts('filevault_off'), [
    ['hit', 0],
    ['not_asked', 1],
    ['hit', 3],
  ]);
  store.close();
});

test('a question of a user’s own, and one that only a store can answer, are switched off too', (t) => {
  const own = parseQuery(
    "-- name: shells\n-- title: T\n-- severity: low\n-- purpose: P\n-- requires: users.shell\nSELECT u.host_id, u.username AS subject FROM users u WHERE u.shell = '/bin/zsh'",
    'shells.sql',
  );
  const overlay = new Overlay([...queries, own]);
  overlay.add(
    textOf(
      { ...entry, query: 'shells', severity: 'off' },
      { ...entry, query: 'account_created', severity: 'off' },
    ),
    'o.json',
  );
  const history = queries.find(({ name }) => name === 'account_created') as Query;
  const [first, second] = asked(overlay.apply([own, history]));
  t.deepEqual(new Set(first?.verdicts.values()), new Set(['not_asked']));
  t.regex([...(second?.blindSpots.values() ?? [])][0]?.[0]?.reason ?? '', /switched off/);
});
