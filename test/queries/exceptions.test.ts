import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc, { runsOf } from '../property.ts';
import { UserError } from '../../collector/errors.ts';
import {
  exceptionsSchema,
  mostDaysAhead,
  parseExceptions,
  readExceptions,
} from '../../queries/exceptions.ts';
import type { Exceptions } from '../../queries/exceptions.ts';
import { matches } from '../../queries/glob.ts';
import { queries } from '../../queries/index.ts';
import type { Query } from '../../queries/query.ts';
import { placesIn } from '../../queries/json_places.ts';
import { temporaryFolder } from '../standin.ts';

const day = 86_400;
const now = Date.UTC(2026, 10, 29) / 1000;
const numRuns = runsOf(400);

const entry = {
  query: 'hidden_admin',
  host: '*',
  subject: 'itops',
  owner: 'Endpoint team',
  reason: 'The account of the management agent.',
  until: '2027-03-01',
};
type Fields = Readonly<Record<string, unknown>>;
const textOf = (...exceptions: readonly unknown[]): string =>
  JSON.stringify({ version: 1, exceptions }, null, 2);
const parse = (text: string): Exceptions => parseExceptions(text, 'exceptions.json', { queries, now });
const of = (...exceptions: readonly Fields[]): Exceptions =>
  parse(textOf(...exceptions.map((one) => ({ ...entry, ...one }))));

const errorOf = (text: string): UserError | null => {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
};

const finding = { query: 'hidden_admin', hostId: 'H-1', names: ['mac-1'], subject: 'itops' };

/** What is wrong with one entry: the fields that make it so, and words of the error. */
const bad: readonly (readonly [string, Fields | unknown[] | string, RegExp])[] = [
  ['an unknown key', { untill: '2027-03-01' }, /there is no key "untill"/],
  ['a key of Object', { constructor: 'x' }, /there is no key "constructor"/],
  ['an unknown question', { query: 'hidden_admins' }, /there is no question "hidden_admins"/],
  ['every question', { query: '*' }, /every question/],
  ['a question about seeing', { query: 'collection_blind_spots' }, /what was not seen cannot be excepted/],
  ['another about seeing', { query: 'host_not_seen' }, /what was not seen cannot be excepted/],
  ['a third about seeing', { query: 'table_not_seen' }, /what was not seen cannot be excepted/],
  ...['query', 'host', 'subject', 'owner', 'reason', 'until'].flatMap(
    (name) =>
      [
        [`no ${name}`, { [name]: undefined }, new RegExp(`${name} is missing`)],
        [`an empty ${name}`, { [name]: ' \t' }, new RegExp(`${name} is empty`)],
        [`a number as ${name}`, { [name]: 1 }, new RegExp(`${name} is a text, not 1`)],
        [`null as ${name}`, { [name]: null }, new RegExp(`${name} is a text, not null`)],
        [`a long ${name}`, { [name]: 'x'.repeat(2001) }, new RegExp(`${name} has more than`)],
      ] as const,
  ),
  ...['2027-02-30', '2027-13-01', '0000-01-01', 'soon', '2027-03-01T12:00:00', '2027-03-01T24:00:00Z'].map(
    (until) => [`until ${until}`, { until }, /until is no date/] as const,
  ),
  ...['2027-03-01T12:00:60Z', '2027-03-01T12:00:00+24:00', '2027-3-1', '20270301', ' 2027-03-01'].map(
    (until) => [`until ${until}`, { until }, /until is no date/] as const,
  ),
  ['an end in the year 2207', { until: '2207-03-01' }, /more than two years from now/],
  ['a beginning that is none', { from: 'today' }, /from is no date/],
  ['an end before its beginning', { from: '2027-03-02' }, /it ends \(2027-03-01\) before it begins/],
  ['a list', [], /no object/],
  ['a text', 'hidden_admin', /no object/],
];

