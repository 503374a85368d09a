/** Each command fails in each way, alone: what does not rest on it stays as it was. */
import test from 'ava';
import { collect } from '../../collector/collect.ts';
import type { Collection } from '../../collector/collection.ts';
import type { ErrorCode } from '../../collector/errors.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import type { Backend } from '../../collector/backends/backend.ts';
import type { Output } from '../../collector/backends/backend.ts';
import { commandNames, commands, sourceOf } from '../../collector/sources.ts';
import type { Command, CommandName } from '../../collector/sources.ts';
import { tables } from '../../tables/index.ts';
import type { Context } from '../../collector/table.ts';
import { isReleased } from '../released.ts';
import { sample } from '../standin.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const nothing = new Uint8Array();

const failures: Readonly<Record<string, (known: Output) => Output>> = {
  missing: (known) => ({
    ...known,
    outcome: 'missing',
    exitCode: null,
    stdout: nothing,
    stderr: nothing,
    isSpawned: false,
  }),
  denied: (known) => ({
    ...known,
    outcome: 'denied',
    exitCode: null,
    stdout: nothing,
    stderr: nothing,
    isSpawned: false,
  }),
  'timed out': (known) => ({
    ...known,
    outcome: 'timed_out',
    exitCode: null,
    stdout: nothing,
    stderr: nothing,
  }),
  killed: (known) => ({
    ...known,
    outcome: 'signalled',
    exitCode: null,
    signal: 'SIGKILL',
    stdout: nothing,
    stderr: nothing,
  }),
  'too large': (known) => ({
    ...known,
    outcome: 'too_large',
    exitCode: null,
    stdout: nothing,
    stderr: nothing,
  }),
  garbage: (known) => ({
    ...known,
    stdout: bytes('\u0001Lorem <ipsum> {dolor;\n= sit'),
    stderr: bytes('amet; ??\n'),
  }),
  truncated: (known) => ({
    ...known,
    stdout: known.stdout.slice(0, Math.floor(known.stdout.length * 0.6)),
    stderr: known.stderr.slice(0, Math.floor(known.stderr.length * 0.6)),
  }),
  empty: (known) => ({ ...known, stdout: nothing, stderr: nothing }),
  'not UTF-8': (known) => ({
    ...known,
    stdout: Uint8Array.from([0xff, 0xfe, 0xc0, 0x80]),
    stderr: Uint8Array.from([0xc3, 0x28]),
  }),
};

const codes: Readonly<Record<string, ErrorCode>> = {
  missing: 'source_missing',
  denied: 'permission_denied',
  'timed out': 'source_timed_out',
  killed: 'source_failed',
  'too large': 'output_too_large',
  'not UTF-8': 'parse_failed',
};

/** A whole answer is a prefix of some of these; cut, they may still be whole: nothing is then wrong. */
const mayStayWhole = new Set([
  'sysctl',
  'csrutil_status',
  'launchctl_print_disabled',
  'sw_vers',
  'fdesetup_version',
]);

/** Of a source that came later, its own tests say what a cut answer is. */
/** Of a Mac that is not bound dsconfigad prints nothing. */
const mayBeWhole = (what: string, name: string): boolean =>
  (what === 'empty' && name === 'dsconfigad_show') ||
  (what === 'truncated' && (mayStayWhole.has(name) || !isReleased(name)));

const failing = (backend: Backend, name: CommandName, fail: (known: Output) => Output): Backend => ({
  ...backend,
  run: async (source, argv) => {
    const known = await backend.run(source, argv);
    return known === null || source !== name ? known : fail(known);
  },
});

const asked = tables.filter(({ generate }) => generate !== undefined);
const host = await evidenceBackend(sample('macos26-managed'));
const whole: Collection = await collect(asked, host);

const restsOn = (table: (typeof asked)[number], name: CommandName): boolean => table.sources.includes(name);

for (const name of commandNames) {
  const { network }: Command = commands[name];
  // A fallback is run only when the first form fails, and mdmclient only when it is allowed.
  if (network || name === 'fdesetup_list') continue;
  // Of a source that the sample does not record, the fixtures of its tables say what a failure costs.
  if (!whole.commands.some(({ source }) => source === name)) continue;
  for (const [what, fail] of Object.entries(failures)) {
    test(`${name} ${what}: the rest stays right, and the tables say what happened`, async (t) => {
      const collection = await collect(asked, failing(host, name, fail));
      let told = 0;
      for (const [index, result] of collection.results.entries()) {
        const before = whole.results[index];
        if (!restsOn(result.table, name)) {
          // Without ioreg, the host is known from what the evidence says of itself.
          t.deepEqual(result.rows, before?.rows, `${result.table.name} does not rest on ${name}`);
          if (before !== undefined) t.is(result.status, before.status, result.table.name);
          continue;
        }
        const isChanged = JSON.stringify(result.rows) !== JSON.stringify(before?.rows);
        const errors = collection.errors.filter(({ tableName }) => tableName === result.table.name);
        const mayBeShorter = mayBeWhole(what, name);
        if (isChanged && !mayBeShorter)
          t.true(errors.length > 0, `${result.table.name} changed without a word`);
        for (const { message, hint } of errors) {
          told += 1;
          t.true(message.length > 5 && !message.includes('\n') && hint.length > 0, message);
        }
        // Further failures may follow from it: a listing that cannot be asked for, a tool that is not safe to run.
        if (errors.length > 0 && codes[what] !== undefined && result.code !== 'permission_denied') {
          t.true(
            errors.some(({ code }) => code === codes[what]),
            `${result.table.name}: ${errors.map(({ code }) => code).join()}`,
          );
        }
        if (errors.length > 0)
          t.false(['ok', 'empty'].includes(result.status), `${result.table.name} is ${result.status}`);
        // Nothing that was known may turn into its contrary.
        for (const row of result.rows) {
          const match = before?.rows.find(
            (other) =>
              result.table.key.length > 0 && result.table.key.every((key) => other[key] === row[key]),
          );
          for (const [column, value] of Object.entries(match ?? {})) {
            if (value === 1 && result.table.columns[column]?.isBoolean === true) {
              t.not(row[column], 0, `${result.table.name}.${column} turned from 1 to 0`);
            }
          }
        }
      }
      if (!mayBeWhole(what, name)) t.true(told > 0, 'nobody was told');
    });
  }
}

