import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CollectError } from '../collector/errors.ts';
import type { Output } from '../collector/backends/backend.ts';
import { fileParserOf, parserOf } from '../collector/parsing.ts';
import { decodeUtf8, sanitizeFile, sanitizeOutput } from '../collector/sanitize.ts';
import { allowListVersion, fileNames, isReadablePath, sourceOf } from '../collector/sources.ts';
import { releasedSources } from './released.ts';

const root = join(import.meta.dirname, '..');
const samples = join(root, 'samples');
const hosts = readdirSync(samples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const filesBelow = (folder: string): string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) =>
          join(entry.parentPath, entry.name)
            .slice(folder.length + 1)
            .replaceAll('\\', '/'),
        )
        .toSorted();

interface Recorded {
  readonly argv: readonly string[];
  readonly output: Output;
}

const readCommands = (host: string): readonly Recorded[] =>
  readdirSync(join(samples, host, 'commands')).map((number) => {
    const read = (name: string): Uint8Array => {
      const path = join(samples, host, 'commands', number, name);
      return existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array();
    };
    const text = (name: string): string => Buffer.from(read(name)).toString('utf8');
    return {
      argv: text('argv').trimEnd().split('\n'),
      output: {
        outcome: 'exited',
        exitCode: Number(text('exit_code')),
        signal: null,
        stdout: read('stdout'),
        stderr: read('stderr'),
        startedTime: Number(text('started_time')),
        durationMs: Number(text('duration_ms')),
        isSpawned: true,
      },
    };
  });

const readEvidence = (host: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(samples, host, 'evidence.json'), 'utf8')) as Record<string, unknown>;

const statLines = (host: string): string[][] =>
  readFileSync(join(samples, host, 'stat.tsv'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));

test('there are four hosts', (t) => {
  t.deepEqual(hosts.toSorted(), [
    'macos10.15-mobile',
    'macos14-not-root',
    'macos15-unmanaged',
    'macos26-managed',
  ]);
});

test('the folders are what scripts/samples.ts writes', (t) => {
  t.notThrows(() =>
    execFileSync(process.execPath, [join(root, 'scripts/samples.ts'), '--check'], { stdio: 'pipe' }),
  );
});

/** They hold what their tools print beside what is read, so that every test that begins with a sample has something to drop. */
const asPrinted: ReadonlySet<string> = new Set([
  'launchctl_print_disabled',
  'diskutil_info_root',
  'diskutil_apfs_list',
  'ds_users',
  'ds_account_policy',
  'ds_remote_rights',
  'profiles_status_enrollment',
]);

