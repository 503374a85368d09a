import test from 'ava';
import { calendarTime, osqueryFormat } from '../../export/formats/osquery.ts';
import type { OsqueryOptions } from '../../export/formats/osquery.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { retain } from '../../store/retention.ts';
import { openForWriting } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { linesOf, parsed, exportOf, sampleStore, tableOf, textOf, withStore } from './world.ts';

const current = (path: string, options: OsqueryOptions): string =>
  withStore(path, (store) =>
    textOf(osqueryFormat(options), exportReader(store, { tables, rowSql: null }).currentSnapshots()),
  );

const changes = (path: string, options: OsqueryOptions): string =>
  withStore(path, (store) => {
    const reading = exportReader(store, { tables, rowSql: null });
    const format = osqueryFormat(options);
    return reading.hosts
      .map((host) =>
        textOf(
          format,
          reading.changedSnapshots(host, 0, () => true),
        ),
      )
      .join('');
  });

interface Line {
  readonly name: string;
  readonly hostIdentifier: string;
  readonly calendarTime: string;
  readonly unixTime: number;
  readonly epoch: number;
  readonly counter: number;
  readonly numerics: boolean;
  readonly decorations: Readonly<Record<string, string>>;
  readonly columns: Readonly<Record<string, unknown>>;
  readonly action: string;
}

const common = [
  'name',
  'hostIdentifier',
  'calendarTime',
  'unixTime',
  'epoch',
  'counter',
  'numerics',
  'decorations',
];

test('calendarTime is asctime in UTC, its day padded with a space', (t) => {
  t.is(calendarTime(1_462_228_052), 'Mon May  2 22:27:32 2016 UTC');
  t.is(calendarTime(1_787_220_000), 'Thu Aug 20 10:00:00 2026 UTC');
});

test('event lines have osquery’s keys in osquery’s order, and its types', async (t) => {
  const path = await sampleStore(t);
  for (const text of [current(path, { form: 'event' }), changes(path, { form: 'event' })]) {
    const lines = parsed(text) as unknown as Line[];
    t.true(lines.length > 1000);
    for (const line of lines) {
      t.deepEqual(Object.keys(line), [...common, 'columns', 'action']);
      for (const name of ['unixTime', 'epoch', 'counter'] as const)
        t.true(Number.isInteger(line[name]), name);
      t.is(line.numerics, false);
      t.is(line.calendarTime, calendarTime(line.unixTime));
      t.is(line.decorations['host_uuid'], line.hostIdentifier);
      t.true(['added', 'removed', 'snapshot'].includes(line.action));
      const names = Object.keys(line.columns);
      t.deepEqual(names, names.toSorted());
      for (const value of Object.values({ ...line.columns, ...line.decorations }))
        t.is(typeof value, 'string');
    }
  }
});

test('NULL is the empty text, also among numbers; a double has its point', async (t) => {
  const path = await sampleStore(t);
  const row = (options: OsqueryOptions) =>
    (parsed(current(path, options)) as unknown as Line[]).find(
      ({ name }) => name === 'pack_tokenquery_account_policy_data',
    );
  const texts = row({ form: 'event' });
  t.is(texts?.columns['last_login_time'], '');
  t.is(texts?.columns['failed_login_timestamp'], '0.0');
  t.is(texts?.columns['failed_login_count'], '0');
  const numbers = row({ form: 'event', isNumeric: true });
  t.true(numbers?.numerics);
  t.is(numbers?.columns['last_login_time'], '');
  t.is(numbers?.columns['failed_login_timestamp'], 0);
  t.is(numbers?.columns['failed_login_count'], 0);
  t.is(typeof numbers?.columns['username'], 'string');
});

test('a whole set is number 0 of a new epoch, all of it added', async (t) => {
  const path = await sampleStore(t);
  for (const line of parsed(current(path, { form: 'event' })) as unknown as Line[]) {
    t.is(line.counter, 0);
    const isReport = /(?:table_status|collection_errors|command_log)$/.test(line.name);
    t.is(line.action, isReport ? 'snapshot' : 'added');
    t.is(line.epoch, isReport ? 0 : line.unixTime);
  }
});

