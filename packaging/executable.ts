/**
 * One executable: a Node with the program in it (Node's single executable application), made on one system for each.
 * `node packaging/executable.ts TARGET… [--out FOLDER] [--node-from ORIGIN]` makes some.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { makeCaches } from '../scripts/caches.mjs';
import { isMac, targets } from './facts.ts';
import type { Target } from './facts.ts';
import { signAdHoc } from './macho.ts';
import { officialNode, origins } from './node_official.ts';
import type { Origin } from './node_official.ts';

const thisProject = join(import.meta.dirname, '..');
/** What the signature calls it. It is no certificate's name, and each build has another digest. */
const identifier = 'com.tokenquery.cli';

/** The target whose Node runs here: it makes the others. */
const here = (): Target => {
  const found = targets.find((target) => target === `${process.platform}-${process.arch}`);
  if (found === undefined)
    throw new Error(
      `executables are made on ${targets.join(', ')}, not on ${process.platform}-${process.arch}`,
    );
  return found;
};

/** Files below a folder, by their paths in it. */
const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();

/** Unpacks a Node, and returns its path. */
const nodeFor = async (target: Target, origin: Origin, work: string, cache: string): Promise<string> => {
  const path = join(work, `node-${target}`);
  if (!existsSync(path))
    writeFileSync(path, (await officialNode(target, origin, cache)).program, { mode: 0o755 });
  return path;
};

/** What the executable has in itself, by the names under which scripts/executable.cjs and scripts/loader.cjs ask for it. */
const assetsOf = (dist: string, target: Target, main: string): Record<string, string> => ({
  main,
  addon: join(dist, `prebuilds/${target}.node`),
  ...Object.fromEntries(
    filesBelow(dist)
      .filter((path) => !path.startsWith('prebuilds/') && path !== 'tokenquery.cjs')
      .map((path) => [path, join(dist, path)]),
  ),
});

/** The program as the executable gets it: with caches of its own Node where that runs here, else without any. */
const deliveredInto = (work: string, project: string, target: Target, builder: string): string => {
  const dist = join(work, 'dist');
  const built = join(project, 'dist');
  if (!existsSync(join(built, 'tokenquery.cjs'))) throw new Error(`${built} is not built: npm run build`);
  rmSync(dist, { recursive: true, force: true });
  cpSync(built, dist, { recursive: true, filter: (path) => path !== join(built, 'caches') });
  if (target === here()) makeCaches(builder, dist, work, true);
  return dist;
};

interface Making {
  /** The checkout, with dist/ built. */
  readonly project?: string;
  readonly version: string;
  readonly origin?: Origin;
  /** A folder for what was fetched. */
  readonly cache?: string;
}

/**
 * Makes `tokenquery-VERSION-TARGET`, from the program that `npm run build` made and the Node that node_official.json pins.
 * For macOS it is signed ad hoc.
 *
 * The bytes are the same wherever and whenever it is made of the same dist/. For the target that it is made on it also holds
 * V8's caches, which only its own Node can make, and which come out alike on the same processor. Without them it starts slower.
 *
 * @param out The folder for it; it is made where it is not there.
 * @returns The path of the file.
 */
export const buildExecutable = async (target: Target, out: string, making: Making): Promise<string> => {
  const {
    project = thisProject,
    version,
    origin = 'npm',
    cache = join(project, 'build/cache/node'),
  } = making;
  const work = join(resolve(out), '.executable');
  mkdirSync(work, { recursive: true });
  const builder = await nodeFor(here(), origin, work, cache);
  const dist = deliveredInto(work, project, target, builder);
  const main = join(work, 'main.cjs');
  const parts = ['executable.cjs', 'loader.cjs'].map((name) =>
    readFileSync(join(project, 'scripts', name), 'utf8'),
  );
  writeFileSync(main, parts.join(''));
  const path = join(resolve(out), `tokenquery-${version}-${target}`);
  const settings = {
    // Its path is kept in the executable; where it was made is nobody's business.
    main: basename(main),
    output: path,
    executable: await nodeFor(target, origin, work, cache),
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    // As the launcher does.
    execArgv: ['--max-semi-space-size=8'],
    // Else whoever sets NODE_OPTIONS runs code in it.
    execArgvExtension: 'none',
    assets: assetsOf(dist, target, main),
  };
  writeFileSync(join(work, 'sea.json'), JSON.stringify(settings));
  execFileSync(builder, ['--build-sea', join(work, 'sea.json')], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (isMac(target)) writeFileSync(path, signAdHoc(readFileSync(path), { identifier }));
  chmodSync(path, 0o755);
  rmSync(work, { recursive: true });
  return path;
};

const run = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      out: { type: 'string', default: join(thisProject, 'build/package') },
      'node-from': { type: 'string', default: 'nodejs.org' },
    },
  });
  const origin = origins.find((one) => one === values['node-from']);
  if (origin === undefined) throw new Error(`--node-from is ${origins.join(' or ')}`);
  const { version } = JSON.parse(readFileSync(join(thisProject, 'package.json'), 'utf8')) as {
    version: string;
  };
  const unknown = positionals.find((one) => !targets.some((target) => target === one));
  if (unknown !== undefined || positionals.length === 0)
    throw new Error(`${unknown ?? 'nothing'} is no target: they are ${targets.join(', ')}`);
  for (const target of targets.filter((one) => positionals.includes(one)))
    process.stdout.write(`${await buildExecutable(target, values.out, { version, origin })}\n`);
};

if (process.argv[1] === import.meta.filename) await run();
