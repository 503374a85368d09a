/** Whatever passes the door can be written by every format: every column of every table at its extremes. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Column, Table, Value } from '../../collector/table.ts';
import { rulesOf, violations } from '../../collector/validate.ts';
import { formatNames, formats } from '../../export/formats/index.ts';
import { levels } from '../../export/redact.ts';
import { redaction } from '../../export/redaction.ts';
import { findingsTable } from '../../export/findings_table.ts';
import { identifiedRows } from '../../export/format.ts';
import type { ExportRow, ExportSnapshot, Head } from '../../export/format.ts';
import { wholeSnapshot } from '../../export/rows/snapshots.ts';
import { doorOf } from '../../store/door.ts';
import { nativeDecoder } from '../../store/native/decode.ts';
import { dataTables } from '../../collector/table.ts';
import { cellsOrder, digestOfCells, packRows, snapshotIdOf, snapshotStatus } from '../../store/snapshot.ts';
import type { Cells, Report, Snapshot } from '../../store/snapshot.ts';
import { tables } from '../../tables/index.ts';
import { nativeLines } from '../native_lines.ts';

const now = 1_790_000_000;
const first = 978_307_200;
const lastDate = 8_640_000_000_000;
const hostId = '153620C3-42EA-40E8-B153-B949E6F4674A';

const texts = [
  ...[
    '',
    ' ',
    '\0',
    '\n',
    '\r\n',
    '\t',
    '"',
    '\\',
    "'",
    '=1+1',
    ',',
    ';',
    '\u0085',
    '\u2028',
    '\u202e',
    '\ufeff',
  ],
  ...['\u{10ffff}', '\u{1f511}', 'null', '[]', '{"__proto__":1}', '<script>', 'x'.repeat(5_000)],
];
const numbers = [0, -1, 1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53 - 1)];
const times = [first, first + 1, now, now + 86_400];
const oddTimes = [
  0,
  -1,
  first - 1,
  now + 86_401,
  lastDate,
  lastDate + 1,
  999_999_999_999_999,
  2 ** 53 - 1,
  -lastDate,
];

const extremesOf = (column: Column): readonly Value[] => {
  const nothing: readonly Value[] = column.isRequired === true ? [] : [null];
  if (column.values !== undefined) return [...nothing, ...column.values];
  if (column.type === 'TEXT') return [...nothing, ...texts];
  if (column.isBoolean === true) return [...nothing, 0, 1];
  const real = column.type === 'REAL' ? [0.1, -1.5, 1e300, 5e-324, Number.MAX_VALUE] : [];
  if (column.unit === 'unix_seconds') return [...nothing, ...times, ...oddTimes, ...real];
  return [...nothing, ...numbers, ...real];
};

/** Rows in which each column has each of its extremes once at least. */
const rowsAt = (table: Table): Cells[] => {
  const columns = Object.entries(table.columns).map(([name, column]) =>
    isList(name) ? [...(column.isRequired === true ? [] : [null]), '[]', '["a","b"]'] : extremesOf(column),
  );
  const count = Math.max(...columns.map((values) => values.length));
  return Array.from({ length: count }, (_, row): Cells =>
    columns.map((values, index): Value => values[(row + index) % values.length] ?? null),
  );
};

/** Of the report: what SQL takes apart. */
const isList = (name: string): boolean =>
  name === 'argv' || name === 'failed_sources' || name.startsWith('columns_');

const snapshotOf = (collectedTime: number): Snapshot => {
  const observations = new Map(
    dataTables(tables).map((table) => {
      const cells = packRows(rowsAt(table).toSorted(cellsOrder(table)));
      const rowCount = rowsAt(table).length;
      const digest = digestOfCells(Object.keys(table.columns), cells);
      return [table.name, { status: 'ok' as const, affected: [], failed: null, digest, rowCount, cells }];
    }),
  );
  const at = (name: string): Cells[] => rowsAt(tables.find((table) => table.name === name) as Table);
  const report: Report = {
    status: dataTables(tables).map(({ name }): Cells => [name, 'ok', 1, null, null, '[]', null, null]),
    errors: at('collection_errors'),
    commands: at('command_log'),
  };
  const known = { hostId, collectedTime, euid: 0, redaction: null, observations };
  return {
    ...known,
    snapshotId: snapshotIdOf(known),
    status: snapshotStatus(['ok']),
    ...{ origin: 'live', toolVersion: '0.4.0', schemaVersion: 1, report },
  };
};

const door = doorOf({ tables, version: '0.4.0', now: () => now });

const written = (name: (typeof formatNames)[number], snapshot: ExportSnapshot): string => {
  const format = formats[name].make({});
  let text = format.begin?.() ?? '';
  for (const chunk of format.snapshot(snapshot)) text += typeof chunk === 'string' ? chunk : chunk.text;
  return text + (format.end?.() ?? '');
};