test('a bad entry is named with its place, its line, its question and what to do, and nothing is suppressed', (t) => {
  for (const [what, value, words] of bad) {
    for (const before of [0, 1, 3]) {
      const whole = typeof value === 'object' && !Array.isArray(value) ? { ...entry, ...value } : value;
      const text = textOf(...Array.from({ length: before }, () => entry), whole, entry);
      const error = errorOf(text);
      if (error === null) {
        t.fail(what);
        return;
      }
      t.regex(error.message, words, what);
      const query = (whole as Fields)['query'];
      const name = typeof query === 'string' && query.trim() !== '' ? ` (${query.slice(0, 60)}` : ': ';
      t.true(error.message.includes(`exception ${before + 1}${name}`), error.message);
      t.regex(error.hint, /.; until the file is right, nothing is suppressed$/, what);
      const [, line] = /^exceptions\.json:(\d+):/.exec(error.message) ?? [];
      const begins = text.split('\n')[Number(line) - 1]?.trim() ?? '';
      t.true(begins.startsWith(Array.isArray(value) ? '[]' : typeof value === 'string' ? '"' : '{'), what);
      t.true(error.message.length < 600, what);
    }
  }
});

test('what is wrong with the file as a whole is said of the file', (t) => {
  const whole: readonly (readonly [string, RegExp])[] = [
    ['', /is not JSON/],
    ['{"version": 1,}', /is not JSON, line 1, column/],
    ['[]', /holds no object/],
    ['{"exceptions": []}', /version is nothing, and not 1/],
    ['{"version": 2, "exceptions": []}', /version is 2, and not 1/],
    ['{"version": 1}', /exceptions is no list/],
    ['{"version": 1, "exceptions": {}}', /exceptions is no list/],
    ['{"version": 1, "exceptions": [], "exception": []}', /there is no key "exception"/],
    ['{"version": 1, "exceptions": [],\n"version": 1}', /:2: "version" is given twice/],
    ['{"version": 1, "exceptions": [], "$schema": 1}', /\$schema is a text/],
  ];
  for (const [text, words] of whole) t.regex(errorOf(text)?.message ?? 'no error', words, text);
  t.is(errorOf('\ufeff{"version": 1, "exceptions": [], "$schema": "x"}'), null);
});

test('a key that an entry has twice, however it is spelt, is an error of that entry', (t) => {
  const keys = fc.constantFrom(...Object.keys(entry));
  fc.assert(
    fc.property(keys, fc.nat(3), fc.boolean(), fc.anything(), (key, place, isEscaped, value) => {
      const spelt = isEscaped
        ? Array.from(key, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
        : key;
      const twice = `{"${spelt}": ${JSON.stringify(value) ?? '0'},\n${JSON.stringify(entry).slice(1)}`;
      const others = Array.from({ length: place }, () => JSON.stringify(entry));
      const error = errorOf(`{"version": 1, "exceptions": [${[...others, twice].join(',\n')}]}`);
      t.true(
        error?.message.startsWith(`exceptions.json:${place + 1}: exception ${place + 1} (hidden_admin): `),
      );
      t.regex(error?.message ?? '', new RegExp(`"${key}" is given twice`));
    }),
    { numRuns },
  );
});

test('the places of a JSON text are those that JSON.parse has, and a text without a double key has none', (t) => {
  const spaces = fc.array(fc.constantFrom(' ', '\n', '\t', ''), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), spaces, (value, gaps) => {
      // White space goes where two marks meet.
      let at = 0;
      const gap = (): string => gaps[(at += 1) % gaps.length] ?? '';
      const write = (one: unknown): string => {
        if (Array.isArray(one))
          return `[${one.map((item) => gap() + write(item) + gap()).join(',')}${gap()}]`;
        if (typeof one !== 'object' || one === null) return JSON.stringify(one);
        const pairs = Object.entries(one).map(
          ([key, item]) => `${gap()}${JSON.stringify(key)}${gap()}:${gap()}${write(item)}`,
        );
        return `{${pairs.join(',')}${gap()}}`;
      };
      const text = write(value);
      const { twice, lines } = placesIn(text);
      t.is(twice, null, text);
      const lists = Object.entries(JSON.parse(text) as object).filter(([, one]) => Array.isArray(one));
      for (const [key, list] of lists as [string, unknown[]][]) {
        t.is(lines.get(key)?.length ?? 0, list.length, text);
        const ascending = lines.get(key)?.toSorted((a, b) => a - b) ?? [];
        t.deepEqual(lines.get(key) ?? [], ascending);
        for (const line of ascending) t.true(line <= text.split('\n').length);
      }
    }),
    { numRuns },
  );
  t.notThrows(() => placesIn('['.repeat(500_000) + ']'.repeat(500_000)));
});

