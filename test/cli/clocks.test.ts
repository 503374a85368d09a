/** A wrong clock, as it is lived through on the command line. The evidence is that of a sample Mac, which is constructed. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { runner, thisProgram } from '../net/program.ts';
import { makeBundle } from '../store/evidence.ts';
import { temporaryFolder } from '../standin.ts';

const start = 1_790_000_000;
const day = 86_400;

/** A Mac of which the hidden account _svcadm becomes an administrator. */
const macOf = (folder: string) => {
  let made = 0;
  const bundle = (time: number, isAdmin: boolean): string =>
    makeBundle('macos15-unmanaged', join(folder, `look-${(made += 1)}`), {
      time,
      replace: isAdmin ? [] : [['GroupMembership', /<string>(?:_svcadm|442B89F8-[0-9A-F-]*)<\/string>/g, '']],
    });
  return { before: (time: number) => bundle(time, false), after: (time: number) => bundle(time, true) };
};

const worldOf = (t: ExecutionContext) => {
  const folder = temporaryFolder(t);
  const run = runner(thisProgram, folder);
  const db = join(folder, 'mac.db');
  const ask = async (time: number, ...words: string[]) => run([words], time);
  return {
    ...macOf(folder),
    folder,
    ask,
    run,
    store: (time: number, bundle: string) => ask(time, 'snapshot', '--db', db, '--source', bundle),
    query: (time: number, sql: string, ...more: string[]) =>
      ask(time, 'query', '--db', db, '--csv', sql, ...more),
    findings: (time: number, ...more: string[]) =>
      ask(time, 'findings', '--db', db, '-n', 'hidden_admin', ...more),
    db,
  };
};

const sneaky = 'SELECT username FROM users WHERE is_admin = 1 AND is_hidden = 1';
const named = /1 snapshot is dated later than stored.*1CD27D1F.*dated 2027-.*stored 2026-/;

for (const [what, clock] of [
  ['the date of evidence', start + day / 2],
  ['the clock of the Mac that stores it too', start + 400 * day],
] as const) {
  test(`an administrator who comes after ${what} was 400 days ahead is seen, night after night`, async (t) => {
    const { before, after, ask, run, store, findings, db, folder } = worldOf(t);
    await store(start, before(start));
    const ahead = await store(clock, before(start + 400 * day));
    if (clock < start + day) {
      t.regex(ahead.stdout, /dated 2027-.*later than now: it was stored and does not count/);
      t.regex(ahead.end, named);
    }
    const cursor = join(folder, 'cursor');
    const told: string[] = [];
    const night = async (number: number): Promise<void> => {
      const time = start + number * day;
      const { stdout, end } = await run(
        [
          ['snapshot', '--db', db, '--source', after(time - 30)],
          ['query', '--db', db, '--csv', sneaky, '--strict'],
          ['export', '--db', db, '--format', 'osquery', '--cursor', cursor, '--table', 'users'],
        ],
        time,
      );
      const isFirst = number === 1 && clock > start + day;
      t.is(
        isFirst,
        stdout.includes('the clock was ahead when 1 snapshot was stored before: not counted any more'),
      );
      t.true(stdout.includes('username\r\n_svcadm\r\n'));
      t.regex(end, /dated later than stored/);
      t.regex(end, /exit code 0/);
      told.push(stdout.slice(stdout.indexOf('_svcadm\r\n')));
    };
    for (const number of [1, 2, 10]) await night(number);
    const found = await findings(start + 10 * day, '--fail-on', 'high');
    t.regex(found.stdout, /1 hit, 0 clean, 0 unknown/);
    t.regex(found.end, /exit code 3/);
    // Of what began in the look that is dated ahead, and of the account, nothing is told to be gone.
    t.false(told.join('').includes('2027'));
    const gone = told
      .join('')
      .split('\n')
      .filter((line) => line.includes('"removed"') && line.includes('_svcadm'));
    t.is(gone.length, 1, 'the former words of the account, once');
    const { stdout } = await run(
      [
        ['query', '--db', db, '--csv', "SELECT change FROM changes WHERE change = 'removed'"],
        ['query', '--db', db, '--csv', 'SELECT collected_time FROM latest_snapshots'],
      ],
      start + 11 * day,
    );
    t.is(stdout, `change\r\ncollected_time\r\n${start + 10 * day - 30}\r\n`);

    // The same at the centre, also two years later.
    const central = join(folder, 'central.db');
    for (const time of [start + 11 * day, start + 800 * day]) {
      const merged = await run(
        [
          ['merge', '--db', central, db],
          ['query', '--db', central, '--csv', sneaky],
        ],
        time,
      );
      t.true(merged.stdout.endsWith('username\r\n_svcadm\r\n'));
      t.regex(merged.end, /dated later than stored/);
    }
    const lines = join(folder, 'whole.ndjson');
    const second = join(folder, 'second.db');
    await ask(start + 11 * day, 'export', '--db', db, '--changes', '--output', lines);
    const late = await run(
      [
        ['merge', '--db', second, lines],
        ['query', '--db', second, '--csv', 'SELECT max(collected_time) AS t FROM latest_snapshots'],
      ],
      start + 800 * day,
    );
    t.true(late.stdout.endsWith(`t\r\n${start + 10 * day - 30}\r\n`));
    const kept = await run(
      [
        ['retain', '--db', db, '--older-than', '5d'],
        ['query', '--db', db, '--csv', sneaky],
        ['query', '--db', db, '--csv', 'SELECT count(*) AS n FROM ahead_snapshots'],
      ],
      start + 11 * day,
    );
    t.true(kept.stdout.endsWith('username\r\n_svcadm\r\nn\r\n0\r\n'));
  });
}

