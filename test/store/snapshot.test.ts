import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import test from 'ava';
import { openForReading, openForWriting, transact } from '../../store/file.ts';
import { retain } from '../../store/retention.ts';
import { storeWriter } from '../../store/writer/writer.ts';
import { tables } from '../../tables/index.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';
import { viewAsOf } from '../../store/as_of.ts';
import { forgetFindingsAfter } from '../../store/findings.ts';
import { dataTables } from '../../collector/table.ts';
import { cellsOrder, rowsOf } from '../../store/snapshot.ts';
import type { Cells, Snapshot } from '../../store/snapshot.ts';
import { makeBundle, snapshotOfBundle, verifySnapshots } from './evidence.ts';
import type { Edits } from './evidence.ts';

const day = 86_400;
const start = 1_790_000_000;
const host = '7BA9E49B-B07F-4780-9868-65AA59440444';

const json = async (...parameters: readonly string[]): Promise<Record<string, unknown>[]> => {
  const { stdout, stderr, code } = await cli([...parameters, '--json']);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>[];
};

test('a snapshot that brings nothing new is free', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const first = makeBundle('macos26-managed', join(folder, 'a'), { time: start });
  t.is((await cli(['snapshot', '--db', db, '--source', first])).code, 0);
  const versions = (): unknown => {
    const store = openForReading(db, tables);
    // With a second look the questions that compare two can be answered: that is new.
    const names = store.db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE name LIKE '%\\_history' ESCAPE '\\' AND name <> 'verdicts_history'",
      )
      .pluck()
      .all();
    const count = names.map((name) => [
      name,
      store.db
        .prepare(`SELECT count(*) FROM "${String(name)}"`)
        .pluck()
        .get(),
    ]);
    store.close();
    return count;
  };
  const [size, before] = [statSync(db).size, versions()];
  // The same evidence, and the same found a day later.
  const again = await cli(['snapshot', '--db', db, '--source', first]);
  t.regex(again.stdout, /was stored before/);
  const later = makeBundle('macos26-managed', join(folder, 'b'), { time: start + day });
  const unchanged = await cli(['snapshot', '--db', db, '--source', later]);
  t.is(unchanged.stdout, `${host}: nothing changed\n`);
  t.deepEqual(versions(), before);
  t.true(statSync(db).size - size < 2048, `${statSync(db).size - size} bytes`);
  t.deepEqual(
    await json('query', '--db', db, 'SELECT sequence, collected_time, status FROM snapshots ORDER BY 1'),
    [
      { sequence: 1, collected_time: start, status: 'complete' },
      { sequence: 2, collected_time: start + day, status: 'complete' },
    ],
  );
  t.deepEqual(
    await json(
      'query',
      '--db',
      db,
      'SELECT DISTINCT valid_from_time AS t, first_snapshot_id <> last_snapshot_id AS lasts FROM users_history',
    ),
    [{ t: start, lasts: 1 }],
  );
});

test('a year of days without news stays small', async (t) => {
  const bundle = makeBundle('macos26-managed', join(temporaryFolder(t), 'mac'), { time: start });
  const base = await snapshotOfBundle(bundle);
  const path = join(temporaryFolder(t), 'year.db');
  const store = openForWriting(path, tables);
  const writer = storeWriter(store.db, tables);
  const { snapshotIdOf } = await import('../../store/snapshot.ts');
  const hosts = 4;
  const days = 365;
  let afterFirst = 0;
  for (let at = 0; at < days; at += 1) {
    transact(store, () => {
      for (let number = 0; number < hosts; number += 1) {
        const known = {
          ...base,
          hostId: `${host.slice(0, -4)}000${number}`,
          collectedTime: start + at * day,
        };
        writer.add([{ ...known, snapshotId: snapshotIdOf(known) }], start + at * day);
      }
    });
    if (at === 0) {
      store.db.pragma('wal_checkpoint(TRUNCATE)');
      afterFirst = statSync(path).size;
    }
  }
  t.is(verifySnapshots(store), hosts * days);
  store.close();
  const each = (statSync(path).size - afterFirst) / (hosts * (days - 1));
  // 100 hosts and 365 days may have 100 MB: 2,700 bytes each.
  t.true(each < 200, `${each} bytes a snapshot`);
});

