import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { cli, temporaryFolder } from '../standin.ts';

const endless = 'WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c';

test('what takes too long ends with exit code 1 and a message, and no signal that a shell would tell of', async (t) => {
  const { code, signal, stderr, stdout } = await cli(['query', '--timeout', '1', endless]);
  t.is(signal, null);
  t.is(code, 1);
  t.is(stdout, '');
  t.is(
    stderr,
    'tokenquery: error: the query did not end within 1 s and was stopped\ntokenquery: hint: --timeout SECONDS gives it longer\n',
  );
});

test('a statement that takes for ever to prepare is ended too', async (t) => {
  // Each name is twice the one before it: SQLite puts them all into one statement.
  const names = Array.from(
    { length: 40 },
    (_, at) => `c${at + 1} AS (SELECT * FROM c${at} UNION ALL SELECT * FROM c${at})`,
  );
  const sql = `WITH c0 AS (SELECT 1 AS x), ${names.join(', ')} SELECT * FROM c40`;
  const { code, stderr } = await cli(['query', '--timeout', '2', sql]);
  t.is(code, 1);
  t.notRegex(stderr, /should not happen/);
});

test('a question of one’s own folder that does not end is ended, and one of a pack', async (t) => {
  const folder = temporaryFolder(t);
  const queries = join(folder, 'queries');
  mkdirSync(queries);
  const pack = join(folder, 'pack.conf');
  writeFileSync(pack, JSON.stringify({ queries: { slow: { query: endless } } }));
  const { code, stderr } = await cli(['findings', '--timeout', '3', '--pack', pack]);
  t.is(code, 1);
  t.regex(stderr, /the questions did not end within 3 s/);
});

test('a pipe in the place of a file is refused at once, and read from standard input', async (t) => {
  const folder = temporaryFolder(t);
  const pipe = join(folder, 'pipe.tar.gz');
  execFileSync('mkfifo', [pipe]);
  const native = join(folder, 'pipe.ndjson');
  execFileSync('mkfifo', [native]);
  const db = join(folder, 'fleet.db');
  const commands: string[][] = [
    ['query', '--source', pipe, 'SELECT * FROM users'],
    ['query', '-f', pipe],
    ['findings', '--pack', pipe],
    ['merge', '--db', db, native],
    ['query', '-f', '/dev/zero'],
    ['findings', '--pack', '/dev/zero'],
  ];
  for (const command of commands) {
    const { code, signal, stderr } = await cli(command);
    t.is(signal, null, command.join(' '));
    t.is(code, 1, command.join(' '));
    t.regex(stderr, /is a (?:pipe|device) and no file|none of what can be merged/, command.join(' '));
  }
});

const manifest = JSON.stringify({
  format: 'tokenquery-evidence',
  version: 1,
  origin: 'constructed',
  captured_time: 1_790_000_000,
});

const bundle = (folder: string, name: string): string => {
  const at = join(folder, name);
  mkdirSync(join(at, 'commands', '001'), { recursive: true });
  writeFileSync(join(at, 'evidence.json'), manifest);
  writeFileSync(join(at, 'commands', '001', 'argv'), '/usr/bin/sw_vers\n');
  writeFileSync(join(at, 'commands', '001', 'exit_code'), '0\n');
  writeFileSync(join(at, 'commands', '001', 'stdout'), 'ProductName:\t\tmacOS\n');
  return at;
};

test('an input that is too large is named, and what comes before and after it is stored', async (t) => {
  const folder = temporaryFolder(t);
  const huge = bundle(folder, 'b-huge');
  // Ten gigabytes that take no room: more than Node reads of a file at all.
  truncateSync(join(huge, 'commands', '001', 'stdout'), 10 * 1024 ** 3);
  const samples = readdirSync('samples')
    .map((name) => join('samples', name))
    .filter((path) => statSync(path).isDirectory());
  const [first = '', second = ''] = samples;
  const db = join(folder, 'fleet.db');
  const { code, stdout, stderr } = await cli(['merge', '--db', db, first, huge, second]);
  t.is(code, 1);
  t.regex(stdout, /^2 snapshots of 2 hosts stored/);
  t.regex(stderr, /b-huge.*has more than 64 MiB/);
  t.notRegex(stderr, /should not happen/);
});

test('an archive is bounded by what it unpacks to, and by its files; one that has a file twice is refused', async (t) => {
  const folder = temporaryFolder(t);
  const header = (name: string, size: number): Buffer => {
    const block = Buffer.alloc(512);
    block.write(name, 0);
    block.write('0000644\0', 100);
    block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    block.write('00000000000\0', 136);
    block.write('        ', 148);
    block.write('0', 156);
    block.write('ustar\0', 257);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return block;
  };
  const write = (name: string, ...blocks: Buffer[]): string => {
    const at = join(folder, name);
    writeFileSync(at, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
    return at;
  };
  const ask = async (path: string) => cli(['query', '--source', path, 'SELECT * FROM users']);
  const large = await ask(write('large.tar.gz', header('evidence.json', 65 * 1024 ** 2), Buffer.alloc(1024)));
  t.regex(large.stderr, /evidence\.json has more than 64 MiB/);
  const twice = await ask(write('twice.tar.gz', header('evidence.json', 0), header('evidence.json', 0)));
  t.regex(twice.stderr, /holds evidence\.json twice/);
  const many = await ask(
    write(
      'many.tar.gz',
      ...Array.from({ length: 100_002 }, () => header('a', 0)).slice(0, 1),
      header('a', 0),
    ),
  );
  t.regex(many.stderr, /holds a twice/);
  for (const { code } of [large, twice, many]) t.is(code, 1);
});

test('an export of blank lines, one of a long line, and one that is nested deeply end soon', async (t) => {
  const folder = temporaryFolder(t);
  const inputs = {
    'blank.ndjson.gz': gzipSync(Buffer.alloc(300 * 1024 ** 2, '\n')),
    'long.ndjson.gz': gzipSync(Buffer.alloc(65 * 1024 ** 2, 'x')),
    'deep.ndjson': Buffer.alloc(14 * 1024 ** 2, '['),
  };
  for (const [name, bytes] of Object.entries(inputs)) writeFileSync(join(folder, name), bytes);
  const { code, stderr } = await cli([
    'merge',
    '--db',
    join(folder, 'fleet.db'),
    ...Object.keys(inputs).map((name) => join(folder, name)),
  ]);
  t.is(code, 1);
  t.regex(stderr, /blank\.ndjson\.gz: it has a snapshot of more than 256 MiB/);
  t.regex(stderr, /long\.ndjson\.gz: it has a line of more than 64 MiB/);
  t.regex(stderr, /deep\.ndjson: .*nested too deeply/);
});
