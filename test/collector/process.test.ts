import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runProcess } from '../../collector/backends/process.ts';
import { killRunning } from '../../collector/leaving.ts';
import { temporaryFolder } from '../standin.ts';

const script = (folder: string, name: string, body: string): string => {
  const at = join(folder, name);
  writeFileSync(at, `#!/bin/sh\n${body}\n`);
  chmodSync(at, 0o755);
  return at;
};
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie that nobody has waited for is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test.serial('a program gets a clean environment, no standard input and a root folder', async (t) => {
  const at = script(
    temporaryFolder(t),
    'env',
    'env | sort; pwd; cat; ulimit -c >/dev/null; echo "arg:$1" >&2; exit 3',
  );
  process.env['TOKENQUERY_SECRET'] = 'x';
  const output = await runProcess(at, ["a 'b' $c"], 5000);
  const stdout = Buffer.from(output.stdout).toString();
  t.is(output.outcome, 'exited');
  t.is(output.exitCode, 3);
  t.regex(stdout, /^LC_ALL=C$/m);
  t.regex(stdout, /^TZ=UTC$/m);
  t.notRegex(stdout, /TOKENQUERY_SECRET|HOME=|NODE_/);
  t.regex(stdout, /^\/$/m);
  t.is(Buffer.from(output.stderr).toString(), "arg:a 'b' $c\n");
});

test.serial(
  'a hanging program is ended with its whole group, children that ignore SIGTERM included',
  async (t) => {
    const folder = temporaryFolder(t);
    const pidFile = join(folder, 'pid');
    const at = script(
      folder,
      'hang',
      `trap '' TERM\n(trap '' TERM; echo $$ > /dev/null; sh -c 'echo $$ > "${pidFile}"; trap "" TERM; sleep 60') &\nsleep 60`,
    );
    const output = await runProcess(at, [], 500);
    t.is(output.outcome, 'timed_out');
    t.is(output.exitCode, null);
    t.true(existsSync(pidFile));
    await new Promise((resolve) => setTimeout(resolve, 200));
    t.false(isAlive(Number(readFileSync(pidFile, 'utf8'))));
  },
);

test.serial('a child that keeps the pipes open does not hold the run for ever', async (t) => {
  const at = script(temporaryFolder(t), 'daemon', 'echo answer; setsid sleep 30 & exit 0');
  const output = await runProcess(at, [], 1000);
  t.is(output.outcome, 'timed_out');
});

test.serial('65 MiB of output are stopped at 64', async (t) => {
  const at = script(temporaryFolder(t), 'flood', 'head -c 68157440 /dev/zero; sleep 30');
  const output = await runProcess(at, [], 20_000);
  t.is(output.outcome, 'too_large');
  t.is(output.stdout.length, 0);
});

test.serial('missing, not executable, killed', async (t) => {
  const folder = temporaryFolder(t);
  t.is((await runProcess(join(folder, 'none'), [], 1000)).outcome, 'missing');
  writeFileSync(join(folder, 'plain'), 'x', { mode: 0o644 });
  t.is((await runProcess(join(folder, 'plain'), [], 1000)).outcome, 'denied');
  const killed = await runProcess(script(folder, 'killed', 'kill -KILL $$'), [], 1000);
  t.is(killed.outcome, 'signalled');
  t.is(killed.signal, 'SIGKILL');
});

test.serial('an interrupted collection leaves no process behind', async (t) => {
  const folder = temporaryFolder(t);
  const pidFile = join(folder, 'pid');
  const running = runProcess(script(folder, 'long', `echo $$ > "${pidFile}"; sleep 60`), [], 30_000);
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '')
    await new Promise((resolve) => setTimeout(resolve, 20));
  killRunning();
  t.is((await running).outcome, 'signalled');
  t.false(isAlive(Number(readFileSync(pidFile, 'utf8'))));
});