test('what changed is told, and can be asked', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const one = makeBundle('macos26-managed', join(folder, 'a'), { time: start });
  const two = makeBundle('macos26-managed', join(folder, 'b'), {
    time: start + day,
    replace: [['sw_vers', '26.1', '26.2']],
  });
  const three = makeBundle('macos26-managed', join(folder, 'c'), {
    time: start + 2 * day,
    replace: [['sw_vers', '26.1', '26.2']],
    without: ['/usr/bin/fdesetup', '/usr/bin/dscl'],
  });
  const ran = [];
  for (const source of [one, two, three]) ran.push(await cli(['snapshot', '--db', db, '--source', source]));
  t.regex(ran[1]?.stdout ?? '', /: hosts 1 changed\n$/);
  t.regex(ran[2]?.stdout ?? '', /not_recorded: .*users/);
  const changes = await json('changes', '--db', db);
  t.deepEqual(
    changes.map(({ change, column_name: name, old_value: old, new_value: now, change_time: time }) => [
      change,
      name,
      old,
      now,
      time,
    ]),
    [
      ['changed', 'os_version', '26.1', '26.2', start + day],
      ['changed', 'os_version_num', 260100, 260200, start + day],
    ],
  );
  t.deepEqual(
    changes,
    await json(
      'changes',
      '--db',
      db,
      '--since',
      String(start + day),
      '--table',
      'hosts',
      '--host',
      host.toLowerCase(),
    ),
  );
  t.deepEqual(await json('changes', '--db', db, '--since', String(start + day + 1)), []);
  t.deepEqual(await json('changes', '--db', db, '--table', 'users'), []);
  // What could not be collected is there as it was, and says how old it is.
  const sql = 'SELECT count(*) AS n FROM users';
  t.deepEqual(
    await json('query', '--db', db, sql),
    await json('query', '--db', db, '--as-of', String(start), sql),
  );
  t.deepEqual(
    await json(
      'query',
      '--db',
      db,
      "SELECT status, last_good_time FROM table_status WHERE table_name = 'users'",
    ),
    [{ status: 'not_recorded', last_good_time: start + day }],
  );
  const at = (time: string) => json('query', '--db', db, '--as-of', time, 'SELECT os_version FROM hosts');
  t.deepEqual(await at(String(start + day - 1)), [{ os_version: '26.1' }]);
  t.deepEqual(await at(new Date((start + day) * 1000).toISOString()), [{ os_version: '26.2' }]);
  t.deepEqual(await at('2020-01-01'), []);
  t.deepEqual(
    await json(
      'query',
      '--db',
      db,
      '--as-of',
      String(start + day),
      "SELECT status FROM table_status WHERE table_name = 'users'",
    ),
    [{ status: 'ok' }],
  );
});

test('what a run could not ask is no change, and what it could ask is', async (t) => {
  const folder = temporaryFolder(t);
  const store = openForWriting(join(folder, 'mac.db'), tables);
  const writer = storeWriter(store.db, tables);
  const keys = ['/usr/bin/fdesetup', 'listUsers', '/usr/bin/profiles'];
  const observe = async (at: number, edits: Edits): Promise<string[]> => {
    const bundle = makeBundle('macos26-managed', join(folder, String(at)), { time: start + at, ...edits });
    const snapshot = await snapshotOfBundle(bundle);
    transact(store, () => writer.add([snapshot], start + at));
    return store.db
      .prepare(
        "SELECT DISTINCT table_name || ' ' || change || ' ' || column_name || ' ' || coalesce(new_value, 'NULL') FROM changes WHERE change_time = ? ORDER BY 1",
      )
      .pluck()
      .all(start + at) as string[];
  };
  const tokens = (): unknown =>
    store.db
      .prepare(
        'SELECT username, secure_token, confidence, sources, filevault_enabled FROM secure_tokens ORDER BY 1',
      )
      .all();
  t.deepEqual(await observe(0, {}), []);
  const before = tokens();
  // No key on the disk, no FileVault list, no MDM: the verdict rests on less, and no token was lost (M17).
  t.deepEqual(await observe(10, { without: keys }), []);
  t.deepEqual(await observe(20, { without: keys }), []);
  t.deepEqual(tokens(), before);
  // Of the same Mac, asked as little: a shell and a tag, which alone is no token lost.
  const edits: Edits['replace'] = [
    ['-readall', ';SecureToken;', ';Basic;'],
    ['-readall', '/bin/zsh', '/bin/sh'],
  ];
  const untagged = await observe(30, { without: keys, replace: edits });
  t.true(untagged.includes('users changed shell /bin/sh'), untagged.join('\n'));
  t.false(untagged.includes('secure_tokens changed secure_token 0'), untagged.join('\n'));
  // And a token.
  const lost = await observe(35, {
    without: keys,
    replace: [...(edits ?? []), ['-secureTokenStatus', 'is ENABLED', 'is DISABLED']],
  });
  t.true(lost.includes('secure_tokens changed secure_token 0'), lost.join('\n'));
  // All asked again, and all as it was at first: back to that.
  const back = await observe(40, {});
  t.true(back.includes('users changed shell /bin/zsh'));
  t.deepEqual(tokens(), before);
  t.deepEqual(await observe(50, {}), []);
  store.close();
});

