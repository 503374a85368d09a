/** The command line of `npm run package`. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkRelease } from './check.ts';
import { origins } from './node_official.ts';
import type { Origin } from './node_official.ts';
import { makeRelease } from './release.ts';

const usage = `npm run package -- [--out FOLDER] [--node-from nodejs.org|npm] [--url URL] [--homepage URL] [--no-build] [--check]

Makes every file of a release in FOLDER (release/). Node is taken from nodejs.org; npm is for a trial without it, and the
files say so. With --check all is made twice, in two folders, and what was made is read back by other programs.
`;

const project = join(import.meta.dirname, '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'release' },
      'node-from': { type: 'string', default: 'nodejs.org' },
      url: { type: 'string' },
      homepage: { type: 'string', default: 'https://example.org/tokenquery' },
      'no-build': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const origin = origins.find((one) => one === values['node-from']);
  if (origin === undefined) throw new Error(`--node-from is ${origins.join(' or ')}`);
  if (!values['no-build'])
    execFileSync(process.execPath, [join(project, 'scripts/build.mjs')], { stdio: 'inherit' });
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  const out = resolve(values.out);
  const release = {
    project,
    version,
    out,
    url: values.url ?? `${values.homepage}/releases/download/v${version}`,
    homepage: values.homepage,
    origin: origin satisfies Origin,
    level: 9 as const,
    say,
  };
  await makeRelease(release);
  if (values.check) await checkRelease(release);
};

run().catch((error: unknown) => {
  process.stderr.write(`npm run package: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
