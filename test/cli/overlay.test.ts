/** An overlay on the command line: what it changes is shown, wherever questions are judged, and a bad one stops it all. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { askAt } from '../nights/clock.ts';
import { sample, temporaryFolder } from '../standin.ts';
import { makeBundle } from '../store/evidence.ts';

/** After the evidence was collected. */
const now = 1_790_100_000;

const changes = [
  { query: 'guest_login_on', severity: 'off', owner: 'Endpoint team', reason: 'Kiosks need the guest.' },
  { query: 'single_token_admin', severity: 'critical', owner: 'Mia Quist', reason: 'We were locked out.' },
];

test.serial(
  'what an overlay changes is shown in every output, is stored, and is asked for where it is exported',
  async (t) => {
    const folder = temporaryFolder(t);
    const overlay = join(folder, 'overlay');
    mkdirSync(overlay);
    writeFileSync(join(overlay, 'site.json'), JSON.stringify({ version: 1, changes }));
    const ask = (...words: readonly string[]) => askAt(now, ...words);
    const source = ['--source', sample('macos15-unmanaged')];
    const judged = [...source, '--overlay', overlay];
    const page = (await ask('findings', ...judged)).stdout.replaceAll(/\s+/g, ' ');
    t.regex(page, /critical single_token_admin: /);
    t.regex(page, / why: critical here, else low: overlay: We were locked out\./);
    t.regex(
      page,
      /Switched off by the overlay: not asked, which is not "clean": guest_login_on: \S+site\.json:1, of Endpoint team: Kiosks need the guest\./,
    );
    t.regex(page, /; 1 is switched off \(--overlay\)/);
    const json = await ask(
      'findings',
      ...judged,
      '--json',
      '-n',
      'guest_login_on',
      '-n',
      'single_token_admin',
    );
    const rows = JSON.parse(json.stdout) as Record<string, unknown>[];
    t.deepEqual(
      rows.map((row) => [row['query_name'], row['verdict'], row['severity'], row['severity_reason']]),
      [
        ['single_token_admin', 'hit', 'critical', 'overlay: We were locked out.'],
        ['guest_login_on', 'not_asked', 'low', null],
      ],
    );
    t.regex(
      json.stderr,
      /note: the overlay switches off 1 question, not asked and not clean: guest_login_on\n$/,
    );
    // What is not asked is no pass to be counted, and fails nothing; what matters more fails more.
    t.is((await ask('findings', ...source, '-n', 'single_token_admin', '--fail-on', 'high')).exitCode, 0);
    t.is((await ask('findings', ...judged, '-n', 'single_token_admin', '--fail-on', 'high')).exitCode, 3);
    t.is((await ask('findings', ...judged, '-n', 'guest_login_on', '--strict')).exitCode, 0);
    const db = join(folder, 'own.db');
    t.is((await ask('snapshot', '--db', db, ...judged)).exitCode, 0);
    const exported = async (...words: readonly string[]) => {
      const output = join(folder, `${words.length}.ndjson`);
      const of = ['--findings', '--passes', '--format', 'ecs', '--output', output];
      await ask('export', '--db', db, ...of, ...words);
      return readFileSync(output, 'utf8')
        .trimEnd()
        .split('\n')
        .map(
          (line) =>
            (JSON.parse(line) as { tokenquery: { findings: Record<string, unknown> } }).tokenquery.findings,
        )
        .filter(({ query_name: name }) => name === 'guest_login_on' || name === 'single_token_admin')
        .map((row) => [row['query_name'], row['verdict'], row['severity']]);
    };
    t.deepEqual(await exported('--overlay', overlay), [
      ['guest_login_on', 'not_asked', 'low'],
      ['single_token_admin', 'hit', 'critical'],
    ]);
    t.deepEqual(await exported(), [
      ['guest_login_on', 'hit', 'low'],
      ['single_token_admin', 'hit', 'low'],
    ]);
    const stored = await ask(
      ...['query', '--db', db, '--json'],
      "SELECT f.severity, v.verdict FROM findings f JOIN verdicts v ON v.host_id = f.host_id AND v.query_name = 'guest_login_on' WHERE f.query_name = 'single_token_admin'",
    );
    t.deepEqual(JSON.parse(stored.stdout), [{ severity: 'critical', verdict: 'not_asked' }]);
  },
);

test.serial(
  'an overlay that is not right stops whoever judges before anything is stored or printed',
  async (t) => {
    const folder = temporaryFolder(t);
    writeFileSync(
      join(folder, 'site.json'),
      JSON.stringify({ version: 1, changes: [...changes, { ...changes[0], query: 'guest_login' }] }),
    );
    const db = join(folder, 'own.db');
    const source = ['--source', sample('macos15-unmanaged')];
    for (const words of [
      ['findings', ...source],
      ['overview', ...source],
      ['merge', '--db', db, source[1] ?? ''],
    ]) {
      const { exitCode, stdout, stderr } = await askAt(now, ...words, '--overlay', folder);
      t.is(exitCode, 1, words[0]);
      t.is(stdout, '');
      t.regex(stderr, /site\.json:1: change 3 \(guest_login\): there is no question "guest_login"/);
      t.regex(stderr, /hint: did you mean guest_login_on\? .*; until the file is right, nothing is changed/);
    }
    t.is((await askAt(now, 'status', '--db', db)).exitCode, 1);
  },
);

test.serial(
  'an overlay that is not right costs no look at a Mac: the next snapshot judges what was left',
  async (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, 'site.json');
    const db = join(temporaryFolder(t), 'own.db');
    const write = (text: string): void => writeFileSync(file, text);
    const night = (index: number) =>
      askAt(
        now + index * 86_400,
        ...['snapshot', '--db', db, '--overlay', folder],
        ...[
          '--source',
          makeBundle('macos15-unmanaged', join(temporaryFolder(t), 'mac'), {
            time: now - 10_000 + index * 86_400,
          }),
        ],
      );
    write(JSON.stringify({ version: 1, changes }));
    t.is((await night(0)).exitCode, 0);
    write('{');
    for (const index of [1, 2]) {
      const { exitCode, stderr } = await night(index);
      t.is(exitCode, 1);
      t.regex(stderr, /site\.json/);
      t.regex(stderr, /error: what is seen is stored, and not judged\n.*hint: the next snapshot for which/);
    }
    write(JSON.stringify({ version: 1, changes: changes.slice(1) }));
    t.is((await night(3)).exitCode, 0);
    const asked = await askAt(
      now + 4 * 86_400,
      ...['query', '--db', db, '--json'],
      'SELECT (SELECT count(*) FROM snapshots) AS snapshots, verdict, (valid_from_time - ' +
        `${now - 10_000}) / 86400 AS night FROM verdicts_history WHERE query_name = 'guest_login_on' ORDER BY valid_from_time`,
    );
    // Of the nights between it is told by what is right now.
    t.deepEqual(JSON.parse(asked.stdout), [
      { snapshots: 4, verdict: 'not_asked', night: 0 },
      { snapshots: 4, verdict: 'hit', night: 1 },
    ]);
  },
);