/** Of a file that an older version filled, or another program: what did not pass any door. */
const asInOldFile = snapshotOf(now);
const findings = (head: Head): ExportSnapshot => {
  const rows = rowsAt(findingsTable).map((row) =>
    Object.keys(findingsTable.columns).map((name, index) =>
      name === 'details' || name === 'blind_spots' ? '[]' : (row[index] ?? null),
    ),
  );
  const table = {
    ...{ table: findingsTable, status: 'ok' as const, affected: [], rowCount: rows.length, details: null },
    ...{ rows: [...identifiedRows(findingsTable, head, rows)], counter: 0, epoch: 0 },
  };
  return { head, host: {}, tables: [table] };
};
/** The rows as what changed, one way and the other. */
const changes = (whole: ExportSnapshot): ExportSnapshot => ({
  ...whole,
  tables: [...whole.tables].map((table) => {
    const rows = [...table.rows];
    const changed = rows.map((row, index): ExportRow => {
      const former = rows[(index + 1) % rows.length] as ExportRow;
      if (index % 3 === 2)
        return { ...row, change: 'changed', former: { id: former.id, cells: former.cells } };
      return { ...row, change: index % 3 === 0 ? 'added' : 'removed' };
    });
    return { ...table, rows: changed };
  }),
});

const checkWritten = (t: ExecutionContext, name: (typeof formatNames)[number], given: Snapshot): void => {
  for (const by of [null, ...levels.map((level) => redaction(level, Buffer.alloc(32, 1), tables))]) {
    const whole = (): ExportSnapshot =>
      by === null ? wholeSnapshot(given, tables) : by(wholeSnapshot(given, tables));
    for (const snapshot of [whole(), changes(whole()), findings(whole().head)]) {
      const text = written(name, snapshot);
      t.true(text.length > 0);
      const odd = /NaN|Infinity|undefined|Invalid/.exec(text)?.index ?? -1;
      t.is(odd, -1, text.slice(Math.max(0, odd - 80), odd + 20));
      if (name === 'json') t.notThrows(() => JSON.parse(text) as unknown);
      if (name !== 'json' && name !== 'csv' && name !== 'hec')
        for (const line of text.trimEnd().split('\n'))
          t.notThrows(() => JSON.parse(line) as unknown, line.slice(0, 200));
    }
  }
};

for (const name of formatNames)
  test(`${name} writes every column at its extremes, also of what passed no door`, (t) => {
    checkWritten(t, name, asInOldFile);
  });

for (const collectedTime of [first, now, lastDate]) {
  const given = snapshotOf(collectedTime);
  const passed = door(given);
  for (const name of formatNames)
    test(`${name} writes every column at its extremes, of a snapshot of ${collectedTime}`, (t) => {
      checkWritten(t, name, passed);
    });
  test(`what passed at ${collectedTime} passes again, and from its own export, as the same snapshot`, (t) => {
    t.is(door(passed).snapshotId, passed.snapshotId);
    const found: Snapshot[] = [];
    const decoder = nativeDecoder(tables);
    decoder.bytes(
      Buffer.from(nativeLines(passed, tables).join('')),
      (snapshot) => void found.push(door(snapshot)),
    );
    decoder.end();
    t.deepEqual(
      found.map(({ snapshotId }) => snapshotId),
      [passed.snapshotId],
    );
  });
}

for (const level of levels)
  test(`what is redacted (${level}) passes from its own export as it is`, (t) => {
    const by = redaction(level, Buffer.alloc(32, 1), tables);
    const text = written('native', by(wholeSnapshot(door(snapshotOf(now)), tables)));
    const decoder = nativeDecoder(tables);
    const found: Snapshot[] = [];
    decoder.bytes(Buffer.from(text), (snapshot) => void found.push(snapshot));
    decoder.end();
    t.is(found.length, 1);
    for (const snapshot of found) {
      const passed = door(snapshot);
      for (const [name, observation] of snapshot.observations)
        t.deepEqual(passed.observations.get(name), observation, name);
      t.is(passed.snapshotId, snapshot.snapshotId);
    }
  });

test('a time that none can be is NULL, named in columns_affected and told in table_status', (t) => {
  const { observations, report } = door(snapshotOf(now));
  for (const table of dataTables(tables)) {
    const observation = observations.get(table.name);
    const status = report?.status.find(([name]) => name === table.name) ?? [];
    const names = Object.keys(table.columns);
    const ofTimes = names.filter((name) => table.columns[name]?.unit === 'unix_seconds');
    t.deepEqual([...(observation?.affected ?? [])].toSorted(), ofTimes.toSorted(), table.name);
    t.deepEqual((JSON.parse(String(status[5])) as string[]).toSorted(), ofTimes.toSorted());
    for (const name of ofTimes) t.true(String(status[4]).includes(`${name}: what was told is no time`));
    const rules = rulesOf(table);
    for (let start = 2; start < (observation?.cells.length ?? 0); start += names.length + 2) {
      const row = Object.fromEntries(
        names.map((name, index) => [name, observation?.cells[start + index] ?? null]),
      );
      t.deepEqual(violations(table, { ...row, host_id: hostId }), []);
      for (const name of ofTimes) t.false(rules.get(name)?.isOddTime(row[name], now + 86_400), name);
    }
  }
});