test('removed comes before added, the counter is 0 first and moves by one with each change', async (t) => {
  const path = await sampleStore(t);
  const lines = parsed(changes(path, { form: 'event' })) as unknown as Line[];
  const groups = Map.groupBy(
    lines.filter(({ action }) => action !== 'snapshot'),
    ({ name, hostIdentifier }) => `${hostIdentifier} ${name}`,
  );
  let moved = 0;
  for (const [name, own] of groups) {
    const counters = [...new Set(own.map(({ counter }) => counter))];
    t.deepEqual(counters, [...counters.keys()], name);
    for (const counter of counters) {
      const actions = own.filter((line) => line.counter === counter).map(({ action }) => action);
      t.deepEqual(actions, actions.toSorted().toReversed(), `${name}: removed after added`);
      if (counter === 0) t.false(actions.includes('removed'));
      else moved += 1;
    }
    for (const { epoch } of own) t.is(epoch, 0);
  }
  // Two hosts, two tables that changed.
  t.is(moved, 4);
  const users = lines.filter(({ name, counter }) => name === 'pack_tokenquery_users' && counter === 1);
  t.deepEqual(
    users.map(({ action }) => action),
    ['removed', 'added', 'removed', 'added'],
  );
  t.is(users[1]?.columns['username'], 'zoe');
  const tokens = lines.filter(
    ({ name, counter }) => name === 'pack_tokenquery_secure_tokens' && counter === 1,
  );
  t.is(tokens[0]?.columns['username'], tokens[1]?.columns['username']);
  t.is(tokens[1]?.columns['secure_token'], '0');
});

test('what retain dropped begins a new epoch, whose counter is 0 again', async (t) => {
  const path = await sampleStore(t);
  const store = openForWriting(path, tables);
  // After the first snapshots and before the second.
  retain(store, 1_790_100_000);
  store.close();
  const lines = (parsed(changes(path, { form: 'event' })) as unknown as Line[]).filter(
    ({ action }) => action !== 'snapshot',
  );
  t.deepEqual([...new Set(lines.map(({ epoch }) => epoch))], [1_790_100_000]);
  t.deepEqual([...new Set(lines.map(({ counter }) => counter))].toSorted(), [0, 1]);
});

test('batch lines hold a whole difference, snapshot lines a whole table', async (t) => {
  const path = await sampleStore(t);
  const batches = parsed(changes(path, { form: 'batch' })).filter((line) => 'diffResults' in line);
  const events = parsed(changes(path, { form: 'event' })) as unknown as Line[];
  for (const line of batches) {
    t.deepEqual(Object.keys(line), ['diffResults', ...common]);
    t.deepEqual(Object.keys(line['diffResults'] as object), ['removed', 'added']);
  }
  const rows = batches.flatMap((line) => {
    const { removed, added } = line['diffResults'] as { removed: unknown[]; added: unknown[] };
    return [...removed, ...added];
  });
  t.deepEqual(
    rows,
    events.filter(({ action }) => action !== 'snapshot').map(({ columns }) => columns),
  );
  const snapshots = parsed(current(path, { form: 'snapshot' }));
  for (const line of snapshots) {
    t.deepEqual(Object.keys(line), ['snapshot', 'action', ...common]);
    t.is(line['action'], 'snapshot');
    t.is(line['counter'], 0);
  }
  t.deepEqual(
    snapshots.flatMap((line) => line['snapshot'] as unknown[]),
    (parsed(current(path, { form: 'event' })) as unknown as Line[]).map(({ columns }) => columns),
  );
  // An empty table that was looked at is said to be empty.
  t.true(snapshots.some((line) => (line['snapshot'] as unknown[]).length === 0));
});

test('bytes are escaped only when it is asked for, as osqueryd does it', (t) => {
  const table = tableOf('deleted_users');
  const snapshot = () => [exportOf(table, ['é\u0007 €', 501, null])];
  const [plain] = parsed(textOf(osqueryFormat({ form: 'event' }), snapshot())) as unknown as Line[];
  t.is(plain?.columns['username'], 'é\u0007 €');
  const text = textOf(osqueryFormat({ form: 'event', isEscaped: true }), snapshot());
  const [escaped] = parsed(text) as unknown as Line[];
  t.is(escaped?.columns['username'], '\\xC3\\xA9\\x07 \\xE2\\x82\\xAC');
  t.is(linesOf(text).length, 1);
});
