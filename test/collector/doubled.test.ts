import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { SourceReader } from '../../collector/source_reader.ts';
import { cli, sample, temporaryFolder } from '../standin.ts';

const sourceAsked = (folder: string): readonly string[] =>
  readFileSync(join(folder, 'argv'), 'utf8').trimEnd().split('\n');

/** A bundle in which each answer stands twice; `change` makes the second one another. */
const doubled = (t: ExecutionContext, change: (folder: string) => void): string => {
  const bundle = join(temporaryFolder(t), 'bundle');
  cpSync(sample('macos26-managed'), bundle, { recursive: true });
  rmSync(join(bundle, 'SHA256SUMS'), { force: true });
  const commands = join(bundle, 'commands');
  for (const name of readdirSync(commands)) {
    const again = join(commands, `${name}-again`);
    cpSync(join(commands, name), again, { recursive: true });
    change(again);
  }
  return bundle;
};

const argvs = (bundle: string): (readonly string[])[] =>
  readdirSync(join(bundle, 'commands')).map((name) => sourceAsked(join(bundle, 'commands', name)));

test('an answer that a bundle has twice is one where both are alike', async (t) => {
  const once = await evidenceBackend(sample('macos26-managed'));
  const twice = await evidenceBackend(
    doubled(t, (folder) => writeFileSync(join(folder, 'duration_ms'), '99999\n')),
  );
  for (const argv of argvs(sample('macos26-managed')))
    t.deepEqual(await twice.run('sw_vers', argv), await once.run('sw_vers', argv), argv.join(' '));
});

test('answers that are not alike are contradicted, each alone, and the bundle is read', async (t) => {
  const changes: readonly ((folder: string) => void)[] = [
    (folder) => writeFileSync(join(folder, 'exit_code'), '77\n'),
    (folder) => writeFileSync(join(folder, 'stdout'), 'another'),
    (folder) => writeFileSync(join(folder, 'stderr'), 'another'),
    (folder) => writeFileSync(join(folder, 'exit_code'), 'timeout\n'),
  ];
  for (const change of changes) {
    const bundle = doubled(t, (folder) => {
      if (sourceAsked(folder)[0] === '/usr/bin/sw_vers') change(folder);
    });
    const backend = await evidenceBackend(bundle);
    const reader = new SourceReader(backend, {});
    const error = await t.throwsAsync(reader.read('sw_vers', []), {
      message: /two answers of \/usr\/bin\/sw_vers/,
    });
    t.like(error, { code: 'contradicted', source: 'sw_vers' });
    await t.notThrowsAsync(reader.read('sysctl', []));
    t.true(existsSync(bundle));
  }
});

const record = (name: string, home: string): string =>
  `<dict>${Object.entries({
    RecordName: name,
    UniqueID: '501',
    PrimaryGroupID: '20',
    NFSHomeDirectory: home,
    UserShell: '/bin/zsh',
  })
    .map(([key, value]) => `<key>dsAttrTypeStandard:${key}</key><array><string>${value}</string></array>`)
    .join('')}</dict>`;

test('the printed script asks once what is named twice, and looks at no home on the network', async (t) => {
  const folder = temporaryFolder(t);
  const mac = join(folder, 'mac');
  const program = (path: string, text: string): void => {
    mkdirSync(dirname(join(mac, path)), { recursive: true });
    writeFileSync(join(mac, path), `#!/bin/sh\n${text}`, { mode: 0o755 });
  };
  const homes = [
    '/Users/alice',
    '/net/host/bob',
    '/NET/host/carol',
    '/System/Volumes/Data/home/dora',
    '//Network/x',
  ];
  const records = homes.flatMap((home, index) => [
    record(`user${index}`, home),
    record(`user${index}`, home),
  ]);
  const plist = `<plist version="1.0"><array>${records.join('')}</array></plist>`;
  program('/usr/bin/dscl', `case "$*" in *UserShell*) cat <<'END'\n${plist}\nEND\n;; esac\n`);
  program(
    '/usr/bin/sw_vers',
    "printf 'ProductName:\\tmacOS\\nProductVersion:\\t15.5\\nBuildVersion:\\t24F74\\n'\n",
  );
  program('/usr/sbin/sysadminctl', 'echo "Secure token is ENABLED for user $2" >&2\n');
  const script = join(folder, 'capture.sh');
  writeFileSync(script, (await cli(['capture', '--script'])).stdout);
  const run = spawnSync('sh', [script, join(folder, 'out.tar.gz'), mac], { encoding: 'utf8' });
  t.is(run.status, 0, run.stderr);
  spawnSync('tar', ['-xzf', 'out.tar.gz'], { cwd: folder });
  const bundle = join(folder, 'tokenquery-evidence');
  const asked = argvs(bundle).map((argv) => argv.join(' '));
  t.is(new Set(asked).size, asked.length);
  t.deepEqual(
    asked.filter((argv) => argv.includes('sysadminctl')).toSorted(),
    homes.map((_, index) => `/usr/sbin/sysadminctl -secureTokenStatus user${index}`),
  );
  const looked = readFileSync(join(bundle, 'stat.tsv'), 'utf8');
  t.true(looked.includes('/Users/alice\t'));
  t.notRegex(looked, /bob|carol|dora|Network/);
});