test('the schema that is published takes what the program takes', (t) => {
  const isRight = new Ajv2020({ strict: true, allErrors: false }).compile(exceptionsSchema());
  const text = fc.constantFrom('x', '', ' ', 'ü'.repeat(256), '𝒳'.repeat(256), 'ü'.repeat(257), '*', 'a?');
  const some = fc.oneof(text, fc.constantFrom(null, 1, true, [], {}));
  const time = fc.constantFrom(
    '2027-03-01',
    '2027-03-01T10:00:00+02:00',
    '2027-03-01T10:00:00.5Z',
    '2027-03',
    '1',
  );
  const item = fc.record(
    {
      query: fc.constantFrom('hidden_admin', '*', '', 1),
      ...{ host: some, subject: some, owner: some, reason: some },
      until: fc.oneof({ weight: 3, arbitrary: time }, some),
      from: fc.constantFrom('2027-01-01', '2026-12-31T10:00:00Z', '', 'now'),
      other: some,
    },
    { requiredKeys: [] },
  );
  // Most are right but for one thing.
  const near = fc
    .record({ key: fc.constantFrom(...Object.keys(entry), 'from', 'other'), other: item })
    .map(({ key, other }) => {
      const change = (other as Fields)[key];
      return { ...entry, ...(change === undefined ? {} : { [key]: change }) };
    });
  const counts = { right: 0, wrong: 0 };
  fc.assert(
    fc.property(fc.array(fc.oneof(near, item), { maxLength: 2 }), (items) => {
      const document = JSON.parse(textOf(...items)) as unknown;
      const error = errorOf(textOf(...items));
      t.is(isRight(document), error === null, `${textOf(...items)}\n${error?.message}`);
      counts[error === null ? 'right' : 'wrong'] += 1;
    }),
    { numRuns: 2 * numRuns },
  );
  t.true(counts.right > 50 && counts.wrong > 50, JSON.stringify(counts));
});

test('a pattern fits as the same regular expression would, and takes no longer than both lengths multiplied', (t) => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '?', '.', '\\', '𝒳', '\n'), { maxLength: 9 });
  fc.assert(
    fc.property(letters, letters, (pattern, text) => {
      const source = pattern.map((one) =>
        one === '*' ? '[^]*' : one === '?' ? '[^]' : one.replace(/[.\\]/, '\\$&'),
      );
      const wanted = new RegExp(`^${source.join('')}$`, 'u').test(text.join(''));
      t.is(matches(pattern.join(''), text.join('')), wanted, `${pattern.join('')} on ${text.join('')}`);
    }),
    { numRuns: 5 * numRuns },
  );
  const started = performance.now();
  t.false(matches(`${'*a'.repeat(500)}*b`, 'a'.repeat(20_000)));
  t.true(performance.now() - started < 2000);
});

