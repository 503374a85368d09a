/** What of tokenquery is installed, whose it is, and who runs it. */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf } from '../../collector/errors.ts';
import { faultOfProgram, isCallersProgram } from '../../collector/trust.ts';
import { isBuilt, programFolder } from '../delivered.ts';
import { installedFolder } from '../job.ts';
import { isSingleExecutable } from '../single.ts';
import { version } from '../version.ts';
import { failure, ok, unknown, warning } from './report.ts';
import type { Line } from './report.ts';

/** How the program came to where it is. */
export type Kind = 'checkout' | 'npm' | 'Homebrew' | 'package' | 'executable' | 'folder';

/** By where it lies: no receipt of an installer is read. */
export const kindOf = (folder: string, isAlone: boolean): Kind => {
  if (isAlone) return 'executable';
  if (folder.endsWith('/node_modules/tokenquery')) return 'npm';
  if (folder.includes('/Cellar/tokenquery/')) return 'Homebrew';
  if (existsSync(join(folder, 'cli/start.ts'))) return 'checkout';
  return folder === installedFolder ? 'package' : 'folder';
};

const kindWords: Readonly<Record<Kind, string>> = {
  checkout: 'a checkout',
  npm: 'installed by npm',
  Homebrew: 'installed by Homebrew',
  package: 'the package',
  executable: 'one executable',
  folder: 'a folder',
};

const sourcesOfProgram = ['cli', 'collector', 'tables', 'store', 'queries', 'export', 'package.json'];

/** What bin/tokenquery looks at before root starts a program, in its folder; the Node comes beside. */
export const placesOf = (folder: string): readonly string[] => {
  const isBuiltThere = existsSync(join(folder, 'dist/tokenquery.cjs'));
  const names = isBuiltThere
    ? ['bin', 'dist', ...(existsSync(join(folder, 'cli')) ? [...sourcesOfProgram, 'scripts'] : [])]
    : ['bin', ...sourcesOfProgram, 'node_modules'];
  return [folder, ...names.map((name) => join(folder, name))];
};

const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
};

/** The same of what is started by a path, which may be a link; a single executable has nothing beside it. */
export const placesStartedBy = (path: string): readonly string[] => {
  const folder = dirname(dirname(real(path)));
  const isLauncher = ['dist/tokenquery.cjs', 'cli/start.ts'].some((name) => existsSync(join(folder, name)));
  return [path, ...(isLauncher ? placesOf(folder) : [])];
};

const isLeftOut = (name: string): boolean => name === 'samples';

/** What root would refuse to start of a program, as a line; null where all is root’s alone. */
export const filesLine = (
  check: string,
  places: readonly string[],
  { isRoots, isStandIn }: { readonly isRoots: boolean; readonly isStandIn: boolean },
): Line | null => {
  try {
    const fault = faultOfProgram(places, isStandIn, isLeftOut);
    if (fault === null) return null;
    if (fault.isUnseen) return unknown(check, `${fault.path}${fault.what}`, 'run doctor with sudo');
    const says = `${fault.path}${fault.what}, and root starts only what is root’s alone`;
    return isRoots
      ? failure(
          check,
          says,
          'chown it to root and chmod it go-w, with all that was installed and every folder above',
        )
      : warning(check, says, 'for yourself it will do; for a job, install it where root alone writes');
  } catch (error) {
    return unknown(check, `not all could be looked at (${codeOf(error)})`, 'run doctor with sudo');
  }
};

export interface Installation {
  readonly kind: Kind;
  readonly folder: string;
  readonly node: string;
}

export const installation = (): Installation => {
  const node = real(process.execPath);
  const folder = isSingleExecutable ? dirname(node) : real(programFolder);
  return { kind: kindOf(folder, isSingleExecutable), folder, node };
};

/** The program, its Node, its files, and who runs it. */
export const programLines = ({ kind, folder, node }: Installation, isMac: boolean): readonly Line[] => {
  const how = kind === 'checkout' && !isBuilt ? 'a checkout, run from its sources' : kindWords[kind];
  const euid = process.geteuid?.() ?? null;
  // It started all the same, with a note of whose it is.
  const isCallers = isCallersProgram(kind === 'executable' ? node : folder);
  const isRoots = kind === 'package' || (euid === 0 && !isCallers);
  const places = kind === 'executable' ? [node] : [...placesOf(folder).slice(1), node];
  const user =
    euid === 0 || !isMac
      ? ok('user', euid === 0 ? 'root' : `user ${euid ?? 'of an unknown number'}`)
      : warning(
          'user',
          `user ${euid}: what only root may see is not known to the checks below`,
          'sudo tokenquery doctor',
        );
  return [
    ok('program', `tokenquery ${version}, ${how}: ${kind === 'executable' ? node : folder}`),
    ok('node', `${process.version}${kind === 'executable' ? ', inside the program' : `: ${node}`}`),
    filesLine('files', places, { isRoots, isStandIn: false }) ??
      ok('files', 'program and Node are root’s alone, with every folder above'),
    user,
  ];
};
