/** Links and owners of every path that is named. What needs users of its own runs where the tests run as root. */
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { liveBackend } from '../../collector/backends/live.ts';
import { writeBundle } from '../../collector/backends/recording.ts';
import { UserError } from '../../collector/errors.ts';
import { argvOf } from '../../collector/sources.ts';
import { checkCode, checkData, checkLinks } from '../../collector/trust.ts';
import { lockCursor, readCursor, writeCursor, emptyCursor } from '../../export/cursor.ts';
import { fileSink } from '../../export/file_sink.ts';
import { readQueries } from '../../queries/custom.ts';
import { readExceptions } from '../../queries/exceptions.ts';
import { readOverlay } from '../../queries/overlay.ts';
import { readPacks } from '../../queries/osquery_pack.ts';
import { openForReading, openForWriting } from '../../store/file.ts';
import { tables } from '../../tables/index.ts';
import { cli, temporaryFolder } from '../standin.ts';

const isRoot = process.geteuid?.() === 0;
const asRoot = isRoot ? test.serial : test.serial.skip;
const [nobody, caller] = [65_534, 4_711];

/** A folder that everybody may write, and only owners take away from, as /tmp is; root’s victim lies elsewhere. */
const shared = (t: ExecutionContext): { readonly folder: string; readonly victim: string } => {
  const folder = join(temporaryFolder(t), 'shared');
  mkdirSync(folder);
  chmodSync(folder, 0o1777);
  const victim = join(temporaryFolder(t), 'victim');
  writeFileSync(victim, 'do not touch\n');
  chmodSync(victim, 0o755);
  return { folder, victim };
};

const planted = (path: string, owner: number, content = 'x'.repeat(64)): void => {
  writeFileSync(path, content);
  chownSync(path, owner, owner);
};

const linked = (target: string, path: string, owner: number): void => {
  symlinkSync(target, path);
  if (isRoot) lchownSync(path, owner, owner);
};

const refused = (t: ExecutionContext, work: () => unknown, path: string, words: RegExp): void => {
  const error = t.throws(work, { instanceOf: UserError });
  t.true(error?.message.includes(path), error?.message);
  t.regex(error?.message ?? '', words);
  t.not(error?.hint, '');
};

/** Runs work with a caller of sudo. */
const withCaller = <T>(user: number | null, work: () => T): T => {
  const before = process.env['SUDO_UID'];
  if (user === null) delete process.env['SUDO_UID'];
  else process.env['SUDO_UID'] = String(user);
  try {
    return work();
  } finally {
    if (before === undefined) delete process.env['SUDO_UID'];
    else process.env['SUDO_UID'] = before;
  }
};

const asUser = <T>(user: number, work: () => T): T => {
  process.seteuid?.(user);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
  }
};

const makeStore = (path: string): void => openForWriting(path, tables).close();
const suffixes = ['-wal', '-shm', '-journal'] as const;

const untouched = (t: ExecutionContext, victim: string): void => {
  t.is(statSync(victim).mode & 0o7777, 0o755, 'the mode of the victim');
  t.is(statSync(victim).uid, process.geteuid?.() ?? -1);
  t.is(readFileSync(victim, 'utf8'), 'do not touch\n');
};

test.serial('a link beside a database is followed by nobody, and what it leads to keeps its mode', (t) => {
  const { folder, victim } = shared(t);
  for (const isNew of [true, false])
    for (const suffix of suffixes) {
      const db = join(folder, `${isNew}${suffix}.db`);
      if (!isNew) makeStore(db);
      linked(victim, db + suffix, isRoot ? nobody : 0);
      refused(t, () => openForWriting(db, tables), db + suffix, /is a link/);
      refused(t, () => openForReading(db, tables), db + suffix, /is a link/);
      untouched(t, victim);
      if (isNew) t.false(existsSync(db));
    }
});

test.serial('a database that a user names by a link is narrowed where it lies', (t) => {
  const { folder } = shared(t);
  if (isRoot) chmodSync(dirname(folder), 0o755);
  const [db, link] = [join(folder, 'a.db'), join(folder, 'link.db')];
  const work = (): void => {
    makeStore(db);
    chmodSync(db, 0o644);
    symlinkSync(db, link);
    openForWriting(link, tables).close();
  };
  if (isRoot) asUser(nobody, work);
  else work();
  t.is(statSync(db).mode & 0o777, 0o600);
});

