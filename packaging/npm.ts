/**
 * The npm package: the built program alone. It has no dependencies, for dist/ holds what it needs of them, and none of what
 * this project needs to be worked on: npm would install it beside the program, for every user.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const project = join(import.meta.dirname, '..');

/** Where npm installs it. Each has its own SQLite in the package. */
export const platforms = { os: ['darwin', 'linux'], cpu: ['arm64', 'x64'] } as const;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  /** What a user may install beside it: npm does not by itself. */
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: true }>>;
}

/** What a user's npm reads: no dependencies, no scripts, and nothing that keeps it from being published. */
const publicManifest = (manifest: Manifest) => {
  const { name, version, description, license, engines, bin, files } = manifest;
  const { peerDependencies, peerDependenciesMeta } = manifest;
  return {
    ...{ name, version, description, license, type: 'commonjs', engines, ...platforms, bin, files },
    ...{ peerDependencies, peerDependenciesMeta },
  };
};

/** The npm that runs this, or else the first on the path. */
const npm = (words: readonly string[], cwd: string): void => {
  const own = process.env['npm_execpath'];
  const [program, first] = own === undefined ? ['npm', []] : [process.execPath, [own]];
  execFileSync(program, [...first, ...words], { cwd, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
};

/**
 * Makes `tokenquery-VERSION.tgz`, which `npm publish FILE` takes, from the program that `npm run build` made. The bytes are
 * the same wherever and whenever it is made of the same dist/.
 *
 * @param out The folder for it; it is made where it is not there.
 * @param from The checkout.
 * @returns The path of the file.
 */
export const packNpm = (out: string, from: string = project): string => {
  if (!existsSync(join(from, 'dist/tokenquery.cjs')))
    throw new Error(`${join(from, 'dist')} is not built: npm run build`);
  const manifest = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as Manifest;
  const stage = join(resolve(out), '.npm-package');
  rmSync(stage, { recursive: true, force: true });
  for (const name of ['bin', 'dist', 'LICENSE', 'README.md'])
    cpSync(join(from, name), join(stage, name), { recursive: true });
  for (const name of ['bin/tokenquery', 'bin/tokenquery.cjs']) chmodSync(join(stage, name), 0o755);
  writeFileSync(join(stage, 'package.json'), `${JSON.stringify(publicManifest(manifest), null, 2)}\n`);
  mkdirSync(out, { recursive: true });
  npm(['pack', '--ignore-scripts', '--pack-destination', resolve(out)], stage);
  rmSync(stage, { recursive: true });
  return join(resolve(out), `${manifest.name}-${manifest.version}.tgz`);
};

if (process.argv[1] === import.meta.filename) {
  const path = packNpm(process.argv[2] ?? join(project, 'build/package'));
  process.stdout.write(`${path}\n`);
}
