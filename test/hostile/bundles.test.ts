/** Each hostile bundle is refused in words, or collected as what it is; nothing is written, and nothing is read outside it. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import { evidenceBackend } from '../../collector/backends/evidence.ts';
import { collect } from '../../collector/collect.ts';
import { dataTables } from '../../collector/table.ts';
import { tables } from '../../tables/index.ts';
import { unlessRefused } from '../fuzz/target.ts';
import { sample, temporaryFolder } from '../standin.ts';
import { archives, filesOf, folders } from './bundles.ts';

const generated = dataTables(tables);

/** What is wrong with how a bundle was met; null for nothing. */
const faultOf = async (path: string): Promise<string | null> => {
  try {
    const backend = await unlessRefused(() => evidenceBackend(path));
    if (backend === null) return null;
    const { results, errors } = await collect(generated, backend);
    const said = JSON.stringify([results, errors]);
    return said.includes('root:x') ? 'tells what lies outside the bundle' : null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
};

test('every hostile bundle is refused in words, or collected as what it is', async (t) => {
  t.timeout(120_000);
  const folder = temporaryFolder(t);
  const outside = join(folder, 'outside');
  const good = filesOf(sample('macos26-managed'));
  const faults: string[] = [];
  const variants = folders(good);
  for (const [index, { name, files }] of variants.entries()) {
    const path = join(folder, `folder${index}`);
    mkdirSync(path);
    for (const [file, content] of files) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), content);
    }
    const fault = await faultOf(path);
    if (fault !== null) faults.push(`${name}: ${fault}`);
  }
  const packed = await archives(good, outside);
  for (const [index, { name, bytes }] of packed.entries()) {
    const path = join(folder, `archive${index}.tar.gz`);
    writeFileSync(path, bytes);
    const fault = await faultOf(path);
    if (fault !== null) faults.push(`${name}: ${fault}`);
  }
  t.true(variants.length + packed.length >= 40);
  t.deepEqual(faults, []);
  t.false(existsSync(outside));
});