asRoot('as an ordinary user, too, a link beside a database is refused (nobody, in a sticky folder)', (t) => {
  const { folder, victim } = shared(t);
  chmodSync(dirname(folder), 0o755);
  chownSync(victim, nobody, nobody);
  const db = join(folder, 'a.db');
  asUser(nobody, () => {
    makeStore(db);
    symlinkSync(victim, `${db}-wal`);
    refused(t, () => openForWriting(db, tables), `${db}-wal`, /is a link/);
  });
  t.is(statSync(victim).mode & 0o7777, 0o755);
});

// What another user can put in the place of each file of a database, with how it is refused.
const plants: readonly (readonly [string, (path: string, victim: string) => void, RegExp])[] = [
  ['a file of nobody', (path) => planted(path, nobody), /belongs to user 65534/],
  ['a link of nobody', (path, victim) => linked(victim, path, nobody), /is a link/],
  ['a link of root', (path, victim) => linked(victim, path, 0), /is a link/],
  ['another name of a file of root', (path, victim) => linkSync(victim, path), /another name/],
  ['a file of the caller of sudo', (path) => planted(path, caller), /belongs to user 4711/],
];
for (const [what, plant, words] of plants)
  asRoot(`in a sticky folder root does not take for its own ${what}`, (t) => {
    const { folder, victim } = shared(t);
    for (const suffix of ['', ...suffixes]) {
      // A database of the caller’s is one.
      const isCallers = what.includes('caller');
      if (isCallers && suffix === '') continue;
      const db = join(folder, `db${suffix}`);
      if (suffix !== '') makeStore(db);
      plant(db + suffix, victim);
      const before = readFileSync(db + suffix);
      withCaller(isCallers ? caller : null, () => {
        refused(t, () => openForWriting(db, tables), db + suffix, words);
        refused(t, () => openForReading(db, tables), db + suffix, words);
      });
      t.deepEqual(readFileSync(db + suffix), before);
      untouched(t, victim);
    }
    for (const suffix of ['', '.lock', '.lock-journal']) {
      if (what.includes('caller') && suffix === '') continue;
      const cursor = join(folder, `cursor${suffix}`);
      plant(cursor + suffix, victim);
      withCaller(what.includes('caller') ? caller : null, () =>
        refused(t, () => lockCursor(cursor), cursor + suffix, words),
      );
      untouched(t, victim);
    }
  });

asRoot(
  'root keeps a database and a cursor in a folder of root’s, of the caller’s, or a sticky one; else not',
  (t) => {
    const at = (owner: number, mode: number): string => {
      const folder = temporaryFolder(t);
      chmodSync(folder, mode);
      chownSync(folder, owner, owner);
      return folder;
    };
    const takes = (folder: string, user: number | null): boolean =>
      withCaller(user, () => {
        try {
          makeStore(join(folder, 'a.db'));
          lockCursor(join(folder, 'cursor'))();
          writeCursor(join(folder, 'cursor'), emptyCursor('x'));
          t.deepEqual(readCursor(join(folder, 'cursor'), 'x'), emptyCursor('x'));
          return true;
        } catch (error) {
          t.true(error instanceof UserError, String(error));
          t.true((error as UserError).message.startsWith(folder), (error as UserError).message);
          t.deepEqual(readdirSync(folder), []);
          return false;
        }
      });
    for (const [owner, mode, user, expected] of [
      [0, 0o700, null, true],
      [0, 0o755, null, true],
      [0, 0o1777, null, true],
      [0, 0o777, null, false],
      [0, 0o775, null, false],
      [nobody, 0o700, null, false],
      [nobody, 0o755, caller, false],
      [nobody, 0o1777, null, false],
      [caller, 0o755, caller, true],
      [caller, 0o755, null, false],
      [caller, 0o777, caller, false],
      [caller, 0o1777, caller, true],
    ] as const)
      t.is(takes(at(owner, mode), user), expected, `${owner} ${mode.toString(8)} ${user}`);
  },
);

asRoot(
  'root goes through a link of its own on the way to a database, and through none of a stranger’s',
  (t) => {
    const { folder } = shared(t);
    const place = temporaryFolder(t);
    linked(place, join(folder, 'own'), 0);
    linked(place, join(folder, 'strange'), nobody);
    makeStore(join(folder, 'own/a.db'));
    refused(
      t,
      () => makeStore(join(folder, 'strange/b.db')),
      join(folder, 'strange'),
      /is a link of user 65534/,
    );
    t.false(existsSync(join(place, 'b.db')));
  },
);

test.serial('a cursor that is a pipe is refused and not waited for', async (t) => {
  const folder = temporaryFolder(t);
  const pipe = join(folder, 'cursor');
  const { spawnSync } = await import('node:child_process');
  t.is(spawnSync('mkfifo', [pipe]).status, 0);
  refused(t, () => readCursor(pipe, 'x'), pipe, /is not a file/);
});

