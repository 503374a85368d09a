/** The npm package, installed below a prefix of its own as npm does it for a Node there: PREFIX/bin/node and PREFIX/lib. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

const nobody = 65_534;
const isRoot = process.geteuid?.() === 0;

/** npm's own file, which any Node can start; null where there is none. */
export const npmFile = (name: 'npm' | 'npx' = 'npm'): string | null => {
  const found = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'npm'));
  const npm = process.env['npm_execpath'] ?? found.find((path) => existsSync(path));
  if (npm === undefined) return null;
  const path = join(realpathSync(npm), '..', `${name}-cli.js`);
  return existsSync(path) ? path : null;
};

/** A prefix with a Node of its own, into which nothing is installed yet. */
export const prefixFor = (folder: string, node: string): string => {
  const prefix = join(folder, 'prefix');
  mkdirSync(join(prefix, 'bin'), { recursive: true });
  const own = join(prefix, 'bin/node');
  try {
    linkSync(realpathSync(node), own);
  } catch {
    copyFileSync(realpathSync(node), own);
  }
  chmodSync(folder, 0o755);
  return prefix;
};

export const environment = (prefix: string): Record<string, string> => ({
  PATH: `${join(prefix, 'bin')}:/usr/bin:/bin`,
  HOME: join(prefix, 'home'),
  npm_config_cache: join(prefix, 'home/npm'),
  npm_config_update_notifier: 'false',
});

/** Runs npm or npx with the Node of the prefix; it asks no registry, for the package has no dependencies. */
export const runNpm = (name: 'npm' | 'npx', prefix: string, words: readonly string[]) =>
  spawnSync(join(prefix, 'bin/node'), [npmFile(name) ?? '', ...words], {
    cwd: prefix,
    env: environment(prefix),
    encoding: 'utf8',
  });

export const install = (prefix: string, tarball: string) =>
  runNpm('npm', prefix, ['install', '--global', '--offline', '--prefix', prefix, tarball]);

/** Runs the installed command, as root or as an ordinary user. */
export const runInstalled = (prefix: string, who: 'user' | 'root', words: readonly string[]) =>
  spawnSync(join(prefix, 'bin/tokenquery'), words, {
    cwd: '/',
    env: environment(prefix),
    encoding: 'utf8',
    ...(isRoot && who === 'user' ? { uid: nobody, gid: nobody } : {}),
  });

/** What npm installed: the paths of files, from the folder of packages. */
export const installedFiles = (prefix: string): readonly string[] => {
  const folder = join(prefix, 'lib/node_modules');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
};