test('each time is the replay of its own evidence', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'mac.db');
  const store = openForWriting(path, tables);
  const writer = storeWriter(store.db, tables);
  const edits: readonly Edits[] = [
    {},
    {
      replace: [
        ['sw_vers', '26.1', '26.2'],
        ['-readall', '/bin/zsh', '/bin/sh'],
      ],
    },
    { without: ['/usr/bin/fdesetup'] },
    { without: ['-readall'] },
    { replace: [['-readall', ';SecureToken;', ';Basic;']] },
    {},
  ];
  const taken: Snapshot[] = [];
  for (const [index, edit] of edits.entries()) {
    taken.push(
      await snapshotOfBundle(
        makeBundle('macos26-managed', join(folder, String(index)), { time: start + index * 10, ...edit }),
      ),
    );
  }
  for (const index of [4, 0, 5, 2, 1, 3])
    transact(store, () => writer.add([taken[index] as Snapshot], start + day));
  let compared = 0;
  for (const snapshot of taken) {
    for (const late of [0, 9]) {
      const past = openForReading(path, tables);
      viewAsOf(past, snapshot.collectedTime + late);
      for (const table of dataTables(tables)) {
        const observation = snapshot.observations.get(table.name);
        if (observation?.status !== 'ok' && observation?.status !== 'empty') continue;
        const width = Object.keys(table.columns).length;
        const rows = past.db.prepare(`SELECT * FROM "${table.name}"`).raw(true).all() as Cells[];
        t.deepEqual(
          rows.map((row) => row.slice(0, width)).sort(cellsOrder(table)),
          [...rowsOf(observation, width)],
          `${table.name} at ${snapshot.collectedTime - start}`,
        );
        compared += 1;
      }
      past.close();
    }
  }
  t.true(compared > 200, String(compared));
  store.close();
});

test('a table that was not looked at is named, and --strict ends with 4', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'two.db');
  await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    sample('macos26-managed'),
    '--source',
    sample('macos14-not-root'),
  ]);
  const asked = await cli(['query', '--db', db, '--strict', 'SELECT username FROM filevault_users']);
  t.is(asked.code, 4);
  t.regex(asked.stderr, /note: on 1 of 2 hosts, filevault_users is denied: /);
  const fine = await cli(['query', '--db', db, '--strict', 'SELECT username FROM users']);
  t.deepEqual([fine.code, fine.stderr], [0, '']);
  const history = await cli([
    'query',
    '--db',
    db,
    '--strict',
    'SELECT username FROM filevault_users_history',
  ]);
  t.is(history.code, 4);
});

