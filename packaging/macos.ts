/** What the macOS package holds beside the program: the job, its log's rotation, what osquery starts, and the scripts. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { home, jobLabel } from './facts.ts';
import type { MacTarget } from './facts.ts';
import { programFiles } from './program.ts';
import type { NodeParts } from './program.ts';
import { filled } from './texts.ts';
import { textFile } from './tree.ts';
import type { PackedFile } from './tree.ts';

const script = (project: string, name: string): string =>
  readFileSync(join(project, 'packaging/macos', name), 'utf8');

/** The built program prints it: it is the same job that a site would print for itself. */
const scheduled = (project: string, ...words: readonly string[]): string =>
  execFileSync(process.execPath, [join(project, 'dist/tokenquery.cjs'), 'schedule', ...words], {
    encoding: 'utf8',
    env: {},
  });

/** By their paths on the startup volume. `/etc` is a link there, and a package must not put a folder in its place. */
export const payloadOf = (project: string, target: MacTarget, node: NodeParts): readonly PackedFile[] => {
  const program = programFiles(project, target, node, [
    textFile('bin/uninstall', script(project, 'uninstall'), true),
    textFile('bin/tokenquery.ext', script(project, 'tokenquery.ext'), true),
  ]);
  const job = scheduled(project, '--label', jobLabel, '--program', `${home}/bin/tokenquery`);
  return [
    ...program.map((file) => ({ ...file, path: `${home.slice(1)}/${file.path}` })),
    textFile(`Library/LaunchDaemons/${jobLabel}.plist`, job),
    textFile('private/etc/newsyslog.d/tokenquery.conf', scheduled(project, '--newsyslog')),
  ];
};

export const scriptsOf = (project: string, target: MacTarget): readonly PackedFile[] => [
  textFile(
    'preinstall',
    filled(script(project, 'preinstall'), { architecture: target.replace('darwin-', '') }),
    true,
  ),
  textFile('postinstall', script(project, 'postinstall'), true),
];