test('a bundle without a command answers not_recorded, never absence', async (t) => {
  const nothingRecorded: Backend = {
    ...host,
    run: async () => null,
    readFile: async () => null,
    stat: async () => null,
  };
  const { results, errors } = await collect(asked, nothingRecorded);
  for (const { table, status, rows } of results) {
    t.deepEqual(rows, [], table.name);
    t.true(status === 'not_recorded' || status === 'skipped', `${table.name} is ${status}`);
  }
  t.true(errors.every(({ code }) => code === 'not_recorded'));
});

test('one account of many that fails leaves the others', async (t) => {
  const one: Backend = {
    ...host,
    run: async (source, argv) => {
      const known = await host.run(source, argv);
      return known !== null && argv.at(-1) === 'itadmin'
        ? { ...known, outcome: 'timed_out', exitCode: null }
        : known;
    },
  };
  const { results } = await collect(asked, one);
  const observations = results.find(({ table }) => table.name === 'secure_token_observations');
  t.is(observations?.status, 'partial');
  const of = (name: string) =>
    observations?.rows.find(({ username, source }) => username === name && source === 'sysadminctl')?.[
      'value'
    ];
  t.is(of('itadmin'), null);
  t.is(of('mquist'), 1);
});

test('every argv of the samples is one of the reviewed list', async (t) => {
  t.is(sourceOf(['/usr/bin/fdesetup', 'list']), 'fdesetup_list');
  t.is(
    whole.commands.every(({ argv, source }) => sourceOf(argv) === source),
    true,
  );
});

test('of a row that was left out every column is missing', async (t) => {
  const users = tables.find(({ name }) => name === 'users');
  if (users?.generate === undefined) throw new Error('no table users');
  const { generate } = users;
  const odd = {
    ...users,
    generate: async (context: Parameters<typeof generate>[0]) =>
      (await generate(context)).map((row, index) => (index === 0 ? { ...row, uid: 'none' } : row)),
  } as unknown as typeof users;
  const [before] = (await collect([users], await evidenceBackend(sample('macos26-managed')))).results;
  const [result] = (await collect([odd], await evidenceBackend(sample('macos26-managed')))).results;
  t.is(result?.rows.length, (before?.rows.length ?? 0) - 1);
  t.is(result?.status, 'partial');
  t.is(result?.columnsAffected, null);
});

test('a name that is never put on an argv costs its row, whatever table asks for it', async (t) => {
  const users = tables.find(({ name }) => name === 'users');
  if (users === undefined) throw new Error('no table users');
  const source = 'sysadminctl_secure_token_status';
  const careless = {
    ...users,
    columns: { username: users.columns['username'], uid: users.columns['uid'] },
    key: ['username'],
    sources: [source],
    generate: async (context: Context) =>
      Promise.all(
        ['mquist', '-adminUser', 'interactive', 'a/b', ''].map(async (username) => ({
          username,
          uid: (await context.orUnknown(context.read(source, username))) === null ? null : 1,
        })),
      ),
  } as unknown as typeof users;
  const ran: (readonly string[])[] = [];
  const watched: Backend = {
    ...host,
    run: (name, argv) => {
      ran.push(argv);
      return host.run(name, argv);
    },
  };
  const { results, errors } = await collect([careless], watched);
  t.deepEqual(
    results[0]?.rows.map(({ username, uid }) => [username, uid]),
    [
      ['', null],
      ['-adminUser', null],
      ['a/b', null],
      ['interactive', null],
      ['mquist', 1],
    ],
  );
  t.is(results[0]?.status, 'partial');
  t.deepEqual(
    errors.map(({ code, commandId }) => [code, commandId]),
    Array.from({ length: 4 }, () => ['row_invalid', null]),
  );
  t.deepEqual(
    ran.filter(([program]) => program === '/usr/sbin/sysadminctl').map((argv) => argv.at(-1)),
    ['mquist'],
  );
});
