/** What an export calls a Mac: its name, and where it has none its UUID; the UUID stays where it was. */
import { join } from 'node:path';
import test from 'ava';
import { formats } from '../../export/formats/index.ts';
import type { FormatName } from '../../export/formats/index.ts';
import type { AnySnapshot, ExportSnapshot } from '../../export/format.ts';
import { hmacOf } from '../../export/pseudonyms.ts';
import { levels } from '../../export/redact.ts';
import { redaction } from '../../export/redaction.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { openForReading } from '../../store/file.ts';
import type { Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { temporaryFolder } from '../standin.ts';
import { editStore, later, parsed, sampleSnapshots, storeAt, textOf } from './world.ts';

interface Named {
  readonly name: unknown;
  readonly uuid: unknown;
  readonly id: unknown;
}

type Json = Readonly<Record<string, unknown>>;
const at = (object: unknown, ...keys: readonly string[]): unknown =>
  keys.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], object);

/** Where each format names a Mac, where it has the UUID, and what a receiver goes by. */
const places: Readonly<Partial<Record<FormatName, (line: Json) => Named>>> = {
  ecs: (line) => ({
    name: at(line, 'host', 'name'),
    uuid: at(line, 'host', 'id'),
    id: at(line, 'event', 'id'),
  }),
  hec: (line) => ({
    name: at(line, 'host'),
    uuid: at(line, 'fields', 'host_uuid'),
    id: at(line, 'fields', 'row_id'),
  }),
  ocsf: (line) => ({
    name: at(line, 'device', 'name'),
    uuid: at(line, 'device', 'uid'),
    id: at(line, 'metadata', 'uid'),
  }),
};
const placesOf = Object.entries(places) as [FormatName, (line: Json) => Named][];

type Reading = (reader: ReturnType<typeof exportReader>, hostIds: readonly string[]) => Iterable<AnySnapshot>;
const readings: Readonly<Record<string, Reading>> = {
  current: (reader) => reader.currentSnapshots(),
  changes: function* (reader, hostIds) {
    for (const hostId of hostIds) yield* reader.changedSnapshots(hostId, 0, () => true);
  },
  snapshots: (reader) => reader.wholeSnapshots(() => true),
};

const told = (
  path: string,
  format: FormatName,
  reading: Reading,
  asOf: number | null = null,
): readonly Named[] => {
  const store = openForReading(path, tables);
  try {
    if (asOf !== null) viewAsOf(store, asOf);
    const reader = exportReader(store, { tables, rowSql: null, ...(asOf === null ? {} : { asOf }) });
    const hostIds = store.db.prepare('SELECT host_id FROM main._host').pluck().all() as string[];
    const place = places[format];
    return parsed(textOf(formats[format].make({}), reading(reader, hostIds))).map(
      (line) => place?.(line) as Named,
    );
  } finally {
    store.close();
  }
};

/** The Mac under other names. */
const called = (snapshot: Snapshot, hostname: string | null, seconds = 0): Snapshot =>
  later(snapshot, seconds, {
    hosts: (rows) => rows.map((row) => ({ ...row, hostname, computer_name: hostname })),
  });

const samples = async (): Promise<readonly [Snapshot, Snapshot]> => {
  const [one, other] = await sampleSnapshots();
  if (one === undefined || other === undefined) throw new Error('there are two samples');
  return [one, other];
};

/** Control characters, what turns the order of reading, what a line or a text may end with, and half a character. */
const hostile = 'A\u001b[31m\n"}\u202eb\u2028\t\u{1F4BB}\\ud800’\u0000x';

test('every event has the name of its Mac, or its UUID, and the UUID where it was; no id changes by a name', async (t) => {
  const [one, other] = await samples();
  const path = storeAt(join(temporaryFolder(t), 'a.db'), [
    called(one, hostile.replace('\u0000', '')),
    called(other, null),
  ]);
  for (const [format] of placesOf) {
    for (const [what, reading] of Object.entries(readings)) {
      const lines = told(path, format, reading);
      t.true(lines.length > 20, `${format} ${what}`);
      const names = new Map(lines.map(({ uuid, name }) => [uuid, name]));
      t.is(
        new Set(lines.map(({ uuid, name }) => `${String(uuid)} ${String(name)}`)).size,
        2,
        `${format} ${what}`,
      );
      t.is(names.get(one.hostId), hostile.replace('\u0000', ''), `${format} ${what}`);
      t.is(names.get(other.hostId), other.hostId, `${format} ${what}`);
    }
  }
  const ids = () =>
    placesOf.map(([format]) => told(path, format, readings['current'] as Reading).map(({ id }) => id));
  const before = ids();
  editStore(path, "UPDATE _current_hosts SET hostname = 'renamed', computer_name = NULL");
  t.deepEqual(ids(), before);
  for (const [format] of placesOf)
    t.true(told(path, format, readings['current'] as Reading).every(({ name }) => name === 'renamed'));
});

test('history is told under the name of now, a snapshot and a moment under that of then', async (t) => {
  const [one] = await samples();
  const day = 86_400;
  const path = storeAt(
    join(temporaryFolder(t), 'a.db'),
    [called(one, 'old-name'), called(one, 'new-name', day)],
    1_790_300_000,
  );
  for (const [format] of placesOf) {
    const namesIn = (what: string, asOf: number | null = null): readonly unknown[] => [
      ...new Set(told(path, format, readings[what] as Reading, asOf).map(({ name }) => name)),
    ];
    t.deepEqual(namesIn('current'), ['new-name'], format);
    t.deepEqual(namesIn('changes'), ['new-name'], format);
    t.deepEqual(namesIn('snapshots').toSorted(), ['new-name', 'old-name'], format);
    t.deepEqual(namesIn('current', one.collectedTime + 60), ['old-name'], format);
    // The same bytes each time.
    t.deepEqual(
      told(path, format, readings['changes'] as Reading),
      told(path, format, readings['changes'] as Reading),
    );
  }
});

test('redacted, a name is one pseudonym everywhere and itself nowhere, at every level and in every format', async (t) => {
  const [one, other] = await samples();
  const [canary, second] = ['canary-host-name', 'Canary’s other Mac'];
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  const pseudonym = hmacOf(key)(canary);
  const twoNames = later(one, 0, {
    hosts: (rows) => rows.map((row) => ({ ...row, hostname: canary, computer_name: second })),
  });
  const path = storeAt(join(temporaryFolder(t), 'a.db'), [twoNames, called(other, canary)]);
  const store = openForReading(path, tables);
  t.teardown(() => store.close());
  for (const level of levels) {
    for (const format of Object.keys(formats) as FormatName[]) {
      for (const what of ['current', 'snapshots'] as const) {
        const reader = exportReader(store, { tables, rowSql: null });
        const snapshots = Array.from(
          (readings[what] as Reading)(reader, []) as Iterable<ExportSnapshot>,
          redaction(level, key, tables),
        );
        const text = textOf(formats[format].make({}), snapshots);
        t.notRegex(text, /canary/i, `${level} ${format} ${what}`);
        t.true(text.includes(pseudonym), `${level} ${format} ${what}`);
        const place = places[format];
        if (place === undefined) continue;
        // Of two Macs of one name it is told that they have one.
        t.deepEqual(
          [...new Set(parsed(text).map((line) => place(line).name))],
          [pseudonym],
          `${level} ${format} ${what}`,
        );
      }
    }
  }
});
