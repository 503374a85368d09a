import { chmodSync, copyFileSync, cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Line, Work } from '../line.ts';
import { root } from '../place.ts';
import type { Place } from '../place.ts';
import { run } from '../process.ts';
import { firstPrompt, onTerminal } from '../prompt.ts';
import { toolVersion } from '../tools.ts';

/** What a Node costs that does nothing. */
export const nodeAlone = {
  name: 'node -e 0',
  run: () => run([process.execPath, '-e', '0']),
} as const;

/** `npm run package` and packaging/executable.ts put it there. */
const executable = (): string | null => {
  const folder = join(root, 'build/package');
  const name = existsSync(folder)
    ? readdirSync(folder).find((file) => file.endsWith(`-${process.platform}-${process.arch}`))
    : undefined;
  return name === undefined ? null : join(folder, name);
};

/** The launcher as a package installs it: with its own Node, and no sources, of which one could be newer than the program. */
const installed = (place: Place): string => {
  const at = place.fresh('installed');
  for (const name of ['bin', 'dist']) cpSync(join(root, name), join(at, name), { recursive: true });
  const node = join(at, 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  writeFileSync(join(at, 'NODE.txt'), `${process.version}\n`);
  return join(at, 'bin/tokenquery');
};

const quicklyAs = (name: string, argv: readonly string[], most: number): Work => ({
  name,
  run: () => run(argv),
  peers: [nodeAlone],
  limits: [{ figure: 'seconds', of: nodeAlone.name, most }],
});

export const start: Line = {
  number: 1,
  name: 'start',
  title: 'how soon it answers at all',
  least: 'the start of one Node; the program and the module of SQLite are 3 MB',
  sizes: { unit: '', short: [1], usual: [1] },
  rounds: { short: 2, usual: 20 },
  works: (_, place) => {
    const { program } = place;
    const onExecutable = executable();
    const select = ['query', 'SELECT 1'];
    return [
      quicklyAs('--version', [...program, '--version'], 1.15),
      quicklyAs('SELECT 1, the bundle', [...program, ...select], 1.25),
      quicklyAs('SELECT 1, the launcher of a checkout', [join(root, 'bin/tokenquery'), ...select], 1.4),
      quicklyAs('SELECT 1, the launcher, installed', [installed(place), ...select], 1.4),
      {
        ...quicklyAs('SELECT 1, the executable', [onExecutable ?? '', ...select], 1.3),
        ...(onExecutable === null
          ? {
              missing: `no executable in build/package: node packaging/executable.ts ${process.platform}-${process.arch} --node-from npm`,
            }
          : {}),
      },
      {
        name: "the shell's first prompt",
        run: () => firstPrompt([...program, 'shell', '--source', 'sample']),
        ...(toolVersion('script') === null ? { missing: 'script is not here, which makes a terminal' } : {}),
        peers: [
          {
            name: 'node -e 0, on a terminal',
            needs: 'script',
            run: () => run(['script', ...onTerminal([process.execPath, '-e', '0'])]),
          },
        ],
        limits: [{ figure: 'seconds', of: 'node -e 0, on a terminal', most: 2 }],
      },
    ];
  },
};