test.serial('the temporary name of an output cannot be taken first', async (t) => {
  const { folder, victim } = shared(t);
  const out = join(folder, 'out.ndjson');
  // What the name was until now, as a link, a folder, and of a process that is no more.
  symlinkSync(victim, join(folder, `.out.ndjson.${process.pid}.0.tmp`));
  mkdirSync(join(folder, '.out.ndjson.999999999.0.tmp'));
  symlinkSync(victim, out);
  const sink = fileSink(out);
  await sink.write('a line\n');
  const names = readdirSync(folder).filter((name) => /\.[0-9a-f]{12}\.tmp$/.test(name));
  t.is(names.length, 1);
  t.is(lstatSync(join(folder, names[0] ?? '')).mode & 0o777, 0o600);
  await sink.finish();
  t.is(readFileSync(out, 'utf8'), 'a line\n');
  t.false(lstatSync(out).isSymbolicLink());
  untouched(t, victim);
});

asRoot('root writes an output in any folder, but not through a link of a stranger’s', async (t) => {
  const { folder } = shared(t);
  const place = temporaryFolder(t);
  linked(place, join(folder, 'strange'), nobody);
  refused(t, () => fileSink(join(folder, 'strange/out')), join(folder, 'strange'), /link of user 65534/);
  t.deepEqual(readdirSync(place), []);
  const own = temporaryFolder(t);
  chownSync(own, nobody, nobody);
  const sink = fileSink(join(own, 'out'));
  await sink.write('a line\n');
  await sink.finish();
  t.is(readFileSync(join(own, 'out'), 'utf8'), 'a line\n');
});

const recording = { commands: new Map(), files: new Map(), stats: new Map() };
const description = { capturedTime: 1_788_000_000, euid: 0, hostId: null, tool: 'test' };

test.serial('a capture goes where it is told, and leaves no folder that is not its own', async (t) => {
  const { folder, victim } = shared(t);
  const before = process.cwd();
  for (const name of ['bundle', 'bundle.tar.gz']) {
    await writeBundle(join(folder, name), recording, description);
    t.is(lstatSync(join(folder, name)).mode & 0o077, 0);
    symlinkSync(victim, join(folder, `link-${name}`));
    await t.throwsAsync(writeBundle(join(folder, `link-${name}`), recording, description), {
      message: /exists already/,
    });
  }
  t.is(process.cwd(), before);
  t.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.')),
    [],
  );
  untouched(t, victim);
});

test.serial('capture --script replaces nothing and follows nothing', async (t) => {
  const { folder, victim } = shared(t);
  symlinkSync(victim, join(folder, 'script'));
  symlinkSync(join(folder, 'nothing'), join(folder, 'dangling'));
  for (const name of ['script', 'dangling']) {
    const { code, stderr } = await cli(['capture', '--script', join(folder, name)]);
    t.is(code, 1);
    t.regex(stderr, /exists already/);
  }
  t.false(existsSync(join(folder, 'nothing')));
  untouched(t, victim);
});

/** A place of code with what may be wrong with it: each part is a folder or a file that one can break. */
const codePlace = (t: ExecutionContext): { readonly top: string; readonly file: string } => {
  const top = temporaryFolder(t);
  const folder = join(top, 'opt/queries');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'one.sql');
  writeFileSync(file, 'SELECT 1');
  return { top, file };
};

asRoot('code is root’s with every folder above it, and writable by nobody else', (t) => {
  const { top, file } = codePlace(t);
  t.notThrows(() => checkCode(file, 'it'));
  const parts = [top, join(top, 'opt'), dirname(file), file];
  for (const part of parts) {
    chownSync(part, nobody, nobody);
    refused(t, () => checkCode(file, 'it'), part, /belongs to user 65534/);
    withCaller(nobody, () => refused(t, () => checkCode(file, 'it'), part, /belongs to user 65534/));
    chownSync(part, 0, 0);
    const { mode } = statSync(part);
    for (const open of [0o020, 0o002]) {
      chmodSync(part, (mode & 0o7777) | open);
      refused(t, () => checkCode(file, 'it'), part, /may be written by others/);
    }
    // A folder that is sticky is no fault of what lies in it; what is named must be nobody else’s all the same.
    chmodSync(part, 0o1777);
    if (part === file) refused(t, () => checkCode(file, 'it'), part, /may be written by others/);
    else t.notThrows(() => checkCode(file, 'it'));
    if (part === dirname(file)) refused(t, () => checkCode(part, 'it'), part, /may be written by others/);
    chmodSync(part, mode & 0o7777);
  }
  t.notThrows(() => checkCode(file, 'it'));
});

