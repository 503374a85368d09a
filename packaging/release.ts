/** `npm run package`: every file of a release, into one folder. The same bytes each time, whoever makes it and wherever. */
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  archiveName,
  formula,
  fullDiskAccessProfile,
  munkiInfo,
  packageName,
  settingsProfile,
} from './deploy.ts';
import type { Link } from './deploy.ts';
import { sha256 } from './digest.ts';
import { buildExecutable } from './executable.ts';
import { isMac, targets } from './facts.ts';
import type { MacTarget, Target } from './facts.ts';
import type { Level } from './gzip.ts';
import { payloadOf, scriptsOf } from './macos.ts';
import { officialNode } from './node_official.ts';
import type { OfficialNode, Origin } from './node_official.ts';
import { packNpm } from './npm.ts';
import { kilobytesOf, pkgOf } from './pkg.ts';
import { programFiles } from './program.ts';
import { sbomOf } from './sbom.ts';
import { tarOf } from './tar.ts';
import { filled, sectionOf } from './texts.ts';

export interface Release extends Link {
  /** The checkout, with dist/ built. */
  readonly project: string;
  readonly out: string;
  readonly origin: Origin;
  readonly level: Level;
  readonly say: (line: string) => void;
}

/** What is made beside archives and packages. Each leaves in `out` what belongs to the release, and nothing else. */
const others: readonly ((release: Release) => Promise<void>)[] = [
  async ({ project, out }) => void packNpm(out, project),
  async ({ project, version, out, origin }) => {
    for (const target of targets) await buildExecutable(target, out, { project, version, origin });
  },
];

/** What a file is for, by its name; a file that none of them tells is an error. */
const purposes: readonly (readonly [RegExp, string])[] = [
  [/-arm64\.pkg$/, 'macOS package, Apple silicon'],
  [/-x64\.pkg$/, 'macOS package, Intel'],
  [/-darwin-arm64\.tar\.gz$/, 'archive with its own Node, macOS on Apple silicon'],
  [/-darwin-x64\.tar\.gz$/, 'archive with its own Node, macOS on Intel'],
  [/-linux-x64\.tar\.gz$/, 'archive with its own Node, Linux'],
  [/^tokenquery\.rb$/, 'Homebrew formula'],
  [/\.munki\.plist$/, 'pkginfo for Munki'],
  [/settings\.mobileconfig$/, 'profile that switches the job on'],
  [/full-disk-access\.mobileconfig$/, 'profile for Full Disk Access: read docs/install.md first'],
  [/\.cdx\.json$/, 'what it is made of (CycloneDX)'],
  [/\.tgz$/, 'npm package'],
  [/^tokenquery-.+-(?:darwin|linux)-(?:arm64|x64)$/, 'one executable'],
];

export const purposeOf = (name: string): string => {
  const found = purposes.find(([pattern]) => pattern.test(name))?.[1];
  if (found === undefined) throw new Error(`packaging/release.ts does not know what ${name} is for`);
  return found;
};

const write = (out: string, name: string, content: string | Uint8Array): void =>
  writeFileSync(join(out, name), content);

const makePackage = async (
  { project, version, out, level, say }: Release,
  target: MacTarget,
  node: OfficialNode,
): Promise<void> => {
  const payload = payloadOf(project, target, node);
  const bytes = await pkgOf({ version, target, payload, scripts: scriptsOf(project, target) }, level);
  const name = packageName(version, target);
  write(out, name, bytes);
  const info = munkiInfo({ version, target, bytes, installedKilobytes: kilobytesOf(payload) });
  write(out, `${name.replace(/\.pkg$/, '')}.munki.plist`, info);
  say(`${name}: ${bytes.length} bytes`);
};

/** @returns The digest of the archive. */
const makeTarget = async (release: Release, target: Target): Promise<string> => {
  const { project, version, out, level, say, origin } = release;
  const node = await officialNode(target, origin, join(project, 'build/cache/node'));
  const folder = `tokenquery-${version}-${target}`;
  const archive = await tarOf(folder, programFiles(project, target, node), level);
  write(out, archiveName(version, target), archive);
  say(`${archiveName(version, target)}: ${archive.length} bytes`);
  if (isMac(target)) await makePackage(release, target, node);
  return sha256(archive);
};

const nodeNote = (origin: Origin): string =>
  origin === 'npm'
    ? 'The Node in these files comes from npm, where others than the Node.js project packed it. It was **not** checked against ' +
      'the sums of nodejs.org: this is a trial of the build, and no release. `NODE.txt` in each has the details.'
    : 'The Node in these files is that of nodejs.org, checked against its published sums. `NODE.txt` in each has the details.';

const untested =
  '**No file of this release was started on a Mac by the build.** What a Mac has to confirm stands in docs/verify-on-a-mac.md.';

/** Where a runner with macOS installed and ran the package, it says so by this variable (.github/workflows/release.yml). */
const testedNote = (): string =>
  process.env['TOKENQUERY_TESTED_ON'] === undefined
    ? untested
    : `The packages were installed, run and removed on ${process.env['TOKENQUERY_TESTED_ON']}.`;

/** The text of a release: what is new, from CHANGELOG, and what each file is. */
export const releaseNotes = (project: string, version: string, out: string, origin: Origin): string => {
  const files = readdirSync(out)
    .filter((name) => name !== 'SHA256SUMS' && name !== 'RELEASE.md')
    .toSorted()
    .map((name) => `| ${name} | ${statSync(join(out, name)).size} | ${purposeOf(name)} |`);
  return filled(readFileSync(join(project, 'packaging/templates/notes.md'), 'utf8'), {
    changes: sectionOf(readFileSync(join(project, 'CHANGELOG.md'), 'utf8'), version),
    files: files.join('\n'),
    node: nodeNote(origin),
    tested: testedNote(),
  });
};

export const sumsOf = (out: string): string =>
  readdirSync(out)
    .filter((name) => name !== 'SHA256SUMS')
    .toSorted()
    .map((name) => `${sha256(readFileSync(join(out, name)))}  ${name}\n`)
    .join('');

export const writeNotes = (project: string, version: string, out: string, origin: Origin): void => {
  write(out, 'RELEASE.md', releaseNotes(project, version, out, origin));
  write(out, 'SHA256SUMS', sumsOf(out));
};

export const makeRelease = async (release: Release): Promise<void> => {
  const { project, version, out, origin } = release;
  // It fails before the long work when there is nothing to say of this version.
  sectionOf(readFileSync(join(project, 'CHANGELOG.md'), 'utf8'), version);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const sums: Partial<Record<Target, string>> = {};
  for (const target of targets) sums[target] = await makeTarget(release, target);
  for (const make of others) await make(release);
  write(out, 'tokenquery.rb', formula(project, release, sums as Record<Target, string>));
  write(out, 'tokenquery-settings.mobileconfig', settingsProfile());
  write(out, 'tokenquery-full-disk-access.mobileconfig', fullDiskAccessProfile());
  write(out, `tokenquery-${version}.cdx.json`, sbomOf(project));
  writeNotes(project, version, out, origin);
};
