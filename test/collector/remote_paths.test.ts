import test from 'ava';
import { SourceReader } from '../../collector/source_reader.ts';
import { within } from '../../collector/backends/within.ts';
import { isStatPath, mayBeRemote, networkFolders } from '../../collector/sources.ts';
import type { Backend, Look } from '../../collector/backends/backend.ts';

const spellings = (path: string): readonly string[] => [
  path,
  path.toUpperCase(),
  `/${path}`,
  `/.${path}`,
  path.replaceAll('/', '//'),
  path.replaceAll('/', '/./'),
  `/System/Volumes/Data${path}`,
  `/system//volumes/./DATA${path}`,
];
const remote = networkFolders.flatMap((folder) =>
  [folder, `${folder}/`, `${folder}/host/alice`].flatMap(spellings),
);
const local = [
  '/Users/alice',
  '/var/empty',
  '/private/var/root',
  '/networks/a',
  '/nethome/a',
  '/Users/net/home',
  '/homes/a',
];

test('a path that may lie on the network is known, however it is spelt', (t) => {
  t.true(remote.length > 100);
  for (const path of remote) t.true(mayBeRemote(path), path);
  for (const path of local) t.false(mayBeRemote(path), path);
});

const backendOf = (origin: Backend['origin'], looked: string[]): Backend => ({
  origin,
  label: 'test',
  capturedTime: 0,
  euid: 0,
  hostId: null,
  run: async () => null,
  readFile: async () => null,
  stat: async (path) => {
    looked.push(path);
    return origin === 'live' ? { kind: 'missing' } : null;
  },
});
const readerOf = (backend: Backend): SourceReader => new SourceReader(backend, {});

test('no path on the network is looked at, and it is not said to be missing', async (t) => {
  const looked: string[] = [];
  const live = readerOf(backendOf('live', looked));
  for (const path of remote.filter(isStatPath))
    await t.throwsAsync(live.stat(path), { message: /may lie on the network/ }, path);
  t.deepEqual(looked, []);
  for (const path of local) t.is((await live.stat(path)).kind, 'missing');
  // Evidence without such a path says why.
  await t.throwsAsync(readerOf(backendOf('evidence', [])).stat('/net/h/a'), { message: /on the network/ });
});

test('a look that does not end is given up', async (t) => {
  const never = new Promise<never>(() => {});
  const started = performance.now();
  t.deepEqual(await within<Look>(0.05, never, { kind: 'late' }), { kind: 'late' });
  t.true(performance.now() - started < 3_000);
  t.deepEqual(await within<Look>(5, Promise.resolve({ kind: 'missing' }), { kind: 'late' }), {
    kind: 'missing',
  });
  const reader = readerOf({ ...backendOf('live', []), stat: async () => ({ kind: 'late' }) });
  await t.throwsAsync(reader.stat('/Users/alice'), { message: /did not end within 5 s/ });
});
