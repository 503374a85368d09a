/** The program as it is delivered with its own Node: what lies in /opt/tokenquery, and in a tar.gz. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from './digest.ts';
import type { Target } from './facts.ts';
import { compareBytes, filesOf, textFile } from './tree.ts';
import type { PackedFile } from './tree.ts';

export interface NodeParts {
  readonly program: Buffer;
  readonly license: Buffer;
  readonly about: string;
}

/**
 * Of the built program, what this target needs. V8's caches stay behind: they are of the Node that made them, which is not
 * the one that comes along, and no build makes the same twice.
 */
const delivered = (project: string, target: Target): readonly PackedFile[] => {
  const dist = join(project, 'dist');
  if (!existsSync(join(dist, 'tokenquery.cjs'))) throw new Error(`${dist} is not built: npm run build`);
  const files = filesOf(dist, 'dist').filter(
    ({ path }) =>
      !path.startsWith('dist/caches/') &&
      (!path.startsWith('dist/prebuilds/') || path === `dist/prebuilds/${target}.node`),
  );
  if (!files.some(({ path }) => path === `dist/prebuilds/${target}.node`))
    throw new Error(`${dist} has no SQLite for ${target}`);
  // What the disk says of modes depends on who made the checkout.
  return files.map((file) => ({ ...file, isExecutable: false }));
};

/** Also a list for shasum: an upgrade goes by it, and so can whoever doubts what is installed. */
const withList = (files: readonly PackedFile[]): readonly PackedFile[] => {
  const lines = files
    .toSorted((a, b) => compareBytes(a.path, b.path))
    .map(({ path, bytes }) => `${sha256(bytes)}  ${path}\n`);
  return [...files, textFile('FILES.sha256', lines.join(''))];
};

export const programFiles = (
  project: string,
  target: Target,
  node: NodeParts,
  more: readonly PackedFile[] = [],
): readonly PackedFile[] =>
  withList([
    textFile('bin/tokenquery', readFileSync(join(project, 'bin/tokenquery'), 'utf8'), true),
    ...delivered(project, target),
    textFile('LICENSE', readFileSync(join(project, 'LICENSE'), 'utf8')),
    { path: 'node', isExecutable: true, bytes: node.program },
    { path: 'NODE-LICENSE.txt', isExecutable: false, bytes: node.license },
    textFile('NODE.txt', node.about),
    ...more,
  ]);
