import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ecsFormat } from '../../export/formats/ecs.ts';
import { findingSnapshots } from '../../export/findings.ts';
import { formats } from '../../export/formats/index.ts';
import { nativeSchema, rowSchema, schemaTables } from '../../export/json_schema.ts';
import { nativeFormat } from '../../export/formats/native.ts';
import type { AnySnapshot, ExportSnapshot, Format } from '../../export/format.ts';
import { exportReader } from '../../export/rows/reader.ts';
import { redaction } from '../../export/redaction.ts';
import { names } from '../../cli/names.ts';
import { evaluate } from '../../queries/evaluate.ts';
import { queries } from '../../queries/index.ts';
import type { Store } from '../../store/store.ts';
import { tables } from '../../tables/index.ts';
import { root } from '../standin.ts';
import { parsed, sampleStore, textOf, withStore } from './world.ts';

const read = (name: string): string => readFileSync(join(root, 'test/schemas', name), 'utf8');

const reading = (store: Store, rowSql: Format['rowSql'] = null) => exportReader(store, { tables, rowSql });

/** Everything that can be exported, in every way of reading it. */
const everything = (store: Store): Readonly<Record<string, () => Iterable<AnySnapshot>>> => {
  const answers = evaluate(store.db, queries, { now: 1_790_200_000, names, tables });
  const hosts = reading(store).hosts;
  return {
    current: () => reading(store).currentSnapshots(),
    'current as JSON': () => reading(store, nativeFormat().rowSql).currentSnapshots(),
    whole: () => reading(store).wholeSnapshots(() => true),
    changes: function* () {
      for (const host of hosts) yield* reading(store).changedSnapshots(host, 0, () => true);
    },
    findings: () =>
      findingSnapshots(store, answers, exportReader(store, { tables: [], rowSql: null }).currentSnapshots()),
  };
};

test('every native line is as its schema says, redacted or not', async (t) => {
  const path = await sampleStore(t);
  const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
  const isLine = ajv.compile(nativeSchema(tables));
  const isRow = new Map(schemaTables(tables).map((table) => [table.name, ajv.compile(rowSchema(table))]));
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  withStore(path, (store) => {
    for (const [what, snapshots] of Object.entries(everything(store))) {
      for (const level of [null, 'pseudonym', 'strict'] as const) {
        // What SQLite wrote as text is not redacted: the command reads cells then.
        if (level !== null && what === 'current as JSON') continue;
        const redact = level === null ? null : redaction(level, key, tables);
        const apply = (snapshot: AnySnapshot): AnySnapshot =>
          redact === null ? snapshot : redact(snapshot as ExportSnapshot);
        const lines = parsed(textOf(nativeFormat(), Array.from(snapshots(), apply)));
        t.true(lines.length > 100, what);
        const kinds = new Set<unknown>();
        for (const line of lines) {
          kinds.add(line['kind']);
          if (!isLine(line))
            t.fail(`${what} ${level}: ${JSON.stringify(isLine.errors?.slice(-3))} ${JSON.stringify(line)}`);
          if (line['kind'] !== 'row') continue;
          const check = isRow.get(String(line['table']));
          if (check?.(line) !== true) t.fail(`${what} ${level}: ${JSON.stringify(check?.errors)}`);
        }
        t.deepEqual([...kinds].toSorted(), ['end', 'row', 'snapshot', 'table'], what);
      }
    }
  });
  // The schema is no blank cheque.
  const good = { kind: 'end', snapshot_id: 1, rows: 0 };
  t.true(isLine(good));
  t.false(isLine({ ...good, more: 1 }));
  t.false(isLine({ ...good, rows: '0' }));
});

const ocsfFiles: Readonly<Record<number, string>> = {
  2003: 'ocsf-1.8.0-2003-compliance_finding.schema.json',
  5001: 'ocsf-1.8.0-5001-inventory_info.schema.json',
  5003: 'ocsf-1.8.0-5003-user_inventory.schema.json',
};

test('every OCSF event is as its class says, with the right type_uid', async (t) => {
  const path = await sampleStore(t);
  const ajv = new Ajv({ allErrors: true, strict: false });
  const isEvent = new Map(
    Object.entries(ocsfFiles).map(([uid, file]) => [
      Number(uid),
      ajv.compile(JSON.parse(read(file)) as object),
    ]),
  );
  const key = Buffer.from('0123456789abcdef0123456789abcdef');
  withStore(path, (store) => {
    const seen = new Map<number, number>();
    for (const [what, snapshots] of Object.entries(everything(store))) {
      if (what === 'current as JSON') continue;
      for (const level of [null, 'pseudonym', 'strict'] as const) {
        const redact = level === null ? null : redaction(level, key, tables);
        const apply = (snapshot: AnySnapshot): AnySnapshot =>
          redact === null ? snapshot : redact(snapshot as ExportSnapshot);
        for (const event of parsed(textOf(formats.ocsf.make({}), Array.from(snapshots(), apply)))) {
          const uid = event['class_uid'] as number;
          const check = isEvent.get(uid);
          seen.set(uid, (seen.get(uid) ?? 0) + 1);
          if (check?.(event) !== true) t.fail(`${what}: ${JSON.stringify(check?.errors?.slice(0, 3))}`);
          t.is(event['type_uid'], uid * 100 + (event['activity_id'] as number));
          const metadata = event['metadata'] as { profiles: string[]; uid: string; version: string };
          t.is(metadata.version, '1.8.0');
          t.regex(metadata.uid, /^[0-9a-f]{64}$/);
          // An attribute of a profile is lawful only where the profile is named; 5001 has a device of its own.
          if (uid !== 5001) t.true(metadata.profiles.includes('host') && event['device'] !== undefined);
          t.true(metadata.profiles.includes('datetime') && event['time_dt'] !== undefined);
        }
      }
    }
    t.deepEqual([...seen.keys()].toSorted(), [2003, 5001, 5003]);
  });
});