asRoot('code is reached through links of root’s alone, and through none in a sticky folder', (t) => {
  const { top, file } = codePlace(t);
  const { folder } = shared(t);
  const link = join(top, 'link');
  linked('opt/../opt/queries', link, 0);
  t.notThrows(() => checkCode(join(link, 'one.sql'), 'it'));
  t.notThrows(() => checkCode(join(link, '../queries/one.sql'), 'it'));
  lchownSync(link, nobody, nobody);
  refused(t, () => checkCode(join(link, 'one.sql'), 'it'), link, /is a link of user 65534/);
  const byRoot = join(folder, 'link');
  linked(dirname(file), byRoot, 0);
  refused(
    t,
    () => checkCode(join(byRoot, 'one.sql'), 'it'),
    byRoot,
    /link in a folder that others may write/,
  );
  linked('loop', join(top, 'loop'), 0);
  t.notThrows(() => checkCode(join(top, 'loop/x'), 'it'));
  t.notThrows(() => checkLinks(join(top, 'nothing/at/all')));
  asUser(nobody, () => t.notThrows(() => checkCode(join(byRoot, 'one.sql'), 'it')));
  asUser(nobody, () => t.notThrows(() => checkData(join(byRoot, 'one.sql'), [])));
});

asRoot(
  '--queries, --pack, --exceptions and --overlay of others are refused as root, and no pack shows what it holds',
  (t) => {
    const { top, file } = codePlace(t);
    const query = '-- name: one\n-- title: One\n-- purpose: x\n-- severity: info\nSELECT 1';
    writeFileSync(file, query);
    chownSync(file, nobody, nobody);
    refused(t, () => readQueries(dirname(file)), file, /what --queries names/);
    const pack = join(top, 'shadow');
    planted(pack, nobody, 'root:$6$secret:1::');
    refused(t, () => readPacks(pack), pack, /what --pack names/);
    refused(t, () => readExceptions(pack, { now: 0 }), pack, /what --exceptions names/);
    const change = join(dirname(file), 'change.json');
    planted(change, nobody, '{"version": 1, "changes": []}');
    refused(t, () => readOverlay(dirname(file)), change, /what --overlay names/);
    chownSync(dirname(file), nobody, nobody);
    refused(t, () => readOverlay(dirname(file)), dirname(file), /what --overlay names/);
    chownSync(dirname(file), 0, 0);
    chownSync(pack, 0, 0);
    const error = t.throws(() => readPacks(pack), { instanceOf: UserError });
    t.notRegex(`${error?.message}${error?.hint}`, /root:|secret/);
  },
);

/** A stand-in for / with one program, which says that it ran. */
const execRootOf = (t: ExecutionContext): { readonly root: string; readonly program: string } => {
  const root = temporaryFolder(t);
  const program = join(root, argvOf('sw_vers', [])[0] ?? '');
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(program, '#!/bin/sh\necho it ran\n');
  chmodSync(program, 0o755);
  return { root, program };
};
const runIn = (execRoot: string) => liveBackend({ execRoot }).run('sw_vers', argvOf('sw_vers', []));

test.serial('--exec-root may be relative', async (t) => {
  const { root } = execRootOf(t);
  const output = await runIn(relative(process.cwd(), root));
  t.is(Buffer.from(output?.stdout ?? []).toString(), 'it ran\n');
});

asRoot('--exec-root runs as root no program that others can have written', async (t) => {
  const { root, program } = execRootOf(t);
  for (const part of [program, dirname(program)]) {
    chownSync(part, nobody, nobody);
    const error = await t.throwsAsync(runIn(root), { instanceOf: UserError });
    t.true(error?.message.includes(part) && error.message.includes('--exec-root'));
    chownSync(part, 0, 0);
  }
  chownSync(root, nobody, nobody);
  t.throws(() => liveBackend({ execRoot: root }), { instanceOf: UserError });
  withCaller(nobody, () => t.throws(() => liveBackend({ execRoot: root }), { instanceOf: UserError }));
  const { code, stdout, stderr } = await cli(['query', '--exec-root', root, 'SELECT * FROM hosts'], {
    env: { SUDO_UID: String(nobody) },
  });
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /--exec-root names must be root’s alone.*\n.*hint: /);
  chownSync(root, 0, 0);
  renameSync(program, `${program}.real`);
  linked(`${program}.real`, program, nobody);
  await t.throwsAsync(runIn(root), { message: /is a link of user 65534/ });
  t.is(readlinkSync(program), `${program}.real`);
});
