/** The report on a collection by cursor: nothing but what is new, and nothing that is new left out. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { readCursor, writeCursor } from '../../export/cursor.ts';
import type { Cursor } from '../../export/cursor.ts';
import { formats } from '../../export/formats/index.ts';
import { isReport } from '../../export/format.ts';
import type { ExportSnapshot } from '../../export/format.ts';
import { redaction } from '../../export/redaction.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { sourceOf } from '../../cli/export_source.ts';
import type { ExportPlan } from '../../cli/export_plan.ts';
import { holdsRows } from '../../collector/status.ts';
import { openForWriting } from '../../store/file.ts';
import { retain } from '../../store/retention.ts';
import { snapshotIdOf } from '../../store/snapshot.ts';
import type { Cells, Snapshot, TableObservation } from '../../store/snapshot.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import fc, { runsOf } from '../property.ts';
import { cli, root, temporaryFolder } from '../standin.ts';
import { addTo, hostNumber, linesOf, parsed, sampleSnapshots, storeAt, tableOf, textOf } from './world.ts';

const day = 86_400;
const start = 1_790_000_000;
const seenTables = ['hosts', 'users', 'groups', 'apfs_volumes'];
const reports = tables.filter(isReport);
const statusColumns = Object.keys(tableOf('table_status').columns);
const passing = new Map(
  reports.map(({ name, columns }) => [
    name,
    Object.entries(columns).flatMap(([column, { passing: when }]) => (when === 'always' ? [column] : [])),
  ]),
);

/** What a night finds: which of the tables are denied, which errors there are, and how long it took. */
interface Night {
  readonly denied: readonly string[];
  readonly errors: readonly string[];
  readonly took: number;
}

const statusRow = (name: string, { status, rowCount }: TableObservation, { took }: Night): Cells => {
  const row: Readonly<Record<string, Cells[number]>> = {
    ...{ table_name: name, status, row_count: rowCount, duration_ms: took },
    code: status === 'denied' ? 'permission_denied' : null,
    reason: status === 'denied' ? `${name} needs root` : null,
    ...{ failed_sources: '[]', rows_may_be_missing: 0, columns_uncertain: '[]', columns_inapplicable: '{}' },
  };
  return statusColumns.map((column) => row[column] ?? null);
};

const snapshotOf = (base: Snapshot, host: number, time: number, night: Night): Snapshot => {
  const observations = new Map<string, TableObservation>();
  for (const name of seenTables) {
    const is = base.observations.get(name);
    if (is === undefined) continue;
    const { digest } = is;
    const denied = {
      status: 'denied',
      affected: null,
      failed: null,
      rowCount: 0,
      cells: [],
      digest,
    } as const;
    observations.set(name, night.denied.includes(name) ? denied : is);
  }
  const known = { ...base, hostId: hostNumber(host), collectedTime: time, observations };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    report: {
      status: [...observations].map(([name, is]) => statusRow(name, is, night)),
      errors: night.errors.map((message) => ['users', null, 'command_failed', message, null]),
      commands: [],
    },
  };
};

/** What a newer version of the program makes of the same evidence: another snapshot of the same second. */
const readAnew = (snapshot: Snapshot): Snapshot => {
  const observations = new Map(snapshot.observations);
  observations.delete('apfs_volumes');
  const read = { ...snapshot, toolVersion: '99.0.0', observations };
  return { ...read, snapshotId: snapshotIdOf(read) };
};

const planOf = (cursorPath: string, more: Partial<ExportPlan> = {}): ExportPlan => ({
  ...{ what: 'changes', formatName: 'ecs', formatOptions: {}, format: formats.ecs.make({ hasChange: true }) },
  tables: tables.filter(({ name }) => name !== 'command_log'),
  ...{ areTablesNamed: false, hosts: null, asOf: null, snapshotId: null, redact: null, mayMixLevels: false },
  ...{ cursorPath, isStatusRepeated: false, withPasses: false, overlayFolder: null },
  ...more,
});

/** A document of a report: of which host, snapshot and moment, and its row. */
interface Told {
  readonly id: string;
  readonly host: string;
  readonly snapshot: string;
  readonly time: string;
  readonly table: string;
  readonly row: Record<string, unknown>;
}

