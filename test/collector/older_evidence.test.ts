/**
 * Evidence that an older version reduced: what its lists dropped was not looked at. It is no value, no proof of absence and, once
 * newer evidence tells it, no event.
 */
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import type { Collection, TableResult } from '../../collector/collection.ts';
import { allowListVersion, laterCommands, sourceOf } from '../../collector/sources.ts';
import type { CommandName } from '../../collector/sources.ts';
import type { Table } from '../../collector/table.ts';
import { isBefore } from '../../collector/version.ts';
import { openForWriting, transact } from '../../store/file.ts';
import { snapshotOf } from '../../store/snapshot.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { sample, temporaryFolder } from '../standin.ts';

const host = sample('macos15-unmanaged');
type Folder = string;

const manifest = (folder: Folder): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'evidence.json'), 'utf8')) as Record<string, unknown>;
const write = (folder: Folder, fields: Record<string, unknown>): void =>
  writeFileSync(join(folder, 'evidence.json'), JSON.stringify(fields));

/** A sample host as another version would have recorded it. */
const recorded = (t: Parameters<typeof temporaryFolder>[0], change: (folder: Folder) => void): Folder => {
  const folder = join(temporaryFolder(t), 'host');
  cpSync(host, folder, { recursive: true });
  rmSync(join(folder, 'SHA256SUMS'));
  change(folder);
  return folder;
};
const byOlder = (folder: Folder): void => {
  const { allow_list: _, ...fields } = manifest(folder);
  write(folder, fields);
};
const withoutTool = (folder: Folder): void => {
  byOlder(folder);
  const { tool: _, ...fields } = manifest(folder);
  write(folder, fields);
};

const read = async (folder: Folder): Promise<Collection> => collect(tables, await evidenceBackend(folder));
const resultOf = (
  { results }: Collection,
  { name }: Table,
): Pick<TableResult, 'rows' | 'status' | 'columnsAffected' | 'reason'> => {
  const found = results.find(({ table }) => table.name === name);
  if (found === undefined) throw new Error(`there is no table ${name}`);
  return found;
};

const late = (table: Table): string[] =>
  Object.entries(table.columns).flatMap(([name, { keptSince }]) => (keptSince === undefined ? [] : [name]));
const withLate = tables.filter((table) => late(table).length > 0);
const allLate = tables.filter(({ keptSince }) => keptSince !== undefined);

test('what is told to be kept since a version, the lists of today keep', (t) => {
  t.true(withLate.length > 0 && allLate.length > 0);
  for (const table of tables)
    for (const since of [table.keptSince, ...Object.values(table.columns).map(({ keptSince }) => keptSince)])
      if (since !== undefined) t.false(isBefore(allowListVersion, since), table.name);
});

test('a column of what an older list dropped is NULL, is named with the reason, and all others stay', async (t) => {
  const [today, older] = await Promise.all([read(host), read(recorded(t, byOlder))]);
  for (const table of tables.filter(({ generate }) => generate !== undefined)) {
    const [now, then] = [resultOf(today, table), resultOf(older, table)];
    if (table.keptSince !== undefined) {
      t.deepEqual([then.rows, then.status], [[], 'skipped'], table.name);
      t.regex(String(then.reason), /was not looked at/);
      continue;
    }
    const unknown = Object.fromEntries(late(table).map((name) => [name, null]));
    t.deepEqual(
      then.rows,
      now.rows.map((row) => ({ ...row, ...unknown })),
      table.name,
    );
    t.is(then.status, now.status, table.name);
    if (late(table).length === 0 || now.rows.length === 0) continue;
    for (const name of late(table)) {
      t.true(then.columnsAffected?.includes(name), name);
      t.regex(String(then.reason), new RegExp(`${name} was not looked at`));
    }
  }
});

test('evidence that no tokenquery reduced is whole', async (t) => {
  const [today, other] = await Promise.all([read(host), read(recorded(t, withoutTool))]);
  for (const table of [...withLate, ...allLate])
    t.deepEqual(resultOf(other, table).rows, resultOf(today, table).rows, table.name);
});

test('a command that came later was not looked at by older evidence, and costs no other table', async (t) => {
  const sources = Object.keys(laterCommands) as CommandName[];
  const older = recorded(t, (folder) => {
    for (const name of readdirSync(join(folder, 'commands'))) {
      const argv = readFileSync(join(folder, 'commands', name, 'argv'), 'utf8')
        .trimEnd()
        .split('\n');
      const source = sourceOf(argv);
      if (source !== null && sources.includes(source))
        rmSync(join(folder, 'commands', name), { recursive: true });
    }
  });
  const [today, then] = await Promise.all([read(host), read(older)]);
  for (const table of tables.filter(({ generate }) => generate !== undefined)) {
    const rests = table.sources.some((source) => sources.includes(source as CommandName));
    if (!rests) t.deepEqual(resultOf(then, table).rows, resultOf(today, table).rows, table.name);
    else if (table.sources.every((source) => sources.includes(source as CommandName))) {
      t.deepEqual([resultOf(then, table).rows, resultOf(then, table).status], [[], 'skipped'], table.name);
      t.regex(String(resultOf(then, table).reason), /was not looked at/);
    }
    t.deepEqual(
      then.errors.filter(({ tableName }) => tableName === table.name),
      today.errors.filter(({ tableName }) => tableName === table.name),
    );
  }
});

test('what older evidence could not tell is no event when newer evidence tells it', async (t) => {
  const older = recorded(t, byOlder);
  const newer = recorded(t, (folder) => {
    const { captured_time: time, ...fields } = manifest(folder);
    write(folder, { ...fields, captured_time: Number(time) + 86_400 });
  });
  const collections = [await read(older), await read(newer)];
  const store = openForWriting(join(temporaryFolder(t), 'store.db'), tables);
  for (const collection of collections)
    transact(store, () =>
      storeWriter(store.db, tables).add([snapshotOf(tables, collection, '0.8.0')], 1_800_000_000),
    );
  t.deepEqual(
    store.db
      .prepare("SELECT table_name, column_name FROM changes WHERE table_name NOT IN ('command_log')")
      .all(),
    [],
  );
  for (const table of withLate)
    t.deepEqual(
      store.db.prepare(`SELECT count(*) FROM "${table.name}"`).pluck().get(),
      resultOf(collections[1] as Collection, table).rows.length,
    );
  store.close();
});
