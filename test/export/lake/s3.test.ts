/** A lake in a bucket, on a stand-in for S3: the same as in a folder, whatever the connection does. */
import { hash } from 'node:crypto';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { checkLake } from '../../../export/lake/check.ts';
import { folderPlace } from '../../../export/lake/folder.ts';
import { manifestName, shardFolder } from '../../../export/lake/manifest.ts';
import { readShard } from '../../../export/lake/shards.ts';
import { isUnencrypted, s3Place } from '../../../export/lake/s3.ts';
import type { S3Options } from '../../../export/lake/s3.ts';
import type { Place } from '../../../export/lake/place.ts';
import { hasS3, startS3 } from '../../s3.ts';
import { cli, temporaryFolder } from '../../standin.ts';
import { dayLater, sampleSnapshots, storeAt } from '../world.ts';
import { publishAt, publishedTime, publishTo } from './world.ts';

const withS3 = hasS3 ? test : test.skip;

const environment = (port: number): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: 'S3RVER',
  AWS_SECRET_ACCESS_KEY: 'S3RVER',
  AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
});

const at = (port: number, address = 's3://fleet/a/lake', options: S3Options = {}): Place =>
  s3Place(address, environment(port), { retryMs: 5, ...options });

type Fault = 'pass' | 'cut' | 'cut after' | readonly [status: number, code: string];

const slow: Fault = [503, 'SlowDown'];

/** Stands before the stand-in, and does to each request what it is told. */
const badProxy = async (
  t: ExecutionContext,
  port: number,
  faultOf: (number: number, method: string, url: string) => Fault,
): Promise<{ readonly port: number; readonly count: () => number }> => {
  let count = 0;
  const server = createServer((asked, answer) => {
    count += 1;
    const fault = faultOf(count, asked.method ?? '', asked.url ?? '');
    if (fault === 'cut') return void asked.socket.destroy();
    if (typeof fault !== 'string') {
      const [status, code] = fault;
      answer.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
      return;
    }
    const { method, url, headers } = asked;
    const on = request(
      { host: '127.0.0.1', port, ...(method && { method }), ...(url && { path: url }), headers },
      (got) => {
        if (fault === 'cut after') {
          got.resume();
          got.on('end', () => asked.socket.destroy());
          return;
        }
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      },
    );
    on.on('error', () => asked.socket.destroy());
    asked.pipe(on);
  });
  await new Promise<void>((fulfil) => server.listen(0, '127.0.0.1', fulfil));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, count: () => count };
};

/** The digest of each file; of a bucket, where its manifest says so: the stand-in does not list every folder. */
const contentOf = async (place: Place): Promise<Record<string, string>> => {
  const names = (await place.list('')).flatMap(({ name, isFolder }) =>
    isFolder || name.endsWith('.lock') ? [] : name,
  );
  const folders = names.includes(manifestName('main'))
    ? [...(await readShard(place, 'main')).tables.keys()].map((table) => shardFolder(table, 'main'))
    : [];
  for (const folder of folders)
    for (const { name } of await place.list(folder)) names.push(`${folder}/${name}`);
  const all: Record<string, string> = {};
  for (const name of names) all[name] = hash('sha256', (await place.read(name, 1 << 24)) ?? '');
  return all;
};

withS3(
  'a bucket holds what a folder holds; unchanged, nothing is written; large parts go in several',
  async (t) => {
    const folder = temporaryFolder(t);
    const first = await sampleSnapshots();
    const db = storeAt(join(folder, 'fleet.db'), first);
    await publishAt(join(folder, 'lake'), db);
    const port = await startS3(t, join(folder, 's3'));
    const seen: string[] = [];
    const proxy = await badProxy(t, port, (_, method, url) => {
      seen.push(`${method} ${url}`);
      return 'pass';
    });
    // s3rver takes parts of any size but the name of Amazon's limit.
    const place = at(proxy.port, 's3://fleet/a/lake', { partBytes: 6000 });
    await publishTo(place, db);
    t.deepEqual(await contentOf(place), await contentOf(folderPlace(join(folder, 'lake'))));
    t.true(
      seen.some((line) => line.startsWith('PUT') && line.includes('partNumber=2')),
      'in parts',
    );
    const { problems } = await checkLake(place, () => {});
    t.deepEqual(problems, []);
    seen.length = 0;
    t.like(await publishTo(place, db), { written: 0, isChanged: false });
    t.deepEqual(
      seen.filter((line) => !line.startsWith('GET')),
      [],
    );
    storeAt(db, first.slice(0, 1).map(dayLater), 1_790_200_000);
    const changed = await publishTo(place, db);
    t.true(changed.isChanged);
    t.is((await publishTo(place, db, { now: publishedTime + 3599 - 600 })).removed, 0);
    t.is((await publishTo(place, db, { now: publishedTime + 9999 })).removed, changed.written);
    t.deepEqual((await checkLake(place, () => {})).problems, []);
  },
);