const toldIn = (text: string): readonly Told[] =>
  parsed(text).flatMap((document) => {
    const { snapshot_id: snapshot, ...own } = document['tokenquery'] as Record<string, unknown>;
    const table = reports.find(({ name }) => own[name] !== undefined)?.name;
    if (table === undefined) return [];
    const { id: host } = document['host'] as { id: string };
    const { id } = document['event'] as { id: string };
    const time = String(document['@timestamp']);
    return [{ id, host, snapshot: String(snapshot), time, table, row: own[table] as Told['row'] }];
  });

/** What a report says, without what is another in each snapshot by itself. */
const wordsOf = (told: readonly Told[], withLastGood: boolean): readonly string[] =>
  told
    .map(({ table, row }) => {
      const isGood = table === 'table_status' && holdsRows(row['status'] as 'ok', Number(row['row_count']));
      const dropped = [...(passing.get(table) ?? []), ...(isGood || !withLastGood ? ['last_good_time'] : [])];
      const kept = Object.entries(row).filter(([name]) => !dropped.includes(name));
      return JSON.stringify([table, kept]);
    })
    .toSorted();

/** Somebody who reads the documents as docs/siem.md says. */
class Receiver {
  readonly #documents: Told[] = [];
  readonly #isByTime: boolean;

  /** @param isByTime The last one is that of the latest snapshot, and not the one that came last. */
  constructor(isByTime: boolean) {
    this.#isByTime = isByTime;
  }

  take(told: readonly Told[]): void {
    this.#documents.push(...told);
  }

  /** The report of the last snapshot of which more was told than the row of `hosts`. */
  reportOf(host: string): readonly Told[] {
    const runs = Map.groupBy(
      this.#documents.filter((one) => one.host === host),
      ({ snapshot }) => snapshot,
    );
    const whole = [...runs.values()].filter((own) =>
      own.some(({ table, row }) => table !== 'table_status' || row['table_name'] !== 'hosts'),
    );
    const placeOf = (own: readonly Told[]): number | string =>
      this.#isByTime ? (own[0]?.time ?? '') : this.#documents.lastIndexOf(own.at(-1) as Told);
    const last = whole.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)).at(-1) ?? [];
    // A row that comes again takes the place of the former one.
    return [...new Map(last.map((one) => [one.id, one])).values()];
  }
}

interface Run {
  readonly text: string;
  readonly isDone: boolean;
}

/** What cli/commands/export.ts does; killed after so many lines, the cursor stays as the run has it then. */
const exported = async (store: Store, plan: ExportPlan, killedAfter: number | null): Promise<Run> => {
  const { snapshots, news, reports: own } = await sourceOf(plan, store);
  let text = '';
  for (const snapshot of snapshots) {
    const redacted =
      plan.redact === null ? snapshot : plan.redact.apply(snapshot as unknown as ExportSnapshot);
    const told = own?.apply(snapshot.head, redacted as ExportSnapshot) ?? redacted;
    for (const chunk of plan.format.snapshot(told)) {
      for (const line of linesOf(String(chunk))) {
        if (killedAfter !== null && linesOf(text).length >= killedAfter) return { text, isDone: false };
        text += `${line}\n`;
      }
    }
  }
  if (killedAfter !== null) return { text, isDone: false };
  const next = news?.next as Cursor;
  writeCursor(plan.cursorPath as string, { ...next, reports: own?.told ?? next.reports });
  return { text, isDone: true };
};

/** What the store has: the report of each host's last snapshot. */
const stored = (store: Store, plan: ExportPlan): readonly Told[] => {
  const reader = exportReader(store, { tables: reports, rowSql: null });
  const snapshots = [...reader.currentSnapshots()].map((one) => plan.redact?.apply(one) ?? one);
  return toldIn(textOf(plan.format, snapshots)).filter(({ table }) => table !== 'command_log');
};

type Step =
  | { readonly do: 'night'; readonly host: number; readonly night: Night }
  | { readonly do: 'late'; readonly host: number; readonly back: number; readonly night: Night }
  | { readonly do: 'again'; readonly host: number; readonly night: Night }
  | { readonly do: 'export'; readonly killedAfter: number | null; readonly isRepeated: boolean }
  | { readonly do: 'forget' };

// Few kinds: what is as it was some nights before is where a cursor could err.
const kinds: readonly Omit<Night, 'took'>[] = [
  { denied: [], errors: [] },
  { denied: ['users'], errors: [] },
  { denied: ['users'], errors: ['a'] },
  { denied: ['users', 'groups'], errors: ['a', 'b'] },
];
const anyNight = fc
  .record({ kind: fc.constantFrom(...kinds.slice(0, 1), ...kinds), took: fc.nat(9) })
  .map(({ kind, took }): Night => ({ ...kind, took }));