test('a snapshot from before the last one says that it is, and does not pass for how the Mac stands', async (t) => {
  const { before, after, ask, store, db } = worldOf(t);
  const first = await store(start + 10 * day, before(start + 10 * day));
  t.notRegex(first.stdout, /before the last/);
  // The clock of the Mac went back by five days; nobody need notice.
  const late = ['snapshot', '--db', db, '--source', after(start + 5 * day)];
  for (const _again of [1, 2]) {
    const needed = await ask(start + 11 * day, ...late, '--require', 'users');
    t.regex(needed.end, /does not say how it stands now, for a later one was stored before/);
    t.regex(needed.end, /exit code 4/);
  }
  const told = await store(start + 11 * day, after(start + 6 * day));
  t.regex(told.stdout, /taken before the last snapshot of this host, and stored as its past; /);
  t.regex(told.end, /exit code 0/);
  // Past and present of a Mac in one run: that says how it stands.
  const both = ['--source', before(start + 12 * day), '--source', after(start + 7 * day)];
  const whole = await ask(start + 13 * day, 'snapshot', '--db', db, '--require', 'users', ...both);
  t.regex(whole.end, /exit code 0/);
  t.notRegex(whole.stdout, /before the last/);
});

test('nothing is clean while the last snapshot does not count, and who reads is told', async (t) => {
  const { before, after, ask, store, query, findings, db, folder } = worldOf(t);
  await store(start, before(start));
  t.regex((await findings(start)).stdout, /0 hit, 1 clean, 0 unknown/);
  // What it saw is an administrator; what is known is older.
  await store(start + day, after(start + 4 * day));
  const seen = await query(start + day, sneaky, '--strict');
  t.is(seen.stdout, 'username\r\n');
  t.regex(seen.end, /1 snapshot is dated later than stored/);
  t.regex(seen.end, /exit code 4/);
  const found = await findings(start + day, '--json');
  t.like(JSON.parse(found.stdout)[0], { verdict: 'unknown' });
  t.regex(found.stdout, /the last snapshot is dated later than it was stored/);
  // Also when its date has come.
  t.regex((await findings(start + 30 * day)).stdout, /0 hit, 0 clean, 1 unknown/);
  t.is((await query(start + 30 * day, sneaky)).stdout, 'username\r\n');
  for (const words of [
    ['changes'],
    ['export', '--format', 'json', '--table', 'users'],
    ['retain', '--older-than', '900d'],
  ]) {
    const { end } = await ask(start + 2 * day, words[0] as string, '--db', db, ...words.slice(1));
    t.regex(end, /dated later than stored/, words[0]);
  }
  const merged = await ask(start + 2 * day, 'merge', '--db', join(folder, 'central.db'), db);
  t.regex(merged.end, /1 snapshot is dated later than stored/);
  // A right look ends it at once.
  await store(start + 2 * day, before(start + 2 * day - 10));
  t.regex((await findings(start + 2 * day)).stdout, /0 hit, 1 clean, 0 unknown/);
});

test('a host of which no snapshot counts is unknown, and not left out', async (t) => {
  const { after, store, query, findings } = worldOf(t);
  await store(start, after(start + 3 * day));
  t.regex((await findings(start)).stdout, /1 question on 1 host.*0 hit, 0 clean, 1 unknown/);
  t.regex((await query(start, sneaky)).end, /users was not collected/);
  t.is((await query(start, 'SELECT * FROM latest_snapshots')).stdout.split('\n').length, 2);
});

test('whose clock is before the newest moment of storing is told so', async (t) => {
  const { before, ask, store, query, db } = worldOf(t);
  await store(start - day, before(start - day));
  await store(start, before(start));
  t.notRegex((await query(start, sneaky)).end, /clock/);
  t.regex(
    (await query(start - 3 * day, sneaky)).end,
    /the clock here says 2026-.*was stored at 2026-.*one of the two/,
  );
  t.regex((await ask(start - 3 * day, 'changes', '--db', db)).end, /one of the two clocks is wrong/);
  const late = await store(start - 400 * day, before(start - 400 * day));
  t.regex(late.end, /one of the two clocks is wrong/);
  // What is current does not depend on who reads.
  t.is(
    (await query(start - 3 * day, 'SELECT collected_time FROM latest_snapshots')).stdout,
    `collected_time\r\n${start}\r\n`,
  );
});

test('a clock that is ahead when retain runs drops no history, and lets later snapshots in', async (t) => {
  const { before, after, ask, store, query, db } = worldOf(t);
  await store(start, before(start));
  await store(start + day, after(start + day));
  const { end } = await ask(start + 400 * day, 'retain', '--db', db, '--older-than', '90d');
  t.regex(end, /the age counts from/);
  t.regex((await query(start + day, 'SELECT count(*) AS n FROM snapshots')).stdout, /n\r\n2\r\n/);
  t.regex((await store(start + 2 * day, before(start + 2 * day))).stdout, /users 1 changed/);
});
