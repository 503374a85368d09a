/** The shell on a terminal, as somebody sits at it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { cli, makeStandIn, runsIn, sample, temporaryFolder } from '../standin.ts';
import { Terminal, hasTmux } from './terminal.ts';
import type { TerminalOptions } from './terminal.ts';

const onTerminal = hasTmux ? test.serial : test.skip;
const managed = ['--source', sample('macos26-managed')];
const endless = 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c;';
/** The last line is a prompt, with nothing behind it. */
const prompt = /(?:^|\n)tokenquery>$/;

const shell = (
  t: ExecutionContext,
  words: readonly string[] = managed,
  options: TerminalOptions = {},
): Terminal => {
  const env = { XDG_STATE_HOME: temporaryFolder(t), ...options.env };
  return new Terminal(t, ['shell', ...words], { ...options, env });
};

onTerminal('Tab completes commands, columns and what a column can be', async (t) => {
  const terminal = shell(t);
  await terminal.until(prompt);
  terminal.type('.hea');
  terminal.press('Tab');
  await terminal.until(/> \.headers$/);
  terminal.enter(' on');
  await terminal.until(prompt);
  terminal.enter('SELECT count(*) AS seen');
  await terminal.until(/\.\.\.>$/);
  terminal.type('FROM table_st');
  terminal.press('Tab');
  await terminal.until(/FROM table_status$/);
  terminal.type(' WHERE stat');
  terminal.press('Tab');
  await terminal.until(/WHERE status$/);
  terminal.type(' = den');
  terminal.press('Tab');
  await terminal.until(/= 'denied'$/);
  terminal.enter(';');
  t.regex(await terminal.until(prompt), /\| seen \|\n\+-+\+\n\| +\d+ \|/);
});

onTerminal('a statement of several lines is one entry of the history, also in the next shell', async (t) => {
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const one = shell(t, managed, { env });
  await one.until(prompt);
  one.enter("SELECT 'a; -- no end");
  await one.until(/'>$/);
  one.enter("' AS text,");
  await one.until(/\.\.\.>$/);
  one.enter('2 -- two;');
  await one.until(/two;\n +\.\.\.>$/);
  one.enter(' AS number;');
  t.regex(await one.until(prompt), /\| a; -- no end\\n \| +2 \|/);
  one.press('C-d');
  await one.until('ended with 0');
  const file = join(env.XDG_STATE_HOME, 'tokenquery/shell_history');
  t.is(statSync(file).mode & 0o777, 0o600);
  t.is(readFileSync(file, 'utf8').trimEnd().split('\n').length, 1);

  const two = shell(t, managed, { env });
  await two.until(prompt);
  two.enter('SELECT 41 + 1;');
  await two.until(/42/);
  await two.until(prompt);
  two.press('Up', 'Up');
  await two.until(/AS number;$/);
  two.press('Enter');
  t.regex(await two.until(/\| a; -- no end\\n \|[^]*\ntokenquery>$/), /AS number;/);
});

onTerminal('Ctrl-C ends a statement at once, and the shell goes on with what it had collected', async (t) => {
  const { root, log } = makeStandIn(sample('macos26-managed'), temporaryFolder(t));
  const terminal = shell(t, ['--exec-root', root]);
  await terminal.until(prompt);
  terminal.enter('SELECT count(*) AS users FROM users;');
  await terminal.until(/\| users \|[^]*\ntokenquery>$/);
  const runs = runsIn(log).length;
  t.true(runs > 0);
  const times: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    terminal.enter(endless);
    const started = performance.now();
    terminal.press('C-c');
    await terminal.until(new RegExp(`(?:stopped[^]*){${round}}\\ntokenquery>$`));
    times.push(performance.now() - started);
  }
  const lookStarted = performance.now();
  terminal.screen();
  const look = performance.now() - lookStarted;
  const best = Math.min(...times);
  t.log(`best of ${times.length}: ${best.toFixed(0)} ms, of which a look takes ${look.toFixed(0)} ms`);
  t.true(best < 200 + 3 * look, times.join(' '));
  terminal.enter('SELECT count(*) AS again FROM users;');
  await terminal.until(/\| again \|[^]*\ntokenquery>$/);
  t.is(runsIn(log).length, runs, 'nothing was collected again');
  terminal.enter('.refresh');
  await terminal.until(/\.refresh\ntokenquery>$/);
  t.is(runsIn(log).length, 2 * runs);
});

onTerminal('Ctrl-C while it collects ends what was started for it', async (t) => {
  const { root } = makeStandIn(sample('macos26-managed'), temporaryFolder(t), { delay: '60' });
  const terminal = shell(t, ['--exec-root', root]);
  const running = (): readonly string[] =>
    spawnSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
      .stdout.split('\n')
      .filter((line) => line.startsWith('/bin/sh ') && line.includes(root));
  await terminal.until(prompt);
  terminal.enter('SELECT count(*) AS users FROM users;');
  while (running().length === 0) await new Promise((fulfil) => setTimeout(fulfil, 20));
  terminal.press('C-c');
  await terminal.until(/stopped\ntokenquery>$/);
  t.deepEqual(running(), []);
});

onTerminal('--timeout ends a statement, and what was typed meanwhile is answered then', async (t) => {
  const terminal = shell(t, [...managed, '--timeout', '1']);
  await terminal.until(prompt);
  terminal.enter(endless);
  terminal.enter('SELECT 40 + 2 AS answer;');
  terminal.type('SELECT 7');
  const screen = await terminal.until(/\ntokenquery> SELECT 7$/);
  t.regex(screen, /did not end within 1 s and was stopped/);
  t.is(screen.split('| answer |').length, 2);
  t.is(screen.split('40 + 2').length, 2);
  terminal.enter(' AS seven;');
  await terminal.until(/\| seven \|[^]*\ntokenquery>$/);
});

