import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { memoryLimit } from '../../cli/guarded.ts';
import { names } from '../../cli/names.ts';
import { checkSums, openBundle, textOf } from '../../collector/backends/bundle.ts';
import { UserError } from '../../collector/errors.ts';
import { askProgram } from '../../scripts/ask.ts';
import { isInstant, prepareGuarded } from '../../store/guard.ts';
import { openMemory } from '../../store/memory.ts';
import { readNativeFile } from '../../store/native/file.ts';
import { tables } from '../../tables/index.ts';
import { program, root, temporaryFolder } from '../standin.ts';

const MiB = 1024 ** 2;
const endless = 'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c';

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs words of a shell, to which `"$@"` is the program, and what ends it says so on its stderr. */
const shell = (script: string, words: readonly string[] = []): Promise<Ended> =>
  new Promise((resolve) => {
    const argv = ['-c', script, 'sh', process.execPath, '--disable-warning=ExperimentalWarning', ...words];
    const child = spawn('/bin/sh', argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });

/** What work costs the processor, in milliseconds: a busy machine makes it no more. */
const costOf = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

test('what takes too long ends with exit code 1, a message, and nothing that a shell would say of it', async (t) => {
  const ended = await shell('"$@"; echo "code $?"', [program, 'query', '--timeout', '1', endless]);
  t.deepEqual(ended, {
    code: 0,
    signal: null,
    stdout: 'code 1\n',
    stderr:
      'tokenquery: error: the query did not end within 1 s and was stopped\ntokenquery: hint: --timeout SECONDS gives it longer\n',
  });
});

test('a question of a pack that does not end is ended; so is one that takes for ever to prepare', async (t) => {
  const pack = join(temporaryFolder(t), 'pack.conf');
  // Each name is twice the one before it: SQLite puts them all into one statement.
  const twice = Array.from(
    { length: 40 },
    (_, at) => `c${at + 1} AS (SELECT * FROM c${at} UNION ALL SELECT * FROM c${at})`,
  );
  const sql = `WITH c0 AS (SELECT 1 AS x), ${twice.join(', ')} SELECT * FROM c40`;
  writeFileSync(pack, JSON.stringify({ queries: { slow: { query: endless } } }));
  const [asked, prepared] = await Promise.all([
    shell('exec "$@"', [program, 'findings', '--timeout', '1', '--pack', pack]),
    shell('exec "$@"', [program, 'query', '--timeout', '1', sql]),
  ]);
  t.regex(asked.stderr, /error: the questions did not end within 1 s/);
  t.regex(prepared.stderr, /did not end within 1 s|memory|the SQL cannot be run/);
  for (const { code, signal } of [asked, prepared]) t.deepEqual([code, signal], [1, null]);
});

test('a signal ends a query in the middle of SQL, as it ends any program', async (t) => {
  const signals = ['INT', 'TERM', 'HUP'] as const;
  await Promise.all(
    signals.map(async (signal) => {
      const script = `"$@" & p=$!; sleep 2; kill -${signal} $p; wait $p; echo "code $?"`;
      const { stdout } = await shell(script, [program, 'query', endless]);
      const codes = { INT: 130, TERM: 143, HUP: 129 };
      t.is(stdout, `code ${codes[signal]}\n`);
    }),
  );
});

test('where the thread hears nothing any more, its files and processes are taken away', async (t) => {
  const folder = temporaryFolder(t);
  const [file, pidFile] = [join(folder, '.out.tmp'), join(folder, 'pid')];
  const words = [join(root, 'test/cli/stuck_thread.ts'), file, pidFile];
  const { code, stdout, stderr } = await shell('exec "$@"', words);
  t.deepEqual([code, stdout], [1, '']);
  t.is(stderr, 'tokenquery: error: the work did not end within 0.3 s and was stopped\n');
  t.false(existsSync(file));
  const pid = Number(readFileSync(pidFile, 'utf8'));
  // It is init’s to bury.
  const isGone = (): boolean => {
    try {
      return /^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return true;
    }
  };
  if (process.platform === 'linux') t.true(isGone());
});

test('with too few open files the guard stands, or nothing is done and it is said why', async (t) => {
  const limits = [23, 25, 28];
  await Promise.all(
    limits.map(async (limit) => {
      const words = [program, 'query', '--timeout', '1', endless];
      const { code, stdout, stderr } = await shell(`ulimit -n ${limit}; exec "$@"`, words);
      t.is(code, 1, String(limit));
      t.is(stdout, '', String(limit));
      t.regex(stderr, /^tokenquery: error: (?:the guard .* cannot be started|.* did not end within 1 s)/);
    }),
  );
});

test('who reads only the beginning of an answer ends the query, in quiet', async (t) => {
  const sql = 'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT x FROM c';
  const { stdout, stderr } = await shell('"$@" | head -n 2', [program, 'query', '--csv', sql]);
  t.deepEqual([stdout, stderr], ['x\r\n1\r\n', '']);
});

test('memory is bounded in proportion to the machine', (t) => {
  t.is(memoryLimit(8 * 1024 * MiB), 1024 * MiB);
  t.is(memoryLimit(2 * 1024 * MiB), 512 * MiB);
  t.is(memoryLimit(512 * MiB), 256 * MiB);
});

test('only what is short, and reads, calls and nests nothing, has no guard', (t) => {
  for (const sql of ['SELECT 1', "SELECT 1 + 2, 'x', NULL"]) t.true(isInstant(sql), sql);
  for (const sql of [
    endless,
    'SELECT * FROM users',
    'SELECT zeroblob(1)',
    'VALUES (1)',
    `SELECT ${'1+'.repeat(600)}1`,
  ])
    t.false(isInstant(sql), sql);
});

test('a statement has at most 1 MiB, and whatever it repeats is told in time that grows with its length', async (t) => {
  const db = openMemory(tables);
  t.teardown(() => db.close());
  t.throws(() => prepareGuarded(db, `SELECT '${'é'.repeat(MiB / 2)}'`, names), {
    message: /more than 1 MiB/,
  });
  const repeated = ['[', "'", '"', '`', '--\n', '/*', '(', ';', "'a", 'SELECT ', '1,', '[]', 'NOT '];
  for (const part of repeated) {
    for (const [before, after] of [
      ['', ''],
      ['SELECT ', ''],
      ["SELECT '", "'"],
    ]) {
      const sql = `${before}${part.repeat(Math.floor(150_000 / part.length))}${after}`;
      const cost = await costOf(() => {
        try {
          prepareGuarded(db, sql, names);
        } catch (error) {
          t.true(error instanceof UserError, `${before}${part}: ${String(error)}`);
        }
      });
      t.true(cost < 3000, `${before}${part} ${cost}`);
    }
  }
});

// In this process: to start the program for each would take a minute.
test.serial('no pipe, device or folder in the place of a file is waited for', async (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  const queries = at('queries');
  mkdirSync(queries);
  execFileSync('mkfifo', ['pipe.tar.gz', 'pipe.ndjson', 'pipe', 'queries/pipe.sql'].map(at));
  execFileSync('mkdir', ['folder.tar.gz', 'folder.ndjson', 'folder'].map(at));
  const places: readonly (readonly [suffix: string, words: (path: string) => readonly string[]])[] = [
    ['.tar.gz', (path) => ['query', '--source', path, 'SELECT * FROM users']],
    ['', (path) => ['query', '-f', path]],
    ['', (path) => ['query', '--db', path, 'SELECT * FROM users']],
    ['', (path) => ['findings', '--source', 'sample', '--pack', path]],
    ['', (path) => ['findings', '--db', path]],
    ['', (path) => ['changes', '--db', path]],
    ['', (path) => ['export', '--format', 'native', '--db', path]],
    ['.ndjson', (path) => ['merge', '--db', at('new.db'), path]],
    ['.tar.gz', (path) => ['merge', '--db', at('new.db'), path]],
    ['', (path) => ['merge', '--db', path, 'samples']],
    ['', (path) => ['snapshot', '--source', 'samples/macos26-managed', '--db', path]],
    [
      '',
      (path) => [
        'export',
        '--db',
        at('good.db'),
        '--format',
        'native',
        '--cursor',
        path,
        '--output',
        at('o'),
      ],
    ],
    [
      '',
      (path) => [
        'export',
        '--db',
        at('good.db'),
        '--format',
        'native',
        '--redact',
        'strict',
        '--redact-key',
        path,
      ],
    ],
  ];
  await askProgram(['snapshot', '--source', 'samples/macos26-managed', '--db', at('good.db')]);
  const commands = places.flatMap(([suffix, words]) => [
    words(at(`pipe${suffix}`)),
    words(at(`folder${suffix}`)),
    ...(suffix === '' ? [words('/dev/zero')] : []),
  ]);
  for (const words of [...commands, ['findings', '--queries', queries]]) {
    const { exitCode, stderr } = await askProgram(words);
    const what = `${words.join(' ')}: ${stderr}`;
    t.true(exitCode === 1 || exitCode === 2, what);
    t.regex(stderr, /error: /, what);
    t.notRegex(stderr, /should not happen/, what);
  }
});

/** A tar header of a file, or of what `type` says. */
const header = (name: string, size: number, type = '0'): Buffer => {
  const block = Buffer.alloc(512);
  block.write(name, 0);
  block.write('0000644\0', 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write('00000000000\0', 136);
  block.write('        ', 148);
  block.write(type, 156);
  block.write('ustar\0', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
};

/** What unpacks to a long run of one byte, of parts that were packed once. */
const packedRun = (size: number, byte: string): Buffer => {
  const part = gzipSync(Buffer.alloc(4 * MiB, byte));
  return Buffer.concat(Array.from({ length: Math.ceil(size / (4 * MiB)) }, () => part));
};

test('an archive is bounded by what it unpacks to, its files and its entries, and has no file twice', async (t) => {
  const folder = temporaryFolder(t);
  const refused = async (name: string, bytes: Buffer, message: RegExp): Promise<void> => {
    const path = join(folder, `${name}.tar.gz`);
    writeFileSync(path, bytes);
    await t.throwsAsync(openBundle(path), { instanceOf: UserError, message }, name);
  };
  await refused('large', gzipSync(header('evidence.json', 65 * MiB)), /evidence\.json has more than 64 MiB/);
  await refused('twice', gzipSync(Buffer.concat([header('a', 0), header('a', 0)])), /holds a twice/);
  await refused('zeros', packedRun(600 * MiB, '\0'), /256 MiB/);
  const five = Array.from({ length: 5 }, (_, at) => [
    gzipSync(header(`f${at}`, 60 * MiB)),
    packedRun(60 * MiB, 'x'),
  ]);
  await refused('sum', Buffer.concat(five.flat()), /more than 256 MiB/);
  // Folders, which may be named again.
  const some = gzipSync(Buffer.concat(Array.from({ length: 1000 }, () => header('d/', 0, '5'))));
  const many = Buffer.concat(Array.from({ length: 101 }, () => some));
  await refused('entries', many, /more than 100000 files and folders/);
});

test('a folder is bounded before it is read, and its sums tell of the very bytes that are used', async (t) => {
  const folder = temporaryFolder(t);
  const bundle = (name: string): string => {
    const at = join(folder, name);
    mkdirSync(at);
    writeFileSync(join(at, 'evidence.json'), '{}');
    return at;
  };
  const huge = bundle('huge');
  writeFileSync(join(huge, 'stdout'), '');
  // It takes no room: more than Node reads of a file at all.
  truncateSync(join(huge, 'stdout'), 10 * 1024 * MiB);
  const files = await openBundle(huge);
  t.throws(() => files.get('stdout')?.(), { instanceOf: UserError, message: /more than 64 MiB/ });
  const many = bundle('many');
  for (let at = 0; at < 5; at += 1) {
    writeFileSync(join(many, `f${at}`), '');
    truncateSync(join(many, `f${at}`), 60 * MiB);
  }
  const sparse = await openBundle(many);
  t.throws(() => [...sparse.values()].forEach((read) => read()), { message: /more than 256 MiB/ });
  const changed = bundle('changed');
  const sum = createHash('sha256').update('{}').digest('hex');
  writeFileSync(join(changed, 'SHA256SUMS'), `${sum}  evidence.json\n`);
  const checked = await openBundle(changed);
  checkSums(changed, checked);
  writeFileSync(join(changed, 'evidence.json'), '{"other": 1}');
  t.is(textOf(checked, 'evidence.json'), '{}');
});

test('an export of blank lines, one of a long line, and one that is nested deeply end soon', async (t) => {
  const folder = temporaryFolder(t);
  const inputs: readonly (readonly [string, Buffer, RegExp])[] = [
    ['blank.ndjson.gz', packedRun(300 * MiB, '\n'), /a snapshot of more than 256 MiB/],
    ['long.ndjson.gz', packedRun(65 * MiB, 'x'), /a line of more than 64 MiB/],
    ['deep.ndjson', Buffer.alloc(14 * MiB, '['), /nested too deeply/],
  ];
  for (const [name, bytes, message] of inputs) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const cost = await costOf(() =>
      t.throwsAsync(
        readNativeFile(path, tables, () => {}),
        { instanceOf: UserError, message },
      ),
    );
    t.true(cost < 10_000, `${name} ${cost}`);
  }
});