for (const host of hosts) {
  test(`${host}: SHA256SUMS covers every other file`, (t) => {
    const folder = join(samples, host);
    const expected = filesBelow(folder)
      .filter((path) => path !== 'SHA256SUMS')
      .map((path) => {
        const sum = createHash('sha256')
          .update(readFileSync(join(folder, path)))
          .digest('hex');
        return `${sum}  ${path}\n`;
      });
    t.is(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'), expected.join(''));
  });

  test(`${host}: evidence.json says what the folder is`, (t) => {
    const { captured_time: time, euid, host_id: id, ...rest } = readEvidence(host);
    t.deepEqual(rest, {
      format: 'tokenquery-evidence',
      version: 1,
      origin: 'constructed',
      tool: 'tokenquery 0.1.0',
      allow_list: allowListVersion,
    });
    t.true(Number.isInteger(time) && Number.isInteger(euid));
    t.regex(String(id), /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  });

  test(`${host}: every argv is one of the contract, and none that was released is missing`, (t) => {
    const recorded = readCommands(host).map(({ argv }) => argv.join('\n'));
    t.is(new Set(recorded).size, recorded.length);
    const used = new Set<string>();
    for (const text of recorded) {
      const argv = text.split('\n');
      const source = sourceOf(argv);
      if (source !== null) used.add(source);
      t.truthy(source, text);
    }
    // What came later may be told by nobody. The short list of fdesetup is asked only where the long one fails.
    const missing = releasedSources.commands.filter(({ source, network }) => !network && !used.has(source));
    t.deepEqual(
      missing.map(({ source }) => source).filter((source) => source !== 'fdesetup_list'),
      [],
    );
  });

  test(`${host}: stat.tsv is well-formed, and knows every path that is only looked at`, (t) => {
    const entries = statLines(host);
    t.deepEqual(
      entries,
      entries.toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
    );
    for (const [path = '', kind, ...facts] of entries) {
      t.true(path.startsWith('/'), path);
      t.is(facts.length, 4, path);
      if (kind === 'missing' || kind === 'denied') t.deepEqual(facts, ['-', '-', '-', '-'], path);
      else {
        t.true(kind === 'file' || kind === 'dir', path);
        t.regex(facts.join(' '), /^0[0-7]{3} [0-9]+ [0-9]+ [0-9]+$/, path);
      }
    }
    const paths = new Set(entries.map(([path]) => path));
    for (const path of releasedSources.stat_only) if (path.startsWith('/')) t.true(paths.has(path), path);
    // A file is recorded with its content, or as not there; never both.
    for (const path of filesBelow(join(samples, host, 'files'))) t.false(paths.has(`/${path}`), path);
  });

  test(`${host}: nothing that is never collected`, (t) => {
    const secrets = [
      /ShadowHashData|HeimdalSRPKey|KerberosKeys|PasswordPlus|KDCAuthKey|SecureTokenVerifierHistory/,
      /AutoGrantSecureToken|FVTokenSecret|SmartCardSecureToken|_writers_|AuthenticationHint|LinkedIdentity/,
      /JPEGPhoto|jpegphoto|dsAttrTypeStandard:Password|dsAttrTypeStandard:Picture|com\.apple\.idms/,
      /<key>(?:Password|Username|RecoveryKey|PushMagic|UnlockToken|Challenge|Topic|IdentityCertificateUUID)</,
      /IOPlatformSerialNumber|SerialNumber|FDE_PersonalRecoveryKeyCMS|PushToken|Organization/,
      /(?<![A-Z0-9-])(?:[A-Z0-9]{4}-){5}[A-Z0-9]{4}(?![A-Z0-9-])/,
    ];
    for (const path of filesBelow(join(samples, host))) {
      const content = readFileSync(join(samples, host, path), 'utf8');
      for (const secret of secrets) t.notRegex(content, secret, path);
    }
  });

  test(`${host}: what is not as its tool prints it is reduced already, and what its parser does not take is known`, async (t) => {
    const { euid } = readEvidence(host) as { readonly euid: number };
    const failures: Record<string, string> = {};
    for (const { argv, output } of readCommands(host)) {
      const source = sourceOf(argv);
      if (source === null) {
        t.fail(argv.join(' '));
        continue;
      }
      const sanitized = await sanitizeOutput(source, output, new Set());
      if (!asPrinted.has(source))
        t.deepEqual(decodeUtf8(sanitized.stdout), decodeUtf8(output.stdout), source);
      t.deepEqual(decodeUtf8(sanitized.stderr), decodeUtf8(output.stderr), source);
      const stdout = decodeUtf8(output.stdout) ?? '';
      const stderr = decodeUtf8(output.stderr) ?? '';
      const parse = await parserOf(source);
      try {
        parse({ stdout, stderr, exitCode: output.exitCode ?? 0, euid });
      } catch (error) {
        if (!(error instanceof CollectError)) throw error;
        failures[source] = error.code;
      }
    }
    t.deepEqual(failures, expectedFailures[host] ?? {});
  });

  test(`${host}: files hold allow-listed keys only`, async (t) => {
    for (const path of filesBelow(join(samples, host, 'files'))) {
      const source = fileNames.find((name) => isReadablePath(name, `/${path}`));
      if (source === undefined) {
        t.fail(path);
        continue;
      }
      const content = new Uint8Array(readFileSync(join(samples, host, 'files', path)));
      t.is(decodeUtf8(await sanitizeFile(source, content)), decodeUtf8(content), path);
      const parse = await fileParserOf(source);
      t.notThrows(() => parse(content), path);
    }
  });
}

const expectedFailures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'macos14-not-root': {
    fdesetup_list_extended: 'permission_denied',
    fdesetup_list: 'permission_denied',
    fdesetup_show_deferral_info: 'permission_denied',
    profiles_status_bootstraptoken: 'permission_denied',
    profiles_show_configuration: 'permission_denied',
    profiles_show_enrollment_cached: 'permission_denied',
  },
  // What an unenrolled Mac prints is not public.
  'macos15-unmanaged': { profiles_status_bootstraptoken: 'parse_failed' },
};
