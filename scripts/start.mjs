import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fittingNode, root, setUp } from './setup.mjs';

setUp();
const given = process.argv.slice(2);
const parameters = given.length > 0 ? given : ['--source', 'sample'];
const { status } = spawnSync(
  fittingNode(),
  ['--disable-warning=ExperimentalWarning', join(root, 'cli', 'start.ts'), ...parameters],
  { stdio: 'inherit' },
);
if (given.length === 0 && status === 0) {
  process.stderr.write('\ntokenquery: note: these were the bundled sample hosts. Now ask something:\n');
  process.stderr.write(
    '  bin/tokenquery query "SELECT username, secure_token, confidence FROM secure_tokens WHERE is_admin = 1"\n',
  );
  process.stderr.write('  bin/tokenquery --help\n');
}
process.exitCode = status ?? 1;
