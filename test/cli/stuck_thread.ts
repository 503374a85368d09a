/** A guarded command that is stuck: it began a file and a process, and hears nothing any more. For test/cli/bounds.test.ts. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { beGuarded, bounded } from '../../cli/guarded.ts';
import { runGuarded } from '../../cli/guardian.ts';
import { runningGroups, unfinishedFiles } from '../../collector/leaving.ts';

/** Before the limit runs: on a busy machine, to start a process may take as long. */
const begin = (): void => {
  const [file = '', pidFile = ''] = process.argv.slice(3);
  const child = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' });
  runningGroups.add(child.pid ?? 0);
  writeFileSync(pidFile, String(child.pid));
  writeFileSync(file, 'half of it');
  unfinishedFiles.add(file);
};
const stick = async (): Promise<void> => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);

const entry = { script: import.meta.filename, isText: false };
if (isMainThread) process.exitCode = await runGuarded(entry, process.argv.slice(2));
else {
  beGuarded();
  begin();
  await bounded({ seconds: 0.3, bytes: null, what: 'the work', hint: '' }, true, stick);
}