test('the first exception that holds is told: host without letter case, subject with it', (t) => {
  const hosts = ['*', 'H-1', 'h-2', 'MAC-1', 'mac-2', 'other'];
  const subjects = ['*', 'itops', 'ITOPS', 'it*', '?tops', 'svc'];
  const times = ['2026-11-28', '2026-11-29', '2026-12-01', '2027-01-01'];
  const one = fc.record({
    query: fc.constantFrom('hidden_admin', 'filevault_off'),
    host: fc.constantFrom(...hosts),
    subject: fc.constantFrom(...subjects),
    until: fc.constantFrom(...times),
  });
  const asked = fc.record({
    query: fc.constantFrom('hidden_admin', 'filevault_off', 'sip_off'),
    host: fc.constantFrom(1, 2, null),
    subject: fc.constantFrom('itops', 'svc', 'Itops', null),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 6 }), fc.array(asked, { maxLength: 6 }), (entries, findings) => {
      const exceptions = of(...entries);
      const used = new Set<number>();
      for (const { query, host, subject } of findings) {
        const names = host === null ? [] : [`Mac-${host}`];
        const hostId = host === null ? null : `H-${host}`;
        const is = entries.map((each) => {
          const lower = each.host.toLowerCase();
          const isHost = lower === '*' || (host !== null && [`h-${host}`, `mac-${host}`].includes(lower));
          const holds = Date.parse(each.until) / 1000 + day > now;
          return each.query === query && isHost && holds && matches(each.subject, subject ?? '');
        });
        for (const [index, fits] of is.entries()) if (fits) used.add(index + 1);
        const found = exceptions.of({ query, hostId, names, subject }, now);
        t.is(found?.entry ?? 0, is.indexOf(true) + 1);
      }
      const ended = exceptions.expired(now).map((each) => each.entry);
      const unused = exceptions.unused(now).map((each) => each.entry);
      t.deepEqual(
        [...ended, ...unused, ...used].toSorted((a, b) => a - b),
        entries.map((_, index) => index + 1),
      );
    }),
    { numRuns },
  );
});

test('when a finding came to be accepted, or to count again, is the last time at which that changed', (t) => {
  const hour = 3600;
  const at = (hours: number) => new Date((now + hours * hour) * 1000).toISOString();
  const span = fc
    .record({
      from: fc.option(fc.integer({ min: -9, max: 9 }), { nil: null }),
      hours: fc.integer({ min: 1, max: 9 }),
    })
    .map(({ from, hours }) => ({
      ...(from === null ? {} : { from: at(from) }),
      until: at((from ?? -9) + hours),
    }));
  fc.assert(
    fc.property(fc.array(span, { maxLength: 4 }), fc.integer({ min: -12, max: 12 }), (spans, hours) => {
      const exceptions = of(...spans);
      const time = now + hours * hour;
      const isAccepted = (when: number) => exceptions.of(finding, when) !== null;
      let last: number | null = null;
      for (let when = now - 12 * hour; when <= time; when += hour)
        if (isAccepted(when) !== isAccepted(when - 1)) last = when;
      t.is(exceptions.changedTime(finding, time), last);
      // To ask is no use of an exception.
      const asked = of(...spans);
      asked.changedTime(finding, time);
      t.deepEqual(
        asked.unused(time).length,
        spans.filter(
          ({ until, from }) =>
            Date.parse(until) / 1000 > time && (from === undefined || Date.parse(from) / 1000 <= time),
        ).length,
      );
    }),
    { numRuns },
  );
  t.is(of({ from: at(-1) }).changedTime({ ...finding, subject: 'other' }, now), null);
});