onTerminal('a narrow terminal, and a value that would be obeyed', async (t) => {
  const terminal = shell(t, managed, { columns: 40 });
  await terminal.until(prompt);
  terminal.enter(`SELECT char(27) || '[2J' || char(7) || ']0;x' AS name, 'a long text' AS other;`);
  const screen = await terminal.until(/\\u001b\[2J[^]*\ntokenquery>$/);
  t.regex(screen, /^tokenquery> SELECT char\(27\)/);
  terminal.type('SELECT 1 AS one, 2 AS two, 3 AS three, 4 AS fuor');
  terminal.press('Left', 'Left', 'Left', 'BSpace', 'End', 'Left', 'BSpace', 'Left');
  terminal.press('C-u', 'C-k');
  terminal.enter('SELECT 5 AS five;');
  await terminal.until(/five[^]*\ntokenquery>$/);
});

onTerminal('Ctrl-C forgets what was begun, and says how to leave; .quit leaves', async (t) => {
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const terminal = new Terminal(t, ['query', ...managed], { env });
  await terminal.until(prompt);
  terminal.enter('SELECT');
  await terminal.until(/\.\.\.>$/);
  terminal.type('nonsense');
  terminal.press('C-c');
  await terminal.until(/\^C\ntokenquery>$/);
  terminal.press('C-c');
  await terminal.until(/Ctrl-D leaves\ntokenquery>$/);
  terminal.enter('.quti');
  await terminal.until(/did you mean \.quit\?[^]*\ntokenquery>$/);
  terminal.enter('.quit');
  t.regex(await terminal.until('ended with 0'), /nonsense\^C/);
});

onTerminal('a shell that is killed leaves no process', async (t) => {
  const terminal = shell(t);
  await terminal.until(prompt);
  terminal.enter(endless);
  const children = (of: number): readonly number[] =>
    readFileSync(`/proc/${of}/task/${of}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  if (process.platform !== 'linux') return;
  let [own, child]: (number | undefined)[] = [];
  while (child === undefined) {
    [own] = children(terminal.pid());
    if (own !== undefined) [child] = children(own);
    await new Promise((fulfil) => setTimeout(fulfil, 20));
  }
  process.kill(own ?? 0, 'SIGKILL');
  await terminal.until('ended with 137');
  const isThere = (): boolean => {
    try {
      return !readFileSync(`/proc/${child}/stat`, 'utf8').includes(') Z ');
    } catch {
      return false;
    }
  };
  const end = Date.now() + 20_000;
  while (isThere() && Date.now() < end) await new Promise((fulfil) => setTimeout(fulfil, 20));
  t.false(isThere());
});

test('a pipe has no prompt, and what failed makes the exit code', async (t) => {
  const ask = (input: string) => cli(['shell', ...managed, '--csv'], { input });
  const good = await ask(
    "SELECT 1 AS one;\n\n.mode list\nSELECT ';' AS two, 'a\nb' AS\nthree; SELECT 4 AS four",
  );
  t.deepEqual([good.code, good.stdout, good.stderr], [0, 'one\r\n1\r\ntwo|three\n;|a\\nb\nfour\n4\n', '']);
  const bad = await ask("PRAGMA user_version;\nSELECT 1 AS one;\n.tabels\nATTACH 'x' AS y;\n");
  t.is(bad.code, 1);
  t.is(bad.stdout, 'one\r\n1\r\n');
  t.regex(
    bad.stderr,
    /PRAGMA is refused[^]*there is no command \.tabels[^]*did you mean \.tables\?[^]*ATTACH is refused/,
  );
});

test('what is set holds for what comes after it', async (t) => {
  const lines = [
    ".nullvalue '?'",
    '.width 4 0',
    "SELECT 'a long text' AS one, NULL AS two;",
    '.headers off',
    '.mode list',
    'SELECT NULL, 1;',
    '.tables %_tokens',
    '.use MQUIST-MBP',
    'SELECT count(DISTINCT host_id) FROM hosts;',
    '.use',
    'SELECT count(DISTINCT host_id) FROM hosts;',
    '.mode json',
    '.status',
    '.sources',
    '.use nobody',
    'SELECT 3 AS of_another_mac;',
  ];
  const both = [...managed, '--source', sample('macos14-not-root')];
  const { code, stdout, stderr } = await cli(['shell', ...both], { input: lines.join('\n') });
  t.is(code, 1);
  const [settings = '', status = ''] = stdout.split(/(?=^\[)/m);
  t.is(
    settings,
    [
      '+------+-----+',
      '| one  | two |',
      '+------+-----+',
      '| a l… | ?   |',
      '+------+-----+',
      '?|1',
      'bootstrap_tokens',
      'secure_tokens',
      '1',
      '2',
      '',
    ].join('\n'),
  );
  t.regex(status, /"table_name":"hosts","status":"ok"/);
  t.regex(stderr, /there is no host nobody[^]*what follows is not asked/);
  t.false(stdout.includes('of_another_mac'));
});

test('a database that is not there ends the shell', async (t) => {
  const { code, stderr } = await cli(['shell', '--db', join(temporaryFolder(t), 'none.db')], {
    input: 'SELECT 1;',
  });
  t.is(code, 1);
  t.regex(stderr, /none\.db/);
});