const host = fc.constantFrom(1, 1, 2);
const exporting = fc.record({
  do: fc.constant('export' as const),
  killedAfter: fc.oneof(
    { weight: 3, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.constant(9999) },
    fc.nat(60),
  ),
  isRepeated: fc.constantFrom(false, false, false, true),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('night' as const), host, night: anyNight }) },
  { weight: 5, arbitrary: exporting },
  fc.record({
    do: fc.constant('late' as const),
    host,
    back: fc.integer({ min: 1, max: 4 }),
    night: anyNight,
  }),
  fc.record({ do: fc.constant('again' as const), host, night: anyNight }),
  fc.record({ do: fc.constant('forget' as const) }),
);

/** A store, a cursor and those who read what is exported, night after night. */
class World {
  readonly #t: ExecutionContext;
  readonly #base: Snapshot;
  readonly #store: Store;
  readonly #plan: ExportPlan;
  readonly #receivers = [new Receiver(true), new Receiver(false)];
  readonly #last = new Map<number, Snapshot>();
  #now = start;

  constructor(t: ExecutionContext, base: Snapshot, more: Partial<ExportPlan>) {
    const folder = temporaryFolder(t);
    this.#t = t;
    this.#base = base;
    this.#store = openForWriting(join(folder, 'fleet.db'), tables);
    this.#plan = planOf(join(folder, 'cursor'), more);
  }

  close(): void {
    this.#store.close();
  }

  async take(step: Step): Promise<void> {
    this.#now += day;
    if (step.do === 'export') return this.#export(step);
    if (step.do === 'forget') return this.#asAnOlderOne();
    const last = this.#last.get(step.host);
    if (step.do !== 'night' && last === undefined) return undefined;
    const time =
      step.do === 'night'
        ? this.#now
        : (last?.collectedTime ?? 0) - (step.do === 'late' ? step.back * day - 60 : 0);
    const made = snapshotOf(this.#base, step.host, time, step.night);
    const snapshot = step.do === 'again' ? readAnew(made) : made;
    addTo(this.#store, [snapshot], this.#now + 60);
    if (step.do === 'night') this.#last.set(step.host, snapshot);
    return undefined;
  }

  /** A version that does not know what was told of reports writes the cursor. */
  #asAnOlderOne(): void {
    const path = this.#plan.cursorPath as string;
    if (!existsSync(path)) return;
    const { reports: _, ...rest } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify(rest));
  }

