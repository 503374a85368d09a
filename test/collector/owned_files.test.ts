/** Files in homes: whoever owns the home may put anything there, and nothing of anybody else’s is read through it. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Backend } from '../../collector/backends/backend.ts';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { liveBackend } from '../../collector/backends/live.ts';
import { recordingBackend, writeBundle } from '../../collector/backends/recording.ts';
import { SourceReader } from '../../collector/source_reader.ts';
import { isReadablePath, maxOwnedBytes } from '../../collector/sources.ts';
import { temporaryFolder } from '../standin.ts';

const recorded = readFileSync(new URL('../corpus/access/authorized_keys-01.txt', import.meta.url), 'utf8');
const own = process.geteuid?.() ?? 0;
const include = new Set(['ssh_keys']);
const path = '/Users/alice/.ssh/authorized_keys';

/** A folder that stands for a Mac, with a home. */
const makeMac = (t: ExecutionContext) => {
  const root = join(temporaryFolder(t), 'mac');
  mkdirSync(join(root, 'Users/alice/.ssh'), { recursive: true, mode: 0o700 });
  mkdirSync(join(root, 'private/var/secret/.ssh'), { recursive: true });
  writeFileSync(join(root, 'private/var/secret/.ssh/authorized_keys'), recorded);
  writeFileSync(join(root, 'private/var/secret/authorized_keys'), recorded);
  return root;
};

interface Said {
  readonly keys: number | null;
  readonly problem: string | null;
}

const said = async (backend: Backend, uid: number, at = path): Promise<Said> => {
  try {
    const reader = new SourceReader(backend, { include });
    const { content } = await reader.readOwned('authorized_keys', at, uid);
    return { keys: (content as { keys: readonly unknown[] } | null)?.keys.length ?? null, problem: null };
  } catch (error) {
    return { keys: null, problem: (error as Error).message };
  }
};

/** What a Mac says, which what is recorded of it must say too. */
const read = async (t: ExecutionContext, root: string, uid = own): Promise<Said> => {
  const live = liveBackend({ execRoot: root });
  const { backend, recording } = recordingBackend(live, include);
  const answer = await said(backend, uid);
  const bundle = join(temporaryFolder(t), 'bundle');
  await writeBundle(bundle, recording, {
    capturedTime: 1_790_000_000,
    euid: 0,
    hostId: null,
    tool: 'a test',
  });
  t.deepEqual(await said(await evidenceBackend(bundle), uid), answer);
  if (answer.problem !== null) t.false(recording.files.has(path), 'what is not told is not recorded');
  for (const file of readdirSync(bundle, { recursive: true, encoding: 'utf8' })) {
    if (statSync(join(bundle, file)).isDirectory()) continue;
    t.notRegex(
      readFileSync(join(bundle, file), 'utf8'),
      /AAAA[A-Za-z0-9+/]{8}|tester@|nightly|dump|192\.0\.2/,
      file,
    );
  }
  return answer;
};

const place = (root: string, name = 'Users/alice/.ssh/authorized_keys'): string => join(root, name);
const notPlain = /it is, or lies in, a link, is no plain file, lies on another disk, or may not be read/;

test('a plain file of the account is read, and none is none', async (t) => {
  const root = makeMac(t);
  t.deepEqual(await read(t, root), { keys: null, problem: null });
  writeFileSync(place(root), '');
  t.deepEqual(await read(t, root), { keys: 0, problem: null });
  writeFileSync(place(root), recorded);
  t.deepEqual(await read(t, root), { keys: 3, problem: null });
});

const traps: Readonly<Record<string, (root: string) => void>> = {
  'the file is a link': (root) => symlinkSync(place(root, 'private/var/secret/authorized_keys'), place(root)),
  'the file is a link to nothing': (root) => symlinkSync('/nowhere', place(root)),
  'the folder is a link': (root) => {
    renameSync(place(root, 'Users/alice/.ssh'), place(root, 'Users/alice/x'));
    symlinkSync(place(root, 'private/var/secret/.ssh'), place(root, 'Users/alice/.ssh'));
  },
  'the home is a link': (root) => {
    renameSync(place(root, 'Users/alice'), place(root, 'Users/x'));
    symlinkSync(place(root, 'private/var/secret'), place(root, 'Users/alice'));
  },
  'the file is a folder': (root) => mkdirSync(place(root)),
  'the file is a pipe, to which nobody writes': (root) => {
    execFileSync('mkfifo', [place(root)]);
  },
};
for (const [what, plant] of Object.entries(traps)) {
  test(`it is not read where ${what}`, async (t) => {
    const root = makeMac(t);
    plant(root);
    const { keys, problem } = await read(t, root);
    t.is(keys, null);
    t.regex(problem ?? '', notPlain);
  });
}