test('no rows are no answer where nothing was looked at', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const ask = (sql: string, ...more: readonly string[]) =>
    cli(['query', '--db', db, '--strict', '--list', ...more, sql]);
  const users = 'SELECT count(*) FROM users';
  // A file without a snapshot.
  openForWriting(db, tables).close();
  const none = await ask(users);
  t.deepEqual([none.code, none.stdout], [4, 'count(*)\n0\n']);
  t.regex(none.stderr, /note: .*mac\.db holds no snapshot/);
  await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    makeBundle('macos26-managed', join(folder, 'a'), { time: start }),
  ]);
  t.deepEqual((await ask(users)).stderr, '');
  // Before the first snapshot.
  const before = await ask(users, '--as-of', String(start - 1));
  t.is(before.code, 4);
  t.is(
    before.stderr,
    'tokenquery: note: nothing is known as of 2026-09-21T14:13:19Z: the first snapshot in the file is of 2026-09-21T14:13:20Z\n',
  );
  t.deepEqual((await ask(users, '--as-of', String(start))).stderr, '');
  const found = await cli(['findings', '--db', db, '--as-of', '2020-01-01']);
  t.regex(found.stderr, /note: nothing is known as of 2020-01-01T00:00:00Z/);
  // Of one host of two.
  const other = makeBundle('macos15-unmanaged', join(folder, 'b'), { time: start + day });
  await cli(['snapshot', '--db', db, '--source', other]);
  const half = await ask(users, '--as-of', String(start));
  t.deepEqual(
    [half.code, half.stderr],
    [4, 'tokenquery: note: of 1 of 2 hosts nothing is known as of 2026-09-21T14:13:20Z\n'],
  );
  // What was dropped is not known any more.
  const store = openForWriting(db, tables);
  retain(store, start + day + 1);
  store.close();
  t.regex(
    (await ask(users, '--as-of', String(start + day))).stderr,
    /note: not all is known as of .*; what is older than 2026-09-22T14:13:21Z was dropped/,
  );
});

test('a table that no export brought is not collected, and never empty', async (t) => {
  const folder = temporaryFolder(t);
  const [mac, db, file] = ['mac.db', 'fleet.db', 'users.ndjson'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await cli(['snapshot', '--db', mac, '--source', sample('macos26-managed')]);
  t.is(
    (await cli(['export', '--db', mac, '--format', 'native', '--table', 'users', '--output', file])).code,
    0,
  );
  t.is((await cli(['merge', '--db', db, file])).code, 0);
  const asked = await cli(['query', '--db', db, '--strict', 'SELECT * FROM secure_tokens']);
  t.is(asked.code, 4);
  t.is(asked.stderr, 'tokenquery: note: secure_tokens was not collected: it is not in the last snapshot\n');
  t.is((await cli(['query', '--db', db, '--strict', 'SELECT username FROM users'])).code, 0);
  // Of the whole snapshot and this part of it, each is listed, and the history is that of the whole.
  const history = (path: string) =>
    json('query', '--db', path, 'SELECT * FROM users_history ORDER BY uid, username');
  const alone = await history(mac);
  t.is((await cli(['merge', '--db', mac, file])).code, 0);
  t.deepEqual(
    (await history(mac)).map((row) => ({ ...row, first_snapshot_id: 0, last_snapshot_id: 0 })),
    alone.map((row) => ({ ...row, first_snapshot_id: 0, last_snapshot_id: 0 })),
  );
  t.deepEqual(await json('query', '--db', mac, 'SELECT count(*) AS n FROM snapshots'), [{ n: 2 }]);
  t.deepEqual(await json('query', '--db', mac, 'SELECT count(*) AS n FROM latest_snapshots'), [{ n: 1 }]);
  t.deepEqual(await json('changes', '--db', mac), []);
});

test('findings tells of whom it does not tell', async (t) => {
  const folder = temporaryFolder(t);
  const [mac, db] = [join(folder, 'mac.db'), join(folder, 'fleet.db')];
  const at = (days: number) =>
    makeBundle('macos15-unmanaged', join(folder, String(days)), { time: start + days * day });
  const ask = (path: string, ...more: readonly string[]) =>
    cli(['query', '--db', path, '--strict', '--list', ...more, 'SELECT count(*) FROM findings']);
  await cli(['snapshot', '--db', mac, '--source', at(0)]);
  const evaluated = await ask(mac);
  t.deepEqual([evaluated.code, evaluated.stderr], [0, '']);
  t.true(Number(evaluated.stdout.split('\n')[1]) > 0);
  // Merged, and judged with it.
  await cli(['merge', '--db', db, mac]);
  t.deepEqual([(await ask(db)).code, (await ask(db)).stdout], [0, evaluated.stdout]);
  /** As an older tokenquery leaves it, which did not judge what came by merge. */
  const unjudge = (time: number | null): void => {
    const file = new Database(db);
    const id = file.prepare('SELECT host FROM _host').pluck().get() as number;
    forgetFindingsAfter(file, id, time ?? 0);
    file.prepare('UPDATE _host SET judged_until_time = ?').run(time);
    file.close();
  };
  // An empty table is no clean host.
  unjudge(null);
  const merged = await ask(db);
  t.deepEqual([merged.code, merged.stdout], [4, 'count(*)\n0\n']);
  t.regex(
    merged.stderr,
    /note: findings does not tell of the last snapshot: .*tokenquery findings --db .*fleet\.db judges it/,
  );
  // A snapshot that was merged is evaluated when it is taken here too.
  await cli(['snapshot', '--db', db, '--source', at(0)]);
  t.deepEqual([(await ask(db)).code, (await ask(db)).stdout], [0, evaluated.stdout]);
  // A newer one that came by merge; at the time before it, all is known.
  await cli(['merge', '--db', db, at(2)]);
  t.is((await ask(db)).code, 0);
  unjudge(start);
  t.is((await ask(db)).code, 4);
  t.is((await ask(db, '--as-of', String(start + day))).code, 0);
  await cli(['snapshot', '--db', db, '--source', at(3)]);
  t.is((await ask(db)).code, 0);
  // What was left before it is judged with it.
  t.is((await ask(db, '--as-of', String(start + 2 * day))).code, 0);
  await cli(['snapshot', '--db', db, '--source', at(4)]);
  t.is((await ask(db, '--as-of', String(start + 3 * day))).code, 0);
});

test('changes says where a change could not be seen', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    makeBundle('macos26-managed', join(folder, 'a'), { time: start }),
  ]);
  t.is((await cli(['changes', '--db', db])).stderr, '');
  const blind = makeBundle('macos26-managed', join(folder, 'b'), {
    time: start + day,
    without: ['/usr/bin/fdesetup'],
  });
  await cli(['snapshot', '--db', db, '--source', blind]);
  t.regex((await cli(['changes', '--db', db])).stderr, /note: not every table could be looked at/);
  t.regex(
    (await cli(['changes', '--db', db, '--table', 'filevault_users'])).stderr,
    /note: filevault_users is not_recorded: /,
  );
  t.is((await cli(['changes', '--db', db, '--table', 'groups'])).stderr, '');
});