  async #export({ killedAfter, isRepeated }: Step & { readonly do: 'export' }): Promise<void> {
    const run = await exported(
      this.#store,
      { ...this.#plan, isStatusRepeated: isRepeated },
      killedAfter === 9999 ? Infinity : killedAfter,
    );
    const told = toldIn(run.text);
    for (const receiver of this.#receivers) receiver.take(told);
    if (!run.isDone) return;
    const is = Map.groupBy(stored(this.#store, this.#plan), (one) => one.host);
    for (const [hostId, rows] of is) {
      // Of a newer reading of the same evidence nothing is told before the next night, as ever.
      if (!told.some((one) => one.host === hostId && one.snapshot === rows[0]?.snapshot)) continue;
      for (const receiver of this.#receivers)
        this.#t.deepEqual(wordsOf(receiver.reportOf(hostId), true), wordsOf(rows, true));
    }
  }

  /** After a night of each host, an export tells of each; whatever came before. */
  async end(): Promise<void> {
    for (const [number, night] of [...this.#last].map(([one]) => [one, quiet] as const))
      await this.take({ do: 'night', host: number, night });
    await this.take({ do: 'export', killedAfter: null, isRepeated: false });
    const is = Map.groupBy(stored(this.#store, this.#plan), (one) => one.host);
    this.#t.is(is.size, this.#last.size);
    for (const [hostId, rows] of is)
      for (const receiver of this.#receivers)
        this.#t.deepEqual(wordsOf(receiver.reportOf(hostId), true), wordsOf(rows, true));
  }
}

const quiet: Night = { denied: [], errors: [], took: 3 };

const baseOf = async (): Promise<Snapshot> => (await sampleSnapshots())[0] as Snapshot;

test('whoever reads what is told by cursor knows the report that the store has, whatever nights there were', async (t) => {
  const base = await baseOf();
  const redact = { level: 'strict', apply: redaction('strict', Buffer.alloc(32, 7), tables) } as const;
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyStep, { minLength: 12, maxLength: 24 }),
      fc.boolean(),
      async (steps, isRedacted) => {
        const world = new World(t, base, isRedacted ? { redact } : {});
        for (const step of steps) await world.take(step);
        await world.end();
        world.close();
      },
    ),
    { numRuns: runsOf(40) },
  );
  t.pass();
});

/** One host, one store, one cursor, for nights that are told one by one. */
const nights = async (t: ExecutionContext, more: Partial<ExportPlan> = {}) => {
  const folder = temporaryFolder(t);
  const base = await baseOf();
  const store = openForWriting(join(folder, 'fleet.db'), tables);
  const plan = planOf(join(folder, 'cursor'), more);
  t.teardown(() => store.close());
  return {
    store,
    cursor: plan.cursorPath as string,
    add: (number: number, night: Partial<Night>): void =>
      addTo(
        store,
        [snapshotOf(base, 1, start + number * day, { ...quiet, took: number, ...night })],
        start + number * day + 60,
      ),
    tell: async (killedAfter: number | null = null, own: Partial<ExportPlan> = {}) =>
      toldIn((await exported(store, { ...plan, ...own }, killedAfter)).text).map(({ table, row }) =>
        table === 'table_status'
          ? `${String(row['table_name'])} ${String(row['status'])}`
          : String(row['message']),
      ),
  };
};

const all = ['apfs_volumes ok', 'groups ok', 'hosts ok', 'users ok'];

test('a night without news is one row; a blind spot that goes on is told once, and one that is over is told', async (t) => {
  const { add, tell, store } = await nights(t);
  add(1, {});
  t.deepEqual(await tell(), all);
  add(2, {});
  t.deepEqual(await tell(), ['hosts ok']);
  t.deepEqual(await tell(), []);
  const denied = ['a', 'apfs_volumes ok', 'groups ok', 'hosts ok', 'users denied'];
  for (const [number, told] of [denied, ['hosts ok']].entries()) {
    add(3 + number, { denied: ['users'], errors: ['a'] });
    t.deepEqual(await tell(), told);
  }
  // The error alone is gone: no row can say so, but that the others stand without it.
  add(5, { denied: ['users'] });
  t.deepEqual(await tell(), denied.slice(1));
  // Good in between, and the same as before: the last good time is another one.
  add(6, {});
  add(7, { denied: ['users'] });
  t.deepEqual(await tell(), denied.slice(1));
  // Late: the last snapshot is that which was told.
  add(6.5, {});
  t.deepEqual(await tell(), []);
  add(8, { denied: ['users'] });
  t.deepEqual(await tell(), denied.slice(1));
  add(9, { denied: ['users'] });
  retain(store, start + 9 * day);
  t.deepEqual(await tell(), ['hosts ok']);
});

test('what a run told that came to no end is not taken for unsaid', async (t) => {
  const { add, tell } = await nights(t);
  add(1, {});
  await tell();
  add(2, { errors: ['a'] });
  t.deepEqual(await tell(Infinity), ['a', ...all]);
  // It is as it was when a run last ended well, and that is news to whoever read the other.
  add(3, {});
  t.deepEqual(await tell(), all);
  add(4, {});
  t.deepEqual(await tell(), ['hosts ok']);
});

test('where it is asked for, and after it, a report is told whole as ever', async (t) => {
  const { add, tell, cursor } = await nights(t);
  const repeated = { isStatusRepeated: true };
  add(1, {});
  await tell();
  for (const number of [2, 3]) {
    add(number, { errors: ['a'] });
    t.deepEqual(await tell(null, repeated), ['a', ...all]);
  }
  add(4, { errors: ['a'] });
  t.deepEqual(await tell(), ['hosts ok']);
  add(5, {});
  t.deepEqual(await tell(), all);
  // A cursor of before says nothing of reports.
  const { reports: own, ...rest } = JSON.parse(readFileSync(cursor, 'utf8')) as Record<string, unknown>;
  t.is((own as unknown[]).length, 1);
  writeFileSync(cursor, JSON.stringify(rest));
  add(6, {});
  t.deepEqual(await tell(), all);
  add(7, {});
  t.deepEqual(await tell(), ['hosts ok']);
});

test('without table_status nothing would tell that an error is gone: then all is told', async (t) => {
  const { add, tell } = await nights(t, { tables: [tableOf('collection_errors')], areTablesNamed: true });
  for (const number of [1, 2]) {
    add(number, { errors: ['a'] });
    t.deepEqual(await tell(), ['a']);
  }
});

test('a report that came before the one that was told last has the next one told whole', async (t) => {
  const { add, tell, cursor } = await nights(t);
  add(1, {});
  await tell();
  // As if a snapshot of tomorrow had been told, and did not count any more.
  const known = readCursor(cursor, JSON.parse(readFileSync(cursor, 'utf8')).selection as string);
  const ahead = [...known.reports].map(
    ([id, { digest }]) => [id, { time: start + 2.5 * day, digest }] as const,
  );
  writeCursor(cursor, { ...known, reports: new Map(ahead) });
  add(2, {});
  t.deepEqual(await tell(), all);
  add(3, {});
  t.deepEqual(await tell(), all);
  add(4, {});
  t.deepEqual(await tell(), ['hosts ok']);
});

test('by the command line: each format, redacted too; what is no cursor is refused', async (t) => {
  const folder = temporaryFolder(t);
  const base = await baseOf();
  const db = storeAt(join(folder, 'mac.db'), [snapshotOf(base, 1, start, quiet)], start + 60);
  const key = join(folder, 'key');
  writeFileSync(key, 'k'.repeat(32), { mode: 0o600 });
  const ask = async (name: string, ...more: string[]): Promise<string> => {
    const argv = ['export', '--db', db, '--cursor', join(folder, name), ...more];
    const { code, stdout, stderr } = await cli(argv);
    t.is(code, 0, stderr);
    return stdout;
  };
  const status = ['--table', 'table_status'];
  const asked: readonly (readonly [name: string, lines: number, argv: readonly string[]])[] = [
    ['ecs', 1, ['--format', 'ecs']],
    ['redacted', 1, ['--format', 'ecs', '--redact', 'pseudonym', '--redact-key', key]],
    ['hec', 1, ['--format', 'hec']],
    ['csv', 2, ['--format', 'csv', ...status]],
    ['repeated', 4, ['--format', 'ecs', '--repeat-status']],
    // A line that says `snapshot` is a whole set.
    ['osquery', 4, ['--format', 'osquery']],
    ['batch', 1, ['--format', 'osquery', '--osquery-batch', ...status]],
  ];
  for (const [name, , argv] of asked) await ask(name, ...argv);
  await ask('json', '--format', 'json');
  storeAt(db, [snapshotOf(base, 1, start + day, { ...quiet, took: 5 })], start + day + 60);
  for (const [name, lines, argv] of asked) {
    const text = await ask(name, ...argv);
    t.is(linesOf(text).length, lines, name);
    t.true(name === 'batch' ? text.includes('"users"') : text.includes('hosts'), name);
    t.is(await ask(name, ...argv), '', name);
  }
  t.is(JSON.stringify(JSON.parse(await ask('json', '--format', 'json'))).split('"row_id"').length - 1, 1);
  const cursor = readFileSync(join(folder, 'ecs'), 'utf8');
  for (const broken of ['[[0,1]]', '[[7,1,"x"]]', '[[0,"1","x"]]', '[[0,1,2]]', '5']) {
    writeFileSync(join(folder, 'ecs'), cursor.replace(/"reports":.*\]\]/, `"reports":${broken}`));
    const { code, stderr } = await cli([
      ...['export', '--db', db, '--cursor', join(folder, 'ecs'), '--format', 'ecs'],
    ]);
    t.is(code, 1, broken);
    t.regex(stderr, /is not a cursor/, broken);
  }
  const { code, stderr } = await cli(['export', '--db', db, '--format', 'ecs', '--repeat-status']);
  t.is(code, 2);
  t.regex(stderr, /--repeat-status goes with --cursor/);
});

test('docs/siem.md names the columns that are no news', (t) => {
  const page = readFileSync(join(root, 'docs/siem.md'), 'utf8');
  const columns = reports.flatMap((table) =>
    Object.entries(table.columns).flatMap(([name, { passing: when }]) => (when === undefined ? [] : [name])),
  );
  t.deepEqual([...new Set(columns)].toSorted(), ['duration_ms', 'last_good_time', 'started_time']);
  for (const name of columns) t.true(page.includes(`\`${name}\``), name);
  t.deepEqual(
    tables.filter((table) => !isReport(table) && Object.values(table.columns).some((one) => one.passing)),
    [],
  );
});