test('it is not read where the folder is a file: there is none', async (t) => {
  const root = makeMac(t);
  renameSync(place(root, 'Users/alice/.ssh'), place(root, 'Users/alice/x'));
  writeFileSync(place(root, 'Users/alice/.ssh'), '');
  t.regex((await read(t, root)).problem ?? '', notPlain);
});

test('it is not read where it is larger than 1 MiB, or of another account', async (t) => {
  const root = makeMac(t);
  writeFileSync(place(root), `${'#'.repeat(maxOwnedBytes - 1)}\n`);
  t.deepEqual(await read(t, root), { keys: 0, problem: null });
  writeFileSync(place(root), `${'#'.repeat(maxOwnedBytes)}\n`);
  t.regex((await read(t, root)).problem ?? '', /it is larger than 1 MiB/);
  writeFileSync(place(root), recorded);
  t.regex((await read(t, root, own + 1)).problem ?? '', /another account owns it/);
});

const temporary = statSync(tmpdir()).dev;
const otherDisk = statSync('/dev/shm', { throwIfNoEntry: false })?.dev ?? temporary;

(otherDisk === temporary ? test.skip : test)(
  'it is not read where its disk is another one than that of the accounts',
  async (t) => {
    const root = makeMac(t);
    // What stands for the disk of the accounts is moved, and the home stays.
    renameSync(place(root, 'private/var'), place(root, 'before'));
    symlinkSync('/dev/shm', place(root, 'private/var'));
    writeFileSync(place(root), recorded);
    t.regex((await read(t, root)).problem ?? '', notPlain);
  },
);

// Root may.
(own === 0 ? test.skip : test)('who may not read it is told so', async (t) => {
  const root = makeMac(t);
  writeFileSync(place(root), recorded);
  chmodSync(place(root), 0);
  t.regex((await read(t, root)).problem ?? '', notPlain);
});

test('nobody reads it who was not asked to, and no door beside reads it at all', async (t) => {
  const root = makeMac(t);
  writeFileSync(place(root), recorded);
  const reader = new SourceReader(liveBackend({ execRoot: root }), {});
  await t.throwsAsync(reader.readOwned('authorized_keys', path, own), {
    name: 'NotAsked',
    message: 'off by default: --include ssh_keys',
  });
  await t.throwsAsync(
    new SourceReader(liveBackend({ execRoot: root }), { include }).readFile('authorized_keys', path),
    {
      message: /does not name/,
    },
  );
});

test('a home that is none is refused, and one on the network is not looked at', async (t) => {
  const at = (home: string) => `${home}/.ssh/authorized_keys`;
  for (const home of [
    '',
    '/',
    'Users/alice',
    '/Users/../etc',
    '/Users/./a',
    '//Users',
    '/Users//a',
    '/Users/a\nb',
  ])
    t.false(isReadablePath('authorized_keys', at(home)), home);
  for (const other of ['/Users/alice/.ssh/id_ed25519', '/Users/alice/.ssh/authorized_keys/x', '/etc/sudoers'])
    t.false(isReadablePath('authorized_keys', other), other);
  t.true(isReadablePath('authorized_keys', at('/var/root')));
  const backend = liveBackend({ execRoot: makeMac(t) });
  for (const home of ['/Network/Servers/x', '/Volumes/Share/alice', '/net/host/a'])
    t.regex((await said(backend, own, at(home))).problem ?? '', /it may lie on the network/, home);
});

test('evidence of which nobody was asked is no proof', async (t) => {
  const bundle = join(temporaryFolder(t), 'bundle');
  const { recording } = recordingBackend(liveBackend({}), new Set());
  await writeBundle(bundle, recording, {
    capturedTime: 1_790_000_000,
    euid: 0,
    hostId: null,
    tool: 'a test',
  });
  t.regex(
    (await said(await evidenceBackend(bundle), own)).problem ?? '',
    /recorded without --include ssh_keys/,
  );
});
