import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';

/** What cli/terminal.ts says of the descriptor 1 of a process, and whether it loaded `node:net` to say it. */
const toldOf = (stdout: 'ignore' | 'pipe' | number): unknown => {
  const program =
    "const { isTerminal } = await import('./cli/terminal.ts');" +
    "const told = isTerminal(1); console.error(JSON.stringify([told, process.moduleLoadList.includes('NativeModule net')]))";
  const { stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
    { cwd: join(import.meta.dirname, '../..'), stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8' },
  );
  return JSON.parse(stderr);
};

test('/dev/null and a pipe are no terminals, which is told without node:net', (t) => {
  t.deepEqual(toldOf('ignore'), [false, false]);
  t.deepEqual(toldOf('pipe'), [false, false]);
});
