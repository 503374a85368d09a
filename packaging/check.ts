/**
 * `npm run package -- --check`: all is made a second time, in another folder, time zone and umask, and must have the same bytes.
 * Then other programs read what was made: it must be whole, and tell nothing of the machine that made it.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readlinkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir, hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { home } from './facts.ts';
import type { Release } from './release.ts';

const notCopied = new Set(['.git', 'build', 'dist', 'node_modules', 'release']);

const shell = (command: string, cwd: string, ...words: readonly string[]): string =>
  execFileSync('sh', ['-euc', command, 'sh', ...words], { cwd, encoding: 'utf8', maxBuffer: 1 << 28 });

/** By links of its files, where the system lets it. Not by one link to all: a bundle is numbered by the real paths of its parts. */
const linked = (from: string, to: string): void => {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linked(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target);
      }
    }
  }
};

const copyOf = (project: string, to: string): void => {
  for (const name of readdirSync(project))
    if (!notCopied.has(name)) cpSync(join(project, name), join(to, name), { recursive: true });
  linked(join(project, 'node_modules'), join(to, 'node_modules'));
  mkdirSync(join(to, 'build/cache'), { recursive: true });
  // Each file of it is checked when it is used.
  cpSync(join(project, 'build/cache'), join(to, 'build/cache'), { recursive: true });
};

/** @returns What differs between two lists of sums. */
const differences = (one: string, two: string): readonly string[] => {
  const [first, second] = [new Set(one.split('\n')), new Set(two.split('\n'))];
  return [...first, ...second]
    .filter((line) => !first.has(line) || !second.has(line))
    .map((line) => line.replace(/^\S+ +/, ''));
};

const makeAgain = ({ project, origin, url, homepage, out }: Release, folder: string): readonly string[] => {
  copyOf(project, folder);
  const words = ['packaging/main.ts', '--node-from', origin, '--url', url, '--homepage', homepage];
  execFileSync('sh', ['-c', 'umask 077; exec "$@"', 'sh', process.execPath, ...words], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, TZ: 'Pacific/Kiritimati', HOME: folder, LANG: 'de_DE.UTF-8' },
  });
  const sums = (at: string): string => readFileSync(join(at, 'SHA256SUMS'), 'utf8');
  return differences(sums(out), sums(join(folder, 'release')));
};

/** An unpacked artefact has what its own list says, and no file holds a path or a name of this machine. */
const faultsOfFolder = (folder: string, project: string): readonly string[] => {
  const own = [project, hostname(), `${homedir()}/`].filter((text) => text.length > 5 && text !== '/root/');
  const found = own.flatMap((text) =>
    shell('grep -rlF -e "$1" . || :', folder, text)
      .split('\n')
      .filter(Boolean)
      .map((path) => `${path} holds ${text}`),
  );
  try {
    shell(
      'if command -v shasum >/dev/null; then shasum -a 256 -c FILES.sha256; else sha256sum -c FILES.sha256; fi',
      folder,
    );
  } catch (error) {
    return [...found, `not as FILES.sha256 says: ${error instanceof Error ? error.message : ''}`];
  }
  return found;
};

const unpack = (artefact: string, to: string): string => {
  mkdirSync(to);
  if (artefact.endsWith('.tar.gz')) {
    shell('tar -xzf "$1" && cd */ && mv ./* ..', to, artefact);
    return to;
  }
  shell(
    'bsdtar -xf "$1" && mkdir payload && cd payload && gzip -dc ../tokenquery.pkg/Payload | cpio -id',
    to,
    artefact,
  );
  return join(to, `payload${home}`);
};

export const checkRelease = async (release: Release): Promise<void> => {
  const { project, out, say } = release;
  const folder = mkdtempSync(join(tmpdir(), 'tokenquery second build '));
  try {
    const faults = [...makeAgain(release, folder)].map(
      (name) => `${name} is not the same when it is made again`,
    );
    for (const name of readdirSync(out).filter((file) => /\.(?:tar\.gz|pkg)$/.test(file))) {
      const at = unpack(join(out, name), join(folder, `x${name}`));
      faults.push(...faultsOfFolder(at, project).map((fault) => `${name}: ${fault}`));
    }
    if (faults.length > 0) throw new Error(faults.join('\n'));
    say(
      'made twice with the same bytes; every archive and package is whole, and tells nothing of this machine',
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** What an archive says that it holds; how well it was packed does not count. */
const listOf = (archive: string): string =>
  execFileSync(
    'sh',
    ['-euc', 'tar -xzOf "$1" "$2"', 'sh', archive, `${basename(archive, '.tar.gz')}/FILES.sha256`],
    {
      encoding: 'utf8',
    },
  );

export const compareReleases = (one: string, two: string): void => {
  const [first, second] = [readdirSync(one).toSorted(), readdirSync(two).toSorted()];
  const faults = differences(first.join('\n'), second.join('\n')).map(
    (name) => `${name} is in one of them only`,
  );
  for (const name of first.filter((file) => second.includes(file) && file.endsWith('.tar.gz')))
    faults.push(
      ...differences(listOf(join(one, name)), listOf(join(two, name))).map(
        (path) => `${name}: ${path} differs`,
      ),
    );
  if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'));
};