test('a Mac that nothing names is refused, and the others are stored', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  const nameless = makeBundle('macos26-managed', join(folder, 'nameless'), {
    hostId: null,
    without: ['/usr/sbin/ioreg'],
  });
  const alone = await cli(['snapshot', '--db', db, '--source', nameless]);
  t.is(alone.code, 1);
  t.regex(alone.stderr, /error: .*nothing says which Mac this is, so nothing was stored\n.*hint: /);
  const both = await cli([
    'snapshot',
    '--db',
    db,
    '--source',
    nameless,
    '--source',
    sample('macos26-managed'),
  ]);
  t.is(both.code, 1);
  t.deepEqual(await json('query', '--db', db, 'SELECT host_id FROM latest_snapshots'), [{ host_id: host }]);
});

test('SQL on a database only reads', async (t) => {
  const folder = temporaryFolder(t);
  const db = join(folder, 'mac.db');
  await cli(['snapshot', '--db', db, '--source', sample('macos26-managed')]);
  const size = statSync(db).size;
  for (const sql of [
    'DELETE FROM users',
    'DROP VIEW users',
    `VACUUM INTO '${join(folder, 'x')}'`,
    'PRAGMA user_version = 7',
  ]) {
    t.is((await cli(['query', '--db', db, sql])).code, 1, sql);
  }
  t.false(existsSync(join(folder, 'x')));
  t.is(statSync(db).size, size);
  const near = await cli(['query', '--db', db, 'SELECT * FROM user_history']);
  t.regex(near.stderr, /did you mean users?_history/);
  t.is((await cli(['query', '--db', db, '--source', 'sample', 'SELECT 1'])).code, 2);
  t.is((await cli(['query', '--as-of', '-1d', 'SELECT 1'])).code, 2);
  mkdirSync(join(folder, 'nothing'));
  t.regex(
    (await cli(['query', '--db', join(folder, 'nothing', 'no.db'), 'SELECT 1'])).stderr,
    /there is no .*no\.db\n.*snapshot --db/,
  );
  t.false(existsSync(join(folder, 'nothing', 'no.db')));
});
