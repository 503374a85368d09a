/** The command line of `npm run package`. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkRelease, compareReleases } from './check.ts';
import { origins } from './node_official.ts';
import { makeRelease, writeNotes } from './release.ts';
import { sectionOf } from './texts.ts';

const usage = `npm run package -- [--out FOLDER] [--node-from nodejs.org|npm] [--url URL] [--homepage URL] [--no-build] [--check]

Makes every file of a release in FOLDER (release/). Node is taken from nodejs.org; npm is for a trial without it, and the
files say so. With --check all is made twice, in two folders, and what was made is read back by other programs.

  --is-tag vVERSION         an error where the tag is not that of this version, or CHANGELOG.md says nothing of it
  --compare A --compare B   an error where two releases hold other files, however they are packed
  --notes                   write RELEASE.md and SHA256SUMS anew, for what lies in FOLDER
`;

const project = join(import.meta.dirname, '..');
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const options = {
  out: { type: 'string', default: 'release' },
  'node-from': { type: 'string', default: 'nodejs.org' },
  url: { type: 'string' },
  homepage: { type: 'string', default: 'https://example.org/tokenquery' },
  'no-build': { type: 'boolean', default: false },
  check: { type: 'boolean', default: false },
  'is-tag': { type: 'string' },
  compare: { type: 'string', multiple: true },
  notes: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const run = async (): Promise<void> => {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const origin = origins.find((one) => one === values['node-from']);
  if (origin === undefined) throw new Error(`--node-from is ${origins.join(' or ')}`);
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string };
  const out = resolve(values.out);
  if (values['is-tag'] !== undefined) {
    if (values['is-tag'] !== `v${version}`)
      throw new Error(`the tag is ${values['is-tag']}, and package.json says ${version}`);
    sectionOf(readFileSync(join(project, 'CHANGELOG.md'), 'utf8'), version);
    return;
  }
  const [one, two] = values.compare ?? [];
  if (one !== undefined && two !== undefined) {
    compareReleases(resolve(one), resolve(two));
    return;
  }
  if (values.notes) {
    writeNotes(project, version, out, origin);
    return;
  }
  if (!values['no-build'])
    execFileSync(process.execPath, [join(project, 'scripts/build.mjs')], { stdio: 'inherit' });
  const url = values.url ?? `${values.homepage}/releases/download/v${version}`;
  const release = {
    ...{ project, version, out, url, homepage: values.homepage, origin, say },
    level: 9 as const,
  };
  await makeRelease(release);
  if (values.check) await checkRelease(release);
};

run().catch((error: unknown) => {
  process.stderr.write(`npm run package: error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