withS3(
  'a connection that breaks is tried again; one that stays away changes nothing published',
  async (t) => {
    const folder = temporaryFolder(t);
    const first = await sampleSnapshots();
    const db = storeAt(join(folder, 'fleet.db'), first);
    const port = await startS3(t, join(folder, 's3'));
    await publishTo(at(port), db);
    const before = await contentOf(at(port));
    storeAt(db, first.slice(0, 2).map(dayLater), 1_790_200_000);
    // From some request on nobody answers: at a part, at a part that arrived, at the manifest.
    for (const [isLast, fault] of [
      [(url: string) => url.includes('tbl=table_status'), 'cut'],
      [(url: string) => url.includes('tbl=snapshots'), slow],
      [(url: string) => url.includes('shard%3Dmain.json'), 'cut'],
    ] as const) {
      let isAway = false;
      const proxy = await badProxy(t, port, (_, method, url) => {
        isAway ||=
          method === 'PUT' && isLast(decodeURIComponent(url).replace('shard=main.json', 'shard%3Dmain.json'));
        return isAway ? fault : 'pass';
      });
      await t.throwsAsync(publishTo(at(proxy.port), db), {
        name: 'UserError',
        message:
          /did not answer 5 times, for s3:\/\/fleet\/a\/lake\/.*: (?:ECONNRESET|UND_ERR_SOCKET|503 SlowDown|.*)$/,
      });
      t.true(isAway);
      const now = await contentOf(at(port));
      for (const [name, content] of Object.entries(before)) t.is(now[name], content, name);
      t.deepEqual((await checkLake(at(port), () => {})).problems, []);
    }
    // Every third request breaks, some after they were done.
    const proxy = await badProxy(
      t,
      port,
      (number) => (['pass', 'cut', slow, 'pass', 'pass', 'cut after'] as const)[number % 6] ?? 'pass',
    );
    await publishTo(at(proxy.port), db);
    await publishAt(join(folder, 'lake'), db);
    const [published, expected] = [
      await contentOf(at(port)),
      await contentOf(folderPlace(join(folder, 'lake'))),
    ];
    for (const [name, content] of Object.entries(expected)) t.is(published[name], content, name);
    t.deepEqual((await checkLake(at(port), () => {})).problems, []);
  },
);

withS3(
  'a wrong bucket, wrong credentials, no store: in words, with exit code 1, and no secret is told',
  async (t) => {
    const folder = temporaryFolder(t);
    const db = storeAt(join(folder, 'fleet.db'), (await sampleSnapshots()).slice(0, 1));
    const port = await startS3(t, join(folder, 's3'));
    await t.throwsAsync(publishTo(at(port, 's3://nowhere/lake'), db), {
      message: /there is no bucket nowhere/,
    });
    // What the stand-in does not know how to say, a proxy says.
    const secret = 'a-secret-that-nobody-is-told';
    for (const [status, code, message] of [
      [403, 'InvalidAccessKeyId', /the store does not accept the credentials \(403 InvalidAccessKeyId\)/],
      [403, 'SignatureDoesNotMatch', /the store does not accept the credentials/],
      [403, 'AccessDenied', /the store refuses s3:\/\/fleet\/lake\/lake\.json \(403 AccessDenied\)/],
      [301, 'PermanentRedirect', /the bucket fleet is in another place/],
      [400, 'AuthorizationHeaderMalformed', /the bucket fleet is in another place/],
      [400, 'red \u001b[31m', /the store cannot do it, for s3:\/\/fleet\/lake\/lake\.json \(400\)$/],
    ] as const) {
      const proxy = await badProxy(t, port, () => [status, code]);
      const place = s3Place('s3://fleet/lake', { ...environment(proxy.port), AWS_SECRET_ACCESS_KEY: secret });
      const refusal = await t.throwsAsync(publishTo(place, db), { name: 'UserError', message });
      t.false(`${refusal?.stack} ${(refusal as { hint?: string }).hint}`.includes(secret));
      t.is(proxy.count(), 1, 'another try would not change it');
    }
    await publishTo(at(port, 's3://fleet/other'), db);
    const file = at(port, 's3://fleet/strange');
    await file.write('cat.jpg', Buffer.from('meow'));
    await t.throwsAsync(publishTo(file, db), {
      message: /s3:\/\/fleet\/strange holds something else: cat\.jpg/,
    });
    t.deepEqual(await contentOf(file), { 'cat.jpg': hash('sha256', 'meow') });
    const run = (env: Record<string, string>) =>
      cli(['lake', '--db', db, '--out', 's3://fleet/cli'], { env });
    const done = await run(environment(port));
    t.is(done.code, 0, done.stderr);
    t.regex(done.stdout, /^main: \d+ rows/);
    const none = await run({ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' });
    t.is(none.code, 1);
    t.regex(none.stderr, /s3:\/\/ needs the credentials of the store, and the environment has none/);
  },
);

test('an address and an environment that cannot be are refused before anything is asked', (t) => {
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
  for (const address of [
    's3://',
    's3:///x',
    's3://UPPER/x',
    's3://a/b',
    's3://bucket/../x',
    's3://bucket/a\nb',
    's3:bucket',
  ])
    t.throws(() => s3Place(address, keys), { message: /names no bucket/ }, address);
  for (const endpoint of ['nonsense', 'ftp://host', 'https://user:pass@host', 'https://host/?x=1'])
    t.throws(() => s3Place('s3://bucket/x', { ...keys, AWS_ENDPOINT_URL: endpoint }), {
      message: /is no address of a store/,
    });
  t.is(s3Place('s3://bucket/a//b/', keys).pathOf('x'), 's3://bucket/a/b/x');
  t.false(isUnencrypted({ AWS_ENDPOINT_URL: 'http://127.0.0.1:9000' }));
  t.true(isUnencrypted({ AWS_ENDPOINT_URL: 'http://minio.example.org' }));
  t.false(isUnencrypted({ AWS_ENDPOINT_URL: 'https://minio.example.org' }));
});