test('an OCSF event says what the rows say, and unknown is not false', async (t) => {
  const path = await sampleStore(t);
  withStore(path, (store) => {
    const events = parsed(textOf(formats.ocsf.make({}), reading(store).currentSnapshots()));
    const rows = store.db
      .prepare(
        'SELECT u.host_id, u.username, u.uid, u.uuid, s.secure_token, s.filevault_enabled FROM users u JOIN secure_tokens s ON s.host_id = u.host_id ' +
          'AND s.username = u.username AND s.uid IS u.uid',
      )
      .all() as {
      host_id: string;
      username: string;
      uid: number;
      uuid: string | null;
      secure_token: 0 | 1 | null;
      filevault_enabled: 0 | 1 | null;
    }[];
    for (const value of [0, 1, null]) t.true(rows.some((row) => row.filevault_enabled === value));
    for (const row of rows) {
      const event = events.find(
        ({ class_uid: uid, device, user }) =>
          uid === 5003 &&
          (device as { uid: string }).uid === row.host_id &&
          (user as { name: string; uid: string }).name === row.username &&
          (user as { uid: string }).uid === String(row.uid),
      );
      const account = (
        event?.['user'] as { account: { tags: { name: string; value: string }[] } } | undefined
      )?.account;
      const tags = account?.tags ?? [];
      for (const fact of ['secure_token', 'filevault_enabled'] as const) {
        const said = tags.find(({ name }) => name === fact)?.value;
        t.is(said, row[fact] === null ? 'unknown' : String(row[fact] === 1), `${row.username} ${fact}`);
      }
    }
  });
});

const ecsFields = new Set(
  read('ecs-9.4.0-fields.csv')
    .split('\n')
    .slice(1)
    .map((line) => /^[^,]*,[^,]*,[^,]*,([^,]*)/.exec(line)?.[1] ?? ''),
);

/** The types that ECS 9.4 expects of an event in a category. */
const expectedTypes: Readonly<Record<string, readonly string[]>> = {
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  host: ['access', 'change', 'end', 'info', 'start'],
};

const leaves = (value: unknown, path: string): string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value).flatMap(([name, own]) => leaves(own, path === '' ? name : `${path}.${name}`))
    : [path];

test('every ECS field is in the list of fields or under tokenquery', async (t) => {
  t.true(ecsFields.has('host.os.version') && ecsFields.size > 1500);
  const path = await sampleStore(t);
  withStore(path, (store) => {
    const used = new Set<string>();
    const verdicts = new Set<string>();
    for (const [what, snapshots] of Object.entries(everything(store))) {
      // Only the native format takes rows as SQLite wrote them.
      if (what === 'current as JSON') continue;
      for (const document of parsed(textOf(ecsFormat(), snapshots()))) {
        for (const field of leaves(document, '')) {
          used.add(field);
          if (!field.startsWith('tokenquery.') && !ecsFields.has(field)) t.fail(field);
        }
        const event = document['event'] as Record<string, unknown>;
        t.true(['asset', 'event', 'alert'].includes(String(event['kind'])));
        const finding = (document['tokenquery'] as { findings?: { verdict: string } }).findings;
        // What could not be evaluated is an event of unknown outcome, and raises no alarm.
        if (finding !== undefined) {
          const isHit = finding.verdict === 'hit';
          t.is(event['kind'], isHit ? 'alert' : 'event');
          t.is(event['outcome'], isHit ? undefined : 'unknown');
          verdicts.add(finding.verdict);
        }
        const [category] = event['category'] as [string];
        t.is((event['category'] as string[]).length, 1);
        for (const type of event['type'] as string[])
          t.true(expectedTypes[category]?.includes(type), `${category}: ${type}`);
        t.regex(String(event['id']), /^[0-9a-f]{64}$/);
      }
    }
    t.deepEqual([...verdicts].toSorted(), ['hit', 'unknown']);
    for (const field of [
      'user.name',
      'host.id',
      'group.name',
      'rule.id',
      'tokenquery.secure_tokens.secure_token',
    ])
      t.true(used.has(field), field);
  });
});

test('_bulk has a line that creates and a document, with the id of the row', async (t) => {
  const path = await sampleStore(t);
  withStore(path, (store) => {
    const text = textOf(ecsFormat({ isBulk: true }), reading(store).currentSnapshots());
    t.true(text.endsWith('\n'));
    const lines = parsed(text);
    t.is(lines.length % 2, 0);
    for (let index = 0; index < lines.length; index += 2) {
      const { create } = lines[index] as { create: { _index: string; _id: string } };
      const document = lines[index + 1] as { event: { id: string; dataset: string } };
      t.is(create._id, document.event.id);
      t.is(create._index, `logs-${document.event.dataset}-default`);
    }
  });
});

test('the published schemas are those of the program', (t) => {
  const folder = join(root, 'docs/json-schema');
  t.deepEqual(JSON.parse(readFileSync(join(folder, 'line.json'), 'utf8')), nativeSchema(tables));
  for (const table of schemaTables(tables)) {
    t.deepEqual(JSON.parse(readFileSync(join(folder, `${table.name}.json`), 'utf8')), rowSchema(table));
  }
});
