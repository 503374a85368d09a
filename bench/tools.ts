/** The programs that people would use instead: which are here, and in which version. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How each says its version, and where to get it. */
const tools = {
  python3: { argv: ['python3', '--version'], from: 'Debian: python3' },
  sqlite3: { argv: ['sqlite3', '--version'], from: 'Debian: sqlite3' },
  'sqlite-utils': { argv: ['sqlite-utils', '--version'], from: 'Debian: sqlite-utils' },
  jq: { argv: ['jq', '--version'], from: 'Debian: jq' },
  gzip: { argv: ['gzip', '--version'], from: 'Debian: gzip' },
  script: { argv: ['script', '--version'], from: 'Debian: bsdutils' },
  sh: { argv: ['sh', '-c', 'echo 0'], from: 'every system' },
} as const;

export type ToolName = keyof typeof tools;

const known = new Map<ToolName, string | null>();

const ask = (name: ToolName): string | null => {
  const [program = '', ...words] = tools[name].argv;
  const { status, stdout, stderr } = spawnSync(program, words, { encoding: 'utf8' });
  if (status !== 0) return null;
  return /\d+(?:\.\d+)*/.exec(stdout + stderr)?.[0] ?? '';
};

/** Null where it is not here. */
export const toolVersion = (name: ToolName): string | null => {
  const before = known.get(name);
  if (before !== undefined) return before;
  const version = ask(name);
  known.set(name, version);
  return version;
};

let python: string | null | undefined;

/** Python itself: what stands in the PATH may be a script that looks for it at each start. */
export const pythonProgram = (): string | null => {
  if (python === undefined) {
    const { status, stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    });
    python = status === 0 ? stdout.trim() : null;
  }
  return python;
};

/** What to say where it is not here. */
export const missingTool = (name: ToolName): string => `${name} is not here (${tools[name].from})`;

const packageVersion = (name: string): string =>
  (
    JSON.parse(readFileSync(join(import.meta.dirname, '../node_modules', name, 'package.json'), 'utf8')) as {
      readonly version: string;
    }
  ).version;

/** The versions of all that took part. */
export const versions = (sqlite: string): string =>
  [
    `Node ${process.versions.node}`,
    `SQLite ${sqlite} inside`,
    `DuckDB ${packageVersion('@duckdb/node-api')}`,
    ...(['sqlite3', 'sqlite-utils', 'jq', 'python3'] as const).map((name) => {
      const version = toolVersion(name);
      return version === null ? `no ${name}` : `${name} ${version}`;
    }),
  ].join(', ');
