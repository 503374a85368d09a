/** Keys that may log in, the whole way: nowhere unless they are asked for, and then neither a key nor a comment. */
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { cli, sample, temporaryFolder } from '../standin.ts';

const recorded = readFileSync(new URL('../corpus/access/authorized_keys-01.txt', import.meta.url), 'utf8');
const canaries = [
  ...(recorded.match(/AAAA[A-Za-z0-9+/]{20}/g) ?? []),
  'tester@',
  'nightly',
  '/home',
  '192.0.2.0',
];
const fingerprint = 'SHA256:L3k/oJubblSY0lB9Ulsl7emDMnRPKm/8udf2ccwk560';
const homes = ['/Users/mquist', '/Users/itadmin', '/Users/deskops', '/Users/loaner', '/var/root'];

/** A recorded Mac with keys, as somebody else would have recorded it: whole. */
const bundleWithKeys = (t: ExecutionContext): string => {
  const bundle = join(temporaryFolder(t), 'bundle');
  cpSync(sample('macos26-managed'), bundle, { recursive: true });
  rmSync(join(bundle, 'SHA256SUMS'));
  const file = (home: string): string => `${home}/.ssh/authorized_keys`;
  const lines = homes.map((home) => `${file(home)}\tmissing\t-\t-\t-\t-`);
  lines[0] = `${file('/Users/mquist')}\tfile\t0600\t501\t${recorded.length}\t1780000000`;
  const at = join(bundle, 'files', file('/Users/mquist'));
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, recorded);
  const stats = join(bundle, 'stat.tsv');
  writeFileSync(stats, `${readFileSync(stats, 'utf8')}${lines.join('\n')}\n`);
  return bundle;
};

const none = (t: ExecutionContext, text: string, what: string, others: readonly string[] = []): void => {
  for (const canary of [...canaries, ...others]) t.false(text.includes(canary), `${what}: ${canary}`);
};

test('without --include ssh_keys no key, no fingerprint and no count is told', async (t) => {
  const bundle = bundleWithKeys(t);
  const { stdout, stderr, code } = await cli([
    'query',
    '--source',
    bundle,
    '--json',
    'SELECT * FROM authorized_key_files',
  ]);
  t.deepEqual([JSON.parse(stdout), code], [[], 0]);
  t.regex(stderr, /authorized_key_files[^\n]*off by default: --include ssh_keys/);
  none(t, stdout + stderr, 'query', [fingerprint]);
});

test('with it fingerprints are told, in rows, a database and exports, and nothing else of a key', async (t) => {
  const bundle = bundleWithKeys(t);
  const asked = ['--source', bundle, '--include', 'ssh_keys'];
  const query = await cli(['query', ...asked, '--json', 'SELECT * FROM authorized_keys ORDER BY algorithm']);
  const rows = JSON.parse(query.stdout) as Record<string, unknown>[];
  t.deepEqual(
    rows.map((row) => [row['username'], row['algorithm'], row['bits'], row['options']]),
    [
      ['mquist', 'ecdsa-sha2-nistp256', 256, 'from,no-port-forwarding'],
      ['mquist', 'ssh-ed25519', 256, null],
      ['mquist', 'ssh-rsa', 1024, 'restrict,command'],
    ],
  );
  const folder = temporaryFolder(t);
  const db = join(folder, 'fleet.db');
  const said = [query, await cli(['snapshot', ...asked, '--db', db])];
  // Every format has the rows of the database; these three take them in three ways.
  for (const format of ['native', 'csv', 'ocsf']) {
    const redacted = format === 'ocsf' ? ['--redact', 'pseudonym'] : [];
    const out = join(folder, `out.${format}${redacted.length === 0 ? '' : '.redacted'}`);
    said.push(await cli(['export', '--db', db, '--format', format, ...redacted, '--output', out]));
  }
  for (const { stdout, stderr } of said) none(t, stdout + stderr, 'said');
  let isTold = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const at = join(folder, name);
    if (statSync(at).isDirectory()) continue;
    const text = readFileSync(at, 'latin1');
    none(t, text, name, /redacted/.test(name) ? [fingerprint] : []);
    if (text.includes(fingerprint)) isTold += 1;
  }
  t.true(isTold > 2, String(isTold));
});
