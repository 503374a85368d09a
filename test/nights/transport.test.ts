/** What docs/schedule.md says of the way from a Mac to the centre, run: rclone, and a stand-in for S3 on this machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { hasS3, startS3 } from '../s3.ts';
import { root, temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';
import { askAt } from './clock.ts';

const rclone = ['/usr/bin/rclone', '/usr/local/bin/rclone', '/opt/homebrew/bin/rclone'].find((path) =>
  existsSync(path),
);
const withBoth = rclone !== undefined && hasS3 ? test.serial : test.serial.skip;

/** The scripts of the page, by the first word of what they say they are. */
const scripts = new Map(
  [
    ...readFileSync(join(root, 'docs/schedule.md'), 'utf8').matchAll(
      /```sh\n(#!\/bin\/sh\n# (\w+) [\s\S]*?)```/g,
    ),
  ].map(([, text = '', name = '']) => [name, text]),
);

const day = 86_400;

test('the page has both parts', (t) => {
  t.deepEqual([...scripts.keys()], ['ship', 'pull']);
});

withBoth('what two Macs export over three nights arrives once, whatever is repeated or cut', async (t) => {
  const folder = temporaryFolder(t);
  const at = (...names: string[]): string => join(folder, ...names);
  const port = await startS3(t, at('s3'));
  for (const name of ['incoming', 'done', 'bad']) mkdirSync(at(name));
  for (const [name, text] of scripts) writeFileSync(at(name), text, { mode: 0o755 });
  writeFileSync(
    at('rclone.conf'),
    `[centre]\ntype = s3\nprovider = Other\nendpoint = http://127.0.0.1:${port}\naccess_key_id = S3RVER\nsecret_access_key = S3RVER\nforce_path_style = true\n`,
    { mode: 0o600 },
  );
  const run = (script: string, ...words: readonly string[]): void =>
    void execFileSync('/bin/sh', [at(script), ...words], {
      env: {
        HOME: folder,
        PATH: '/usr/bin:/bin:/usr/local/bin:/opt/homebrew/bin',
        RCLONE_CONFIG: at('rclone.conf'),
      },
    });
  const now = Math.floor(Date.now() / 1000);
  const macs = [
    ['macos15-unmanaged', '1CD27D1F-667C-4E29-80DC-181075FEEB88'],
    ['macos26-managed', '7BA9E49B-B07F-4780-9868-65AA59440444'],
  ] as const;
  const merge = () =>
    askAt(
      now + 3600,
      ...[
        'merge',
        '--db',
        at('fleet.db'),
        '--host-from-folder',
        '--move-done',
        at('done'),
        '--move-bad',
        at('bad'),
      ],
      ...[at('incoming')],
    );
  const night = async (number: number): Promise<void> => {
    for (const [name, id] of macs) {
      const time = now - (4 - number) * day;
      const logs = at(`logs-${id}`);
      mkdirSync(logs, { recursive: true });
      const bundle = makeBundle(name, at(`bundle-${id}-${number}`), { time });
      const db = at(`${id}.db`);
      await askAt(time, 'snapshot', '--db', db, '--source', bundle);
      await askAt(
        time,
        'export',
        '--db',
        db,
        '--cursor',
        at(`${id}.cursor`),
        '--output',
        join(logs, 'results.ndjson'),
      );
      // The clock of the test stands still, that of the file system does not.
      utimesSync(join(logs, 'results.ndjson'), time, time);
    }
  };
  const ship = (): void => {
    for (const [, id] of macs) run('ship', at(`logs-${id}`), `centre:fleet/${id}`);
  };
  await night(1);
  ship();
  run('pull', 'centre:fleet', at('incoming'));
  const first = await merge();
  t.is(first.exitCode, 0, first.stderr);
  t.regex(first.stdout, /^2 snapshots of 2 hosts stored\n2 inputs moved/);
  // Nothing new is nothing to send.
  ship();
  run('pull', 'centre:fleet', at('incoming'));
  t.regex((await merge()).stdout, /^0 snapshots of 0 hosts stored\n$/);
  // Two nights without a transport: the files have other names by then.
  for (const number of [2, 3]) await night(number);
  {
    const later = Math.ceil(Date.now() / 1000) + 2;
    for (const [, id] of macs)
      for (const name of readdirSync(at(`logs-${id}`)).filter((one) => one.startsWith('results')))
        utimesSync(join(at(`logs-${id}`), name), later, later);
  }
  ship();
  run('pull', 'centre:fleet', at('incoming'));
  const second = await merge();
  t.is(second.exitCode, 0, second.stderr);
  t.regex(second.stdout, /^4 snapshots of 2 hosts stored, 2 there before\n/);
  const count = async (db: string): Promise<string> =>
    (
      await askAt(
        now,
        'query',
        '--db',
        db,
        '--list',
        'SELECT count(*) FROM snapshots JOIN users USING (host_id)',
      )
    ).stdout;
  const atCentre = Number((await count(at('fleet.db'))).split('\n')[1]);
  let sum = 0;
  for (const [, id] of macs) sum += Number((await count(at(`${id}.db`))).split('\n')[1]);
  t.is(atCentre, sum);
  t.deepEqual(
    readdirSync(at('incoming'), { recursive: true }).filter((name) => String(name).endsWith('.ndjson')),
    [],
  );
  t.deepEqual(readdirSync(at('bad')), []);
});
