/** A lake that is damaged, or that somebody made to mislead: it is told, and nothing of it is counted wrongly. */
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as duckdb from '@duckdb/node-api';
import test from 'ava';
import { checkLake } from '../../../export/lake/check.ts';
import { folderPlace } from '../../../export/lake/folder.ts';
import { LakeEngine } from '../../../export/lake/engine.ts';
import type { Place } from '../../../export/lake/place.ts';
import { checkHosts, readLakeAt } from '../../../export/lake/reading.ts';
import { openLakeStore } from '../../../export/lake/store.ts';
import { lakeViews } from '../../../export/lake/views.ts';
import { tables } from '../../../tables/index.ts';
import { temporaryFolder } from '../../standin.ts';
import { sampleSnapshots, storeAt } from '../world.ts';
import { connect, publishAt, readLakeBy } from './world.ts';

interface Part {
  path: string;
  rows: number;
  bytes: number;
  sha256: string;
}
interface Shard {
  version: number;
  shard: string;
  hosts: unknown;
  tables: Record<string, { columns: string[][]; rows: number; parts: Part[] }>;
}

const name = 'shard=main.json';
const table = 'secure_tokens_history';

/** Puts other bytes in the place of a part, under the name that they would have had. */
const replacePart = (folder: string, shard: Shard, bytes: Uint8Array): void => {
  const part = shard.tables[table]?.parts[0] as Part;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const path = part.path.replace(/[0-9a-f]{32}(?=\.parquet)/, sha256.slice(0, 32));
  writeFileSync(join(folder, path), bytes);
  Object.assign(part, { path, sha256, bytes: bytes.length });
};

type Damage = (folder: string, shard: Shard, first: Part) => unknown;

/** What is done to a lake, and what is told of it then. */
const damages: Readonly<Record<string, readonly [Damage, RegExp]>> = {
  'a part is cut': [
    (folder, _, { path }) => truncateSync(join(folder, path), 100),
    /has 100 bytes, and the manifest says/,
  ],
  'a part is gone': [
    (folder, _, { path }) => rmSync(join(folder, path)),
    /is not there, and the manifest names it/,
  ],
  'a bit of a part is another': [
    (folder, _, { path }) => {
      const bytes = readFileSync(join(folder, path));
      bytes[40] = (bytes[40] ?? 0) ^ 1;
      writeFileSync(join(folder, path), bytes);
    },
    /has another digest than the manifest says/,
  ],
  'a part is no Parquet': [
    (folder, shard) => replacePart(folder, shard, Buffer.from('PAR1 this is none PAR1')),
    /is no Parquet/,
  ],
  'a part is another table': [
    (folder, shard) =>
      replacePart(
        folder,
        shard,
        readFileSync(join(folder, shard.tables['groups_history']?.parts[0]?.path ?? '')),
      ),
    /has \d+ rows, and the manifest says|has other columns than the manifest says/,
  ],
  'a part has other types': [
    async (folder, shard, { rows }) => {
      const engine = await connect();
      const path = join(folder, 'other.parquet');
      await engine.rows(
        `COPY (SELECT ${shard.tables[table]?.columns.map(([column]) => `'1' AS ${column}`).join(', ')} FROM range(${rows})) TO '${path}' (FORMAT parquet)`,
      );
      engine.close();
      replacePart(folder, shard, readFileSync(path));
    },
    /has other columns than the manifest says/,
  ],
  'the manifest tells of fewer rows': [
    (_, shard, first) => {
      first.rows -= 1;
      Object.assign(shard.tables[table] ?? {}, { rows: first.rows });
    },
    /has \d+ rows, and the manifest says \d+/,
  ],
  'rows of the table and of its parts differ': [
    (_, shard) => Object.assign(shard.tables[table] ?? {}, { rows: 1 }),
    /is not as tokenquery writes it: the table "secure_tokens_history"/,
  ],
  'a part of somewhere else': [
    (_, __, first) => Object.assign(first, { path: `../../etc/${first.path}` }),
    /is not as tokenquery writes it: the table/,
  ],
  'a part with a quote in its name': [
    (_, __, first) => Object.assign(first, { path: `${first.path}'); DROP VIEW x; --` }),
    /is not as tokenquery writes it: the table/,
  ],
  'a table with a quote in its name': [
    (_, shard) => {
      shard.tables['x"; DROP VIEW y; --'] = shard.tables[table] as Shard['tables'][string];
    },
    /is not as tokenquery writes it: the table "x\\"/,
  ],
  'a column with a quote in its name': [
    (_, shard) => shard.tables[table]?.columns.splice(0, 1, ['a"b', 'TEXT']),
    /is not as tokenquery writes it: the table/,
  ],
  'a column twice': [
    (_, shard) => shard.tables[table]?.columns.push(['host_id', 'TEXT']),
    /is not as tokenquery writes it: the table/,
  ],
  'a table without a part': [
    (_, shard) => Object.assign(shard.tables[table] ?? {}, { parts: [], rows: 0 }),
    /is not as tokenquery writes it: the table/,
  ],
  'more rows than numbers have': [
    (_, __, first) => Object.assign(first, { rows: 1e300 }),
    /is not as tokenquery writes it: the table/,
  ],
  'a part that would fill the memory': [
    (_, __, first) => Object.assign(first, { bytes: 1e15 }),
    /has 1000000000000000 bytes, which no part has/,
  ],
  'a newer version': [
    (_, shard) => Object.assign(shard, { version: 2 }),
    /was written by a newer tokenquery/,
  ],
  'of another shard': [(_, shard) => Object.assign(shard, { shard: 'other' }), /it speaks of shard "other"/],
  'no number of hosts': [
    (_, shard) => Object.assign(shard, { hosts: '4' }),
    /tool_version, schema_version or hosts/,
  ],
  'fewer hosts than there are': [
    (_, shard) => Object.assign(shard, { hosts: 1 }),
    /has 4 hosts, and its manifest says 1/,
  ],
};