test('a day is the whole of it in UTC, and a moment ends at it', (t) => {
  const at = (time: number, fields: Fields): boolean => of(fields).of(finding, time) !== null;
  const march = Date.UTC(2027, 2, 1) / 1000;
  t.true(at(march + day - 1, {}));
  t.false(at(march + day, {}));
  t.true(at(march + 7199, { until: '2027-03-01T04:00:00+02:00' }));
  t.false(at(march + 7200, { until: '2027-03-01T04:00:00+02:00' }));
  t.false(at(march - 1, { from: '2027-03-01' }));
  t.true(at(march, { from: '2027-03-01' }));
  t.is(of({ until: '2025-01-01' }).expired(now).length, 1, 'what has ended is no fault of the file');
  const last = new Date((now + mostDaysAhead * day - day) * 1000).toISOString().slice(0, 10);
  t.notThrows(() => of({ until: last }));
  t.throws(() => of({ until: new Date((now + mostDaysAhead * day) * 1000).toISOString().slice(0, 10) }));
});

test('a Mac that is called by the UUID of another one is not that one', (t) => {
  const uuid = '00000001-0000-4000-8000-00000000000A';
  const exceptions = of({ host: uuid.toLowerCase() });
  t.is(exceptions.of({ ...finding, names: [uuid] }, now), null);
  t.not(exceptions.of({ ...finding, hostId: uuid, names: [] }, now), null);
  t.not(of({ host: 'u\u0308mit-mac' }).of({ ...finding, names: ['ÜMIT-Mac'] }, now), null);
});

test('no question about what was seen can be excepted, whatever it is called', (t) => {
  const kept = queries.filter(({ group }) => group === 'trust');
  t.true(kept.length > 0);
  for (const { name } of kept) t.regex(errorOf(textOf({ ...entry, query: name }))?.message ?? '', /not seen/);
  for (const query of queries.filter(({ group }) => group !== 'trust'))
    t.is(errorOf(textOf({ ...entry, query: query.name })), null, query.name);
});

test('many exceptions and many findings take time in proportion to both', (t) => {
  const count = 4000;
  const exceptions = of(
    ...Array.from({ length: count }, (_, index) => ({ host: `mac-${index}`, subject: `user${index}` })),
  );
  const started = performance.now();
  let found = 0;
  for (let index = 0; index < 5 * count; index += 1)
    if (exceptions.of({ ...finding, names: [`MAC-${index}`], subject: `user${index}` }, now) !== null)
      found += 1;
  t.is(found, count);
  // Each with each would be eighty million comparisons.
  t.true(performance.now() - started < 2000);
});

test('a file of more than 1 MiB, and one that is not UTF-8, are refused', (t) => {
  const path = join(temporaryFolder(t), 'exceptions.json');
  const read = (): number => readExceptions(path, { now }).all.length;
  writeFileSync(path, textOf(entry, entry));
  t.is(read(), 2);
  writeFileSync(path, textOf(entry).padEnd(1024 * 1024));
  t.is(read(), 1);
  writeFileSync(path, textOf(entry).padEnd(1024 * 1024 + 1));
  t.throws(read, { message: /has more than 1 MiB/ });
  writeFileSync(path, Buffer.concat([Buffer.from(textOf(entry)), Buffer.from([0xff])]));
  t.throws(read, { message: /is not UTF-8/ });
  t.throws(() => readExceptions(`${path}.not`, { now }), { instanceOf: UserError });
});

test('the name that a question had is for all that came of it, and what a question has goes before it', (t) => {
  const split = queries.find(({ formerly }) => formerly.length > 0);
  const former = split?.formerly[0] ?? '';
  const became = queries.filter(({ formerly }) => formerly.includes(former)).map(({ name }) => name);
  t.true(became.length > 1, former);
  const exceptions = of({ query: former });
  for (const query of queries.map(({ name }) => name))
    t.is(exceptions.of({ ...finding, query }, now) !== null, became.includes(query), query);
  t.deepEqual(exceptions.unused(now), []);
  const own = parseExceptions(textOf({ ...entry, query: former }), 'x.json', {
    queries: [...queries, { ...(split as Query), name: former, formerly: [] }],
    now,
  });
  for (const query of became) t.is(own.of({ ...finding, query }, now), null);
  t.not(own.of({ ...finding, query: former }, now), null);
});