let good: Promise<string> | null = null;
const goodLake = (folder: string): Promise<string> => {
  good ??= (async () => {
    const db = storeAt(join(folder, 'fleet.db'), await sampleSnapshots());
    await publishAt(join(folder, 'good'), db);
    return db;
  })();
  return good;
};

/** As `query --lake` reads it. */
const countByEngine = async (place: Place): Promise<unknown> => {
  const engine = await LakeEngine.open(duckdb, await readLakeAt(place), 256e6);
  try {
    await engine.show(new Set(['secure_tokens', 'snapshots']));
    const [[hosts] = []] = await engine.rows('SELECT count(DISTINCT host_id) FROM latest_snapshots');
    checkHosts(await readLakeAt(place), Number(hosts));
    const [[count] = []] = await engine.rows('SELECT count(*) FROM secure_tokens');
    return Number(count);
  } finally {
    engine.close();
  }
};

/** As `findings --lake` does. */
const countByStore = async (place: Place): Promise<unknown> => {
  const wanted = new Set(['secure_tokens']);
  const store = await openLakeStore(await readLakeAt(place), { tables, wanted, progress: () => {} });
  const rows = store.db.prepare('SELECT count(*) FROM secure_tokens').pluck().get();
  store.close();
  return rows;
};

test('each way in which a lake can be wrong is told by the check and by whoever reads it, and publishing mends it', async (t) => {
  const folder = temporaryFolder(t);
  const db = await goodLake(folder);
  for (const [what, [damage, message]] of Object.entries(damages)) {
    const out = join(folder, 'bad');
    cpSync(join(folder, 'good'), out, { recursive: true });
    const shard = JSON.parse(readFileSync(join(out, name), 'utf8')) as Shard;
    await damage(out, shard, shard.tables[table]?.parts[0] as Part);
    writeFileSync(join(out, name), JSON.stringify(shard));
    const place = folderPlace(out);
    const { problems } = await checkLake(place, () => {});
    t.true(
      problems.some((problem) => message.test(problem.message)),
      `${what}: ${problems.join('; ')}`,
    );
    for (const read of [countByEngine, countByStore])
      await t.throwsAsync(
        read(place),
        {
          name: 'UserError',
          message: new RegExp(`${message.source}|have 1 hosts, and there are 4|has 4 hosts, and says 1`),
        },
        `${what}, ${read.name}`,
      );
    if (/is gone|is cut|fill the memory/.test(what))
      await t.throwsAsync(lakeViews(place, 'duckdb'), { message: /is not there|has not the/ }, what);
    if (/quote|somewhere else|twice|newer/.test(what))
      await t.throwsAsync(lakeViews(place, 'duckdb'), { message }, what);
    if (what === 'a newer version') await t.throwsAsync(publishAt(out, db), { message }, what);
    // A part that is as long as it should be is not read again: its name is its digest.
    else if (what !== 'a bit of a part is another') {
      await publishAt(out, db);
      t.deepEqual((await checkLake(place, () => {})).problems, [], what);
    }
    rmSync(out, { recursive: true });
  }
  for (const [text, message] of [
    ['', /it is no JSON/],
    ['[]', /it is no tokenquery lake shard/],
    ['{"format":"tokenquery lake shard","version":1}', /it speaks of shard undefined/],
  ] as const) {
    cpSync(join(folder, 'good'), join(folder, 'bad'), { recursive: true });
    writeFileSync(join(folder, 'bad', name), text);
    const { problems } = await checkLake(folderPlace(join(folder, 'bad')), () => {});
    t.regex(problems[0]?.message ?? '', message);
    rmSync(join(folder, 'bad'), { recursive: true });
  }
});

test('a lake below a folder with quotes and patterns in its name is read, and nothing beside it', async (t) => {
  const folder = temporaryFolder(t);
  const db = storeAt(join(folder, 'fleet.db'), (await sampleSnapshots()).slice(0, 1));
  for (const strange of [
    "o'brien",
    'a*b',
    'what?',
    '[a-z]',
    '{a,b}',
    '**',
    'a"b',
    'back\\slash',
    '-- x',
    'ü',
  ]) {
    const out = join(folder, strange);
    await publishAt(out, db);
    const engine = await readLakeBy(folderPlace(out));
    t.deepEqual(await engine.rows('SELECT count(*) FROM latest_snapshots'), [[1]], strange);
    engine.close();
    t.is(await countByStore(folderPlace(out)), await countByEngine(folderPlace(out)), strange);
    if (/[*?{[\\]/.test(strange))
      await t.throwsAsync(lakeViews(folderPlace(out), 'clickhouse'), { message: /for a pattern/ });
    else t.regex(await lakeViews(folderPlace(out), 'clickhouse'), /CREATE OR REPLACE VIEW "users" AS SELECT/);
  }
  // What a pattern would also find is not read.
  mkdirSync(join(folder, 'axb'));
  renameSync(join(folder, 'ü'), join(folder, 'axb', 'moved'));
});
